package dev.tessera.synth;

import dev.tessera.field.Field;
import dev.tessera.field.Shape;
import dev.tessera.synth.CosmologySynth.Quantity;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;

/**
 * Fields to train general models on: every {@link SyntheticFamily} in turn and a varied universe,
 * as cubes, as stacks of wide planes, as oblong volumes of about the same number of cells, and as
 * single planes, whose tiles hold nothing but them.
 */
final class GeneralSet {
  private static final SyntheticFamily[] FAMILIES = SyntheticFamily.values();

  /** One field in so many is of a universe. */
  private static final int ROUND = FAMILIES.length + 1;

  private static final Quantity[] QUANTITIES = {
    Quantity.TEMPERATURE, Quantity.VELOCITY_X, Quantity.BARYON_DENSITY
  };

  private GeneralSet() {}

  static List<TrainingSet.Item> items(int count, int size, long seed) {
    List<TrainingSet.Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long own = Draw.seedAt(seed, i);
      String name = "general-%04d".formatted(i);
      items.add(
          i % ROUND < FAMILIES.length
              ? family(name, FAMILIES[i % ROUND], shape(i, size), own)
              : universe(name, QUANTITIES[i / ROUND % QUANTITIES.length], size, own));
    }
    return items;
  }

  /** Shapes and families have periods without a common factor, so that each meets each. */
  private static Shape shape(int index, int size) {
    return switch (index % 5) {
      case 0 -> Shape.of(size / 4, 2L * size, 2L * size);
      case 1 -> Shape.of(size, size, size);
      case 2 -> Shape.of(size / 2, size, 2L * size);
      case 3 -> Shape.of(1, 8L * size, 8L * size);
      default -> Shape.of(size / 16, 4L * size, 4L * size);
    };
  }

  private static TrainingSet.Item family(
      String name, SyntheticFamily family, Shape shape, long seed) {
    return new TrainingSet.Item(
        name,
        seed,
        "family " + family,
        SyntheticFamily.memory(shape.elements()),
        () -> Map.of(family.fieldName(), family.generate(shape, seed)));
  }

  private static TrainingSet.Item universe(String name, Quantity quantity, int size, long seed) {
    CosmologySynth synth = CosmologySynth.varied(size, seed);
    return new TrainingSet.Item(
        name,
        seed,
        synth.description(),
        synth.memory(),
        () -> {
          Field field = synth.generate(EnumSet.of(quantity)).get(quantity);
          return Map.of(quantity.fieldName(), field);
        });
  }
}
