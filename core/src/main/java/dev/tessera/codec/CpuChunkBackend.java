package dev.tessera.codec;

import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkCoder;
import dev.tessera.pipeline.ChunkFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Pipelines on the CPU: chunks in parallel, each coded by one thread. */
final class CpuChunkBackend implements ChunkBackend {
  /** No more memory than this share of the heap goes into a lane's chunks. */
  private static final int HEAP_SHARE = 16;

  private final Settings settings;

  CpuChunkBackend(Settings settings) {
    this.settings = settings;
  }

  @Override
  public String description() {
    return "cpu";
  }

  @Override
  public int preferredBatch(ChunkFormat format, long chunkBytes) {
    long room = Runtime.getRuntime().maxMemory() / HEAP_SHARE / Math.max(1, chunkBytes);
    return (int) Math.clamp(room, 1, batch(chunkBytes));
  }

  /** As many small chunks as make one of the usual size, for every thread. */
  private long batch(long chunkBytes) {
    return settings.threads() * Math.max(1, 4L * ChunkSizes.VALUES / Math.max(1, chunkBytes));
  }

  @Override
  public int preferredInFlight() {
    return 2; // one being coded, one being read or written
  }

  @Override
  public Lane openLane(ChunkFormat format, long chunkBytes, int capacity) {
    Memory.requireNative(chunkBytes * capacity, "a batch of " + capacity + " chunks");
    return new CpuLane(format, chunkBytes, capacity);
  }

  @Override
  public void close() {}

  private final class CpuLane implements Lane {
    private final ChunkFormat format;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment values;
    private final long stride;
    private final ConcurrentLinkedQueue<ChunkCoder> coders = new ConcurrentLinkedQueue<>();

    CpuLane(ChunkFormat format, long chunkBytes, int capacity) {
      this.format = format;
      this.stride = Math.ceilDiv(chunkBytes, 64L) * 64;
      try {
        this.values = arena.allocate(stride * capacity, 64);
      } catch (OutOfMemoryError e) {
        arena.close();
        throw new TesseraException.Unsupported(
            "there is not enough memory for a batch of "
                + capacity
                + " chunks: use a smaller --tile or --batch 1");
      }
    }

    @Override
    public MemorySegment values() {
      return values;
    }

    @Override
    public long stride() {
      return stride;
    }

    private MemorySegment valuesOf(int chunk, ChunkBox box) {
      return values.asSlice(chunk * stride, (long) box.values() * format.type().bytes());
    }

    @Override
    public List<EncodedChunk> encode(List<ChunkBox> boxes) {
      EncodedChunk[] chunks = new EncodedChunk[boxes.size()];
      ParallelLoop.run(
          settings.workers(),
          chunks.length,
          "chunks",
          i -> {
            ChunkBox box = boxes.get(i);
            ChunkCoder coder = borrow();
            coder.encode(
                valuesOf(i, box), box.depth(), box.height(), box.width(), box.firstSlice());
            chunks[i] =
                new EncodedChunk(
                    MemorySegment.ofArray(coder.toByteArray()), coder.check() & 0xffff);
            coders.add(coder);
          });
      return Arrays.asList(chunks);
    }

    @Override
    public void decode(List<EncodedChunk> chunks, List<ChunkBox> boxes) {
      ParallelLoop.run(
          settings.workers(),
          chunks.size(),
          "chunks",
          i -> {
            ChunkBox box = boxes.get(i);
            ChunkCoder coder = borrow();
            int check =
                coder.decode(
                    chunks.get(i).bytes(),
                    box.depth(),
                    box.height(),
                    box.width(),
                    box.firstSlice(),
                    valuesOf(i, box));
            coders.add(coder);
            if ((check & 0xffff) != chunks.get(i).check()) {
              throw new TesseraException.Corrupt(
                  "a chunk decodes to other integers than were encoded: the file is damaged, or was"
                      + " made by a faulty program",
                  -1);
            }
          });
    }

    private ChunkCoder borrow() {
      ChunkCoder coder = coders.poll();
      return coder != null ? coder : new ChunkCoder(format);
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
