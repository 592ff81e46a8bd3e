package dev.tessera.cuda.backend;

import dev.tessera.codec.EncodedChunk;
import dev.tessera.cuda.CudaIntegers;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.pipeline.ResidualEncoder;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;

/**
 * Pipelines whose encoder runs on the CPU, {@code zstd} and {@code raw}: values are quantized and
 * predicted on the device, the CPU's threads code the residuals. Chunks are decoded on the CPU,
 * which has to wait for the residuals anyway.
 */
final class ResidualChunkCoder extends DeviceChunkCoder {
  private static final CudaIntegers.Form FORM = CudaIntegers.Form.INT;

  private final CoderPool<CudaIntegers> integers;
  private final CoderPool<ResidualEncoder> encoders = new CoderPool<>(ResidualEncoder::new);

  ResidualChunkCoder(LaneResources resources, ChunkMemory memory, ForkJoinPool workers) {
    super(resources, memory, workers);
    integers = new CoderPool<>(format -> new CudaIntegers(resources.context(), format));
  }

  /** The residuals of a group, when the stream has come to this. */
  private record Residuals(
      ChunkGroup group, MemorySegment numbers, MemorySegment marks, MemorySegment checks) {}

  @Override
  void encode(List<ChunkJob> jobs, List<ChunkGroup> groups, EncodedChunk[] chunks) {
    List<Residuals> all = groups.stream().map(group -> start(jobs, group)).toList();
    stream().synchronize();
    for (Residuals residuals : all) {
      List<Integer> numbers = residuals.group().jobs();
      forEach(
          IntStream.range(0, numbers.size()).boxed().toList(),
          k -> {
            int number = numbers.get(k);
            chunks[number] = encode(residuals, k, jobs.get(number), number);
          });
    }
  }

  private Residuals start(List<ChunkJob> jobs, ChunkGroup group) {
    long blocks = (long) group.count() * jobs.get(group.jobs().getFirst()).geometry().blocks();
    DeviceBuffer numbers = allocate(CudaIntegers.integerBytes(blocks, FORM));
    DeviceBuffer marks = allocate(CudaIntegers.maskBytes(blocks));
    DeviceBuffer counts = allocate((long) group.count() * Integer.BYTES);
    DeviceBuffer checks = allocate((long) group.count() * Integer.BYTES);
    stream().fill(counts, 0);
    stream().fill(checks, 0);
    CudaIntegers coder = integers.take(group.format());
    coder.encode(
        stream(),
        group.geometry(memory.stride()),
        memory.device(group),
        planeMaps(jobs, group),
        FORM,
        numbers,
        marks,
        counts,
        checks);
    integers.give(group.format(), coder);
    return new Residuals(group, download(numbers), download(marks), download(checks));
  }

  /** Null where the chunk is to be stored as it is. */
  private EncodedChunk encode(Residuals residuals, int place, ChunkJob job, int number) {
    long numberBytes = residuals.numbers().byteSize() / residuals.group().count();
    long markBytes = residuals.marks().byteSize() / residuals.group().count();
    ResidualEncoder encoder = encoders.take(job.format());
    encoder.encode(
        memory.host(number, job),
        job.box().depth(),
        job.box().height(),
        job.box().width(),
        residuals.numbers().asSlice(place * numberBytes, numberBytes),
        residuals.marks().asSlice(place * markBytes, markBytes));
    int check = residuals.checks().getAtIndex(ValueLayout.JAVA_INT, place);
    EncodedChunk chunk =
        encoder.isBetterPlain()
            ? null
            : new EncodedChunk(
                MemorySegment.ofArray(encoder.toByteArray()), SymbolCheck.fold(check) & 0xffff);
    encoders.give(job.format(), encoder);
    return chunk;
  }

  @Override
  EncodedChunk encodeOnCpu(ChunkJob job, MemorySegment values) {
    return encodeAsCpu(job, values);
  }

  @Override
  boolean isForDevice(EncodedChunk chunk, ChunkJob job) {
    return false;
  }

  @Override
  void decodeOnCpu(EncodedChunk chunk, ChunkJob job, MemorySegment values) {
    decodeAsCpu(chunk, job, values);
  }

  @Override
  void decode(List<EncodedChunk> chunks, List<ChunkJob> jobs, List<ChunkGroup> groups) {
    throw new IllegalStateException("the CPU decodes all chunks");
  }
}
