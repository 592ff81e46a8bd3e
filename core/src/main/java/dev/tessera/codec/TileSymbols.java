package dev.tessera.codec;

import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One tile's symbols on the CPU: quantization, the tables and means that its side information says,
 * and back to latents. Holds its buffers; used by one thread at a time.
 *
 * <p>Quantization is CompressAI's: {@code symbol = round_half_even(y − median)} for what is coded
 * with one table per channel, {@code round_half_even(y − mean)} for a latent with side information
 * (the mean is 0 where the model gives scales alone).
 */
public final class TileSymbols {
  /** A latent beyond this is no longer told apart from its neighbours in float32. */
  private static final float MAX_SYMBOL = 1 << 24;

  private final CpuNetworks networks;
  private final TileFormat format;
  private final float[] medians;
  private final int[] latents;
  private final int[] sides;
  private final int[] indexes;
  private final float[] sideValues;
  private final float[] scales;
  private final float[] means;

  /** Buffers for tiles of a format. */
  public TileSymbols(CpuNetworks networks, TileFormat format) {
    Model model = networks.model();
    boolean hyper = format.side() != null;
    int count = format.latent().symbols();
    this.networks = networks;
    this.format = format;
    this.medians = model.medians();
    this.latents = new int[count];
    this.sides = new int[hyper ? format.side().symbols() : 0];
    this.sideValues = new float[sides.length];
    this.indexes = hyper ? new int[count] : null;
    this.scales = hyper ? new float[count] : null;
    this.means = model.architecture().hasMeans() ? new float[count] : null;
  }

  /** Symbols of the latent, {@code C × h × w}; decoders fill them in. */
  public int[] latents() {
    return latents;
  }

  /** Symbols of the side information, likewise; empty for models without. */
  public int[] sides() {
    return sides;
  }

  /** Tables of the latent's symbols, as {@link #predict} found them; null for models without. */
  public int[] indexes() {
    return indexes;
  }

  /**
   * Quantizes a tile, with {@link #predict} in between where it has side information.
   *
   * @param y latents of the batch, this tile's from element {@code latentAt} on
   * @param z side information of the batch, unused for models without
   * @throws TesseraException.Unsupported if a value is not finite or too large
   */
  public void quantize(MemorySegment y, long latentAt, MemorySegment z, long sideAt) {
    if (format.side() == null) {
      quantizeLatents(y, latentAt);
      return;
    }
    quantizeByMedian(z, sideAt, format.side(), sides);
    predict();
    for (int i = 0; i < latents.length; i++) {
      float mean = means == null ? 0 : means[i];
      latents[i] = round(y.getAtIndex(ValueLayout.JAVA_FLOAT, latentAt + i) - mean);
    }
  }

  private void quantizeLatents(MemorySegment y, long latentAt) {
    quantizeByMedian(y, latentAt, format.latent(), latents);
  }

  /**
   * Counts in how many bands of a tile each channel has any symbol but zero; for models without
   * side information.
   *
   * @param alive receives the counts, added to what it holds
   */
  public void countAlive(MemorySegment y, long latentAt, long[] alive) {
    quantizeLatents(y, latentAt);
    countAlive(format.latent(), latents, alive);
  }

  /** The same of symbols that are known. */
  public static void countAlive(StreamLayout layout, int[] symbols, long[] alive) {
    for (int c = 0; c < layout.channels(); c++) {
      for (int row = 0; row < layout.height(); row += layout.rowsPerStream()) {
        int from = (c * layout.height() + row) * layout.width();
        int rows = Math.min(layout.rowsPerStream(), layout.height() - row);
        boolean any = false;
        for (int i = from; i < from + rows * layout.width(); i++) {
          any |= symbols[i] != 0;
        }
        alive[c] += any ? 1 : 0;
      }
    }
  }

  /**
   * From the symbols of the side information to the table (and mean) of each symbol of the latent.
   */
  public void predict() {
    StreamLayout side = format.side();
    int plane = side.height() * side.width();
    for (int i = 0; i < sides.length; i++) {
      sideValues[i] = sides[i] + medians[i / plane];
    }
    networks.hyperSynthesis().run(sideValues, side.height(), side.width(), scales, means);
    networks.scales().indexes(scales, 0, indexes, 0, indexes.length);
  }

  private void quantizeByMedian(MemorySegment values, long at, StreamLayout layout, int[] symbols) {
    int plane = layout.height() * layout.width();
    for (int c = 0; c < layout.channels(); c++) {
      float median = medians[c];
      for (int i = c * plane; i < (c + 1) * plane; i++) {
        symbols[i] = round(values.getAtIndex(ValueLayout.JAVA_FLOAT, at + i) - median);
      }
    }
  }

  private static int round(float value) {
    if (!(Math.abs(value) < MAX_SYMBOL)) {
      throw new TesseraException.Unsupported(
          "the model gives a latent of "
              + value
              + ": its weights or the normalizer do not suit this field");
    }
    return (int) Math.rint(value);
  }

  /** From symbols back to the tile's latent, at element {@code at} of the batch's. */
  public void dequantize(MemorySegment y, long at) {
    int plane = format.latent().height() * format.latent().width();
    for (int i = 0; i < latents.length; i++) {
      float centre = indexes == null ? medians[i / plane] : means == null ? 0 : means[i];
      y.setAtIndex(ValueLayout.JAVA_FLOAT, at + i, latents[i] + centre);
    }
  }

  /** The folded check of all symbols. */
  int check() {
    int latent = SymbolCheck.of(latents, 0, latents.length, 0);
    int side = SymbolCheck.of(sides, 0, sides.length, latents.length);
    return SymbolCheck.fold(latent + side) & 0xffff;
  }
}
