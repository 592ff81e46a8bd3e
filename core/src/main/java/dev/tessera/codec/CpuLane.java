package dev.tessera.codec;

import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Network;
import dev.tessera.transform.OnnxNetwork;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinTask;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * A batch on the CPU: networks run over the whole batch, everything else tile by tile on the
 * codec's workers.
 */
final class CpuLane implements Backend.Lane {
  private final CpuBackend backend;
  private final TileFormat format;
  private final int capacity;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment tiles;
  private final MemorySegment latents;
  private final MemorySegment sides;
  private final ConcurrentLinkedQueue<CpuTileCoder> coders = new ConcurrentLinkedQueue<>();

  private MemorySegment streams = MemorySegment.ofArray(new byte[0]);

  CpuLane(CpuBackend backend, TileFormat format, int capacity) {
    this.backend = backend;
    this.format = format;
    this.capacity = capacity;
    try {
      this.tiles = allocate(format.elements());
      this.latents = allocate(format.latent().symbols());
      this.sides = format.side() == null ? MemorySegment.NULL : allocate(format.side().symbols());
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new TesseraException.Unsupported(
          "there is not enough memory for a batch of "
              + capacity
              + " tiles of "
              + format.height()
              + "x"
              + format.width()
              + ": use smaller tiles or --batch 1");
    }
  }

  private MemorySegment allocate(long valuesPerTile) {
    return arena.allocate(4L * capacity * valuesPerTile, 64);
  }

  @Override
  public MemorySegment tiles() {
    return tiles;
  }

  @Override
  public MemorySegment streams(long bytes) {
    if (streams.byteSize() < bytes) {
      streams = MemorySegment.ofArray(new byte[Math.toIntExact(Math.max(bytes, 1 << 16))]);
    }
    return streams.asSlice(0, bytes);
  }

  @Override
  public PackedBatch encode(int count) {
    StreamLayout y = format.latent();
    run(Network.G_A, tiles, format.channels(), format.height(), format.width(), latents, count);
    if (format.side() != null) {
      run(Network.H_A, latents, y.channels(), y.height(), y.width(), sides, count);
    }
    int perTile = format.streams();
    long[] streamBytes = new long[count * perTile];
    int[] checks = new int[count];
    byte[][] streams = new byte[count][];
    forEachTile(
        count,
        i -> {
          CpuTileCoder coder = borrow();
          streams[i] =
              coder.encode(
                  latents, (long) i * y.symbols(), sides, sideAt(i), streamBytes, i * perTile);
          checks[i] = coder.check();
          coders.add(coder);
        });
    byte[] all = new byte[Math.toIntExact(Arrays.stream(streamBytes).sum())];
    int at = 0;
    for (byte[] tile : streams) {
      System.arraycopy(tile, 0, all, at, tile.length);
      at += tile.length;
    }
    return new PackedBatch(count, streamBytes, checks, MemorySegment.ofArray(all));
  }

  @Override
  public long[] aliveChannels(int count) {
    StreamLayout y = format.latent();
    run(Network.G_A, tiles, format.channels(), format.height(), format.width(), latents, count);
    long[] alive = new long[y.channels()];
    CpuTileCoder coder = borrow();
    for (int i = 0; i < count; i++) {
      coder.countAlive(latents, (long) i * y.symbols(), alive);
    }
    coders.add(coder);
    return alive;
  }

  @Override
  public void decode(PackedBatch batch) {
    StreamLayout y = format.latent();
    int perTile = format.streams();
    long[] offsets = new long[batch.count() + 1];
    for (int i = 0; i < batch.count(); i++) {
      offsets[i + 1] =
          offsets[i] + Arrays.stream(batch.streamBytes(), i * perTile, (i + 1) * perTile).sum();
    }
    forEachTile(
        batch.count(),
        i -> {
          CpuTileCoder coder = borrow();
          coder.decode(
              batch.streams(),
              offsets[i],
              batch.streamBytes(),
              i * perTile,
              batch.check(i),
              latents,
              (long) i * y.symbols());
          coders.add(coder);
        });
    run(Network.G_S, latents, y.channels(), y.height(), y.width(), tiles, batch.count());
  }

  private long sideAt(int tile) {
    return format.side() == null ? 0 : (long) tile * format.side().symbols();
  }

  private CpuTileCoder borrow() {
    CpuTileCoder coder = coders.poll();
    return coder != null ? coder : new CpuTileCoder(backend, format);
  }

  private void run(
      Network which,
      MemorySegment in,
      int channels,
      int height,
      int width,
      MemorySegment out,
      int count) {
    OnnxNetwork network = backend.network(which);
    long perTile = 4L * channels * height * width;
    long outputs =
        4L * network.outputChannels() * network.outputSide(height) * network.outputSide(width);
    network.run(
        in.asSlice(0, count * perTile),
        count,
        channels,
        height,
        width,
        out.asSlice(0, count * outputs));
  }

  private void forEachTile(int count, IntConsumer work) {
    ForkJoinTask<?> task =
        backend.workers().submit(() -> IntStream.range(0, count).parallel().forEach(work));
    try {
      task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new java.util.concurrent.CancellationException("interrupted");
    } catch (ExecutionException e) {
      if (rootOf(e) instanceof TesseraException tessera) {
        throw tessera;
      }
      if (rootOf(e) instanceof OutOfMemoryError) {
        throw new TesseraException.Unsupported(
            "there is not enough memory for "
                + count
                + " tiles at a time: use smaller tiles, --batch 1, or a larger -Xmx");
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  /** The pool wraps exceptions of its threads, sometimes in another of their own kind. */
  private static Throwable rootOf(Throwable e) {
    Throwable root = e;
    while (!(root instanceof TesseraException) && root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  @Override
  public void close() {
    arena.close();
  }
}
