package dev.tessera.bench;

import dev.tessera.entropy.CompactRans;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.Rans;
import dev.tessera.entropy.StreamLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** The coder in Java on some threads, tiles side by side. */
public final class CpuRansDevice implements RansDevice {
  private static final int PARTS_PER_THREAD = 4;
  private static final int JUNK = 0x5a5a5a5a;

  private final int threads;
  private final ForkJoinPool pool;

  /**
   * A device.
   *
   * @param threads at least 1
   */
  public CpuRansDevice(int threads) {
    this.threads = threads;
    this.pool = new ForkJoinPool(threads);
  }

  @Override
  public String name() {
    return threads == 1 ? "cpu, 1 thread" : "cpu, " + threads + " threads";
  }

  @Override
  public boolean codesStreams() {
    return true;
  }

  @Override
  public boolean offers(RansProfile profile) {
    return true;
  }

  @Override
  public int usualRuns() {
    return 12;
  }

  @Override
  public Map<String, String> properties() {
    return Map.of("threads", Integer.toString(threads));
  }

  @Override
  public RansTimes measure(RansCase what, Repetitions repetitions) {
    List<LatentSet> sets = new ArrayList<>();
    for (int i = 0; i < repetitions.inputSets(); i++) {
      LatentSet latents = what.latents();
      sets.add(latents.rotated((int) ((long) i * latents.tiles() / repetitions.inputSets())));
    }
    Work work = new Work(what);
    double[] encode = new double[repetitions.runs()];
    double[] decode = new double[repetitions.runs()];
    long streamBytes = 0;
    long crc = 0;
    long lengthBytes = 0;
    long begun = System.nanoTime();
    for (int run = -repetitions.warmUp(); run < repetitions.runs(); run++) {
      if (run == 0 && !repetitions.isWarm(begun)) {
        run = -1; // not compiled well yet
      }
      int[] symbols = sets.get(Math.floorMod(run, sets.size())).symbols();
      long start = System.nanoTime();
      work.encode(symbols);
      long encoded = System.nanoTime();
      Arrays.fill(work.decoded, JUNK);
      long restart = System.nanoTime();
      work.decode();
      long end = System.nanoTime();
      if (!Arrays.equals(work.decoded, symbols)) {
        throw what.notRestored(name());
      }
      if (run >= 0) {
        encode[run] = (encoded - start) / 1e9;
        decode[run] = (end - restart) / 1e9;
      }
      if (run == 0) {
        streamBytes = work.total;
        crc = work.crc();
        lengthBytes = StreamLengths.bytes(what.profile(), work.streamBytes, work.perTile);
      }
    }
    return new RansTimes(
        Samples.of(encode),
        Samples.of(decode),
        streamBytes,
        lengthBytes,
        work.streamBytes.length,
        crc);
  }

  @Override
  public void close() {
    pool.close();
  }

  /** One case's buffers and coders. */
  private final class Work {
    final RansCase what;
    final StreamLayout layout;
    final CompactScheme scheme;
    final int perTile;
    final long[] streamBytes;
    final int[] decoded;
    final Part[] parts;
    byte[] packed = {};
    long total;

    Work(RansCase what) {
      this.what = what;
      layout = what.layout();
      scheme = what.profile() == RansProfile.COMPACT ? what.scheme() : null;
      perTile = layout.streams();
      int tiles = what.latents().tiles();
      streamBytes = new long[tiles * perTile];
      decoded = new int[what.latents().symbols().length];
      parts = new Part[Math.min(tiles, threads == 1 ? 1 : threads * PARTS_PER_THREAD)];
      for (int i = 0; i < parts.length; i++) {
        parts[i] =
            new Part(
                this,
                (int) ((long) i * tiles / parts.length),
                (int) ((i + 1L) * tiles / parts.length));
      }
    }

    void encode(int[] symbols) {
      forEachPart(part -> part.encode(symbols));
      total = 0;
      for (Part part : parts) {
        part.offset = total;
        total += part.length;
      }
      if (packed.length < total) {
        packed = new byte[Math.toIntExact(total)];
      }
      forEachPart(part -> System.arraycopy(part.out, 0, packed, (int) part.offset, part.length));
    }

    void decode() {
      forEachPart(Part::decode);
    }

    void forEachPart(Consumer<Part> work) {
      pool.submit(() -> Arrays.stream(parts).parallel().forEach(work)).join();
    }

    long crc() {
      CRC32C crc = new CRC32C();
      crc.update(packed, 0, Math.toIntExact(total));
      return crc.getValue();
    }
  }

  /** Some tiles that one thread codes one after another. */
  private static final class Part {
    final Work work;
    final int firstTile;
    final int endTile;
    final Rans.Encoder encoder = new Rans.Encoder();
    final Rans.Decoder decoder = new Rans.Decoder();
    final CompactRans.Encoder compactEncoder = new CompactRans.Encoder();
    final CompactRans.Decoder compactDecoder = new CompactRans.Decoder();
    byte[] out = new byte[1 << 12];
    int length;
    long offset;

    Part(Work work, int firstTile, int endTile) {
      this.work = work;
      this.firstTile = firstTile;
      this.endTile = endTile;
    }

    void encode(int[] symbols) {
      length = 0;
      StreamLayout layout = work.layout;
      for (int tile = firstTile; tile < endTile; tile++) {
        int base = tile * layout.symbols();
        for (int s = 0; s < work.perTile; s++) {
          int bytes;
          if (work.scheme != null) {
            bytes = (int) compactEncoder.encode(symbols, base, null, layout, s, work.scheme);
            reserve(bytes);
            compactEncoder.copyTo(MemorySegment.ofArray(out), length);
          } else {
            bytes =
                (int) encoder.encode(symbols, base, null, layout, s, work.what.latents().tables());
            reserve(bytes);
            encoder.copyTo(MemorySegment.ofArray(out), length);
          }
          work.streamBytes[tile * work.perTile + s] = bytes;
          length += bytes;
        }
      }
    }

    private void reserve(int bytes) {
      if (length + bytes > out.length) {
        out = Arrays.copyOf(out, Math.max(length + bytes, 2 * out.length));
      }
    }

    void decode() {
      StreamLayout layout = work.layout;
      MemorySegment data = MemorySegment.ofArray(work.packed);
      long at = offset;
      for (int tile = firstTile; tile < endTile; tile++) {
        int base = tile * layout.symbols();
        for (int s = 0; s < work.perTile; s++) {
          long bytes = work.streamBytes[tile * work.perTile + s];
          if (work.scheme != null) {
            compactDecoder.decode(
                data, at, bytes, work.decoded, base, null, layout, s, work.scheme);
          } else {
            decoder.decode(
                data, at, bytes, work.decoded, base, null, layout, s, work.what.latents().tables());
          }
          at += bytes;
        }
      }
    }
  }
}
