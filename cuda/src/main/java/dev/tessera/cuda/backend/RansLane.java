package dev.tessera.cuda.backend;

import dev.tessera.codec.TileFormat;
import dev.tessera.container.StreamPlan;
import dev.tessera.cuda.CudaRans;
import dev.tessera.cuda.CudaRansSpec;
import dev.tessera.cuda.CudaRansStreams;
import dev.tessera.cuda.CudaRansTables;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import java.lang.foreign.MemorySegment;

/**
 * The device's entropy coder for the latents of a lane, or for their side information, with its
 * memory. For one thread at a time.
 */
final class RansLane {
  private final LaneResources resources;
  private final CudaRans coder;
  private final CudaRansStreams streams;
  private long expected;

  private RansLane(
      LaneResources resources, CudaRansTables tables, CudaRansSpec spec, int capacity) {
    this.resources = resources;
    this.coder = new CudaRans(resources.stream(), resources.device(), tables, spec);
    this.streams =
        coder.allocate(
            resources.stream(),
            resources.device(),
            resources.pinned(),
            capacity,
            coder.bound(capacity));
  }

  /** For symbols of latents, with the table of each where there is side information. */
  static RansLane ofSymbols(
      LaneResources resources, RansTables tables, TileFormat format, int capacity) {
    if (format.side() == null) {
      CudaRansSpec spec = spec(format.latent(), tables.bottleneck(), format);
      return new RansLane(resources, tables.bottleneck(), spec, capacity);
    }
    CudaRansSpec spec = spec(format.latent(), tables.conditional(), format).withIndexes();
    return new RansLane(resources, tables.conditional(), spec, capacity);
  }

  /** For symbols of side information, whose places in the check follow those of the latent. */
  static RansLane ofSides(
      LaneResources resources, RansTables tables, TileFormat format, int capacity) {
    StreamLayout side = format.side();
    CudaRansTables bottleneck = tables.bottleneck();
    CudaRansSpec spec =
        isCompact(format)
            ? CudaRansSpec.compact(side, CompactScheme.plain(bottleneck.tables(), side.channels()))
            : CudaRansSpec.compatible(side, bottleneck.tables());
    return new RansLane(
        resources, bottleneck, spec.withCheckBase(format.latent().symbols()), capacity);
  }

  private static CudaRansSpec spec(StreamLayout layout, CudaRansTables tables, TileFormat format) {
    return isCompact(format)
        ? CudaRansSpec.compact(
            layout, new CompactScheme(tables.tables(), format.order(), format.flags()))
        : CudaRansSpec.compatible(layout, tables.tables());
  }

  static boolean isCompact(TileFormat format) {
    return format.profile() == StreamPlan.Profile.COMPACT;
  }

  /** Turns to a batch that {@link #encode} or a graph of it will encode. */
  void beginEncoding(int tiles) {
    streams.beginEncoding(tiles);
  }

  /** Starts to encode; {@link #finish} waits. */
  void encode(DeviceBuffer symbols, DeviceBuffer indexes, int tiles) {
    coder.encode(resources.stream(), symbols, indexes, streams, tiles, true);
  }

  /**
   * Turns to a batch that {@link #decode} or a graph of it will decode, and uploads its index.
   *
   * @param packed all streams of the batch
   * @param streamBytes their lengths
   * @param perTile streams of a tile
   * @param first number of this coder's first stream in a tile
   */
  void load(DeviceBuffer packed, long[] streamBytes, int perTile, int first) {
    int tiles = streamBytes.length / perTile;
    streams.load(resources.stream(), tiles, packed, streamBytes, perTile, first);
  }

  /** Starts to decode what was loaded; {@link #finish} waits. */
  void decode(DeviceBuffer indexes, DeviceBuffer symbols) {
    coder.decode(resources.stream(), streams, indexes, symbols, true);
  }

  /** Waits for the stream and reports errors. */
  void finish() {
    streams.finish(resources.stream());
  }

  /** Bytes of all streams. */
  long bytes() {
    return streams.bytes();
  }

  /** Bytes of a stream, counted through all tiles. */
  long streamBytes(int stream) {
    return streams.streamBytes(stream);
  }

  /** The check of a tile's symbols, not folded. */
  int check(int tile) {
    return streams.check(tile);
  }

  /**
   * Waits for the encoded streams and brings them back. As many bytes as the batch before needed
   * are asked for before their number is known, so that most batches wait once.
   */
  MemorySegment finishAndDownload() {
    MemorySegment guessed = download(Math.min(expected, streams.packed().bytes()));
    finish();
    expected = bytes() + bytes() / 8;
    if (bytes() <= guessed.byteSize()) {
      return guessed.asSlice(0, bytes());
    }
    MemorySegment all = download(bytes());
    resources.stream().synchronize();
    return all;
  }

  private MemorySegment download(long bytes) {
    MemorySegment to = resources.pinned().allocate(bytes);
    resources.stream().download(to, streams.packed().slice(0, bytes));
    return to;
  }
}
