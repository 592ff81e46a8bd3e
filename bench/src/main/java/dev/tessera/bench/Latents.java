package dev.tessera.bench;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.GaussianTables;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.model.Model;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.tukaani.xz.XZInputStream;

/**
 * Latents to measure the entropy coder with.
 *
 * @param symbols {@code tiles × channels × height × width}
 * @param indexes table of every symbol, or null where it is the channel's number
 * @param channels channels of a tile's latent
 * @param height rows of a tile's latent
 * @param width columns of a tile's latent
 */
record Latents(
    int[] symbols, int[] indexes, CdfTables tables, int channels, int height, int width) {
  private static final int CHANNELS = 192;

  /**
   * The latents of a name: {@code gaussian}, drawn from a scale hyperprior's 64 tables, or the
   * stored symbols of a simulated field with the tables of the model that made them.
   *
   * @param model a model with 192 channels
   */
  static Latents load(String name, Path folder, Model model) throws IOException {
    if (name.equals("gaussian")) {
      return gaussian();
    }
    Path file = folder.resolve("latents_" + name + "_512x192x8x8.i8.xz");
    byte[] bytes;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file));
        XZInputStream plain = new XZInputStream(in)) {
      bytes = plain.readAllBytes();
    }
    int[] symbols = new int[bytes.length];
    for (int i = 0; i < symbols.length; i++) {
      symbols[i] = bytes[i];
    }
    return new Latents(symbols, null, model.bottleneckTables(), CHANNELS, 8, 8);
  }

  /**
   * Scales that change slowly over a plane, as those of a hyperprior do; about 2.6 bits a symbol.
   */
  private static Latents gaussian() {
    GaussianTables gaussian = GaussianTables.standard();
    int tiles = 8;
    int side = 32;
    int[] symbols = new int[tiles * CHANNELS * side * side];
    int[] indexes = new int[symbols.length];
    Random random = new Random(1);
    for (int i = 0; i < symbols.length; i++) {
      int plane = i / (side * side);
      double wave = Math.sin(0.2 * (i % side) + plane) * Math.cos(0.15 * (i / side % side));
      float scale = (float) Math.exp(1.5 * wave + (plane % 7) - 3);
      indexes[i] = gaussian.index(scale);
      symbols[i] = (int) Math.rint(random.nextGaussian() * scale);
    }
    return new Latents(symbols, indexes, gaussian.tables(), CHANNELS, side, side);
  }

  int tiles() {
    return symbols.length / (channels * height * width);
  }

  StreamLayout layout(int streams) {
    return new StreamLayout(channels, height, width, Math.ceilDiv(channels, streams), height);
  }
}
