package dev.tessera.codec;

import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Network;
import dev.tessera.pipeline.ChunkCoder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A batch of tiles on the CPU whose latents go through a pipeline: g_a over the whole batch, then
 * each tile's latent as one chunk, on the codec's workers; and back.
 */
final class CpuLatentLane implements Backend.Lane {
  private final CpuBackend backend;
  private final TileFormat format;
  private final LatentFormat pipeline;
  private final int symbols;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment tiles;
  private final MemorySegment latents;
  private MemorySegment streams = MemorySegment.ofArray(new byte[0]);

  CpuLatentLane(CpuBackend backend, TileFormat format, LatentFormat pipeline, int capacity) {
    this.backend = backend;
    this.format = format;
    this.pipeline = pipeline;
    this.symbols = format.latent().symbols();
    try {
      this.tiles = arena.allocate(4L * capacity * format.elements(), 64);
      this.latents = arena.allocate(4L * capacity * symbols, 64);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new TesseraException.Unsupported(
          "there is not enough memory for a batch of "
              + capacity
              + " tiles: use smaller tiles or --batch 1");
    }
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
  public long[] aliveChannels(int count) {
    throw new UnsupportedOperationException("a pipeline has no statistics of channels");
  }

  private MemorySegment latent(int tile) {
    return latents.asSlice(4L * tile * symbols, 4L * symbols);
  }

  @Override
  public PackedBatch encode(int count) {
    StreamLayout y = format.latent();
    backend.run(
        Network.G_A, tiles, format.channels(), format.height(), format.width(), latents, count);
    byte[][] chunks = new byte[count][];
    int[] checks = new int[count];
    ParallelLoop.run(
        backend.workers(),
        count,
        "tiles",
        i -> {
          MemorySegment latent = latent(i);
          MemorySegment range = pipeline.range(latent);
          ChunkCoder coder = new ChunkCoder(pipeline.chunkFormat(range));
          int head = pipeline.headBytes();
          int bytes = Math.toIntExact(coder.encode(latent, 1, 1, y.symbols(), 0));
          chunks[i] = new byte[head + bytes];
          MemorySegment out = MemorySegment.ofArray(chunks[i]);
          MemorySegment.copy(range, 0, out, 0, head);
          coder.copyTo(out, head);
          checks[i] = coder.check() & 0xffff;
        });
    long[] streamBytes = Arrays.stream(chunks).mapToLong(chunk -> chunk.length).toArray();
    byte[] all = new byte[Math.toIntExact(Arrays.stream(streamBytes).sum())];
    int at = 0;
    for (byte[] chunk : chunks) {
      System.arraycopy(chunk, 0, all, at, chunk.length);
      at += chunk.length;
    }
    return new PackedBatch(count, streamBytes, checks, MemorySegment.ofArray(all));
  }

  @Override
  public void decode(PackedBatch batch) {
    long[] offsets = new long[batch.count() + 1];
    Arrays.setAll(offsets, i -> i == 0 ? 0 : batch.streamBytes()[i - 1]);
    Arrays.parallelPrefix(offsets, Long::sum);
    ParallelLoop.run(
        backend.workers(),
        batch.count(),
        "tiles",
        i ->
            decode(batch.streams().asSlice(offsets[i], batch.streamBytes()[i]), i, batch.check(i)));
    StreamLayout y = format.latent();
    backend.run(Network.G_S, latents, y.channels(), y.height(), y.width(), tiles, batch.count());
  }

  private void decode(MemorySegment chunk, int tile, int expected) {
    MemorySegment range = pipeline.storedRange(chunk);
    int check =
        new ChunkCoder(pipeline.chunkFormat(range))
            .decode(chunk.asSlice(pipeline.headBytes()), 1, 1, symbols, 0, latent(tile));
    if ((check & 0xffff) != expected) {
      throw new TesseraException.Corrupt(
          "a tile decodes to other integers than were encoded: the file is damaged, or was made by"
              + " a faulty program",
          -1);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
