package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NormalizerChoiceTest {
  private static final int VALUES = 100_000;

  private final SplittableRandom random = new SplittableRandom(5);

  private static Normalizer fit(NormalizerChoice choice, double... values) {
    NormalizerChoice.Fit fit = choice.fit(DataType.FLOAT64, 1);
    fit.accept(0, values, values.length);
    return fit.finish();
  }

  private static String chosen(double... values) {
    return fit(NormalizerChoice.AUTO, values).spec().toString();
  }

  private static double[] draw(DoubleSupplier source) {
    double[] values = new double[VALUES];
    Arrays.setAll(values, i -> source.getAsDouble());
    return values;
  }

  /** A log-normal value with a median of 1: ten powers of ten between its extremes. */
  private double heavyTailed() {
    return Math.exp(2.5 * random.nextGaussian());
  }

  @Test
  void positiveValuesOverDecadesTakeALogarithm() {
    assertThat(chosen(draw(this::heavyTailed))).isEqualTo("log10,minmax:slice");
  }

  @Test
  void zerosAmongThemTakeAnInverseSineWhoseScaleIsWhereTheTailBegins() {
    double[] values = draw(this::heavyTailed);
    for (int i = 0; i < VALUES; i += 10) {
      values[i] = 0;
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    NormalizerSpec spec = fit(NormalizerChoice.AUTO, values).spec();
    assertThat(spec.toString()).startsWith("asinh:").endsWith(",minmax:slice");
    assertThat(spec.stages().getFirst().scale() / sorted[VALUES / 100 * 99]).isBetween(0.7, 1.5);
  }

  /** The middle of the values takes no part of the range then, under any function. */
  @Test
  void zerosButForAFewValuesTakeNoLogarithm() {
    double[] values = new double[VALUES];
    for (int i = 0; i < VALUES; i += 200) {
      values[i] = 100 * (1 + random.nextDouble());
    }
    assertThat(chosen(values)).isEqualTo("asinh:200,minmax:slice");
  }

  @Test
  void negligibleNegativeValuesCountAsZeros() {
    double[] values = draw(this::heavyTailed);
    values[7] = -1e-12;
    assertThat(chosen(values)).startsWith("asinh:");
  }

  @Test
  void everythingElseTakesTheLimitsOfItsSlices() {
    assertThat(chosen(draw(random::nextDouble))).isEqualTo("minmax:slice");
    assertThat(chosen(draw(random::nextGaussian))).isEqualTo("minmax:slice");
    double[] bothSigns = draw(() -> random.nextBoolean() ? heavyTailed() : -heavyTailed());
    assertThat(chosen(bothSigns)).isEqualTo("minmax:slice");
    // a crowd at the upper end, which no logarithm spreads
    assertThat(chosen(draw(() -> 1 - 1e-7 * heavyTailed()))).isEqualTo("minmax:slice");
    // far from zero, where logarithms change nothing
    assertThat(chosen(draw(() -> 288 + 1e-4 * heavyTailed()))).isEqualTo("minmax:slice");
    assertThat(chosen(3, 3, 3)).isEqualTo("minmax:slice");
    assertThat(chosen()).isEqualTo("minmax:slice");
    assertThat(chosen(-5, -4, -1)).isEqualTo("minmax:slice");
  }

  @Test
  void aLeastValueFarBelowTheOthersDoesNotTakeTheLogarithmsRange() {
    double[] values = draw(this::heavyTailed);
    values[0] = 1e-300;
    assertThat(chosen(values)).startsWith("asinh:");
  }

  @Test
  void manySlicesAreMeasuredTogether() {
    NormalizerChoice.Fit fit = NormalizerChoice.AUTO.fit(DataType.FLOAT32, 1L << 40);
    fit.accept(1L << 39, new double[] {1, 2, 3}, 3);
    assertThat(fit.finish().spec()).hasToString("minmax:field");
  }

  /** One pass finds what naming the normalizer would have found, with all bits. */
  @Test
  void whatIsChosenIsFittedAsIfItHadBeenNamed() {
    double[] values = draw(this::heavyTailed);
    NormalizerChoice.Fit auto = NormalizerChoice.AUTO.fit(DataType.FLOAT32, 4);
    NormalizerChoice.Fit named =
        NormalizerChoice.parse("log10,minmax:slice").fit(DataType.FLOAT32, 4);
    for (int slice = 0; slice < 3; slice++) {
      double[] part = Arrays.copyOfRange(values, slice * 1000, (slice + 1) * 1000);
      auto.accept(slice, part, part.length);
      named.accept(slice, part, part.length);
    }
    assertThat(auto.finish().spec()).isEqualTo(named.finish().spec());
    assertThat(auto.finish().parameters()).isEqualTo(named.finish().parameters());
  }

  @Test
  void textsAreReadBack() {
    assertThat(NormalizerChoice.parse(" AUTO ")).isSameAs(NormalizerChoice.AUTO);
    assertThat(NormalizerChoice.AUTO).hasToString("auto");
    assertThat(NormalizerChoice.parse("log10,minmax")).hasToString("log10,minmax:slice");
    assertThatThrownBy(() -> NormalizerChoice.parse("auto,minmax"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("auto");
  }

  /** What the rule makes of real fields; they are not in this repository. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nyxlike_dark_matter_density_48x128x128.f32 | log10,minmax:slice",
        "nyxlike_temperature_48x128x128.f32 | log10,minmax:slice",
        "nyxlike_velocity_x_48x128x128.f32 | minmax:slice",
        "real/astronomy/trace_171_1024.fits | log10,minmax:slice",
        "real/astronomy/spitzer_irac.fits | log10,minmax:slice",
        "real/astronomy/gc_bolocam_gps.fits | minmax:slice",
        "real/climate/cesm_PRECT_10x192x288.f32 | asinh:3.0E-7,minmax:slice",
        "real/climate/cesm_TS_10x192x288.f32 | minmax:slice",
        "real/weather_wrf/wrf_W_4x15x48x48.f32 | minmax:slice",
        "real/viscous_fingers/vf_run01_t010_64x64x64.f32 | minmax:slice",
        "real/microscopy/maize_clsm.tif | minmax:slice",
        "real/kodak/kodim05.png | minmax:slice",
      })
  void realFields(String name, String expected) throws IOException {
    try (FieldSource source =
        FieldFiles.open(TestData.shared("data/" + name).toString(), OpenOptions.NONE)) {
      Shape shape = source.info().shape();
      DataType type = source.info().type();
      NormalizerChoice.Fit fit = NormalizerChoice.AUTO.fit(type, shape.slices());
      int plane = (int) (shape.height() * shape.width());
      MemorySegment box = MemorySegment.ofArray(new byte[plane * type.bytes()]);
      double[] values = new double[plane];
      for (long slice = 0; slice < shape.slices(); slice++) {
        source.read(slice, 0, shape.height(), 0, shape.width(), box);
        type.read(box, 0, values, plane);
        double[] ordinary = Arrays.stream(values).filter(fit::inDomain).toArray();
        fit.accept(slice, ordinary, ordinary.length);
      }
      assertThat(fit.finish().spec()).hasToString(expected);
    }
  }
}
