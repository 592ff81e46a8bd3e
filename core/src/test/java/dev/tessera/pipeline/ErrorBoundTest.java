package dev.tessera.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.quant.Predictor;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every restored value keeps its bound, in exact arithmetic. */
final class ErrorBoundTest {
  private static final int DEPTH = 9;
  private static final int HEIGHT = 18;
  private static final int WIDTH = 37;
  private static final int COUNT = DEPTH * HEIGHT * WIDTH;

  @ParameterizedTest
  @EnumSource(DataType.class)
  void sharesOfTheRangeHold(DataType type) {
    for (double share : new double[] {1, 0.1, 1e-3, 1e-5, 1e-8, 1e-12}) {
      MemorySegment chunk = Chunks.waves(type, DEPTH, HEIGHT, WIDTH, 0.01, 1);
      PipelineSpec spec = PipelineSpec.parse("eb=rel:" + share + ",lorenzo3,bitpack");
      Quantization numbers = fit(spec, type, chunk);
      MemorySegment back = roundTrip(spec, type, numbers, chunk);
      for (int i = 0; i < COUNT; i++) {
        requireWithin(type, chunk, back, i, numbers.bound());
      }
      assertThat(decimal(numbers.bound()))
          .isLessThanOrEqualTo(range(type, chunk).multiply(decimal(share * (1 + 1e-15))));
    }
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void absoluteBoundsHoldOnModerateValues(DataType type) {
    for (double bound : new double[] {0.3, 1, 2.5, 1e-9, 40, 1e6}) {
      MemorySegment chunk = Chunks.waves(type, DEPTH, HEIGHT, WIDTH, 0, 2);
      PipelineSpec spec = PipelineSpec.parse("eb=abs:" + bound + ",lorenzo2,bitpack");
      Quantization numbers = fit(spec, type, chunk);
      MemorySegment back = roundTrip(spec, type, numbers, chunk);
      for (int i = 0; i < COUNT; i++) {
        requireWithin(type, chunk, back, i, bound);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void sharesOfEachValueHold(DataType type) {
    for (double share : new double[] {1, 0.3, 1e-2, 1e-3, 1e-5}) {
      MemorySegment chunk = Chunks.waves(type, DEPTH, HEIGHT, WIDTH, 0.02, 3);
      PipelineSpec spec = PipelineSpec.parse("eb=pwrel:" + share + ",lorenzo1,bitpack");
      Quantization numbers = fit(spec, type, chunk);
      MemorySegment back = roundTrip(spec, type, numbers, chunk);
      for (int i = 0; i < COUNT; i++) {
        requireWithin(type, chunk, back, i, share, true);
      }
    }
  }

  /** Random bits: every exponent, every special value, whatever the bound. */
  @ParameterizedTest
  @EnumSource(DataType.class)
  void anyBitsKeepTheirBound(DataType type) {
    Random random = new Random(4);
    MemorySegment chunk = Chunks.empty(type, DEPTH, HEIGHT, WIDTH);
    for (int i = 0; i < COUNT; i++) {
      type.setBits(chunk, i, random.nextLong());
    }
    for (String bound :
        new String[] {"rel:1e-3", "abs:0.5", "abs:1e30", "abs:1e-300", "pwrel:0.01"}) {
      PipelineSpec spec = PipelineSpec.parse("eb=" + bound + ",lorenzo3,rans");
      Quantization numbers = fit(spec, type, chunk);
      MemorySegment back = roundTrip(spec, type, numbers, chunk);
      for (int i = 0; i < COUNT; i++) {
        requireWithin(type, chunk, back, i, numbers.bound(), bound.startsWith("pwrel"));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void roundingIsLosslessForIntegersBelow30Bits(DataType type) {
    MemorySegment chunk = Chunks.waves(type, DEPTH, HEIGHT, WIDTH, 0.01, 5);
    PipelineSpec spec = PipelineSpec.parse("round,lorenzo1,bitpack");
    MemorySegment back = roundTrip(spec, type, fit(spec, type, chunk), chunk);
    for (int i = 0; i < COUNT; i++) {
      if (type.isFloat()) {
        requireWithin(type, chunk, back, i, 0.5);
      } else {
        assertThat(type.getBits(back, i)).isEqualTo(type.getBits(chunk, i));
      }
    }
  }

  /** A bound that differences reach exactly, where rounded arithmetic is tempted to be generous. */
  @Test
  void boundsThatAreReachedAreNotExceeded() {
    Random random = new Random(6);
    for (int round = 0; round < 20_000; round++) {
      double x = random.nextGaussian() * Math.scalb(1.0, random.nextInt(60) - 30);
      double bound = Math.scalb(1.0 + random.nextInt(8) / 8.0, random.nextInt(40) - 30);
      double y =
          x + bound * (random.nextBoolean() ? 1 : -1) * (1 + (random.nextInt(5) - 2) * 0x1p-52);
      BigDecimal difference = new BigDecimal(x).subtract(new BigDecimal(y)).abs();
      boolean holds = difference.compareTo(new BigDecimal(bound)) <= 0;
      boolean found = Bounds.within(x, y, bound);
      assertThat(found && !holds).isFalse();
      if (Math.abs(x - y) < bound) {
        assertThat(found).isTrue();
      }
    }
    assertThat(Bounds.within(1.0, 0.5, 0.5)).isTrue();
    assertThat(Bounds.within(1.0, -0x1p-60, 1.0)).isFalse();
    assertThat(Bounds.within(Double.NaN, 0, 1)).isFalse();
    assertThat(Bounds.within(Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE)).isFalse();
    assertThat(Bounds.within(Long.MIN_VALUE, -1, Long.MAX_VALUE)).isTrue();
  }

  private static Quantization fit(PipelineSpec spec, DataType type, MemorySegment chunk) {
    QuantizationFit fit = new QuantizationFit(spec, type, null);
    fit.accept(chunk, 0, COUNT, 0);
    return fit.finish();
  }

  private static MemorySegment roundTrip(
      PipelineSpec spec, DataType type, Quantization numbers, MemorySegment chunk) {
    Predictor predictor = spec.predictor();
    ChunkCoder coder =
        new ChunkCoder(
            new ChunkFormat(type, null, numbers, predictor, spec.encoder(), OptionalLong.empty()));
    coder.encode(chunk, DEPTH, HEIGHT, WIDTH, 0);
    short check = coder.check();
    MemorySegment back = Chunks.empty(type, DEPTH, HEIGHT, WIDTH);
    MemorySegment bytes = MemorySegment.ofArray(coder.toByteArray());
    assertThat(coder.decode(bytes, DEPTH, HEIGHT, WIDTH, 0, back)).isEqualTo(check);
    return back;
  }

  private static void requireWithin(
      DataType type, MemorySegment chunk, MemorySegment back, int i, double bound) {
    requireWithin(type, chunk, back, i, bound, false);
  }

  private static void requireWithin(
      DataType type, MemorySegment chunk, MemorySegment back, int i, double bound, boolean share) {
    if (type.getBits(chunk, i) == type.getBits(back, i)) {
      return;
    }
    double x = type.get(chunk, i);
    double y = type.get(back, i);
    double limit = share ? bound * Math.abs(x) : bound;
    // rounding cannot hide what is clearly within; everything near the bound is looked at exactly
    if (type != DataType.INT64 && Math.abs(x - y) < 0.999 * limit) {
      return;
    }
    boolean kept = false;
    if (Double.isFinite(x) && Double.isFinite(y)) {
      BigDecimal exactLimit = new BigDecimal(bound);
      if (share) {
        exactLimit = exactLimit.multiply(exact(type, chunk, i).abs());
      }
      kept = exact(type, chunk, i).subtract(exact(type, back, i)).abs().compareTo(exactLimit) <= 0;
    }
    if (!kept) {
      throw new AssertionError(
          "%s value %d: %s became %s, which is not within %s".formatted(type, i, x, y, limit));
    }
  }

  private static boolean isOrdinary(DataType type, MemorySegment chunk, int i) {
    return Double.isFinite(type.get(chunk, i));
  }

  private static BigDecimal exact(DataType type, MemorySegment chunk, int i) {
    return type == DataType.INT64
        ? BigDecimal.valueOf(type.getBits(chunk, i))
        : new BigDecimal(type.get(chunk, i));
  }

  private static BigDecimal range(DataType type, MemorySegment chunk) {
    BigDecimal least = null;
    BigDecimal greatest = null;
    for (int i = 0; i < COUNT; i++) {
      if (isOrdinary(type, chunk, i)) {
        BigDecimal value = exact(type, chunk, i);
        least = least == null ? value : least.min(value);
        greatest = greatest == null ? value : greatest.max(value);
      }
    }
    return greatest.subtract(least);
  }

  private static BigDecimal decimal(double value) {
    return new BigDecimal(value);
  }
}
