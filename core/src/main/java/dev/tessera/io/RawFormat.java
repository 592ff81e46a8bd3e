package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Headerless values in C order: {@code name_48x128x128.f32}. Shape and type come from the options,
 * else from the file name: the extents from its last {@code _AxBxC}, the type from its extension
 * (with {@code be} for big-endian data). What stands behind the colon of {@code file:inner} is a
 * type, so that {@code scan_512x512.dat:>i2} reads as well.
 */
final class RawFormat implements FieldFormat {
  private static final Pattern EXTENTS =
      Pattern.compile("_(\\d+(?:x\\d+)*)(?=$|[_.\\-])", Pattern.CASE_INSENSITIVE);

  @Override
  public String name() {
    return "raw";
  }

  @Override
  public List<String> extensions() {
    List<String> extensions = new ArrayList<>(RawType.extensions());
    extensions.addAll(List.of("raw", "bin", "dat"));
    return List.copyOf(extensions);
  }

  /** Never: raw data begins with anything. */
  @Override
  public boolean recognizes(byte[] head) {
    return false;
  }

  /**
   * Whether the file's name and size say that it is raw, whatever its first bytes look like: an
   * extension that names a type, and extents that fit the size.
   */
  boolean claims(Path file, OpenOptions options) throws IOException {
    RawType type = RawType.ofExtension(FileNames.extension(file));
    if (type == null) {
      return false;
    }
    Shape shape = options.shape() != null ? options.shape() : shapeInName(file, type);
    return shape != null && fits(shape, type, Files.size(file));
  }

  @Override
  public FieldSource open(Path file, String inner, OpenOptions options) throws IOException {
    RawType type = type(file, inner, options);
    FieldInfo info = describe(file, type, options, Files.size(file));
    return MappedSource.contiguous(file, info, elements(type), 0);
  }

  /** Refuses data without a file name whose shape or type is not stated. */
  void refuseUndescribed(OpenOptions options) {
    if (options.shape() == null || options.type() == null) {
      throw new TesseraException.Invalid(
          "standard input says nothing of its shape and type: give --shape like 48x128x128 and "
              + "--dtype like f32");
    }
  }

  /** A field over spooled data that has no file name; shape and type are stated. */
  FieldSource openSpooled(PendingFile spool, long size, OpenOptions options) throws IOException {
    RawType type = options.type();
    Path standardInput = Path.of("standard input");
    FieldInfo info = describe(standardInput, type, options, size);
    return MappedSource.temporary(spool, info, elements(type));
  }

  private static FieldInfo describe(Path file, RawType type, OpenOptions options, long size) {
    Shape shape = options.shape() != null ? options.shape() : shapeInName(file, type, size);
    if (shape == null) {
      throw new TesseraException.Invalid(
          "the shape of '"
              + file
              + "' is not known: give --shape like 48x128x128, or put it into "
              + "the name like name_48x128x128."
              + type);
    }
    FieldInfo info = FieldInfo.of("", type.type(), shape);
    if (!fits(shape, type, size)) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' has "
              + size
              + " bytes, but "
              + shape
              + " values of type "
              + type
              + " take "
              + expectedSize(shape, type)
              + ": give the --shape and --dtype that the data has");
    }
    return FillValues.override(info, options);
  }

  private static boolean fits(Shape shape, RawType type, long size) {
    int bytes = type.type().bytes();
    return size % bytes == 0 && size / bytes == shape.elements();
  }

  private static String expectedSize(Shape shape, RawType type) {
    int bytes = type.type().bytes();
    return shape.elements() > Long.MAX_VALUE / bytes
        ? "more than 2^63 bytes"
        : shape.elements() * bytes + " bytes";
  }

  private static RawType type(Path file, String inner, OpenOptions options) {
    if (!inner.isEmpty()) {
      return RawType.parse(inner);
    }
    RawType named = RawType.ofExtension(FileNames.extension(file));
    if (options.type() != null) {
      return options.type();
    }
    if (named == null) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' is of no known format, and as raw data its shape and type must be known: "
              + "give --shape like 48x128x128 and --dtype like f32");
    }
    return named;
  }

  private Shape shapeInName(Path file, RawType type) throws IOException {
    return shapeInName(file, type, Files.size(file));
  }

  /**
   * The extents in a file name: the last group that fits the file's size, else the last group, so
   * that a run's number behind the extents does no harm; null if there is none.
   */
  private static Shape shapeInName(Path file, RawType type, long size) {
    Shape last = null;
    Shape fitting = null;
    for (Shape shape : shapesInName(file, 1)) {
      last = shape;
      fitting = fits(shape, type, size) ? shape : fitting;
    }
    return fitting != null ? fitting : last;
  }

  /** All extents in a file name, of so many axes or more. */
  static List<Shape> shapesInName(Path file, int axes) {
    List<Shape> shapes = new ArrayList<>();
    Matcher matcher = EXTENTS.matcher(FileNames.stem(file));
    while (matcher.find()) {
      String text = matcher.group(1).toLowerCase(java.util.Locale.ROOT);
      try {
        Shape shape = Shape.parse(text);
        if (shape.rank() >= axes) {
          shapes.add(shape);
        }
      } catch (TesseraException.Invalid e) {
        // Zeros, or too many digits: a number of another kind.
      }
    }
    return shapes;
  }

  private static StoredElements elements(RawType type) {
    return StoredElements.plain(type.type(), type.order());
  }

  @Override
  public FieldSink create(Path file, String inner, FieldInfo info) throws IOException {
    RawType named =
        inner.isEmpty() ? RawType.ofExtension(FileNames.extension(file)) : RawType.parse(inner);
    if (named != null && named.type() != info.type()) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' is named as "
              + named
              + " data, but the field is "
              + info.type().code()
              + ": choose a name that ends in ."
              + info.type().code());
    }
    RawType type = named != null ? named : new RawType(info.type(), ByteOrder.LITTLE_ENDIAN);
    return create(PendingFile.create(file), info, type);
  }

  /** A sink for a stream without a name: little-endian. */
  FieldSink createSpooled(PendingFile file, FieldInfo info) throws IOException {
    return create(file, info, new RawType(info.type(), ByteOrder.LITTLE_ENDIAN));
  }

  private static FieldSink create(PendingFile file, FieldInfo info, RawType type)
      throws IOException {
    return ArraySink.create(file, info, elements(type), new byte[0], 1);
  }
}
