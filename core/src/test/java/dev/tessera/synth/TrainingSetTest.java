package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.Field;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ForkJoinPool;
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
    assertThat(large).hasSize(24);
    Map<String, float[]> small = make(3, 5);
    assertThat(small).hasSize(12);
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
        .contains("8x64x64", "32x32x32", "16x32x64");
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
      CosmologySynth synth = CosmologySynth.varied(16, seed);
      for (CosmologySynth.Quantity quantity : CosmologySynth.Quantity.values()) {
        boolean signed = quantity.name().startsWith("VELOCITY");
        for (float value : values(synth.generate(quantity))) {
          assertThat(value).isFinite();
          assertThat(signed || value > 0).isTrue();
        }
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
