package dev.tessera.cuda.backend;

import dev.tessera.codec.EncodedChunk;
import dev.tessera.cuda.CudaPipeline;
import dev.tessera.cuda.CudaPipelineChunks;
import dev.tessera.cuda.CudaPipelineGeometry;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;

/** Pipelines with the encoder {@code bitpack}, whole on the device. */
final class BitpackChunkCoder extends DeviceChunkCoder {
  /** Beyond its values a batch takes this share more before it is left to the CPU. */
  private static final int SPARE_SHARE = 4;

  private static final int SPARE_BYTES = 1 << 16;
  private static final int ALIGNMENT = 16;

  private final CoderPool<CudaPipeline> pipelines;

  BitpackChunkCoder(LaneResources resources, ChunkMemory memory, ForkJoinPool workers) {
    super(resources, memory, workers);
    pipelines = new CoderPool<>(format -> new CudaPipeline(resources.context(), format));
  }

  /** A launch and what it tells, when the stream has come to this. */
  private record Launch(
      ChunkGroup group,
      CudaPipelineChunks chunks,
      MemorySegment starts,
      MemorySegment sizes,
      MemorySegment checks,
      MemorySegment error) {
    boolean failed() {
      return error.get(ValueLayout.JAVA_INT, 0) != 0;
    }

    long start(int i) {
      return starts.getAtIndex(ValueLayout.JAVA_LONG, i) * Integer.BYTES;
    }

    long size(int i) {
      return sizes.getAtIndex(ValueLayout.JAVA_INT, i) * (long) Integer.BYTES;
    }

    int check(int i) {
      return SymbolCheck.fold(checks.getAtIndex(ValueLayout.JAVA_INT, i)) & 0xffff;
    }
  }

  @Override
  void encode(List<ChunkJob> jobs, List<ChunkGroup> groups, EncodedChunk[] chunks) {
    List<Launch> launches = new ArrayList<>();
    for (ChunkGroup group : groups) {
      CudaPipelineGeometry geometry = group.geometry(memory.stride());
      long bytes = group.count() * group.chunkBytes();
      CudaPipelineChunks coded =
          CudaPipelineChunks.allocate(
              resources.device(), geometry, bytes + bytes / SPARE_SHARE + SPARE_BYTES);
      CudaPipeline pipeline = pipelines.take(group.format());
      pipeline.encode(stream(), geometry, memory.device(group), planeMaps(jobs, group), coded);
      pipelines.give(group.format(), pipeline);
      launches.add(
          new Launch(
              group,
              coded,
              download(coded.starts()),
              download(coded.sizes()),
              download(coded.checks()),
              download(coded.error())));
    }
    stream().synchronize();
    List<MemorySegment> words = new ArrayList<>();
    for (Launch launch : launches) {
      int last = launch.group().count() - 1;
      long end = launch.failed() ? 0 : launch.start(last) + launch.size(last);
      words.add(download(launch.chunks().words().slice(0, end)));
    }
    stream().synchronize();
    for (int l = 0; l < launches.size(); l++) {
      Launch launch = launches.get(l);
      for (int i = 0; i < launch.group().count() && !launch.failed(); i++) {
        // longer ones are stored as they are
        if (launch.size(i) <= launch.group().chunkBytes()) {
          chunks[launch.group().jobs().get(i)] =
              new EncodedChunk(
                  words.get(l).asSlice(launch.start(i), launch.size(i)), launch.check(i));
        }
      }
    }
  }

  @Override
  EncodedChunk encodeOnCpu(ChunkJob job, MemorySegment values) {
    return encodeAsCpu(job, values);
  }

  /** Whole words, and the first of them zero; the CPU knows what is wrong with others. */
  @Override
  boolean isForDevice(EncodedChunk chunk, ChunkJob job) {
    long bytes = chunk.bytes().byteSize();
    return bytes % Integer.BYTES == 0
        && bytes >= Integer.BYTES
        && bytes <= job.bytes() + 2
        && chunk.bytes().get(DataType.LE_INT, 0) == 0;
  }

  @Override
  void decodeOnCpu(EncodedChunk chunk, ChunkJob job, MemorySegment values) {
    decodeAsCpu(chunk, job, values);
  }

  @Override
  void decode(List<EncodedChunk> chunks, List<ChunkJob> jobs, List<ChunkGroup> groups) {
    List<Launch> launches = new ArrayList<>();
    for (ChunkGroup group : groups) {
      CudaPipelineGeometry geometry = group.geometry(memory.stride());
      int n = group.count();
      MemorySegment starts = allocatePinned((long) n * Long.BYTES);
      MemorySegment sizes = allocatePinned((long) n * Integer.BYTES);
      long end = 0;
      for (int i = 0; i < n; i++) {
        long bytes = chunks.get(group.jobs().get(i)).bytes().byteSize();
        starts.setAtIndex(ValueLayout.JAVA_LONG, i, end / Integer.BYTES);
        sizes.setAtIndex(ValueLayout.JAVA_INT, i, (int) (bytes / Integer.BYTES));
        end += bytes + ALIGNMENT - 1 & -ALIGNMENT;
      }
      MemorySegment words = allocatePinned(end);
      for (int i = 0; i < n; i++) {
        MemorySegment bytes = chunks.get(group.jobs().get(i)).bytes();
        long at = starts.getAtIndex(ValueLayout.JAVA_LONG, i) * Integer.BYTES;
        MemorySegment.copy(bytes, 0, words, at, bytes.byteSize());
      }
      CudaPipelineChunks coded =
          new CudaPipelineChunks(
              n, upload(words), upload(starts), upload(sizes), allocate((n + 1L) * Integer.BYTES));
      CudaPipeline pipeline = pipelines.take(group.format());
      pipeline.decode(stream(), geometry, coded, planeMaps(jobs, group), memory.device(group));
      pipelines.give(group.format(), pipeline);
      launches.add(
          new Launch(
              group, coded, starts, sizes, download(coded.checks()), download(coded.error())));
    }
    memory.download(groups);
    stream().synchronize();
    for (Launch launch : launches) {
      if (launch.failed()) {
        explain(chunks, jobs, launch.group());
      }
      for (int i = 0; i < launch.group().count(); i++) {
        requireCheck(launch.check(i), chunks.get(launch.group().jobs().get(i)));
      }
    }
  }

  /** Lets the CPU say which chunk is damaged, and how. */
  private void explain(List<EncodedChunk> chunks, List<ChunkJob> jobs, ChunkGroup group) {
    forEach(
        group.jobs(), i -> decodeOnCpu(chunks.get(i), jobs.get(i), memory.host(i, jobs.get(i))));
    throw new TesseraException.Gpu(
        "pipeline_decode", 0, "the GPU refuses chunks that the CPU can decode");
  }
}
