package dev.tessera.synth;

import dev.tessera.field.Field;
import dev.tessera.synth.CosmologySynth.Quantity;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Boxes to train models of cosmology on: density of dark matter and of baryons, temperature and one
 * velocity of each. One universe in {@value #DEFAULT_EVERY} is the default one, the others are
 * varied.
 */
final class CosmologySet {
  private static final int DEFAULT_EVERY = 4;

  private static final Set<Quantity> QUANTITIES =
      EnumSet.of(
          Quantity.DARK_MATTER_DENSITY,
          Quantity.BARYON_DENSITY,
          Quantity.TEMPERATURE,
          Quantity.VELOCITY_X);

  private CosmologySet() {}

  static List<TrainingSet.Item> items(int count, int size, long seed) {
    List<TrainingSet.Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long own = Draw.seedAt(seed, i);
      CosmologySynth synth =
          i % DEFAULT_EVERY == 0 ? new CosmologySynth(size, own) : CosmologySynth.varied(size, own);
      String name = "cosmo-%03d-%s".formatted(i, kind(i, synth)).toLowerCase(Locale.ROOT);
      items.add(
          new TrainingSet.Item(
              name, own, synth.description(), synth.memory(), () -> fields(synth)));
    }
    return items;
  }

  private static String kind(int index, CosmologySynth synth) {
    if (index % DEFAULT_EVERY == 0) {
      return "default";
    }
    return synth.hasGravity() ? "gravity" : "zeldovich";
  }

  private static Map<String, Field> fields(CosmologySynth synth) {
    Map<String, Field> fields = new LinkedHashMap<>();
    synth
        .generate(QUANTITIES)
        .forEach((quantity, field) -> fields.put(quantity.fieldName(), field));
    return fields;
  }
}
