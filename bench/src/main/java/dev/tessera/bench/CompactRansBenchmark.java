package dev.tessera.bench;

import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.CompactRans;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.ZeroFlags;
import java.lang.foreign.MemorySegment;

/** The entropy coder of the compact profile, with the order of channels that the codec chooses. */
public class CompactRansBenchmark extends EntropyBenchmark {
  private static final int DEALT_FROM = 24;

  private final CompactRans.Encoder encoder = new CompactRans.Encoder();
  private final CompactRans.Decoder decoder = new CompactRans.Decoder();
  private CompactScheme scheme;

  @Override
  void prepare() {
    scheme = new CompactScheme(input.tables(), order(), ZeroFlags.DERIVED);
  }

  private ChannelOrder order() {
    if (input.indexes() != null) {
      return ChannelOrder.identity(layout.channels());
    }
    ChannelOrder activeFirst = ChannelOrder.activeFirst(input.tables(), layout.channels());
    return layout.channelsPerStream() < DEALT_FROM
        ? activeFirst
        : activeFirst.dealt(layout.channelsPerStream());
  }

  @Override
  long encodeStream(int base, int stream, MemorySegment to, long offset) {
    long bytes = encoder.encode(input.symbols(), base, input.indexes(), layout, stream, scheme);
    encoder.copyTo(to, offset);
    return bytes;
  }

  @Override
  void decodeStream(
      MemorySegment from, long offset, long length, int[] symbols, int base, int stream) {
    decoder.decode(from, offset, length, symbols, base, input.indexes(), layout, stream, scheme);
  }
}
