package dev.tessera.bench;

import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.CompactRans;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.model.ModelStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The entropy coder of the compact profile on one thread, with the order of channels that the codec
 * chooses; see {@link RansBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CompactRansBenchmark {
  private static final int DEALT_FROM = 24;

  /** Which latents. */
  @Param({"dark_matter_density", "velocity_x", "gaussian"})
  public String data;

  /** Streams per tile. */
  @Param({"1", "3", "24"})
  public int streams;

  /** Folder of the stored latents. */
  @Param("testdata/golden/latents")
  public String latents;

  /** The model that made them: name, id or file. */
  @Param("nyx-factorized")
  public String model;

  private final CompactRans.Encoder encoder = new CompactRans.Encoder();
  private final CompactRans.Decoder decoder = new CompactRans.Decoder();
  private Latents input;
  private StreamLayout layout;
  private CompactScheme scheme;
  private MemorySegment packed;
  private long[] offsets;
  private int[] decoded;

  /** Symbols coded. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Counter {
    /** Reported per second. */
    public long symbols;
  }

  /** Reads the latents, encodes them once and checks that they come back. */
  @Setup(Level.Trial)
  public void setUp() throws IOException {
    input = Latents.load(data, Path.of(latents), ModelStore.user().find(model));
    layout = input.layout(streams);
    scheme = new CompactScheme(input.tables(), order(), ZeroFlags.DERIVED);
    offsets = new long[input.tiles() * layout.streams() + 1];
    decoded = new int[input.symbols().length];
    packed = MemorySegment.ofArray(new byte[input.symbols().length * Integer.BYTES + (1 << 20)]);
    encodeAll();
    decodeAll();
    if (!Arrays.equals(decoded, input.symbols())) {
      throw new IllegalStateException("the symbols of " + data + " do not come back");
    }
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

  /** Symbols to streams, packed one after another. */
  @Benchmark
  public long encode(Counter counter) {
    encodeAll();
    counter.symbols += decoded.length;
    return offsets[offsets.length - 1];
  }

  /** Streams to symbols. */
  @Benchmark
  public int[] decode(Counter counter) {
    decodeAll();
    counter.symbols += decoded.length;
    return decoded;
  }

  private void encodeAll() {
    for (int i = 0; i < offsets.length - 1; i++) {
      int base = i / layout.streams() * layout.symbols();
      long bytes =
          encoder.encode(
              input.symbols(), base, input.indexes(), layout, i % layout.streams(), scheme);
      encoder.copyTo(packed, offsets[i]);
      offsets[i + 1] = offsets[i] + bytes;
    }
  }

  private void decodeAll() {
    for (int i = 0; i < offsets.length - 1; i++) {
      decoder.decode(
          packed,
          offsets[i],
          offsets[i + 1] - offsets[i],
          decoded,
          i / layout.streams() * layout.symbols(),
          input.indexes(),
          layout,
          i % layout.streams(),
          scheme);
    }
  }
}
