package dev.tessera.transform;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a normalizer does, without the numbers that it finds in the data: any number of pointwise
 * stages ({@code log10}, {@code log1p}, {@code asinh[:scale]}), then at most one that brings values
 * to a common range ({@code range[:lo:hi]}, {@code minmax[:slice|:field]}, {@code
 * meanstd[:slice|:field]}), as a comma list. {@code none} is the empty list. {@code range} without
 * limits takes those of the field's integer type, and 0 to 1 for floating-point fields.
 */
public final class NormalizerSpec {
  /** No stage: values pass as they are. */
  public static final NormalizerSpec NONE = new NormalizerSpec(List.of());

  /** The longest chain that {@link #parse} and {@link #decode} accept. */
  public static final int MAX_STAGES = 16;

  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
  private static final String GRAMMAR =
      "write none, or any of log10, log1p, asinh[:scale] and then at most one of range[:lo:hi],"
          + " minmax[:slice|:field], meanstd[:slice|:field], separated by commas";

  /** Names of the stages, with their numbers in files. */
  public enum Kind {
    LOG10(1, true, 0),
    LOG1P(2, true, 0),
    ASINH(3, true, 1),
    RANGE(4, false, 2),
    MINMAX(5, false, 0),
    MEANSTD(6, false, 0);

    private final int id;
    private final boolean pointwise;
    private final int maxArguments;

    Kind(int id, boolean pointwise, int maxArguments) {
      this.id = id;
      this.pointwise = pointwise;
      this.maxArguments = maxArguments;
    }

    /** The number that stands for this stage in files; never reused. */
    public int id() {
      return id;
    }

    /** Whether the stage is one function of a value, the same all over the field. */
    public boolean pointwise() {
      return pointwise;
    }

    /** Whether the stage measures the data. */
    public boolean fitted() {
      return this == MINMAX || this == MEANSTD;
    }

    private String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What a fitted stage measures together. */
  public enum Scope {
    SLICE,
    FIELD
  }

  /**
   * One stage.
   *
   * @param kind what it does
   * @param scope what a fitted stage measures together; {@link Scope#FIELD} for the others
   * @param arguments scale of {@code asinh} (one number), limits of an explicit {@code range}
   *     (two), else empty
   */
  public record Stage(Kind kind, Scope scope, List<Double> arguments) {
    public Stage {
      boolean unitScale = kind == Kind.ASINH && arguments.equals(List.of(1.0));
      arguments = unitScale ? List.of() : List.copyOf(arguments);
    }

    /** A pointwise stage with its numbers. */
    static Stage pointwise(Kind kind, Double... arguments) {
      return new Stage(kind, Scope.FIELD, List.of(arguments));
    }

    /** What {@code asinh} divides by; 1 where nothing is said. */
    public double scale() {
      return arguments.isEmpty() ? 1 : arguments.getFirst();
    }

    @Override
    public String toString() {
      String scopeText = kind.fitted() ? ":" + scope.name().toLowerCase(Locale.ROOT) : "";
      return kind.text()
          + scopeText
          + arguments.stream().map(a -> ":" + number(a)).collect(Collectors.joining());
    }
  }

  private final List<Stage> stages;

  private NormalizerSpec(List<Stage> stages) {
    this.stages = List.copyOf(stages);
  }

  /**
   * Reads a comma list of stages.
   *
   * @throws TesseraException.Invalid if a name, an argument or the order is not allowed
   */
  public static NormalizerSpec parse(String text) {
    String list = text.strip().toLowerCase(Locale.ROOT);
    if (list.equals("none")) {
      return NONE;
    }
    List<Stage> stages = new ArrayList<>();
    for (String part : list.split(",", -1)) {
      stages.add(parseStage(part.strip()));
    }
    String fault = fault(stages);
    if (fault != null) {
      throw new TesseraException.Invalid(
          "the normalizer '" + text.strip() + "' " + fault + ": " + GRAMMAR);
    }
    return new NormalizerSpec(stages);
  }

  private static Stage parseStage(String part) {
    String[] words = part.split(":", -1);
    for (Kind kind : Kind.values()) {
      if (!kind.text().equals(words[0])) {
        continue;
      }
      Scope scope = kind.fitted() ? Scope.SLICE : Scope.FIELD;
      List<Double> arguments = new ArrayList<>();
      for (int i = 1; i < words.length; i++) {
        if (kind.fitted() && i == 1 && (words[i].equals("slice") || words[i].equals("field"))) {
          scope = Scope.valueOf(words[i].toUpperCase(Locale.ROOT));
        } else if (!kind.fitted() && NUMBER.matcher(words[i]).matches()) {
          arguments.add(Double.parseDouble(words[i]) + 0.0);
        } else {
          throw new TesseraException.Invalid(
              "'"
                  + words[i]
                  + "' is no argument of the normalizer stage '"
                  + words[0]
                  + "': "
                  + GRAMMAR);
        }
      }
      return new Stage(kind, scope, arguments);
    }
    if (words[0].equals("none")) {
      throw new TesseraException.Invalid("the normalizer 'none' stands alone: " + GRAMMAR);
    }
    throw new TesseraException.Invalid("'" + words[0] + "' is no normalizer stage: " + GRAMMAR);
  }

  /** What is wrong with a list of stages, or null. */
  private static String fault(List<Stage> stages) {
    if (stages.size() > MAX_STAGES) {
      return "has more than " + MAX_STAGES + " stages";
    }
    for (int i = 0; i < stages.size(); i++) {
      Stage stage = stages.get(i);
      List<Double> arguments = stage.arguments();
      int count = arguments.size();
      if (!stage.kind().pointwise() && i < stages.size() - 1) {
        return "has a stage after " + stage.kind().text() + ", which has to be the last";
      }
      if (count != 0 && count != stage.kind().maxArguments) {
        return "has a wrong number of arguments after " + stage.kind().text();
      }
      if (arguments.stream().anyMatch(a -> !Double.isFinite(a))) {
        return "has an argument that is not finite";
      }
      if (stage.kind() == Kind.ASINH && count == 1 && arguments.getFirst() < Double.MIN_NORMAL) {
        return "has an asinh scale that is not positive";
      }
      if (stage.kind() == Kind.RANGE && count == 2 && arguments.get(0) >= arguments.get(1)) {
        return "has a range whose lower limit is not below its upper limit";
      }
      if (stage.kind() == Kind.RANGE && count == 0 && i > 0) {
        return "has a range without limits after another stage, where only range:lo:hi has a"
            + " meaning";
      }
    }
    return null;
  }

  /** The stages in the order of the forward direction; empty for {@code none}. */
  public List<Stage> stages() {
    return stages;
  }

  /** {@code minmax}, slice by slice or over the field. */
  static NormalizerSpec minmax(boolean perSlice) {
    Scope scope = perSlice ? Scope.SLICE : Scope.FIELD;
    return new NormalizerSpec(List.of(new Stage(Kind.MINMAX, scope, List.of())));
  }

  /** This with a pointwise stage before the others. */
  NormalizerSpec behind(Stage first) {
    List<Stage> all = new ArrayList<>(stages);
    all.addFirst(first);
    return new NormalizerSpec(all);
  }

  /** The pointwise stages alone. */
  public NormalizerSpec pointwise() {
    return new NormalizerSpec(stages.stream().filter(stage -> stage.kind().pointwise()).toList());
  }

  /** The stage that measures the data, or null. */
  Stage fittedStage() {
    return needsFit() ? stages.getLast() : null;
  }

  /**
   * Whether the data have to be seen once before they can be normalized ({@code minmax}, {@code
   * meanstd}).
   */
  public boolean needsFit() {
    return !stages.isEmpty() && stages.getLast().kind().fitted();
  }

  /**
   * Starts measuring a field.
   *
   * @param type its element type
   * @param slices its number of slices
   * @throws TesseraException.Unsupported if there are too many slices to measure each
   */
  public Normalizer.Fit fit(DataType type, long slices) {
    return new Normalizer.Fit(this, type, slices);
  }

  /**
   * Whether a value of a field of {@code type} can be normalized: finite, and accepted by every
   * stage.
   */
  public boolean inDomain(DataType type, double value) {
    return new PointwiseChain(this, type).inDomain(value);
  }

  /** These stages as a few bytes, for the container: see {@link #decode}. */
  public byte[] encode() {
    if (stages.isEmpty()) {
      return new byte[] {0};
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Stage stage : stages) {
      boolean last = stage == stages.getLast();
      boolean field = stage.kind().fitted() && stage.scope() == Scope.FIELD;
      boolean explicit = !stage.arguments().isEmpty();
      out.write(stage.kind().id | (field ? 0x20 : 0) | (explicit ? 0x40 : 0) | (last ? 0 : 0x80));
      stage.arguments().forEach(argument -> encodeNumber(argument, out));
    }
    return out.toByteArray();
  }

  /**
   * Reads what {@link #encode} wrote. Each stage is one byte: bits 0–4 the kind (0 alone is {@code
   * none}), bit 5 field scope, bit 6 arguments follow, bit 7 another stage follows. An argument is
   * a byte 1, 2, 4 or 8 and as many bytes: a signed integer of 1 or 2, a binary32 or a binary64,
   * little-endian.
   *
   * @throws TesseraException.Corrupt if the bytes are no allowed list of stages, or too few or too
   *     many
   */
  public static NormalizerSpec decode(byte[] bytes) {
    if (bytes.length == 1 && bytes[0] == 0) {
      return NONE;
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    List<Stage> stages = new ArrayList<>();
    boolean more = true;
    while (more) {
      if (!in.hasRemaining() || stages.size() == MAX_STAGES) {
        throw corrupt("ends too early or has too many stages");
      }
      int code = in.get();
      more = (code & 0x80) != 0;
      Kind kind = kindOf(code & 0x1f);
      if ((code & 0x20) != 0 && !kind.fitted()) {
        throw corrupt("gives a scope to a stage that has none");
      }
      Scope scope = kind.fitted() && (code & 0x20) == 0 ? Scope.SLICE : Scope.FIELD;
      List<Double> arguments = new ArrayList<>();
      for (int i = 0; (code & 0x40) != 0 && i < kind.maxArguments; i++) {
        arguments.add(decodeNumber(in));
      }
      if ((code & 0x40) != 0 && arguments.isEmpty()) {
        throw corrupt("gives arguments to a stage that takes none");
      }
      stages.add(new Stage(kind, scope, arguments));
    }
    if (in.hasRemaining()) {
      throw corrupt("has bytes after its last stage");
    }
    String fault = fault(stages);
    if (fault != null) {
      throw corrupt(fault);
    }
    return new NormalizerSpec(stages);
  }

  private static Kind kindOf(int id) {
    for (Kind kind : Kind.values()) {
      if (kind.id == id) {
        return kind;
      }
    }
    throw corrupt("has a stage of unknown kind " + id);
  }

  private static TesseraException.Corrupt corrupt(String fault) {
    return new TesseraException.Corrupt(
        "the stored normalizer " + fault + ": the file is damaged or newer", -1);
  }

  private static void encodeNumber(double value, ByteArrayOutputStream out) {
    ByteBuffer bytes = ByteBuffer.allocate(9).order(ByteOrder.LITTLE_ENDIAN);
    if (value == (byte) value) {
      bytes.put((byte) 1).put((byte) value);
    } else if (value == (short) value) {
      bytes.put((byte) 2).putShort((short) value);
    } else if (value == (float) value) {
      bytes.put((byte) 4).putFloat((float) value);
    } else {
      bytes.put((byte) 8).putDouble(value);
    }
    out.write(bytes.array(), 0, bytes.position());
  }

  private static double decodeNumber(ByteBuffer in) {
    int size = in.hasRemaining() ? in.get() : 1;
    if (size > in.remaining()) {
      throw corrupt("ends within a number");
    }
    return switch (size) {
      case 1 -> in.get();
      case 2 -> in.getShort();
      case 4 -> in.getFloat();
      case 8 -> in.getDouble();
      default -> throw corrupt("has a number of unknown size " + size);
    };
  }

  private static String number(double value) {
    String text = Double.toString(value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NormalizerSpec spec && stages.equals(spec.stages);
  }

  @Override
  public int hashCode() {
    return stages.hashCode();
  }

  /** The canonical text: what {@link #parse} reads back to an equal specification. */
  @Override
  public String toString() {
    return stages.isEmpty()
        ? "none"
        : stages.stream().map(Stage::toString).collect(Collectors.joining(","));
  }
}
