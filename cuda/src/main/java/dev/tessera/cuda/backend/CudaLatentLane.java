package dev.tessera.cuda.backend;

import dev.tessera.codec.Backend;
import dev.tessera.codec.ChunkBox;
import dev.tessera.codec.CpuNetworks;
import dev.tessera.codec.EncodedChunk;
import dev.tessera.codec.LatentFormat;
import dev.tessera.codec.PackedBatch;
import dev.tessera.codec.TileFormat;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.model.Network;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;

/**
 * A batch of tiles whose latents go through a pipeline on the device: g_a and g_s run on the CPU,
 * each tile's latent is one chunk.
 */
final class CudaLatentLane implements Backend.Lane {
  private final CpuNetworks networks;
  private final TileFormat format;
  private final LatentFormat pipeline;
  private final ResourcePool pool;
  private final LaneResources resources;
  private final ChunkBox box;
  private final MemorySegment tiles;
  private final ChunkMemory latents;
  private final DeviceChunkCoder coder;
  private MemorySegment streams = MemorySegment.ofArray(new byte[0]);
  private boolean closed;

  CudaLatentLane(
      CpuNetworks networks,
      TileFormat format,
      LatentFormat pipeline,
      ResourcePool pool,
      ForkJoinPool workers,
      int capacity) {
    this.networks = networks;
    this.format = format;
    this.pipeline = pipeline;
    this.pool = pool;
    this.box = new ChunkBox(1, 1, format.latent().symbols(), 0);
    this.resources = pool.take();
    try {
      this.tiles = resources.pinned().allocate(4L * capacity * format.elements());
      this.latents = new ChunkMemory(resources, 4L * format.latent().symbols(), capacity);
      this.coder = ChunkCoders.of(pipeline.spec().encoder(), resources, latents, workers);
    } catch (RuntimeException | Error e) {
      pool.give(resources);
      throw e;
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

  @Override
  public PackedBatch encode(int count) {
    networks.run(
        Network.G_A,
        tiles,
        format.channels(),
        format.height(),
        format.width(),
        latents.host(),
        count);
    List<MemorySegment> ranges = new ArrayList<>();
    List<ChunkJob> jobs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long bytes = latents.stride();
      MemorySegment range = pipeline.range(latents.host().asSlice(i * bytes, bytes));
      ranges.add(range);
      jobs.add(new ChunkJob(pipeline.chunkFormat(range), box));
    }
    List<EncodedChunk> chunks = coder.encode(jobs);
    int head = pipeline.headBytes();
    long[] streamBytes =
        chunks.stream().mapToLong(chunk -> head + chunk.bytes().byteSize()).toArray();
    int[] checks = chunks.stream().mapToInt(EncodedChunk::check).toArray();
    MemorySegment all = streams(Arrays.stream(streamBytes).sum());
    long at = 0;
    for (int i = 0; i < count; i++) {
      MemorySegment bytes = chunks.get(i).bytes();
      MemorySegment.copy(ranges.get(i), 0, all, at, head);
      MemorySegment.copy(bytes, 0, all, at + head, bytes.byteSize());
      at += streamBytes[i];
    }
    return new PackedBatch(count, streamBytes, checks, all);
  }

  @Override
  public void decode(PackedBatch batch) {
    List<ChunkJob> jobs = new ArrayList<>();
    List<EncodedChunk> chunks = new ArrayList<>();
    long at = 0;
    for (int i = 0; i < batch.count(); i++) {
      MemorySegment stream = batch.streams().asSlice(at, batch.streamBytes()[i]);
      jobs.add(new ChunkJob(pipeline.chunkFormat(pipeline.storedRange(stream)), box));
      chunks.add(new EncodedChunk(stream.asSlice(pipeline.headBytes()), batch.check(i)));
      at += batch.streamBytes()[i];
    }
    coder.decode(chunks, jobs);
    StreamLayout y = format.latent();
    networks.run(
        Network.G_S, latents.host(), y.channels(), y.height(), y.width(), tiles, batch.count());
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      pool.give(resources);
    }
  }
}
