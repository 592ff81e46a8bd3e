package dev.tessera.bench;

import dev.tessera.bytes.Zstd;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import dev.tessera.synth.CosmologySynth;
import dev.tessera.transform.OnnxNetwork;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Latents that a model makes of a synthetic field: its planes along all three axes, normalized
 * plane by plane to 0..1 (densities and temperatures by their logarithms first), cut into tiles.
 * They are kept in the user's cache, since the transform takes much longer than the coder.
 */
final class ModelLatents {
  private static final int SIDE = SyntheticTiles.SIDE;
  private static final int BATCH = 16;

  private ModelLatents() {}

  /**
   * Makes latents, or reads them from the cache.
   *
   * @param quantity a name of {@link CosmologySynth.Quantity}
   * @param cache folder to keep them in; it need not be writable
   */
  static LatentSet make(Model model, String quantity, int tiles, Path cache) throws IOException {
    if (model.architecture().hasHyperprior()) {
      throw new TesseraException.Unsupported(
          "this measurement knows models with one table per channel, and "
              + model.name()
              + " has a hyperprior: name a factorized model");
    }
    CosmologySynth.Quantity kind = SyntheticTiles.quantity(quantity);
    int stride = model.architecture().latentStride();
    int side = SIDE / stride;
    int count = tiles * model.m() * side * side;
    String name =
        "latents-%s-%s-%dx%dx%dx%d.zst"
            .formatted(model.id().substring(0, 16), kind.fieldName(), tiles, model.m(), side, side);
    Path file = cache.resolve(name);
    int[] symbols = read(file, count);
    if (symbols == null) {
      symbols = transform(model, kind, tiles);
      write(file, symbols);
    }
    return new LatentSet(
        kind.fieldName(),
        symbols,
        model.bottleneckTables(),
        model.m(),
        side,
        side,
        (long) tiles * model.inputChannels() * SIDE * SIDE * Float.BYTES);
  }

  private static int[] transform(Model model, CosmologySynth.Quantity kind, int tiles) {
    float[] medians = model.medians();
    int channels = model.inputChannels();
    int perTile = channels * SIDE * SIDE;
    int side = SIDE / model.architecture().latentStride();
    int perLatent = model.m() * side * side;
    int[] symbols = new int[tiles * perLatent];
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(model, Network.G_A), 0);
        Arena arena = Arena.ofShared()) {
      MemorySegment in = arena.allocate((long) BATCH * perTile * Float.BYTES, 64);
      MemorySegment out = arena.allocate((long) BATCH * perLatent * Float.BYTES, 64);
      SyntheticTiles cutter = new SyntheticTiles(kind, channels, 1);
      for (int first = 0; first < tiles; first += BATCH) {
        int count = Math.min(BATCH, tiles - first);
        for (int t = 0; t < count; t++) {
          cutter.next(in.asSlice((long) t * perTile * Float.BYTES));
        }
        analysis.run(
            in.asSlice(0, (long) count * perTile * Float.BYTES), count, channels, SIDE, SIDE, out);
        for (int i = 0; i < count * perLatent; i++) {
          float y = out.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          symbols[first * perLatent + i] =
              (int) Math.rint(y - medians[i / (side * side) % model.m()]);
        }
      }
    }
    return symbols;
  }

  private static int[] read(Path file, int count) {
    try {
      byte[] plain = Zstd.unpack(Files.readAllBytes(file), 4L * count, "the cached latents");
      if (plain.length != 4L * count) {
        return null;
      }
      int[] symbols = new int[count];
      ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(symbols);
      return symbols;
    } catch (IOException | TesseraException absentOrDamaged) {
      return null;
    }
  }

  private static void write(Path file, int[] symbols) {
    try {
      byte[] plain = new byte[4 * symbols.length];
      ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(symbols);
      Files.createDirectories(file.getParent());
      Files.write(file, Zstd.pack(plain));
    } catch (IOException unwritable) {
      // the next run makes them again
    }
  }
}
