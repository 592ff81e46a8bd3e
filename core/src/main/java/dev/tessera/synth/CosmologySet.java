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
 * Boxes to train models of cosmology on: density of dark matter and of baryons, temperature and
 * velocity of each, of universes of linear theory along all three axes, of others along one. One
 * universe in {@value #PERIOD} is the default one, one is of linear theory, the others are varied.
 */
final class CosmologySet {
  private static final int PERIOD = 4;
  private static final int DEFAULT = 0;
  private static final int LINEAR = 2;

  private static final Set<Quantity> USUAL =
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
      CosmologySynth synth = synth(i, size, own);
      Set<Quantity> quantities = quantities(i);
      String name = "cosmo-%03d-%s".formatted(i, kind(i, synth)).toLowerCase(Locale.ROOT);
      items.add(
          new TrainingSet.Item(
              name, own, synth.description(), synth.memory(), () -> fields(synth, quantities)));
    }
    return items;
  }

  private static String kind(int index, CosmologySynth synth) {
    return switch (index % PERIOD) {
      case DEFAULT -> "default";
      case LINEAR -> "linear";
      default -> synth.hasGravity() ? "gravity" : "zeldovich";
    };
  }

  private static CosmologySynth synth(int index, int size, long seed) {
    return switch (index % PERIOD) {
      case DEFAULT -> new CosmologySynth(size, seed);
      case LINEAR -> CosmologySynth.linear(size, seed);
      default -> CosmologySynth.varied(size, seed);
    };
  }

  /**
   * The velocity of linear theory is smooth across and rough along its direction, and that is the
   * first axis of some programs' arrays, the last of others'. It costs little.
   */
  private static Set<Quantity> quantities(int index) {
    return index % PERIOD == LINEAR ? EnumSet.allOf(Quantity.class) : USUAL;
  }

  private static Map<String, Field> fields(CosmologySynth synth, Set<Quantity> quantities) {
    Map<String, Field> fields = new LinkedHashMap<>();
    synth
        .generate(quantities)
        .forEach((quantity, field) -> fields.put(quantity.fieldName(), field));
    return fields;
  }
}
