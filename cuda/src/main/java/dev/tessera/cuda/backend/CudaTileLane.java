package dev.tessera.cuda.backend;

import dev.tessera.codec.Backend;
import dev.tessera.codec.CpuNetworks;
import dev.tessera.codec.PackedBatch;
import dev.tessera.codec.ParallelLoop;
import dev.tessera.codec.TileFormat;
import dev.tessera.codec.TileSymbols;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Network;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import java.util.function.IntConsumer;

/**
 * A batch of tiles whose streams are coded on the device; networks run on the CPU. The device
 * quantizes latents that have one table per channel; symbols that side information predicts are
 * made on the CPU, beside h_s.
 */
final class CudaTileLane implements Backend.Lane {
  private final CpuNetworks networks;
  private final TileFormat format;
  private final ResourcePool pool;
  private final ForkJoinPool workers;
  private final LaneResources resources;
  private final MemorySegment tiles;
  private final MemorySegment latents;
  private final MemorySegment sides;
  private final boolean floats;
  private final RansLane latentRans;
  private final RansLane sideRans;
  private final TileSymbols[] symbols;
  private final long deviceMark;
  private final long pinnedMark;
  private MemorySegment lent = MemorySegment.NULL;
  private boolean closed;

  CudaTileLane(
      CpuNetworks networks,
      RansTables tables,
      TileFormat format,
      ResourcePool pool,
      ForkJoinPool workers,
      int capacity) {
    this.networks = networks;
    this.format = format;
    this.pool = pool;
    this.workers = workers;
    this.symbols = new TileSymbols[capacity];
    boolean hyper = format.side() != null;
    this.floats = !hyper && RansLane.isCompact(format);
    this.resources = pool.take();
    try {
      this.tiles = resources.pinned().allocate(4L * capacity * format.elements());
      this.latents = resources.pinned().allocate(4L * capacity * format.latent().symbols());
      this.sides = resources.pinned().allocate(hyper ? 4L * capacity * sideSymbols() : 0);
      this.latentRans =
          floats
              ? RansLane.ofFloats(resources, tables, format, networks.model().medians(), capacity)
              : RansLane.ofSymbols(resources, tables, format, capacity);
      this.sideRans = hyper ? RansLane.ofSides(resources, tables, format, capacity) : null;
    } catch (RuntimeException | Error e) {
      pool.give(resources);
      throw e;
    }
    this.deviceMark = resources.device().mark();
    this.pinnedMark = resources.pinned().mark();
  }

  private int sideSymbols() {
    return format.side().symbols();
  }

  private int latentSymbols() {
    return format.latent().symbols();
  }

  @Override
  public MemorySegment tiles() {
    return tiles;
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
    resources.device().reset(deviceMark);
    resources.pinned().reset(pinnedMark);
  }

  private TileSymbols symbols(int tile) {
    if (symbols[tile] == null) {
      symbols[tile] = new TileSymbols(networks, format);
    }
    return symbols[tile];
  }

  private void analyze(int count) {
    StreamLayout y = format.latent();
    networks.run(
        Network.G_A, tiles, format.channels(), format.height(), format.width(), latents, count);
    if (sideRans != null) {
      networks.run(Network.H_A, latents, y.channels(), y.height(), y.width(), sides, count);
    }
  }

  @Override
  public long[] aliveChannels(int count) {
    analyze(count);
    long[] alive = new long[format.latent().channels()];
    for (int i = 0; i < count; i++) {
      symbols(0).countAlive(latents, (long) i * latentSymbols(), alive);
    }
    return alive;
  }

  @Override
  public PackedBatch encode(int count) {
    restart();
    analyze(count);
    long values = (long) count * latentSymbols();
    if (floats) {
      latentRans.encode(upload(latents.asSlice(0, values * Float.BYTES)), null, count);
      finish(count);
      return pack(count);
    }
    MemorySegment latent = resources.pinned().allocate(values * Integer.BYTES);
    if (sideRans == null) {
      forEachTile(
          count,
          i -> {
            quantize(i);
            put(symbols(i).latents(), latent, i);
          });
      latentRans.encode(upload(latent), null, count);
      latentRans.finish();
      return pack(count);
    }
    MemorySegment indexes = resources.pinned().allocate(values * Short.BYTES);
    MemorySegment side = resources.pinned().allocate((long) count * sideSymbols() * Integer.BYTES);
    forEachTile(
        count,
        i -> {
          quantize(i);
          put(symbols(i).latents(), latent, i);
          put(symbols(i).sides(), side, i);
          putShorts(symbols(i).indexes(), indexes, i);
        });
    sideRans.encode(upload(side), null, count);
    latentRans.encode(upload(latent), upload(indexes), count);
    sideRans.finish();
    latentRans.finish();
    return packWithSides(count);
  }

  private void quantize(int tile) {
    int side = sideRans == null ? 0 : sideSymbols();
    symbols(tile).quantize(latents, (long) tile * latentSymbols(), sides, (long) tile * side);
  }

  /** Waits for the coder; where a latent was no number, says which as the CPU does. */
  private void finish(int count) {
    try {
      latentRans.finish();
    } catch (TesseraException.Unsupported | TesseraException.Invalid e) {
      for (int i = 0; i < count; i++) {
        quantize(i);
      }
      throw e;
    }
  }

  private static void put(int[] from, MemorySegment to, int tile) {
    long at = (long) tile * from.length * Integer.BYTES;
    MemorySegment.copy(from, 0, to, ValueLayout.JAVA_INT, at, from.length);
  }

  private static void putShorts(int[] from, MemorySegment to, int tile) {
    long at = (long) tile * from.length;
    for (int i = 0; i < from.length; i++) {
      to.setAtIndex(ValueLayout.JAVA_SHORT, at + i, (short) from[i]);
    }
  }

  private static void get(MemorySegment from, int tile, int[] to) {
    long at = (long) tile * to.length * Integer.BYTES;
    MemorySegment.copy(from, ValueLayout.JAVA_INT, at, to, 0, to.length);
  }

  /** Streams of latents alone stand on the device as the container wants them. */
  private PackedBatch pack(int count) {
    MemorySegment bytes = latentRans.download();
    resources.stream().synchronize();
    long[] streamBytes = new long[count * format.streams()];
    Arrays.setAll(streamBytes, latentRans::streamBytes);
    return new PackedBatch(count, streamBytes, checks(count), bytes);
  }

  private PackedBatch packWithSides(int count) {
    MemorySegment sideBytes = sideRans.download();
    MemorySegment latentBytes = latentRans.download();
    MemorySegment all = resources.pinned().allocate(sideBytes.byteSize() + latentBytes.byteSize());
    resources.stream().synchronize();
    int perTile = format.streams();
    int perSide = format.sideStreams();
    int perLatent = perTile - perSide;
    long[] streamBytes = new long[count * perTile];
    long sideAt = 0;
    long latentAt = 0;
    for (int i = 0; i < count; i++) {
      int first = i * perTile;
      long side = 0;
      for (int s = 0; s < perSide; s++) {
        streamBytes[first + s] = sideRans.streamBytes(i * perSide + s);
        side += streamBytes[first + s];
      }
      long latent = 0;
      for (int s = 0; s < perLatent; s++) {
        streamBytes[first + perSide + s] = latentRans.streamBytes(i * perLatent + s);
        latent += streamBytes[first + perSide + s];
      }
      MemorySegment.copy(sideBytes, sideAt, all, sideAt + latentAt, side);
      MemorySegment.copy(latentBytes, latentAt, all, sideAt + side + latentAt, latent);
      sideAt += side;
      latentAt += latent;
    }
    return new PackedBatch(count, streamBytes, checks(count), all);
  }

  private int[] checks(int count) {
    int[] checks = new int[count];
    Arrays.setAll(
        checks,
        i ->
            SymbolCheck.fold(latentRans.check(i) + (sideRans == null ? 0 : sideRans.check(i)))
                & 0xffff);
    return checks;
  }

  @Override
  public void decode(PackedBatch batch) {
    MemorySegment bytes = batch.streams();
    if (bytes.address() != lent.address() || !bytes.isNative()) {
      restart();
      bytes = resources.pinned().allocate(bytes.byteSize());
      MemorySegment.copy(batch.streams(), 0, bytes, 0, bytes.byteSize());
    }
    DeviceBuffer packed = upload(bytes);
    int count = batch.count();
    long values = (long) count * latentSymbols();
    MemorySegment indexes =
        sideRans == null ? null : resources.pinned().allocate(values * Short.BYTES);
    if (sideRans != null) {
      decodeSides(batch, packed, indexes);
    }
    MemorySegment restored =
        floats
            ? latents.asSlice(0, values * Float.BYTES)
            : resources.pinned().allocate(values * Integer.BYTES);
    decode(latentRans, batch, packed, format.sideStreams(), indexes, restored);
    requireChecks(batch);
    if (!floats) {
      forEachTile(
          count,
          i -> {
            get(restored, i, symbols(i).latents());
            symbols(i).dequantize(latents, (long) i * latentSymbols());
          });
    }
    StreamLayout y = format.latent();
    networks.run(Network.G_S, latents, y.channels(), y.height(), y.width(), tiles, count);
  }

  private void decodeSides(PackedBatch batch, DeviceBuffer packed, MemorySegment indexes) {
    MemorySegment side =
        resources.pinned().allocate((long) batch.count() * sideSymbols() * Integer.BYTES);
    decode(sideRans, batch, packed, 0, null, side);
    forEachTile(
        batch.count(),
        i -> {
          get(side, i, symbols(i).sides());
          symbols(i).predict();
          putShorts(symbols(i).indexes(), indexes, i);
        });
  }

  /** Decodes streams into host memory, and waits. */
  private void decode(
      RansLane rans,
      PackedBatch batch,
      DeviceBuffer packed,
      int first,
      MemorySegment indexes,
      MemorySegment restored) {
    DeviceBuffer symbols = resources.device().allocate(restored.byteSize());
    rans.decode(
        packed,
        batch.streamBytes(),
        format.streams(),
        first,
        indexes == null ? null : upload(indexes),
        symbols);
    resources.stream().download(restored, symbols);
    rans.finish();
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

  private void forEachTile(int count, IntConsumer work) {
    ParallelLoop.run(workers, count, "tiles", work);
  }

  private DeviceBuffer upload(MemorySegment from) {
    DeviceBuffer to = resources.device().allocate(from.byteSize());
    resources.stream().upload(to, from);
    return to;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      pool.give(resources);
    }
  }
}
