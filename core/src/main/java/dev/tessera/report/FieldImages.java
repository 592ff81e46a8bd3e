package dev.tessera.report;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Slices of fields as PNG images. */
public final class FieldImages {
  /** Rows longer than this are read value by value where only some values are shown. */
  private static final long LONG_ROW = 1 << 20;

  /** A spread of positive values beyond which their logarithms show more. */
  private static final double LOG_RATIO = 30;

  private FieldImages() {}

  /**
   * Values of a slice, as many as are shown; NaN where there is none.
   *
   * @param values row by row
   */
  public record Plane(int height, int width, double[] values) {
    public Plane {
      if (height < 1 || width < 1 || values.length != height * width) {
        throw new TesseraException.Invalid(
            "a plane of " + height + "x" + width + " does not have " + values.length + " values");
      }
    }

    /** What this plane has more than another of the same size. */
    public Plane minus(Plane other) {
      if (height != other.height || width != other.width) {
        throw new TesseraException.Invalid(
            "a plane of "
                + height
                + "x"
                + width
                + " cannot be compared with one of "
                + other.height
                + "x"
                + other.width);
      }
      double[] difference = new double[values.length];
      Arrays.setAll(difference, i -> values[i] - other.values[i]);
      return new Plane(height, width, difference);
    }
  }

  /**
   * Which numbers the two ends of a colour map stand for.
   *
   * @param low value of the first colour
   * @param high value of the last colour, not below {@code low}
   * @param logarithmic whether colours follow the logarithm; then {@code low} is positive
   */
  public record Scale(double low, double high, boolean logarithmic) {
    public Scale {
      if (!(low <= high) || !Double.isFinite(low) || !Double.isFinite(high)) {
        throw new TesseraException.Invalid("a colour scale cannot run from " + low + " to " + high);
      }
      if (logarithmic && low <= 0) {
        throw new TesseraException.Invalid("a logarithmic colour scale cannot start at " + low);
      }
    }

    /**
     * For every plane the range of its finite values. All are logarithmic or none is, so that
     * slices of one field look alike: if all values are positive and one plane has its largest far
     * above its median. A plane without finite values has 0 to 0.
     */
    public static List<Scale> of(List<Plane> planes) {
      List<Scale> alone = planes.stream().map(Scale::of).toList();
      boolean positive = alone.stream().allMatch(scale -> scale.low > 0);
      boolean logarithmic = positive && alone.stream().anyMatch(Scale::logarithmic);
      return alone.stream().map(scale -> new Scale(scale.low, scale.high, logarithmic)).toList();
    }

    /** The scale of a plane on its own. */
    public static Scale of(Plane plane) {
      double[] finite = Arrays.stream(plane.values()).filter(Double::isFinite).sorted().toArray();
      if (finite.length == 0) {
        return new Scale(0, 0, false);
      }
      double low = finite[0];
      double high = finite[finite.length - 1];
      return new Scale(low, high, low > 0 && high > LOG_RATIO * finite[finite.length / 2]);
    }

    /** As far below 0 as above: the largest size of a plane's finite values. */
    public static Scale symmetric(Plane plane) {
      double size =
          Arrays.stream(plane.values()).filter(Double::isFinite).map(Math::abs).max().orElse(0);
      return new Scale(-size, size, false);
    }

    /** Where a value lies, 0 to 1 inside; NaN for NaN; one half where the scale has no extent. */
    double position(double value) {
      if (Double.isNaN(value) || low == high) {
        return Double.isNaN(value) ? Double.NaN : 0.5;
      }
      if (logarithmic) {
        double bounded = Math.max(value, low);
        return (Math.log10(bounded) - Math.log10(low)) / (Math.log10(high) - Math.log10(low));
      }
      return (value / 2 - low / 2) / (high / 2 - low / 2);
    }
  }

  /**
   * Reads a slice. Where it has more than {@code maxSide} rows or columns, evenly spaced values
   * stand for the others. Declared fill values become NaN.
   *
   * @throws TesseraException.Invalid if there is no such slice
   */
  public static Plane read(FieldSource source, long slice, int maxSide) throws IOException {
    Objects.requireNonNull(source);
    FieldInfo info = source.info();
    Shape shape = info.shape();
    if (slice < 0 || slice >= shape.slices()) {
      throw new TesseraException.Invalid(
          "there is no slice " + slice + ": the field has slices 0 to " + (shape.slices() - 1));
    }
    long longer = Math.max(shape.height(), shape.width());
    int height = shown(shape.height(), longer, maxSide);
    int width = shown(shape.width(), longer, maxSide);
    double[] values = new double[height * width];
    boolean wholeRows = shape.width() <= LONG_ROW;
    int columns = wholeRows ? (int) shape.width() : 1;
    MemorySegment row = MemorySegment.ofArray(new byte[columns * info.type().bytes()]);
    Optional<Double> fill = info.fill();
    for (int y = 0; y < height; y++) {
      long sourceRow = sample(y, height, shape.height());
      if (wholeRows) {
        source.read(slice, sourceRow, 1, 0, columns, row);
      }
      for (int x = 0; x < width; x++) {
        long column = sample(x, width, shape.width());
        if (!wholeRows) {
          source.read(slice, sourceRow, 1, column, 1, row);
        }
        double value = info.type().get(row, wholeRows ? column : 0);
        boolean missing = fill.isPresent() && fill.get() == value;
        values[y * width + x] = missing ? Double.NaN : value;
      }
    }
    return new Plane(height, width, values);
  }

  private static int shown(long extent, long longer, int maxSide) {
    if (longer <= maxSide) {
      return (int) extent;
    }
    return (int) Math.max(1, Math.round((double) extent * maxSide / longer));
  }

  private static long sample(int index, int count, long extent) {
    return count == extent ? index : Math.min(extent - 1, (long) ((index + 0.5) / count * extent));
  }

  /** A plane in colours, one pixel a value. */
  public static byte[] png(Plane plane, Scale scale, ColourMap map) {
    BufferedImage image =
        new BufferedImage(plane.width(), plane.height(), BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < plane.height(); y++) {
      for (int x = 0; x < plane.width(); x++) {
        double value = plane.values()[y * plane.width() + x];
        image.setRGB(x, y, map.colour(scale.position(value)));
      }
    }
    return encode(image);
  }

  /** All colours of a map from left to right, one pixel high. */
  public static byte[] colourBar(ColourMap map) {
    BufferedImage image = new BufferedImage(256, 1, BufferedImage.TYPE_INT_RGB);
    for (int x = 0; x < 256; x++) {
      image.setRGB(x, 0, map.colour(x / 255.0));
    }
    return encode(image);
  }

  private static byte[] encode(BufferedImage image) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // an explicit memory cache: the default one writes a temporary file for every image
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image, "png", out)) {
        throw new TesseraException.Unsupported(
            "this Java runtime has no PNG writer: use a full JDK");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
