package dev.tessera.bench;

import dev.tessera.entropy.StreamLayout;
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
 * An entropy coder on one thread. An operation codes all latents of a data set; the counter {@code
 * symbols} tells symbols per second. {@code -p latents=FOLDER -p model=MODEL} name other inputs;
 * the default folder is relative to the root of the repository.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public abstract class EntropyBenchmark {
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

  Latents input;
  StreamLayout layout;
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
    prepare();
    offsets = new long[input.tiles() * layout.streams() + 1];
    decoded = new int[input.symbols().length];
    packed = MemorySegment.ofArray(new byte[input.symbols().length * Integer.BYTES + (1 << 20)]);
    encodeAll();
    decodeAll();
    if (!Arrays.equals(decoded, input.symbols())) {
      throw new IllegalStateException("the symbols of " + data + " do not come back");
    }
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
      offsets[i + 1] = offsets[i] + encodeStream(base, i % layout.streams(), packed, offsets[i]);
    }
  }

  private void decodeAll() {
    for (int i = 0; i < offsets.length - 1; i++) {
      int base = i / layout.streams() * layout.symbols();
      long length = offsets[i + 1] - offsets[i];
      decodeStream(packed, offsets[i], length, decoded, base, i % layout.streams());
    }
  }

  /** Makes what the coder needs for the input and its layout. */
  void prepare() {}

  /** Encodes a stream of the tile at {@code base}; returns its bytes. */
  abstract long encodeStream(int base, int stream, MemorySegment to, long offset);

  /** Decodes a stream of the tile at {@code base}. */
  abstract void decodeStream(
      MemorySegment from, long offset, long length, int[] symbols, int base, int stream);
}
