package dev.tessera.train.data;

import dev.tessera.codec.Progress;
import dev.tessera.field.DataType;
import dev.tessera.field.FieldBoxes;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerChoice;
import dev.tessera.transform.NormalizerSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/**
 * What one pass over a field finds: its normalizer, with the numbers that the codec would find, for
 * planes across every axis; and how its values may be kept.
 *
 * @param normalizer the normalizer across z, fitted as the codec fits it
 * @param maps what becomes of each plane's values after the pointwise stages, by orientation; null
 *     where volumes are not cut
 * @param base what is subtracted from values after the pointwise stages before they are kept as
 *     float32: 0, or the middle of a range so narrow that float32 would blur it
 * @param unit what they are divided by then, a power of two: 1 where float32 has room for them
 * @param missing values that have no place in the normalizer's domain, or are the fill value
 * @param asInFile whether the values stand in the file as they would be kept
 */
record FieldSurvey(
    Normalizer normalizer,
    PlaneMaps[] maps,
    double base,
    double unit,
    long missing,
    boolean asInFile) {
  /** Planes thinner than this are cut across z alone. */
  private static final int THINNEST = 16;

  /** More planes than this are not measured across y and x. */
  private static final long MOST_PLANES = 1 << 22;

  /** A range below this share of its distance from zero would lose digits in float32. */
  private static final double NARROW = 1.0 / 256;

  /** Exponents of two beyond which values, or what tells them apart, have no room in float32. */
  private static final int LARGEST = 120;

  private static final int SMALLEST = -100;

  /** Of units: a quarter of it times the largest value is still a number. */
  private static final int LAST_UNIT = 1020;

  /** Whether no plane has two different values. */
  boolean isConstant() {
    for (PlaneMaps map : maps) {
      if (map != null && !map.allFlat()) {
        return false;
      }
    }
    return true;
  }

  /**
   * Reads a field once.
   *
   * @param stored what stands in the file where float32 values in C order would; null where its
   *     size rules that out
   */
  static FieldSurvey of(
      FieldSource source, NormalizerChoice choice, MemorySegment stored, Progress progress)
      throws IOException {
    return new Pass(source, choice, stored, progress).run();
  }

  /** The pass while it runs. */
  private static final class Pass {
    private final FieldSource source;
    private final FieldInfo info;
    private final DataType type;
    private final Volumes volumes;
    private final NormalizerChoice.Fit fit;
    private final MemorySegment stored;
    private final Progress progress;
    private final PlaneLimits acrossY;
    private final PlaneLimits acrossX;
    private final FieldBoxes boxes;
    private final double[] values;
    private final double[] ordinary;
    private double least = Double.POSITIVE_INFINITY;
    private double greatest = Double.NEGATIVE_INFINITY;
    private long missing;
    private boolean filled;
    private boolean same;

    Pass(FieldSource source, NormalizerChoice choice, MemorySegment stored, Progress progress) {
      this.source = source;
      this.info = source.info();
      this.type = info.type();
      this.volumes = Volumes.of(info.shape());
      this.boxes = new FieldBoxes(info.shape());
      this.values = new double[boxes.capacity()];
      this.ordinary = new double[boxes.cols()];
      this.fit = choice.fit(type, info.shape().slices());
      this.stored = type == DataType.FLOAT32 ? stored : null;
      this.same = this.stored != null;
      this.progress = progress;
      this.acrossY = limits(Orientation.Y);
      this.acrossX = limits(Orientation.X);
    }

    private PlaneLimits limits(Orientation orientation) {
      long planes = volumes.slices(orientation.axis());
      boolean thick = volumes.depth() >= THINNEST && volumes.extent(orientation.axis()) > 1;
      return thick && planes <= MOST_PLANES ? new PlaneLimits((int) planes) : null;
    }

    FieldSurvey run() throws IOException {
      long done = 0;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment bits = arena.allocate((long) boxes.capacity() * type.bytes(), 8);
        for (FieldBoxes.Box box = boxes.next(); box != null; box = boxes.next()) {
          source.read(box.slice(), box.row(), box.rows(), box.col(), box.cols(), bits);
          take(box, bits);
          if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted");
          }
          done += box.count();
          progress.update(Progress.Phase.SCAN, done, info.shape().elements());
        }
      }
      return finish();
    }

    private void take(FieldBoxes.Box box, MemorySegment bits) {
      long place = (box.slice() * volumes.height() + box.row()) * volumes.width() + box.col();
      long bytes = 4L * box.count();
      same =
          same && MemorySegment.mismatch(bits, 0, bytes, stored, 4 * place, 4 * place + bytes) < 0;
      type.read(bits, 0, values, box.count());
      int cols = (int) box.cols();
      for (int r = 0; r < box.rows(); r++) {
        takeRow(box.slice(), box.row() + r, box.col(), r * cols, cols, bits);
      }
    }

    private void takeRow(long slice, long row, long col, int from, int cols, MemorySegment box) {
      long volume = slice / volumes.depth();
      int count = 0;
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < cols; i++) {
        double value = values[from + i];
        boolean fill = isFill(box, from + i);
        if (fill || !fit.inDomain(value)) {
          filled |= Double.isFinite(value);
          values[from + i] = Double.NaN;
        } else {
          ordinary[count++] = value;
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
      missing += cols - count;
      fit.accept(slice, ordinary, count);
      least = Math.min(least, low);
      greatest = Math.max(greatest, high);
      if (acrossY != null) {
        acrossY.accept((int) (volume * volumes.height() + row), low, high);
      }
      if (acrossX != null) {
        acrossX.acceptEach((int) (volume * volumes.width() + col), values, from, cols);
      }
    }

    private boolean isFill(MemorySegment box, long index) {
      return info.fillBits().isPresent() && type.getBits(box, index) == info.fillBits().getAsLong();
    }

    private FieldSurvey finish() {
      Normalizer normalizer = fit.finish();
      NormalizerSpec spec = normalizer.spec();
      double[] ends = ends(spec);
      double base = base(ends);
      double unit = unit(ends, base);
      PlaneMaps[] maps = {
        PlaneMaps.of(normalizer, info.shape().slices(), base, unit),
        across(normalizer, acrossY, base, unit),
        across(normalizer, acrossX, base, unit)
      };
      // a fill value is finite in the file, and would have to be NaN
      boolean asInFile = same && !filled && base == 0 && spec.pointwise().stages().isEmpty();
      return new FieldSurvey(normalizer, maps, base, unit, missing, asInFile);
    }

    /** The least and the greatest value after the pointwise stages; empty where all are alike. */
    private double[] ends(NormalizerSpec spec) {
      if (!(least < greatest)) {
        return new double[0];
      }
      double[] ends = {least, greatest};
      spec.pointwise().fit(type, 1).finish().forward(0, ends, 2);
      return ends;
    }

    /** The middle of a narrow range of a type that has more digits than float32. */
    private double base(double[] ends) {
      if (type == DataType.FLOAT32 || type.bytes() < 4 || ends.length == 0) {
        return 0;
      }
      double middle = ends[0] / 2 + ends[1] / 2;
      return ends[1] - ends[0] < NARROW * Math.abs(middle) ? middle : 0;
    }

    /** About the largest magnitude, of a type whose values may be beyond those of float32. */
    private double unit(double[] ends, double base) {
      if (type != DataType.FLOAT64 || ends.length == 0) {
        return 1;
      }
      double largest = Math.max(Math.abs(ends[0] - base), Math.abs(ends[1] - base));
      int exponent = Math.getExponent(largest);
      return exponent > LARGEST || exponent < SMALLEST
          ? Math.scalb(1.0, Math.clamp(exponent, Double.MIN_EXPONENT, LAST_UNIT))
          : 1;
    }

    private PlaneMaps across(Normalizer normalizer, PlaneLimits limits, double base, double unit) {
      NormalizerSpec spec = normalizer.spec();
      if (limits == null) {
        return null;
      }
      if (!normalizer.isPerSlice()) {
        return PlaneMaps.of(normalizer, limits.planes(), base, unit);
      }
      boolean byLimits = spec.stages().getLast().kind() == NormalizerSpec.Kind.MINMAX;
      // mean and deviation of planes across y and x are not measured
      return byLimits ? PlaneMaps.of(limits.fit(spec, type), limits.planes(), base, unit) : null;
    }
  }

  /** Least and greatest values of planes; planes without any have them the wrong way round. */
  private static final class PlaneLimits {
    private final double[] least;
    private final double[] greatest;

    PlaneLimits(int planes) {
      least = new double[planes];
      greatest = new double[planes];
      Arrays.fill(least, Double.POSITIVE_INFINITY);
      Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
    }

    int planes() {
      return least.length;
    }

    void accept(int plane, double low, double high) {
      least[plane] = Math.min(least[plane], low);
      greatest[plane] = Math.max(greatest[plane], high);
    }

    /** One value for each of some planes; NaN says nothing. */
    void acceptEach(int plane, double[] values, int from, int count) {
      for (int i = 0; i < count; i++) {
        double value = values[from + i];
        // NaN is neither
        if (value < least[plane + i]) {
          least[plane + i] = value;
        }
        if (value > greatest[plane + i]) {
          greatest[plane + i] = value;
        }
      }
    }

    Normalizer fit(NormalizerSpec spec, DataType type) {
      Normalizer.Fit fit = spec.fit(type, planes());
      for (int plane = 0; plane < planes(); plane++) {
        if (least[plane] <= greatest[plane]) {
          fit.accept(plane, new double[] {least[plane], greatest[plane]}, 2);
        }
      }
      return fit.finish();
    }
  }
}
