package dev.tessera.bench;

import dev.tessera.cuda.network.CheckModels;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Calibration;
import dev.tessera.model.Model;
import dev.tessera.synth.CosmologySynth;
import dev.tessera.transform.ActivationRanges;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Models of random weights, for timing sizes of which no trained model is at hand. */
public final class RandomModels {
  private static final Pattern TEXT =
      Pattern.compile("([a-z0-9-]+),([1-9]\\d{0,3}),([1-9]\\d{0,3})(?:,([1-9]\\d{0,2}))?");
  private static final int USUAL_CHANNELS = 3;
  private static final int MOST_CHANNELS = 16;
  private static final int MULTIPLE = 8;
  private static final long WEIGHTS_SEED = 4;

  /** Of tiles to calibrate on; the benchmark's begin at 1. */
  private static final long TILES_SEED = 1000;

  private static final int TILES = 4;
  private static final double PERCENTILE = 99.99;

  private RandomModels() {}

  /**
   * A model.
   *
   * @param text architecture, N, M and, if they are not 3, channels of a tile, as in {@code
   *     bmshj2018-factorized,192,320}
   * @param calibrated whether it shall compute in fp8, too
   * @throws TesseraException.Invalid if the text is no such list
   */
  public static Model make(String text, boolean calibrated) {
    Matcher parts = TEXT.matcher(text.strip());
    if (!parts.matches()) {
      throw new TesseraException.Invalid(
          "'"
              + text
              + "' is no random model: write ARCHITECTURE,N,M[,CHANNELS], as in"
              + " bmshj2018-factorized,192,320");
    }
    Architecture architecture = Architecture.parse(parts.group(1));
    int n = Integer.parseInt(parts.group(2));
    int m = Integer.parseInt(parts.group(3));
    int channels = parts.group(4) == null ? USUAL_CHANNELS : Integer.parseInt(parts.group(4));
    if (n % MULTIPLE != 0 || m % MULTIPLE != 0 || channels > MOST_CHANNELS) {
      throw new TesseraException.Invalid(
          "N and M are multiples of %d and channels at most %d, unlike in '%s'"
              .formatted(MULTIPLE, MOST_CHANNELS, text));
    }
    Model model = CheckModels.of(architecture, n, m, channels, WEIGHTS_SEED);
    String name = "random " + architecture.id();
    return calibrated
        ? model.withMetadata(name, calibration(model).addTo(model.metadata(), "simulated tiles"))
        : model.withMetadata(name, model.metadata());
  }

  private static Calibration calibration(Model model) {
    int side = SyntheticTiles.SIDE;
    long perTile = (long) model.inputChannels() * side * side * Float.BYTES;
    try (ActivationRanges ranges = new ActivationRanges(model, 0);
        Arena arena = Arena.ofShared()) {
      MemorySegment tiles = arena.allocate(TILES * perTile, Float.BYTES);
      SyntheticTiles source =
          new SyntheticTiles(
              CosmologySynth.Quantity.DARK_MATTER_DENSITY, model.inputChannels(), TILES_SEED);
      for (int i = 0; i < TILES; i++) {
        source.next(tiles.asSlice(i * perTile, perTile));
      }
      ranges.add(tiles, TILES, side, side);
      return ranges.finish(PERCENTILE, false);
    }
  }
}
