package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkCoder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinPool;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/** The chunk coder in Java on some threads, chunks side by side. */
public final class CpuPipelineDevice implements PipelineDevice {
  /** Fields up to this size are measured in several copies; no cache holds larger ones. */
  private static final long SMALL = 128L << 20;

  /** Check of a chunk. */
  private static final int CHECK_BYTES = 2;

  private final int threads;
  private final ForkJoinPool pool;

  /**
   * A device.
   *
   * @param threads at least 1
   */
  public CpuPipelineDevice(int threads) {
    this.threads = threads;
    this.pool = new ForkJoinPool(threads);
  }

  @Override
  public String name() {
    return threads == 1 ? "cpu, 1 thread" : "cpu, " + threads + " threads";
  }

  @Override
  public Optional<String> unable(PipelineCase what) {
    return what.spec().encoder().kind().isNvcomp()
        ? Optional.of(what.spec().encoder() + " needs a GPU")
        : Optional.empty();
  }

  @Override
  public int usualRuns() {
    return 5;
  }

  @Override
  public Map<String, String> properties() {
    return Map.of("threads", Integer.toString(threads));
  }

  @Override
  public PipelineTimes measure(PipelineCase what, Repetitions repetitions) {
    BenchField field = what.field();
    List<MemorySegment> inputs = new ArrayList<>();
    inputs.add(field.data());
    while (field.bytes() <= SMALL && inputs.size() < repetitions.inputSets()) {
      inputs.add(Arena.ofAuto().allocate(field.bytes(), 64).copyFrom(field.data()));
    }
    Work work = new Work(what);
    double[] encode = new double[repetitions.runs()];
    double[] decode = new double[repetitions.runs()];
    MemorySegment first = null;
    long begun = System.nanoTime();
    for (int run = -repetitions.warmUp(); run < repetitions.runs(); run++) {
      if (run == 0 && !repetitions.isWarm(begun)) {
        run = -1; // not compiled well yet
      }
      MemorySegment input = inputs.get(Math.floorMod(run, inputs.size()));
      long start = System.nanoTime();
      work.forEachChunk((coder, i) -> work.encode(coder, i, input));
      long encoded = System.nanoTime();
      work.restored.fill((byte) 0x5a);
      long restart = System.nanoTime();
      work.forEachChunk(work::decode);
      long end = System.nanoTime();
      if (first == null) {
        first = Arena.ofAuto().allocate(field.bytes(), 64).copyFrom(work.restored);
      } else if (first.mismatch(work.restored) >= 0) {
        throw new TesseraException.Corrupt(
            name() + " does not restore " + field.name() + " alike in every run", -1);
      }
      if (run >= 0) {
        encode[run] = (encoded - start) / 1e9;
        decode[run] = (end - restart) / 1e9;
      }
    }
    return new PipelineTimes(
        Samples.of(encode),
        Samples.of(decode),
        work.bytes(),
        work.recordBytes(),
        work.crc(),
        first);
  }

  @Override
  public void close() {
    pool.close();
  }

  /** One case's chunks and coders. */
  private final class Work {
    final PipelineCase what;
    final List<BenchField.Box> boxes;
    final byte[][] chunks;
    final int[] lengths;
    final short[] checks;
    final MemorySegment restored;
    final ConcurrentLinkedQueue<Coder> coders = new ConcurrentLinkedQueue<>();

    Work(PipelineCase what) {
      this.what = what;
      this.boxes = what.boxes();
      this.chunks = new byte[boxes.size()][0];
      this.lengths = new int[boxes.size()];
      this.checks = new short[boxes.size()];
      this.restored = Arena.ofAuto().allocate(what.field().bytes(), 64);
    }

    void forEachChunk(BiConsumer<Coder, Integer> body) {
      pool.submit(() ->
              IntStream.range(0, boxes.size())
                  .parallel()
                  .forEach(i -> {
                    Coder coder = coders.poll();
                    if (coder == null) {
                      coder = new Coder(what);
                    }
                    body.accept(coder, i);
                    coders.add(coder);
                  }))
          .join();
    }

    void encode(Coder coder, int i, MemorySegment field) {
      BenchField.Box box = boxes.get(i);
      MemorySegment values = coder.values(box);
      what.field().copy(field, box, values, true);
      long bytes =
          coder.chunks.encode(
              values, box.depth(), box.height(), box.width(), what.field().firstSlice(box));
      if (chunks[i].length < bytes) {
        chunks[i] = new byte[Math.toIntExact(bytes)];
      }
      lengths[i] = (int) bytes;
      checks[i] = coder.chunks.check();
      coder.chunks.copyTo(MemorySegment.ofArray(chunks[i]), 0);
    }

    void decode(Coder coder, int i) {
      BenchField.Box box = boxes.get(i);
      MemorySegment values = coder.values(box);
      short check =
          coder.chunks.decode(
              MemorySegment.ofArray(chunks[i]).asSlice(0, lengths[i]),
              box.depth(),
              box.height(),
              box.width(),
              what.field().firstSlice(box),
              values);
      if (check != checks[i]) {
        throw new TesseraException.Corrupt(
            "chunk " + i + " of " + what.field().name() + " decodes to other symbols", -1);
      }
      what.field().copy(restored, box, values, false);
    }

    long bytes() {
      return IntStream.of(lengths).asLongStream().sum();
    }

    long recordBytes() {
      return IntStream.of(lengths).mapToLong(n -> CHECK_BYTES + StreamLengths.varint(n)).sum();
    }

    long crc() {
      CRC32C crc = new CRC32C();
      for (int i = 0; i < chunks.length; i++) {
        crc.update(chunks[i], 0, lengths[i]);
      }
      return crc.getValue();
    }
  }

  /** One thread's coder and its chunk. */
  private static final class Coder {
    final ChunkCoder chunks;
    final int valueBytes;
    MemorySegment buffer = MemorySegment.ofArray(new byte[0]);

    Coder(PipelineCase what) {
      this.chunks = new ChunkCoder(what.format());
      this.valueBytes = what.field().type().bytes();
    }

    MemorySegment values(BenchField.Box box) {
      long bytes = box.values() * valueBytes;
      if (buffer.byteSize() < bytes) {
        buffer = MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]);
      }
      return buffer.asSlice(0, bytes);
    }
  }
}
