package dev.tessera.bench;

import dev.tessera.entropy.Rans;
import java.lang.foreign.MemorySegment;

/** The entropy coder of the compatible profile. */
public class RansBenchmark extends EntropyBenchmark {
  private final Rans.Encoder encoder = new Rans.Encoder();
  private final Rans.Decoder decoder = new Rans.Decoder();

  @Override
  long encodeStream(int base, int stream, MemorySegment to, long offset) {
    long bytes =
        encoder.encode(input.symbols(), base, input.indexes(), layout, stream, input.tables());
    encoder.copyTo(to, offset);
    return bytes;
  }

  @Override
  void decodeStream(
      MemorySegment from, long offset, long length, int[] symbols, int base, int stream) {
    decoder.decode(
        from, offset, length, symbols, base, input.indexes(), layout, stream, input.tables());
  }
}
