package dev.tessera.codec;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.Rans;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * One tile's way from latent to streams and back: quantization, side information, entropy coding.
 * Holds its buffers; used by one thread at a time.
 *
 * <p>Quantization is CompressAI's: {@code symbol = round_half_even(y − median)} for what is coded
 * with one table per channel, {@code round_half_even(y − mean)} for a latent with side information
 * (the mean is 0 where the model gives scales alone).
 */
final class CpuTileCoder {
  /** A latent beyond this is no longer told apart from its neighbours in float32. */
  private static final float MAX_SYMBOL = 1 << 24;

  private final CpuBackend backend;
  private final TileFormat format;
  private final float[] medians;
  private final CdfTables bottleneck;
  private final Rans.Encoder encoder = new Rans.Encoder();
  private final Rans.Decoder decoder = new Rans.Decoder();
  private final int[] latentSymbols;
  private final int[] sideSymbols;
  private final int[] indexes;
  private final float[] sideValues;
  private final float[] scales;
  private final float[] means;
  private byte[] out = new byte[1 << 12];
  private int check;

  CpuTileCoder(CpuBackend backend, TileFormat format) {
    Model model = backend.model();
    this.backend = backend;
    this.format = format;
    this.medians = model.medians();
    this.bottleneck = backend.bottleneckTables();
    int latents = format.latent().symbols();
    this.latentSymbols = new int[latents];
    boolean hyper = format.side() != null;
    this.sideSymbols = new int[hyper ? format.side().symbols() : 0];
    this.sideValues = new float[sideSymbols.length];
    this.indexes = hyper ? new int[latents] : null;
    this.scales = hyper ? new float[latents] : null;
    this.means = model.architecture().hasMeans() ? new float[latents] : null;
  }

  /** Folded check of the symbols of the tile that was encoded last. */
  int check() {
    return check;
  }

  /**
   * Encodes a tile.
   *
   * @param latents latents of the batch, {@code y} of this tile at element {@code latentAt}
   * @param sides side information of the batch, unused for factorized models
   * @param streamBytes receives the length of each stream from {@code at} on
   * @return the streams, one after the other
   */
  byte[] encode(
      MemorySegment latents,
      long latentAt,
      MemorySegment sides,
      long sideAt,
      long[] streamBytes,
      int at) {
    int length = 0;
    int stream = at;
    if (format.side() != null) {
      quantizeByMedian(sides, sideAt, format.side(), sideSymbols);
      predict();
      for (int i = 0; i < latentSymbols.length; i++) {
        float mean = means == null ? 0 : means[i];
        latentSymbols[i] = round(latents.getAtIndex(ValueLayout.JAVA_FLOAT, latentAt + i) - mean);
      }
      length = encode(sideSymbols, null, format.side(), bottleneck, length, streamBytes, stream);
      stream += format.sideStreams();
      length =
          encode(
              latentSymbols,
              indexes,
              format.latent(),
              backend.model().conditionalTables(),
              length,
              streamBytes,
              stream);
    } else {
      quantizeByMedian(latents, latentAt, format.latent(), latentSymbols);
      length =
          encode(latentSymbols, null, format.latent(), bottleneck, length, streamBytes, stream);
    }
    check = symbolCheck();
    return Arrays.copyOf(out, length);
  }

  private int encode(
      int[] symbols,
      int[] tables,
      StreamLayout layout,
      CdfTables cdfs,
      int from,
      long[] streamBytes,
      int at) {
    int length = from;
    for (int s = 0; s < layout.streams(); s++) {
      int bytes = encoder.encode(symbols, 0, tables, layout, s, cdfs);
      if (length + bytes > out.length) {
        out = Arrays.copyOf(out, Math.addExact(length + bytes, out.length));
      }
      encoder.copyTo(MemorySegment.ofArray(out), length);
      streamBytes[at + s] = bytes;
      length += bytes;
    }
    return length;
  }

  /**
   * Decodes a tile into the batch's latents.
   *
   * @param streams the batch's streams, this tile's from byte {@code offset} on
   * @param streamBytes lengths of the batch's streams, this tile's from {@code at} on
   * @param expected folded check of the symbols, or −1 where the streams carry none
   */
  void decode(
      MemorySegment streams,
      long offset,
      long[] streamBytes,
      int at,
      int expected,
      MemorySegment latents,
      long latentAt) {
    int stream = at;
    if (format.side() != null) {
      offset =
          decode(
              streams, offset, streamBytes, stream, sideSymbols, null, format.side(), bottleneck);
      stream += format.sideStreams();
      predict();
      decode(
          streams,
          offset,
          streamBytes,
          stream,
          latentSymbols,
          indexes,
          format.latent(),
          backend.model().conditionalTables());
    } else {
      decode(
          streams, offset, streamBytes, stream, latentSymbols, null, format.latent(), bottleneck);
    }
    if (expected >= 0 && symbolCheck() != expected) {
      throw new TesseraException.Corrupt(
          "a tile decodes to other symbols than were encoded: the file is damaged, or was made by a faulty program",
          -1);
    }
    dequantize(latents, latentAt);
  }

  private long decode(
      MemorySegment streams,
      long offset,
      long[] streamBytes,
      int at,
      int[] symbols,
      int[] tables,
      StreamLayout layout,
      CdfTables cdfs) {
    for (int s = 0; s < layout.streams(); s++) {
      decoder.decode(streams, offset, streamBytes[at + s], symbols, 0, tables, layout, s, cdfs);
      offset += streamBytes[at + s];
    }
    return offset;
  }

  /**
   * From the symbols of the side information to the table (and mean) of each symbol of the latent.
   */
  private void predict() {
    StreamLayout side = format.side();
    int plane = side.height() * side.width();
    for (int i = 0; i < sideSymbols.length; i++) {
      sideValues[i] = sideSymbols[i] + medians[i / plane];
    }
    backend.hyperSynthesis().run(sideValues, side.height(), side.width(), scales, means);
    backend.scales().indexes(scales, 0, indexes, 0, indexes.length);
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

  private void dequantize(MemorySegment latents, long at) {
    int plane = format.latent().height() * format.latent().width();
    for (int i = 0; i < latentSymbols.length; i++) {
      float centre = indexes == null ? medians[i / plane] : means == null ? 0 : means[i];
      latents.setAtIndex(ValueLayout.JAVA_FLOAT, at + i, latentSymbols[i] + centre);
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

  private int symbolCheck() {
    int latent = SymbolCheck.of(latentSymbols, 0, latentSymbols.length, 0);
    int side = SymbolCheck.of(sideSymbols, 0, sideSymbols.length, latentSymbols.length);
    return SymbolCheck.fold(latent + side) & 0xffff;
  }
}
