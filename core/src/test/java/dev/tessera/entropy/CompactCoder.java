package dev.tessera.entropy;

import java.lang.foreign.MemorySegment;

/** Encoder and decoder of the compact profile, to and from arrays of exactly a stream's length. */
final class CompactCoder {
  final CompactRans.Encoder encoder = new CompactRans.Encoder();
  final CompactRans.Decoder decoder = new CompactRans.Decoder();

  byte[] encode(
      int[] symbols,
      int base,
      int[] indexes,
      StreamLayout layout,
      int stream,
      CompactScheme scheme) {
    byte[] bytes = new byte[(int) encoder.encode(symbols, base, indexes, layout, stream, scheme)];
    encoder.copyTo(MemorySegment.ofArray(bytes), 0);
    return bytes;
  }

  void decode(
      byte[] bytes,
      int[] symbols,
      int base,
      int[] indexes,
      StreamLayout layout,
      int stream,
      CompactScheme scheme) {
    decoder.decode(
        MemorySegment.ofArray(bytes),
        0,
        bytes.length,
        symbols,
        base,
        indexes,
        layout,
        stream,
        scheme);
  }
}
