package dev.tessera.cuda;

import static dev.tessera.cuda.RuntimeChecks.require;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** A coder with its memory for batches like a given one; buffers lie between guard zones. */
final class RansCheckDevice implements AutoCloseable {
  static final int GUARD = 512;
  private static final int SLAB = 16 << 20;
  private static final byte POISON = (byte) 0xA5;

  final CudaContext context;
  final CudaStream stream;
  final DeviceArena arena;
  final PinnedArena pinned;
  final CudaRans coder;
  final CudaRansStreams streams;
  final DeviceBuffer symbols;
  final DeviceBuffer decoded;
  final DeviceBuffer indexes;

  RansCheckDevice(CudaContext context, RansCheckBatch batch) {
    this(context, batch, -1);
  }

  /** With so much room for packed streams; less than 0 for the bound. */
  RansCheckDevice(CudaContext context, RansCheckBatch batch, long packedBytes) {
    this.context = context;
    stream = context.newStream();
    arena = context.newArena(SLAB);
    pinned = context.newPinnedArena(SLAB);
    CudaRansTables tables = new CudaRansTables(stream, arena, batch.spec().tables());
    coder = new CudaRans(stream, arena, tables, batch.spec());
    streams =
        coder.allocate(
            stream,
            arena,
            pinned,
            batch.tiles(),
            packedBytes < 0 ? coder.bound(batch.tiles()) : packedBytes);
    long bytes = (long) batch.symbols().length * batch.spec().type().bytes();
    symbols = guarded(bytes);
    decoded = guarded(bytes);
    indexes = batch.indexes() == null ? null : guarded(2L * batch.indexes().length);
    upload(batch);
  }

  /** Replaces what is encoded. */
  void upload(RansCheckBatch batch) {
    byte[] bytes = batch.deviceSymbols();
    upload(symbols.slice(0, bytes.length), bytes);
    if (indexes != null) {
      byte[] tables = batch.deviceIndexes();
      upload(indexes.slice(0, tables.length), tables);
    }
  }

  void upload(DeviceBuffer to, byte[] bytes) {
    long mark = pinned.mark();
    MemorySegment host = pinned.allocate(bytes.length);
    stream.upload(to, host.copyFrom(MemorySegment.ofArray(bytes)));
    stream.synchronize();
    pinned.reset(mark);
  }

  byte[] download(DeviceBuffer from) {
    long mark = pinned.mark();
    MemorySegment host = pinned.allocate(from.bytes());
    stream.download(host, from);
    stream.synchronize();
    byte[] bytes = host.toArray(ValueLayout.JAVA_BYTE);
    pinned.reset(mark);
    return bytes;
  }

  /** Memory with poison before and behind it, not aligned at its end. */
  DeviceBuffer guarded(long bytes) {
    DeviceBuffer all = arena.allocate(bytes + 2L * GUARD);
    stream.fill(all, POISON);
    return all.slice(GUARD, bytes);
  }

  /** Fails if the poison around a guarded buffer has changed. */
  void requireGuards(DeviceBuffer guarded, Object what) {
    byte[] before = download(new DeviceBuffer(guarded.address() - GUARD, GUARD));
    byte[] behind = download(new DeviceBuffer(guarded.address() + guarded.bytes(), GUARD));
    byte[] poison = new byte[GUARD];
    Arrays.fill(poison, POISON);
    require(
        Arrays.equals(before, poison) && Arrays.equals(behind, poison),
        "memory outside of a buffer was written: " + what);
  }

  /** Fails unless the encoded batch has the CPU's bytes and lengths. */
  void requireStreams(RansCheckBatch batch, RansCheckBatch.Streams expected) {
    streams.finish(stream);
    require(
        streams.bytes() == expected.bytes().length && streams.count() == batch.streams(),
        "%d streams of %d bytes in all, not %d of %d: %s"
            .formatted(
                streams.count(), streams.bytes(), batch.streams(), expected.bytes().length, batch));
    long at = 0;
    long[] offsets =
        MemorySegment.ofArray(download(streams.offsets())).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
    for (int i = 0; i < batch.streams(); i++) {
      require(
          streams.streamBytes(i) == expected.lengths()[i] && offsets[i] == at,
          "stream %d has %d bytes at %d, not %d at %d: %s"
              .formatted(i, streams.streamBytes(i), offsets[i], expected.lengths()[i], at, batch));
      at += expected.lengths()[i];
    }
    require(offsets[batch.streams()] == at, "the offsets' end is wrong: " + batch);
    int mismatch =
        Arrays.mismatch(download(streams.packed().slice(0, streams.bytes())), expected.bytes());
    require(mismatch < 0, "byte %d of the streams differs: %s".formatted(mismatch, batch));
  }

  /** Fails unless decoding, from poisoned memory, has given the batch back. */
  void requireDecoded(RansCheckBatch batch) {
    streams.finish(stream);
    byte[] expected = batch.deviceSymbols();
    int mismatch = Arrays.mismatch(download(decoded.slice(0, expected.length)), expected);
    require(mismatch < 0, "byte %d of the symbols differs: %s".formatted(mismatch, batch));
  }

  void requireChecks(RansCheckBatch batch, String when) {
    for (int tile = 0; tile < batch.tiles(); tile++) {
      require(
          streams.check(tile) == batch.check(tile),
          "the check of tile %d is wrong %s: %s".formatted(tile, when, batch));
    }
  }

  @Override
  public void close() {
    try (stream;
        arena;
        pinned) {
      context.makeCurrent();
    }
  }
}
