package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A batch of tiles.
 *
 * @param tiles how many
 * @param channels planes of a tile; 0 for as many as a model takes
 * @param height rows of a plane
 * @param width columns of a plane
 */
public record E2eShape(int tiles, int channels, int height, int width) {
  private static final Pattern TEXT =
      Pattern.compile("([1-9]\\d{0,6})x([1-9]\\d{0,3})x([1-9]\\d{0,5})x([1-9]\\d{0,5})");

  /** Checks that there is something. */
  public E2eShape {
    if (tiles < 1 || channels < 0 || height < 1 || width < 1) {
      throw new TesseraException.Invalid("a batch has at least one tile of at least one pixel");
    }
    if ((long) tiles * Math.max(1, channels) * height * width > Integer.MAX_VALUE) {
      throw new TesseraException.Invalid("a batch has at most 2^31 values: use fewer tiles");
    }
  }

  /** The benchmark's usual tiles. */
  public static E2eShape usual(int tiles) {
    return new E2eShape(tiles, 0, SyntheticTiles.SIDE, SyntheticTiles.SIDE);
  }

  /**
   * Reads a shape.
   *
   * @param text tiles × channels × height × width, as in {@code 512x3x128x128}
   * @throws TesseraException.Invalid if it is none
   */
  public static E2eShape parse(String text) {
    Matcher numbers = TEXT.matcher(text);
    if (!numbers.matches()) {
      throw new TesseraException.Invalid(
          "'" + text + "' is no shape: write TILESxCHANNELSxHEIGHTxWIDTH, as in 512x3x128x128");
    }
    return new E2eShape(
        number(numbers, 1), number(numbers, 2), number(numbers, 3), number(numbers, 4));
  }

  private static int number(Matcher numbers, int group) {
    return Integer.parseInt(numbers.group(group));
  }

  /**
   * The same with a model's channels.
   *
   * @throws TesseraException.Invalid if the model takes other tiles
   */
  E2eShape of(Model model) {
    if (channels != 0 && channels != model.inputChannels()) {
      throw new TesseraException.Invalid(
          "%s takes tiles of %d channels, not %d: name another shape, or random weights with"
                  .formatted(model.name(), model.inputChannels(), channels)
              + " --random-model bmshj2018-factorized,128,192,"
              + channels);
    }
    Architecture architecture = model.architecture();
    int unit = Math.max(architecture.latentStride(), architecture.sideStride());
    if (height % unit != 0 || width % unit != 0) {
      throw new TesseraException.Invalid(
          "the tiles of %s have sides that are multiples of %d, not %dx%d"
              .formatted(architecture.id(), unit, height, width));
    }
    return new E2eShape(tiles, model.inputChannels(), height, width);
  }

  /** Values of a tile. */
  long perTile() {
    return (long) channels * height * width;
  }

  /** Bytes of all tiles in float32. */
  long bytes() {
    return tiles * perTile() * Float.BYTES;
  }

  @Override
  public String toString() {
    return "%d tiles of %dx%dx%d".formatted(tiles, channels, height, width);
  }
}
