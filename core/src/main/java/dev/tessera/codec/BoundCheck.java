package dev.tessera.codec;

import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizerSpec;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Whether restored values keep the bound that a file states, value by value. It shares no code with
 * the quantizers, so that it can prove them. Special values, which have to come back bit by bit,
 * are not its business.
 */
final class BoundCheck {
  /** More than the two roundings of a share of a value can take from it. */
  private static final double SAFE = 1 - 0x1p-51;

  private final FieldInfo info;
  private final DataType type;
  private final QuantizerSpec requested;
  private final double bound;
  private final Normalizer normalizer;
  private final double[] was = new double[1];
  private final double[] is = new double[1];
  private double largest;
  private long values;
  private long violations;

  private BoundCheck(FieldInfo info, QuantizerSpec requested, double bound, Normalizer normalizer) {
    this.info = info;
    this.type = info.type();
    this.requested = requested;
    this.bound = bound;
    this.normalizer = normalizer;
  }

  /** A check of the bound that a header states; empty where it states none. */
  static Optional<BoundCheck> of(Header header) {
    if (header.hasModel() || !header.hasPipeline()) {
      return Optional.empty();
    }
    PipelineSpec spec = PipelineStages.spec(header);
    if (spec.quantizer().kind() == QuantizerSpec.Kind.REFERENCE) {
      return Optional.empty();
    }
    Quantization quantization =
        Quantization.decode(spec.quantizer(), header.stage(Stage.QUANTIZER).parameters());
    return Optional.of(
        new BoundCheck(
            header.field(),
            quantization.requested(),
            quantization.bound(),
            PipelineStages.normalizer(header, spec)));
  }

  /** A check of the same bound that has seen nothing yet. */
  BoundCheck another() {
    return new BoundCheck(info, requested, bound, normalizer);
  }

  /** Adds what another check of the same bound has seen. */
  void merge(BoundCheck other) {
    largest = Math.max(largest, other.largest);
    values += other.values;
    violations += other.violations;
  }

  /** Compares {@code count} values of one slice at the start of two segments. */
  void add(long slice, MemorySegment original, MemorySegment restored, long count) {
    for (long i = 0; i < count; i++) {
      double x = type.get(original, i);
      if (!Double.isFinite(x)
          || info.fillBits().isPresent()
              && type.getBits(original, i) == info.fillBits().getAsLong()) {
        continue;
      }
      values++;
      if (type == DataType.INT64 && normalizer == null) {
        addInteger(type.getBits(original, i), type.getBits(restored, i));
      } else {
        add(slice, x, type.get(restored, i));
      }
    }
  }

  private void add(long slice, double x, double y) {
    if (normalizer != null) {
      addNormalized(slice, x, y);
    } else if (requested.kind() == QuantizerSpec.Kind.PWREL) {
      double error = Math.abs(x - y);
      double share = error == 0 ? 0 : error / Math.abs(x);
      count(share, error == 0 || error < bound * Math.abs(x) * SAFE);
    } else {
      count(Math.abs(x - y), within(x, y));
    }
  }

  private void addInteger(long x, long y) {
    long difference = Math.max(x, y) - Math.min(x, y); // unsigned
    double error = difference < 0 ? 0x1p64 + difference : difference;
    if (requested.kind() == QuantizerSpec.Kind.PWREL) {
      count(
          error == 0 ? 0 : error / Math.abs((double) x),
          error == 0 || error < bound * Math.abs((double) x) * SAFE);
    } else {
      count(error, Long.compareUnsigned(difference, (long) Math.floor(bound)) <= 0);
    }
  }

  /** The bound is one of normalized values; what cannot be normalized has to be exact. */
  private void addNormalized(long slice, double x, double y) {
    if (!normalizer.inDomain(x) || !normalizer.inDomain(y)) {
      count(x == y ? 0 : Double.POSITIVE_INFINITY, x == y);
      return;
    }
    was[0] = x;
    is[0] = y;
    normalizer.forward(slice, was, 1);
    normalizer.forward(slice, is, 1);
    count(Math.abs(was[0] - is[0]), within(was[0], is[0]));
  }

  /** {@code |x − y| ≤ bound} in exact arithmetic. */
  private boolean within(double x, double y) {
    double difference = x - y;
    double size = Math.abs(difference);
    if (size != bound) {
      // rounding is monotonic, so a rounded difference lies on the same side of the bound
      return size < bound;
    }
    double virtual = difference - x;
    double lost = (x - (difference - virtual)) + (-y - virtual);
    return difference > 0 ? lost <= 0 : lost >= 0;
  }

  private void count(double error, boolean kept) {
    double size = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    largest = Math.max(largest, size);
    violations += kept ? 0 : 1;
  }

  BoundReport report() {
    return new BoundReport(what(), bound, largest, values, violations);
  }

  private String what() {
    if (normalizer != null) {
      return "error of " + steps(normalizer.spec());
    }
    return requested.kind() == QuantizerSpec.Kind.PWREL
        ? "error as a share of each value"
        : "error";
  }

  private static String steps(NormalizerSpec spec) {
    return spec.toString();
  }
}
