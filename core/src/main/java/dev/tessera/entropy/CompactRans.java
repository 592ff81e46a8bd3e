package dev.tessera.entropy;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;

/**
 * The entropy coder of the compact profile, for streams of few bits: a range asymmetric numeral
 * system (J. Duda, "Asymmetric numeral systems", arXiv:1311.2540) with a 32-bit state that grows
 * from 0, 16-bit little-endian words and 16-bit probabilities. A state costs as many words as it
 * fills, so that a stream of nothing but zeros has no bytes. A flag per channel says whether it has
 * any symbol but zero; the symbols of other channels are not coded.
 *
 * <p>Symbols outside their table are escaped as in {@link Rans}; every int comes back exactly.
 */
public final class CompactRans {
  private CompactRans() {}

  /** Encodes streams one after another; holds the bytes of the latest. For one thread at a time. */
  public static final class Encoder {
    private final CompactEncoder encoder = new CompactEncoder();

    /**
     * Encodes one stream, of which the bytes are kept until the next call.
     *
     * @param symbols holds the latent, channels × height × width, from {@code base}; any values
     * @param base index of the latent's first symbol
     * @param indexes table of every symbol, parallel to {@code symbols}; null where a symbol's
     *     table is its channel's number
     * @param layout how the latent is cut; its groups hold places of the scheme's order
     * @param stream which of the layout's streams
     * @param scheme tables, order of channels, frequencies of flags
     * @return number of bytes, even, 0 where all symbols are zero and that is no surprise
     * @throws TesseraException.Invalid if arrays, layout and scheme do not fit together
     * @throws TesseraException.Unsupported if the stream would exceed 4 GiB
     */
    public long encode(
        int[] symbols,
        int base,
        int[] indexes,
        StreamLayout layout,
        int stream,
        CompactScheme scheme) {
      scheme.requireFit(symbols.length, base, indexes, layout);
      return encoder.encode(symbols, null, base, indexes, layout, stream, scheme);
    }

    /** The same for symbols of 16 bits. */
    public long encode(
        short[] symbols,
        int base,
        int[] indexes,
        StreamLayout layout,
        int stream,
        CompactScheme scheme) {
      scheme.requireFit(symbols.length, base, indexes, layout);
      return encoder.encode(null, symbols, base, indexes, layout, stream, scheme);
    }

    /** Copies the bytes of the stream encoded last. */
    public void copyTo(MemorySegment target, long offset) {
      encoder.copyTo(target, offset);
    }
  }

  /** Decodes streams one after another. For one thread at a time. */
  public static final class Decoder {
    private final CompactDecoder decoder = new CompactDecoder();

    /**
     * Decodes one stream into its place in the latent; other symbols stay as they are.
     *
     * @param data holds the stream
     * @param offset where the stream begins
     * @param bytes length of the stream
     * @param symbols takes the latent, channels × height × width, from {@code base}
     * @param base index of the latent's first symbol
     * @param indexes table of every symbol, parallel to {@code symbols}; null where a symbol's
     *     table is its channel's number
     * @param layout how the latent is cut; its groups hold places of the scheme's order
     * @param stream which of the layout's streams
     * @param scheme what the stream was encoded with
     * @throws TesseraException.Corrupt if the bytes are not a stream of that many symbols, with the
     *     place in {@code data}; the stream's symbols are undefined then
     * @throws TesseraException.Invalid if arrays, layout and scheme do not fit together
     */
    public void decode(
        MemorySegment data,
        long offset,
        long bytes,
        int[] symbols,
        int base,
        int[] indexes,
        StreamLayout layout,
        int stream,
        CompactScheme scheme) {
      scheme.requireFit(symbols.length, base, indexes, layout);
      decoder.load(data, offset, bytes, layout.region(stream), layout.width());
      decoder.decode(symbols, null, base, indexes, layout, stream, scheme);
    }

    /**
     * The same for symbols of 16 bits.
     *
     * @throws TesseraException.Corrupt also if a symbol does not fit 16 bits
     */
    public void decode(
        MemorySegment data,
        long offset,
        long bytes,
        short[] symbols,
        int base,
        int[] indexes,
        StreamLayout layout,
        int stream,
        CompactScheme scheme) {
      scheme.requireFit(symbols.length, base, indexes, layout);
      decoder.load(data, offset, bytes, layout.region(stream), layout.width());
      decoder.decode(null, symbols, base, indexes, layout, stream, scheme);
    }
  }
}
