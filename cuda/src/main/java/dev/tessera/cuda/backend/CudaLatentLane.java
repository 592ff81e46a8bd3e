package dev.tessera.cuda.backend;

import dev.tessera.codec.Backend;
import dev.tessera.codec.ChunkBox;
import dev.tessera.codec.EncodedChunk;
import dev.tessera.codec.LaneFormat;
import dev.tessera.codec.LatentFormat;
import dev.tessera.codec.PackedBatch;
import dev.tessera.codec.TileFormat;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.model.Network;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;

/**
 * A batch of tiles whose latents go through a pipeline: g_a and g_s run on the device, each tile's
 * latent is one chunk.
 */
final class CudaLatentLane implements Backend.Lane {
  private final CudaNetworks networks;
  private final TileFormat format;
  private final LatentFormat pipeline;
  private final ResourcePool pool;
  private final LaneResources resources;
  private final LaneResources networkResources;
  private final ChunkBox box;
  private final int capacity;
  private final LaneTiles tiles;
  private final DeviceBuffer latents_dev;
  private final ChunkMemory latents;
  private final DeviceChunkCoder coder;
  private LaneNetwork analysis;
  private LaneNetwork synthesis;
  private MemorySegment streams = MemorySegment.ofArray(new byte[0]);
  private boolean closed;

  CudaLatentLane(
      CudaNetworks networks,
      LaneFormat laneFormat,
      ResourcePool pool,
      ForkJoinPool workers,
      int capacity) {
    this.networks = networks;
    this.format = laneFormat.tiles();
    this.pipeline = laneFormat.pipeline();
    this.pool = pool;
    this.capacity = capacity;
    this.box = new ChunkBox(1, 1, format.latent().symbols(), 0);
    this.resources = pool.take();
    this.networkResources = pool.take();
    try {
      this.tiles = new LaneTiles(networkResources, laneFormat, capacity);
      this.latents_dev = networkResources.keepDevice(4L * capacity * format.latent().symbols());
      this.latents = new ChunkMemory(resources, 4L * format.latent().symbols(), capacity);
      this.coder = ChunkCoders.of(pipeline.spec().encoder(), resources, latents, workers);
    } catch (RuntimeException | Error e) {
      pool.give(resources);
      pool.give(networkResources);
      throw e;
    }
  }

  @Override
  public MemorySegment tiles() {
    return tiles.host();
  }

  @Override
  public void plane(int tile, int channel, long slice, boolean isNormalized) {
    tiles.plane(tile, channel, slice, isNormalized);
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
    analyze(count);
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
    synthesize(batch.count());
  }

  /** From tiles to latents, both in host memory. */
  private void analyze(int count) {
    if (analysis == null) {
      analysis =
          new LaneNetwork(
              networkResources,
              networks.get(Network.G_A, false, tiles.areFieldValues()),
              tiles.device(),
              latents_dev,
              null,
              capacity,
              format.height(),
              format.width(),
              tiles.fieldValues());
    }
    long latentBytes = count * latents.stride();
    tiles.upload(count);
    analysis.run(count);
    networkResources.stream()
        .download(latents.host().asSlice(0, latentBytes), latents_dev.slice(0, latentBytes));
    networkResources.stream().synchronize();
  }

  /** From latents to tiles, both in host memory. */
  private void synthesize(int count) {
    if (synthesis == null) {
      synthesis =
          new LaneNetwork(
              networkResources,
              networks.get(Network.G_S, false, tiles.areFieldValues()),
              latents_dev,
              tiles.device(),
              null,
              capacity,
              format.latent().height(),
              format.latent().width(),
              tiles.fieldValues());
    }
    long latentBytes = count * latents.stride();
    tiles.uploadPlanes(count);
    networkResources.stream()
        .upload(latents_dev.slice(0, latentBytes), latents.host().asSlice(0, latentBytes));
    synthesis.run(count);
    tiles.download(count);
    networkResources.stream().synchronize();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      pool.give(resources);
      pool.give(networkResources);
    }
  }
}
