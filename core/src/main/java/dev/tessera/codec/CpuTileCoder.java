package dev.tessera.codec;

import dev.tessera.container.StreamPlan;
import dev.tessera.entropy.CompactRans;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.Rans;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * One tile's way from latent to streams and back: quantization, side information, entropy coding.
 * Holds its buffers; used by one thread at a time.
 */
final class CpuTileCoder {
  /** What an array holds. */
  private static final long MAX_BYTES = Integer.MAX_VALUE - 8;

  private final TileFormat format;
  private final TileSymbols symbols;
  private final boolean compact;
  private final CompactScheme sideScheme;
  private final CompactScheme latentScheme;
  private final Rans.Encoder encoder = new Rans.Encoder();
  private final Rans.Decoder decoder = new Rans.Decoder();
  private final CompactRans.Encoder compactEncoder = new CompactRans.Encoder();
  private final CompactRans.Decoder compactDecoder = new CompactRans.Decoder();
  private byte[] out = new byte[1 << 12];
  private int check;

  CpuTileCoder(CpuBackend backend, TileFormat format) {
    Model model = backend.model();
    this.format = format;
    this.symbols = new TileSymbols(backend.networks(), format);
    boolean hyper = format.side() != null;
    this.compact = format.profile() == StreamPlan.Profile.COMPACT;
    this.sideScheme =
        hyper ? CompactScheme.plain(backend.bottleneckTables(), format.side().channels()) : null;
    this.latentScheme =
        new CompactScheme(
            hyper ? model.conditionalTables() : backend.bottleneckTables(),
            format.order(),
            format.flags());
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
    symbols.quantize(latents, latentAt, sides, sideAt);
    if (format.side() != null) {
      length =
          encode(symbols.sides(), null, format.side(), sideScheme, length, streamBytes, stream);
      stream += format.sideStreams();
    }
    length =
        encode(
            symbols.latents(),
            symbols.indexes(),
            format.latent(),
            latentScheme,
            length,
            streamBytes,
            stream);
    check = symbols.check();
    return Arrays.copyOf(out, length);
  }

  private int encode(
      int[] symbols,
      int[] indexes,
      StreamLayout layout,
      CompactScheme scheme,
      int from,
      long[] streamBytes,
      int at) {
    int length = from;
    for (int s = 0; s < layout.streams(); s++) {
      long bytes =
          compact
              ? compactEncoder.encode(symbols, 0, indexes, layout, s, scheme)
              : encoder.encode(symbols, 0, indexes, layout, s, scheme.tables());
      reserve(length + bytes);
      if (compact) {
        compactEncoder.copyTo(MemorySegment.ofArray(out), length);
      } else {
        encoder.copyTo(MemorySegment.ofArray(out), length);
      }
      streamBytes[at + s] = bytes;
      length += (int) bytes;
    }
    return length;
  }

  private void reserve(long bytes) {
    if (bytes > MAX_BYTES) {
      throw new TesseraException.Unsupported(
          "the streams of a tile would exceed 2 GiB: use smaller tiles");
    }
    if (bytes > out.length) {
      out = Arrays.copyOf(out, (int) Math.min(Math.max(bytes, 2L * out.length), MAX_BYTES));
    }
  }

  /** See {@link TileSymbols#countAlive}. */
  void countAlive(MemorySegment latents, long latentAt, long[] alive) {
    symbols.countAlive(latents, latentAt, alive);
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
              streams,
              offset,
              streamBytes,
              stream,
              symbols.sides(),
              null,
              format.side(),
              sideScheme);
      stream += format.sideStreams();
      symbols.predict();
    }
    decode(
        streams,
        offset,
        streamBytes,
        stream,
        symbols.latents(),
        symbols.indexes(),
        format.latent(),
        latentScheme);
    if (expected >= 0 && symbols.check() != expected) {
      throw new TesseraException.Corrupt(
          "a tile decodes to other symbols than were encoded: the file is damaged, or was made by a"
              + " faulty program",
          -1);
    }
    symbols.dequantize(latents, latentAt);
  }

  private long decode(
      MemorySegment streams,
      long offset,
      long[] streamBytes,
      int at,
      int[] symbols,
      int[] indexes,
      StreamLayout layout,
      CompactScheme scheme) {
    for (int s = 0; s < layout.streams(); s++) {
      long bytes = streamBytes[at + s];
      if (compact) {
        compactDecoder.decode(streams, offset, bytes, symbols, 0, indexes, layout, s, scheme);
      } else {
        decoder.decode(streams, offset, bytes, symbols, 0, indexes, layout, s, scheme.tables());
      }
      offset += bytes;
    }
    return offset;
  }
}
