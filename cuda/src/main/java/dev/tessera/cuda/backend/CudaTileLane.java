package dev.tessera.cuda.backend;

import dev.tessera.codec.Backend;
import dev.tessera.codec.LaneFormat;
import dev.tessera.codec.PackedBatch;
import dev.tessera.codec.TileFormat;
import dev.tessera.codec.TileSymbols;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Network;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A batch of tiles on the device: tiles go there, g_a makes symbols of them and the coder streams,
 * and only these come back; and the same in reverse. Everything between is one graph for each size
 * of batch.
 */
final class CudaTileLane implements Backend.Lane {
  private final CudaNetworks networks;
  private final TileFormat format;
  private final ResourcePool pool;
  private final int capacity;
  private final LaneResources resources;
  private final LaneTiles tiles;
  private final MemorySegment error;
  private final DeviceBuffer symbols_dev;
  private final DeviceBuffer latents_dev;
  private final DeviceBuffer error_dev;
  private final RansLane rans;
  private final LaneSide side;
  private final BatchGraphs encoding;
  private final BatchGraphs decoding;
  private LaneNetwork analysis;
  private LaneNetwork synthesis;
  private DeviceBuffer packed_dev = new DeviceBuffer(0, 0);
  private MemorySegment lent = MemorySegment.NULL;
  private boolean closed;

  CudaTileLane(
      CudaNetworks networks,
      RansTables tables,
      LaneFormat laneFormat,
      ResourcePool pool,
      int capacity) {
    this.networks = networks;
    this.format = laneFormat.tiles();
    this.pool = pool;
    this.capacity = capacity;
    this.resources = pool.take();
    this.encoding = new BatchGraphs(resources.stream());
    this.decoding = new BatchGraphs(resources.stream());
    try {
      boolean hyper = format.side() != null;
      long latentBytes = 4L * capacity * format.latent().symbols();
      tiles = new LaneTiles(resources, laneFormat, capacity);
      error = resources.keepPinned(Integer.BYTES);
      error_dev = resources.keepDevice(Integer.BYTES);
      symbols_dev = resources.keepDevice(latentBytes);
      latents_dev = hyper ? resources.keepDevice(latentBytes) : null;
      rans = RansLane.ofSymbols(resources, tables, format, capacity);
      resources.keepAll();
      side = hyper ? new LaneSide(resources, networks, tables, format, capacity) : null;
    } catch (RuntimeException | Error e) {
      pool.give(resources);
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
    restart();
    lent = resources.pinned().allocate(bytes);
    return lent;
  }

  /** Takes back what the batch before has used. */
  private void restart() {
    lent = MemorySegment.NULL;
    resources.restart();
  }

  private DeviceBuffer latents() {
    return side == null ? symbols_dev : latents_dev;
  }

  private void prepareEncoding(int count) {
    restart();
    if (analysis == null) {
      analysis =
          new LaneNetwork(
              resources,
              networks.get(Network.G_A, side == null, tiles.areFieldValues()),
              tiles.device(),
              latents(),
              error_dev,
              capacity,
              format.height(),
              format.width(),
              tiles.fieldValues());
    }
    analysis.prepare(count);
    rans.beginEncoding(count);
    if (side != null) {
      side.prepareEncoding(latents_dev, count);
    }
  }

  /** Tiles to the device, and through g_a. */
  private void analyze(int count) {
    resources.stream().fillInts(error_dev, 0);
    tiles.upload(count);
    analysis.run(count);
  }

  @Override
  public PackedBatch encode(int count) {
    prepareEncoding(count);
    encoding.run(
        count,
        () -> {
          analyze(count);
          if (side != null) {
            side.encode(latents_dev, symbols_dev, error_dev, count);
          }
          rans.encode(symbols_dev, side == null ? null : side.tables(), count);
          resources.stream().download(error, error_dev);
        });
    MemorySegment sideBytes = side == null ? null : side.rans().finishAndDownload();
    MemorySegment latentBytes = rans.finishAndDownload();
    requireNumbers();
    return side == null ? pack(count, latentBytes) : pack(count, sideBytes, latentBytes);
  }

  private void requireNumbers() {
    if (error.get(ValueLayout.JAVA_INT, 0) != 0) {
      throw new TesseraException.Unsupported(
          "the model gives a latent that is no number below 2^24: its weights or the normalizer do"
              + " not suit this field");
    }
  }

  @Override
  public long[] aliveChannels(int count) {
    prepareEncoding(count);
    analyze(count);
    StreamLayout layout = format.latent();
    long bytes = (long) count * layout.symbols() * Integer.BYTES;
    MemorySegment host = resources.pinned().allocate(bytes);
    resources.stream().download(host, symbols_dev.slice(0, bytes));
    resources.stream().download(error, error_dev);
    resources.stream().synchronize();
    requireNumbers();
    long[] alive = new long[layout.channels()];
    int[] symbols = new int[layout.symbols()];
    for (int i = 0; i < count; i++) {
      long at = (long) i * symbols.length * Integer.BYTES;
      MemorySegment.copy(host, ValueLayout.JAVA_INT, at, symbols, 0, symbols.length);
      TileSymbols.countAlive(layout, symbols, alive);
    }
    return alive;
  }

  /** Streams of latents alone stand on the device as the container wants them. */
  private PackedBatch pack(int count, MemorySegment bytes) {
    long[] streamBytes = new long[count * format.streams()];
    Arrays.setAll(streamBytes, rans::streamBytes);
    return new PackedBatch(count, streamBytes, checks(count), bytes);
  }

  private PackedBatch pack(int count, MemorySegment sideBytes, MemorySegment latentBytes) {
    MemorySegment all = resources.pinned().allocate(sideBytes.byteSize() + latentBytes.byteSize());
    int perTile = format.streams();
    int perSide = format.sideStreams();
    int perLatent = perTile - perSide;
    long[] streamBytes = new long[count * perTile];
    long sideAt = 0;
    long latentAt = 0;
    for (int i = 0; i < count; i++) {
      int first = i * perTile;
      long ofSide = 0;
      for (int s = 0; s < perSide; s++) {
        streamBytes[first + s] = side.rans().streamBytes(i * perSide + s);
        ofSide += streamBytes[first + s];
      }
      long ofLatent = 0;
      for (int s = 0; s < perLatent; s++) {
        streamBytes[first + perSide + s] = rans.streamBytes(i * perLatent + s);
        ofLatent += streamBytes[first + perSide + s];
      }
      MemorySegment.copy(sideBytes, sideAt, all, sideAt + latentAt, ofSide);
      MemorySegment.copy(latentBytes, latentAt, all, sideAt + ofSide + latentAt, ofLatent);
      sideAt += ofSide;
      latentAt += ofLatent;
    }
    return new PackedBatch(count, streamBytes, checks(count), all);
  }

  private int[] checks(int count) {
    int[] checks = new int[count];
    Arrays.setAll(
        checks,
        i -> SymbolCheck.fold(rans.check(i) + (side == null ? 0 : side.rans().check(i))) & 0xffff);
    return checks;
  }

  private void prepareDecoding(int count) {
    if (synthesis == null) {
      synthesis =
          new LaneNetwork(
              resources,
              networks.get(Network.G_S, side == null, tiles.areFieldValues()),
              latents(),
              tiles.device(),
              null,
              capacity,
              format.latent().height(),
              format.latent().width(),
              tiles.fieldValues());
    }
    synthesis.prepare(count);
  }

  @Override
  public void decode(PackedBatch batch) {
    MemorySegment bytes = batch.streams();
    if (bytes.address() != lent.address() || !bytes.isNative()) {
      bytes = streams(batch.streams().byteSize()).copyFrom(batch.streams());
    }
    int count = batch.count();
    prepareDecoding(count);
    DeviceBuffer packed = upload(bytes, batch.streamBytes());
    if (side != null) {
      side.rans().load(packed, batch.streamBytes(), format.streams(), 0);
    }
    rans.load(packed, batch.streamBytes(), format.streams(), format.sideStreams());
    decoding.run(
        count,
        () -> {
          if (side != null) {
            side.decode(count);
          }
          rans.decode(side == null ? null : side.tables(), symbols_dev);
          if (side != null) {
            side.dequantize(symbols_dev, latents_dev, count);
          }
          tiles.uploadPlanes(count);
          synthesis.run(count);
          tiles.download(count);
        });
    if (side != null) {
      side.rans().finish();
    }
    rans.finish();
    requireChecks(batch);
  }

  /**
   * To the same place for every batch, and as if there were always as many bytes: graphs keep both.
   */
  private DeviceBuffer upload(MemorySegment bytes, long[] streamBytes) {
    if (Arrays.stream(streamBytes).sum() > bytes.byteSize()) {
      throw new TesseraException.Corrupt("a tile's streams reach beyond the data", -1);
    }
    if (packed_dev.bytes() < bytes.byteSize()) {
      decoding.clear();
      packed_dev = resources.keepDevice(bytes.byteSize() + bytes.byteSize() / 4);
    }
    resources.stream().upload(packed_dev.slice(0, bytes.byteSize()), bytes);
    return packed_dev;
  }

  private void requireChecks(PackedBatch batch) {
    int[] found = checks(batch.count());
    for (int i = 0; i < found.length; i++) {
      if (batch.check(i) >= 0 && batch.check(i) != found[i]) {
        throw new TesseraException.Corrupt(
            "a tile decodes to other symbols than were encoded: the file is damaged, or was made"
                + " by a faulty program",
            -1);
      }
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try (encoding;
          decoding) {
        resources.stream().synchronize();
      } finally {
        pool.give(resources);
      }
    }
  }
}
