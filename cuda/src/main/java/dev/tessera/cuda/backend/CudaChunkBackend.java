package dev.tessera.cuda.backend;

import dev.tessera.codec.ChunkBackend;
import dev.tessera.codec.ChunkBox;
import dev.tessera.codec.EncodedChunk;
import dev.tessera.pipeline.ChunkFormat;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Pipelines on the device: values over there and coded chunks back, once per batch. */
final class CudaChunkBackend implements ChunkBackend {
  /** Values of a batch: enough for the device to be busy while others are on their way. */
  private static final long BATCH_BYTES = 64L << 20;

  private static final int MAX_BATCH = 1 << 14;
  private static final int ALIGNMENT = 256;

  private final Settings settings;
  private final ResourcePool pool;

  CudaChunkBackend(Settings settings) {
    this.settings = settings;
    this.pool = new ResourcePool(SharedContext.get());
  }

  @Override
  public String description() {
    return "cuda " + pool.context().device().name();
  }

  @Override
  public int preferredBatch(ChunkFormat format, long chunkBytes) {
    return Math.clamp(BATCH_BYTES / Math.max(1, chunkBytes), 1, MAX_BATCH);
  }

  @Override
  public int preferredInFlight() {
    return 3; // one being read, one on the device, one being written
  }

  @Override
  public Lane openLane(ChunkFormat format, long chunkBytes, int capacity) {
    LaneResources resources = pool.take();
    try {
      long stride = Math.ceilDiv(chunkBytes, (long) ALIGNMENT) * ALIGNMENT;
      ChunkMemory memory = new ChunkMemory(resources, stride, capacity);
      return new CudaLane(
          format,
          resources,
          memory,
          ChunkCoders.of(format.encoder(), resources, memory, settings.workers()));
    } catch (RuntimeException | Error e) {
      pool.give(resources);
      throw e;
    }
  }

  @Override
  public void close() {
    pool.close();
  }

  private final class CudaLane implements Lane {
    private final ChunkFormat format;
    private final LaneResources resources;
    private final ChunkMemory memory;
    private final DeviceChunkCoder coder;
    private boolean closed;

    CudaLane(
        ChunkFormat format, LaneResources resources, ChunkMemory memory, DeviceChunkCoder coder) {
      this.format = format;
      this.resources = resources;
      this.memory = memory;
      this.coder = coder;
    }

    @Override
    public MemorySegment values() {
      return memory.host();
    }

    @Override
    public long stride() {
      return memory.stride();
    }

    private List<ChunkJob> jobs(List<ChunkBox> boxes) {
      List<ChunkJob> jobs = new ArrayList<>();
      boxes.forEach(box -> jobs.add(new ChunkJob(format, box)));
      return jobs;
    }

    @Override
    public List<EncodedChunk> encode(List<ChunkBox> boxes) {
      return coder.encode(jobs(boxes));
    }

    @Override
    public void decode(List<EncodedChunk> chunks, List<ChunkBox> boxes) {
      coder.decode(chunks, jobs(boxes));
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        pool.give(resources);
      }
    }
  }
}
