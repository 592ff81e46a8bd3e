package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ElementaryFunctionsTest {
  private static final int ROUNDS = 200_000;

  /** Positive values over all exponents, subnormal ones included. */
  private static double anyPositive(Random random) {
    double value = Double.longBitsToDouble(random.nextLong() >>> 1);
    return Double.isFinite(value) && value > 0 ? value : 1;
  }

  private static void assertClose(double actual, double expected, double ulps) {
    if (Math.abs(actual - expected) > ulps * Math.ulp(expected)) {
      assertThat(actual).isCloseTo(expected, within(ulps * Math.ulp(expected)));
    }
  }

  @Test
  void logarithmsAgreeWithTheStrictLibrary() {
    Random random = new Random(1);
    for (int i = 0; i < ROUNDS; i++) {
      double x = anyPositive(random);
      double near = 1 + random.nextGaussian() * 0.1;
      assertClose(ElementaryFunctions.log10(x), StrictMath.log10(x), 2);
      assertClose(ElementaryFunctions.log(x), StrictMath.log(x), 2);
      assertClose(ElementaryFunctions.log(near), StrictMath.log(near), 4);
      assertClose(ElementaryFunctions.log1p(x), StrictMath.log1p(x), 4);
      double small = random.nextGaussian() * Math.pow(10, -random.nextInt(18));
      if (small > -1) {
        assertClose(ElementaryFunctions.log1p(small), StrictMath.log1p(small), 6);
      }
    }
  }

  @Test
  void exponentialsAgreeWithTheStrictLibrary() {
    Random random = new Random(2);
    for (int i = 0; i < ROUNDS; i++) {
      double y = (random.nextDouble() - 0.5) * 600;
      assertClose(ElementaryFunctions.pow10(y), StrictMath.pow(10, y), 4);
      assertClose(ElementaryFunctions.exp(y), StrictMath.exp(y), 4);
      double small = random.nextGaussian() * Math.pow(10, -random.nextInt(18));
      assertClose(ElementaryFunctions.expm1(small), StrictMath.expm1(small), 6);
      assertClose(ElementaryFunctions.sinh(small, 1), StrictMath.sinh(small), 8);
    }
  }

  @Test
  void extremesStayFinite() {
    assertThat(ElementaryFunctions.log10(Double.MIN_VALUE)).isCloseTo(-323.306, within(1e-3));
    assertThat(ElementaryFunctions.log10(Double.MAX_VALUE)).isCloseTo(308.2547, within(1e-4));
    assertThat(ElementaryFunctions.log10(1)).isZero();
    assertThat(ElementaryFunctions.log1p(Double.MAX_VALUE)).isCloseTo(709.7827, within(1e-4));
    assertThat(ElementaryFunctions.log1p(Math.nextUp(-1.0))).isCloseTo(-36.7368, within(1e-4));
    assertThat(ElementaryFunctions.pow10(400)).isEqualTo(Double.MAX_VALUE);
    assertThat(ElementaryFunctions.pow10(Double.POSITIVE_INFINITY)).isEqualTo(Double.MAX_VALUE);
    assertThat(ElementaryFunctions.pow10(-400)).isZero();
    assertThat(ElementaryFunctions.pow10(Double.NaN)).isNaN();
    assertThat(ElementaryFunctions.expm1(1e300)).isEqualTo(Double.MAX_VALUE);
    assertThat(ElementaryFunctions.expm1(-1e300)).isEqualTo(-1);
    assertThat(ElementaryFunctions.sinh(-1e300, 1)).isEqualTo(-Double.MAX_VALUE);
    assertThat(ElementaryFunctions.asinh(0.0, 3)).isZero();
  }

  @Test
  void scaledHyperbolicSineInvertsItselfWhereQuotientsOverflow() {
    Random random = new Random(3);
    for (int i = 0; i < ROUNDS; i++) {
      double x = anyPositive(random) * (random.nextBoolean() ? 1 : -1);
      double scale = Math.max(Double.MIN_NORMAL, anyPositive(random));
      double y = ElementaryFunctions.asinh(x, scale);
      double back = ElementaryFunctions.sinh(y, scale);
      assertThat(Double.isFinite(y)).isTrue();
      // where x/scale is subnormal its own rounding is what comes back
      double tolerance = 1e-12 * Math.abs(x) + scale * Double.MIN_VALUE + Double.MIN_VALUE;
      if (!(Math.abs(back - x) <= tolerance)) {
        assertThat(back).as("asinh of %s at scale %s", x, scale).isCloseTo(x, within(tolerance));
      }
    }
  }
}
