package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.Field;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TrainingSetTest {
  private static Map<String, float[]> make(int count, long seed) {
    Map<String, float[]> made = new ConcurrentSkipListMap<>();
    new TrainingSet(TrainingSet.Kind.COSMO, count, 16, seed)
        .generate((item, fields) ->
            fields.forEach((name, field) -> made.put(item.name() + name, values(field))));
    return made;
  }

  private static float[] values(Field field) {
    return field.data().toArray(ValueLayout.JAVA_FLOAT);
  }

  @Test
  void aSetRepeatsItselfAndASmallerOneIsItsBeginning() {
    Map<String, float[]> large = make(6, 5);
    assertThat(large).hasSize(26);
    Map<String, float[]> small = make(3, 5);
    assertThat(small).hasSize(14);
    small.forEach((name, values) -> assertThat(values).as(name).isEqualTo(large.get(name)));
    make(3, 6).forEach((name, values) -> assertThat(values).isNotEqualTo(large.get(name)));
  }

  @Test
  void aGeneralSetHasEveryFamily() {
    Map<String, Shape> shapes = new ConcurrentSkipListMap<>();
    new TrainingSet(TrainingSet.Kind.GENERAL, 15, 32, 7)
        .generate((item, fields) ->
            fields.forEach(
                (name, field) -> shapes.put(item.name() + " " + name, field.info().shape())));
    assertThat(shapes).hasSize(15);
    for (SyntheticFamily family : SyntheticFamily.values()) {
      assertThat(shapes.keySet()).anyMatch(name -> name.endsWith(" " + family));
    }
    assertThat(shapes.keySet()).anyMatch(name -> name.endsWith(" temperature"));
    assertThat(shapes.values())
        .extracting(Shape::toString)
        .contains("8x64x64", "32x32x32", "16x32x64", "1x256x256", "2x128x128");
  }

  @Test
  void universesDiffer() {
    Set<String> descriptions = new HashSet<>();
    for (long seed = 0; seed < 40; seed++) {
      descriptions.add(CosmologyParameters.varied(seed).description());
    }
    assertThat(descriptions)
        .hasSize(40)
        .anyMatch(text -> text.contains("gravity"))
        .anyMatch(text -> text.contains("Zel'dovich"))
        .anyMatch(text -> text.contains("1 particle per cell"));
  }

  @Test
  void aCosmoSetHasUniversesOfLinearTheoryWithVelocitiesAlongEveryAxis() {
    Set<String> names = make(8, 5).keySet();
    assertThat(names)
        .contains(
            "cosmo-000-defaultvelocity_x",
            "cosmo-002-linearvelocity_x",
            "cosmo-002-linearvelocity_y",
            "cosmo-006-linearvelocity_z")
        .noneMatch(name -> name.contains("-001-linear"));
    assertThat(names.stream().filter(name -> name.endsWith("velocity_y")))
        .allMatch(name -> name.contains("-linear"))
        .hasSize(2);
  }

  /**
   * The velocity of linear theory is Gaussian, and along its axis three times as rough as across:
   * of k_x²/k⁴ the mean over directions of k_x² is 1/5 and of k_y² 1/15.
   */
  @Test
  void theVelocityOfLinearTheoryIsRoughestAlongItself() {
    int n = 48;
    CosmologySynth synth = CosmologySynth.linear(n, 3);
    float[] velocity = values(synth.generate(CosmologySynth.Quantity.VELOCITY_Z));
    double along = roughness(velocity, n, n * n);
    assertThat(along / roughness(velocity, n, 1)).isBetween(2.2, 4.5);
    assertThat(along / roughness(velocity, n, n)).isBetween(2.2, 4.5);
  }

  /** Mean squared difference of values {@code stride} apart, edges left out. */
  private static double roughness(float[] values, int n, int stride) {
    double sum = 0;
    int count = 0;
    for (int i = 0; i < values.length - stride; i++) {
      if (i / stride % n < n - 1) {
        double difference = values[i + stride] - values[i];
        sum += difference * difference;
        count++;
      }
    }
    return sum / count;
  }

  /** Skewness of log₁₀ of density: voids are the tail there, and peaks are in simulations. */
  @Test
  void voidsAreTheTailOfLinearTheorysDensities() {
    CosmologySynth.Quantity quantity = CosmologySynth.Quantity.DARK_MATTER_DENSITY;
    double linear =
        LongStream.range(0, 8)
            .mapToDouble(
                seed -> skewness(values(CosmologySynth.linear(48, seed).generate(quantity))))
            .average()
            .orElseThrow();
    assertThat(linear).isNegative();
    assertThat(skewness(values(new CosmologySynth(48, 0).generate(quantity)))).isGreaterThan(0.3);
  }

  private static double skewness(float[] values) {
    double[] logarithms =
        IntStream.range(0, values.length).mapToDouble(i -> Math.log10(values[i])).toArray();
    double mean = Arrays.stream(logarithms).average().orElseThrow();
    double second = Arrays.stream(logarithms).map(x -> Math.pow(x - mean, 2)).sum();
    double third = Arrays.stream(logarithms).map(x -> Math.pow(x - mean, 3)).sum();
    return third / Math.pow(second, 1.5) * Math.sqrt(values.length);
  }

  @Test
  void bytesOfUniversesOfLinearTheoryAreTheSameEverywhere() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (long seed = 1; seed <= 6; seed++) {
      CosmologySynth synth = CosmologySynth.linear(24, seed);
      for (Field field : synth.generate(EnumSet.allOf(CosmologySynth.Quantity.class)).values()) {
        digest.update(field.data().toArray(ValueLayout.JAVA_BYTE));
      }
    }
    assertThat(HexFormat.of().formatHex(digest.digest()))
        .isEqualTo("f56f97aae2aa7f013a55cc8f8597844eae51c902a5fba58ca450c181c5ead05e");
  }

  /** Seeds 1 to 6 have universes with and without gravity. */
  @Test
  void bytesOfVariedUniversesAreTheSameEverywhere() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    Set<Boolean> gravity = new HashSet<>();
    for (long seed = 1; seed <= 6; seed++) {
      CosmologySynth synth = CosmologySynth.varied(24, seed);
      gravity.add(synth.hasGravity());
      for (Field field : synth.generate(EnumSet.allOf(CosmologySynth.Quantity.class)).values()) {
        digest.update(field.data().toArray(ValueLayout.JAVA_BYTE));
      }
    }
    assertThat(gravity).hasSize(2);
    assertThat(HexFormat.of().formatHex(digest.digest()))
        .isEqualTo("817b80a0d0c429b639fae5b12bea677bd9b8ddf85956679d85461a42f8aec6ab");
  }

  @Test
  void numberOfThreadsDoesNotMatterToGravity() throws Exception {
    CosmologyParameters parameters = CosmologyParameters.varied(1);
    for (long seed = 2; parameters.matter().gravitySteps() == 0; seed++) {
      parameters = CosmologyParameters.varied(seed);
    }
    CosmologySynth synth = new CosmologySynth(24, 1, parameters);
    float[] parallel = values(synth.generate(CosmologySynth.Quantity.TEMPERATURE));
    for (int threads : new int[] {1, 7}) {
      try (ForkJoinPool pool = new ForkJoinPool(threads)) {
        assertThat(
                pool.submit(() -> values(synth.generate(CosmologySynth.Quantity.TEMPERATURE)))
                    .get())
            .isEqualTo(parallel);
      }
    }
  }

  @Test
  void variedUniversesAreFinite() {
    for (long seed = 0; seed < 12; seed++) {
      checkValues(CosmologySynth.varied(16, seed));
      checkValues(CosmologySynth.linear(16, seed));
    }
  }

  private static void checkValues(CosmologySynth synth) {
    for (CosmologySynth.Quantity quantity : CosmologySynth.Quantity.values()) {
      boolean signed = quantity.name().startsWith("VELOCITY");
      for (float value : values(synth.generate(quantity))) {
        assertThat(value).isFinite();
        assertThat(signed || value > 0).isTrue();
      }
    }
  }

  @Test
  void whatFailsIsReported() {
    TrainingSet set = new TrainingSet(TrainingSet.Kind.COSMO, 5, 16, 1);
    assertThatThrownBy(() ->
            set.generate((item, fields) -> {
              throw new TesseraException.Invalid("the disk is full");
            }))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessage("the disk is full");
    assertThatThrownBy(() -> make(0, 1)).hasMessageContaining("at least one item");
    assertThatThrownBy(() -> new TrainingSet(TrainingSet.Kind.GENERAL, 1, 15, 1))
        .hasMessageContaining("16 to 640");
  }
}
