package dev.tessera.bench;

import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.synth.CosmologySynth;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/**
 * Tile after tile from simulated fields of rising seeds, cut along all three axes and normalized to
 * the range of each plane, densities by their logarithms first.
 */
final class SyntheticTiles {
  /** Rows and columns of the usual tile. */
  static final int SIDE = 128;

  private static final int FIELD_SIDE = 256;

  private final CosmologySynth.Quantity kind;
  private final int fieldSide;
  private final int channels;
  private final int height;
  private final int width;
  private final int down;
  private final int across;
  private float[] field;
  private long seed;
  private int axis = 2;
  private int tile;
  private int tilesPerAxis;

  /** The usual tiles of a quantity. */
  SyntheticTiles(CosmologySynth.Quantity kind, int channels, long firstSeed) {
    this(kind, channels, SIDE, SIDE, firstSeed);
  }

  /**
   * Tiles of a quantity. One that is larger than a field goes on at the field's other side, which
   * fits: fields are periodic.
   *
   * @param firstSeed seed of the first field
   */
  SyntheticTiles(
      CosmologySynth.Quantity kind, int channels, int height, int width, long firstSeed) {
    this(kind, channels, height, width, firstSeed, FIELD_SIDE);
  }

  /** The same of fields of another size. */
  SyntheticTiles(
      CosmologySynth.Quantity kind,
      int channels,
      int height,
      int width,
      long firstSeed,
      int fieldSide) {
    this.kind = kind;
    this.fieldSide = fieldSide;
    seed = firstSeed - 1;
    this.channels = channels;
    this.height = height;
    this.width = width;
    down = Math.max(1, fieldSide / height);
    across = Math.max(1, fieldSide / width);
  }

  /** Writes the next tile, float32. */
  void next(MemorySegment target) {
    if (tile == tilesPerAxis) {
      advance();
    }
    int group = tile / (down * across);
    int row = tile / across % down * height;
    int column = tile % across * width;
    for (int c = 0; c < channels; c++) {
      plane(group * channels + c, row, column, target, (long) c * height * width);
    }
    tile++;
  }

  private void advance() {
    axis++;
    if (axis == 3) {
      axis = 0;
      seed++;
      Field made = new CosmologySynth(fieldSide, seed).generate(kind);
      field = made.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      if (!kind.name().startsWith("VELOCITY")) {
        for (int i = 0; i < field.length; i++) {
          field[i] = (float) Math.log10(field[i]);
        }
      }
    }
    tile = 0;
    tilesPerAxis = fieldSide / channels * down * across;
  }

  private float value(int plane, int row, int column) {
    int n = fieldSide;
    return switch (axis) {
      case 0 -> field[(plane * n + row) * n + column];
      case 1 -> field[(row * n + plane) * n + column];
      default -> field[(row * n + column) * n + plane];
    };
  }

  private void plane(int plane, int row, int column, MemorySegment target, long at) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (int r = 0; r < fieldSide; r++) {
      for (int c = 0; c < fieldSide; c++) {
        float value = value(plane, r, c);
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    float range = high > low ? high - low : 1;
    for (int r = 0; r < height; r++) {
      for (int c = 0; c < width; c++) {
        int y = (row + r) % fieldSide;
        int x = (column + c) % fieldSide;
        float value = (value(plane, y, x) - low) / range;
        target.setAtIndex(ValueLayout.JAVA_FLOAT, at + (long) r * width + c, value);
      }
    }
  }

  /** The quantity of a name. */
  static CosmologySynth.Quantity quantity(String name) {
    try {
      return CosmologySynth.Quantity.valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new TesseraException.Invalid(
          "there is no quantity '" + name + "': try dark_matter_density or velocity_x");
    }
  }
}
