package dev.tessera.bench;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldBoxes;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.quality.StructuralSimilarity;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A field that restored ones are compared with, in pieces of a slice, so that it need not fit into
 * memory.
 */
public final class EvaluationField {
  /** Values of a piece; larger slices are compared in several and have no similarity. */
  private static final int PIECE = 1 << 22;

  private final String name;
  private final FieldSource source;
  private final Set<Domain> domains;
  private final FieldInfo info;
  private final Shape shape;
  private final int rows;
  private final int columns;
  private double min = Double.POSITIVE_INFINITY;
  private double max = Double.NEGATIVE_INFINITY;
  private double leastPositive = Double.POSITIVE_INFINITY;

  private EvaluationField(String name, FieldSource source) throws IOException {
    this.name = name;
    this.source = source;
    this.info = source.info();
    this.shape = info.shape();
    FieldBoxes boxes = new FieldBoxes(shape, PIECE);
    this.columns = boxes.cols();
    this.rows = boxes.rows();
    pieces((values, bits, box) -> {
      for (int i = 0; i < box.count(); i++) {
        double x = values[i];
        if (!Double.isNaN(x)) {
          min = Math.min(min, x);
          max = Math.max(max, x);
          leastPositive = x > 0 ? Math.min(leastPositive, x) : leastPositive;
        }
      }
    });
    if (min > max) {
      throw new TesseraException.Invalid("field " + name + " holds no finite value");
    }
    this.domains = max > 0 ? EnumSet.allOf(Domain.class) : EnumSet.of(Domain.LINEAR);
  }

  /**
   * A field whose errors are measured in every domain that it has. It is read once, for its range.
   *
   * @param source stays the caller's
   * @throws TesseraException.Invalid if the field holds no value
   */
  public static EvaluationField of(String name, FieldSource source) throws IOException {
    return new EvaluationField(name, source);
  }

  /**
   * As {@link #of(String, FieldSource)}, in some domains.
   *
   * @throws TesseraException.Invalid if the field holds no value, or none above 0 where logarithms
   *     are wanted
   */
  public static EvaluationField of(String name, FieldSource source, Set<Domain> domains)
      throws IOException {
    EvaluationField field = new EvaluationField(name, source);
    if (!field.domains.containsAll(domains)) {
      throw new TesseraException.Invalid(
          "field " + name + " holds no value above 0, so it has no log10: leave out that domain");
    }
    field.domains.retainAll(domains);
    return field;
  }

  /** Name in tables, unique in a run. */
  public String name() {
    return name;
  }

  /** Where it is read from. */
  public FieldSource source() {
    return source;
  }

  @FunctionalInterface
  private interface PieceConsumer {
    /** {@code values} are NaN where the field has none; {@code bits} are the piece as it is. */
    void accept(double[] values, MemorySegment bits, FieldBoxes.Box box);
  }

  private void pieces(PieceConsumer consumer) throws IOException {
    DataType type = info.type();
    double[] values = new double[rows * columns];
    MemorySegment bits = piece();
    FieldBoxes boxes = new FieldBoxes(shape, PIECE);
    for (FieldBoxes.Box box = boxes.next(); box != null; box = boxes.next()) {
      source.read(box.slice(), box.row(), box.rows(), box.col(), box.cols(), bits);
      type.read(bits, 0, values, box.count());
      for (int i = 0; i < box.count(); i++) {
        boolean fill =
            info.fillBits().isPresent() && type.getBits(bits, i) == info.fillBits().getAsLong();
        values[i] = fill || !Double.isFinite(values[i]) ? Double.NaN : values[i];
      }
      consumer.accept(values, bits, box);
    }
  }

  private MemorySegment piece() {
    return MemorySegment.ofArray(new long[rows * columns * info.type().bytes() / 8 + 1]);
  }

  /**
   * How near a restored field is. Logarithms are those of values above 0 in the original; what came
   * back below the least of them counts as that.
   *
   * @param restored a field of the same shape and type
   */
  public Map<Domain, DomainQuality> compare(Field restored) throws IOException {
    Map<Domain, Comparison> comparisons = new EnumMap<>(Domain.class);
    domains.forEach(domain -> comparisons.put(domain, new Comparison(domain)));
    double[] back = new double[rows * columns];
    MemorySegment restoredBits = piece();
    pieces((values, bits, box) -> {
      restored.read(box.slice(), box.row(), box.rows(), box.col(), box.cols(), restoredBits);
      info.type().read(restoredBits, 0, back, box.count());
      comparisons.values().forEach(comparison -> comparison.add(values, back, box.count()));
    });
    Map<Domain, DomainQuality> quality = new EnumMap<>(Domain.class);
    comparisons.forEach((domain, comparison) -> quality.put(domain, comparison.quality()));
    return quality;
  }

  /** Errors in one domain. */
  private final class Comparison {
    private final Domain domain;
    private final Metrics.Accumulator errors =
        new Metrics.Accumulator(DataType.FLOAT64, OptionalLong.empty());
    private final boolean whole = rows == shape.height() && columns == shape.width();
    private final StructuralSimilarity similarity;
    private final double[] x = new double[rows * columns];
    private final double[] y = new double[rows * columns];

    Comparison(Domain domain) {
      this.domain = domain;
      boolean linear = domain == Domain.LINEAR;
      this.similarity =
          new StructuralSimilarity(
              rows,
              columns,
              linear ? min : Math.log10(leastPositive),
              linear ? max : Math.log10(max));
    }

    void add(double[] original, double[] restored, int count) {
      for (int i = 0; i < count; i++) {
        if (domain == Domain.LINEAR) {
          x[i] = original[i];
          y[i] = restored[i];
        } else {
          x[i] = original[i] > 0 ? Math.log10(original[i]) : Double.NaN;
          y[i] = Math.log10(Math.max(restored[i], leastPositive));
        }
      }
      errors.add(MemorySegment.ofArray(x), MemorySegment.ofArray(y), count);
      if (whole) {
        similarity.add(x, y);
      }
    }

    DomainQuality quality() {
      return new DomainQuality(errors.metrics(), similarity.ssim(), similarity.multiScale());
    }
  }
}
