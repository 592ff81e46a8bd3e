package dev.tessera.cuda.backend;

import dev.tessera.codec.ChunkBox;
import dev.tessera.codec.EncodedChunk;
import dev.tessera.codec.ParallelLoop;
import dev.tessera.cuda.CudaPlaneMaps;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkCoder;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Codes batches of chunks on the device, with an encoder that a subclass knows. Chunks that the
 * device does not code, such as those that are stored as they are, take the way of the CPU. For one
 * thread at a time.
 */
abstract class DeviceChunkCoder {
  final LaneResources resources;
  final ChunkMemory memory;
  private final ForkJoinPool workers;
  private final CoderPool<ChunkCoder> cpuCoders = new CoderPool<>(ChunkCoder::new);
  private final long deviceMark;
  private final long pinnedMark;

  /**
   * @param memory values of the batches; what is allocated in its arenas later is taken back with
   *     every batch
   * @param workers threads for what the CPU does
   */
  DeviceChunkCoder(LaneResources resources, ChunkMemory memory, ForkJoinPool workers) {
    this.resources = resources;
    this.memory = memory;
    this.workers = workers;
    this.deviceMark = resources.device().mark();
    this.pinnedMark = resources.pinned().mark();
  }

  /**
   * Codes the first chunks of the memory.
   *
   * @return the chunks in order, valid until the next call
   */
  final List<EncodedChunk> encode(List<ChunkJob> jobs) {
    restart();
    EncodedChunk[] chunks = new EncodedChunk[jobs.size()];
    List<ChunkGroup> groups = ChunkGroup.of(jobs, IntStream.range(0, jobs.size()).boxed().toList());
    memory.upload(groups);
    encode(jobs, groups, chunks);
    forEach(
        IntStream.range(0, chunks.length).filter(i -> chunks[i] == null).boxed().toList(),
        i -> chunks[i] = encodeOnCpu(jobs.get(i), memory.host(i, jobs.get(i))));
    return Arrays.asList(chunks);
  }

  /**
   * Codes chunks whose values are on the device, and waits.
   *
   * @param chunks takes the chunks; what stays null is left to the CPU
   */
  abstract void encode(List<ChunkJob> jobs, List<ChunkGroup> groups, EncodedChunk[] chunks);

  /** Codes one chunk on the CPU. */
  abstract EncodedChunk encodeOnCpu(ChunkJob job, MemorySegment values);

  /**
   * Restores chunks into the memory.
   *
   * @throws TesseraException.Corrupt if one is damaged
   */
  final void decode(List<EncodedChunk> chunks, List<ChunkJob> jobs) {
    restart();
    List<Integer> device = new ArrayList<>();
    List<Integer> cpu = new ArrayList<>();
    for (int i = 0; i < chunks.size(); i++) {
      (isForDevice(chunks.get(i), jobs.get(i)) ? device : cpu).add(i);
    }
    if (!device.isEmpty()) {
      decode(chunks, jobs, ChunkGroup.of(jobs, device));
    }
    forEach(cpu, i -> decodeOnCpu(chunks.get(i), jobs.get(i), memory.host(i, jobs.get(i))));
  }

  /** Whether a chunk looks like one that the device can decode. */
  abstract boolean isForDevice(EncodedChunk chunk, ChunkJob job);

  /** Restores chunks on the device, brings their values back and waits. */
  abstract void decode(List<EncodedChunk> chunks, List<ChunkJob> jobs, List<ChunkGroup> groups);

  /** Restores one chunk on the CPU. */
  abstract void decodeOnCpu(EncodedChunk chunk, ChunkJob job, MemorySegment values);

  /** Codes a chunk by the coder of all backends. */
  final EncodedChunk encodeAsCpu(ChunkJob job, MemorySegment values) {
    ChunkBox box = job.box();
    ChunkCoder coder = cpuCoders.take(job.format());
    coder.encode(values, box.depth(), box.height(), box.width(), box.firstSlice());
    EncodedChunk chunk =
        new EncodedChunk(MemorySegment.ofArray(coder.toByteArray()), coder.check() & 0xffff);
    cpuCoders.give(job.format(), coder);
    return chunk;
  }

  /** Restores a chunk by the coder of all backends. */
  final void decodeAsCpu(EncodedChunk chunk, ChunkJob job, MemorySegment values) {
    ChunkBox box = job.box();
    ChunkCoder coder = cpuCoders.take(job.format());
    int check =
        coder.decode(
            chunk.bytes(), box.depth(), box.height(), box.width(), box.firstSlice(), values);
    cpuCoders.give(job.format(), coder);
    requireCheck(check, chunk);
  }

  /** What the normalizer does on the planes of a group's chunks; null where that is the same. */
  final DeviceBuffer planeMaps(List<ChunkJob> jobs, ChunkGroup group) {
    if (!CudaPlaneMaps.needed(group.format())) {
      return null;
    }
    int depth = group.box().depth();
    MemorySegment table = allocatePinned(CudaPlaneMaps.bytes(group.geometry(memory.stride())));
    for (int i = 0; i < group.count(); i++) {
      long slice = jobs.get(group.jobs().get(i)).box().firstSlice();
      CudaPlaneMaps.put(table, (long) i * depth, group.format().normalizer(), slice, depth);
    }
    return upload(table);
  }

  static void requireCheck(int check, EncodedChunk chunk) {
    if ((check & 0xffff) != chunk.check()) {
      throw new TesseraException.Corrupt(
          "a chunk decodes to other integers than were encoded: the file is damaged, or was made by"
              + " a faulty program",
          -1);
    }
  }

  final void forEach(List<Integer> numbers, IntConsumer work) {
    if (!numbers.isEmpty()) {
      ParallelLoop.run(workers, numbers.size(), "chunks", i -> work.accept(numbers.get(i)));
    }
  }

  private void restart() {
    resources.device().reset(deviceMark);
    resources.pinned().reset(pinnedMark);
  }

  final CudaStream stream() {
    return resources.stream();
  }

  final DeviceBuffer allocate(long bytes) {
    return resources.device().allocate(bytes);
  }

  final MemorySegment allocatePinned(long bytes) {
    return resources.pinned().allocate(bytes);
  }

  /** Brings page-locked memory to new device memory. */
  final DeviceBuffer upload(MemorySegment from) {
    DeviceBuffer to = allocate(from.byteSize());
    stream().upload(to, from);
    return to;
  }

  /** Brings device memory to new page-locked memory; the caller waits for the stream. */
  final MemorySegment download(DeviceBuffer from) {
    MemorySegment to = allocatePinned(from.bytes());
    stream().download(to, from);
    return to;
  }
}
