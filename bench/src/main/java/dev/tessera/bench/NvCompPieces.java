package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.NvCompCoder;
import dev.tessera.field.TesseraException;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A coder of nvCOMP over the integers of all tiles: each tile's in pieces of 64 KiB, as in files.
 */
final class NvCompPieces {
  private static final int PIECE = 1 << 16;
  private static final long ALIGNMENT = 256;

  private final CudaSession session;
  private final NvCompCoder coder;
  private final DeviceBuffer sizes;
  private final DeviceBuffer packedSizes;
  private final DeviceBuffer statuses;
  private final NvCompCoder.Batch compressing;
  private final NvCompCoder.Batch decompressing;
  private final int piece;

  /**
   * Prepares both ways.
   *
   * @param from what is coded, tile after tile
   * @param to receives what was decoded
   * @param perTile bytes of a tile's integers
   */
  NvCompPieces(
      CudaSession session,
      NvCompCoder coder,
      DeviceBuffer from,
      DeviceBuffer to,
      int tiles,
      long perTile) {
    this.session = session;
    this.coder = coder;
    piece = (int) Math.min(PIECE, perTile);
    int each = Math.toIntExact(Math.ceilDiv(perTile, (long) piece));
    int pieces = Math.multiplyExact(tiles, each);
    long total = tiles * perTile;
    long room = coder.maxCompressedChunk(piece) + ALIGNMENT - 1 & -ALIGNMENT;
    DeviceBuffer packed = session.device.allocate(pieces * room);
    sizes = session.table(pieces, i -> Math.min(piece, perTile - (long) (i % each) * piece));
    packedSizes = session.device.allocate((long) pieces * Long.BYTES);
    statuses = session.device.allocate((long) pieces * Integer.BYTES);
    DeviceBuffer packedAt = session.table(pieces, i -> packed.address() + i * room);
    DeviceBuffer scratch =
        session.device.allocate(
            Math.max(
                1,
                Math.max(
                    coder.compressTemp(pieces, piece, total),
                    coder.decompressTemp(pieces, piece, total))));
    compressing =
        new NvCompCoder.Batch(
            pieces,
            session.table(pieces, i -> from.address() + at(i, each, perTile)),
            sizes,
            packedAt,
            packedSizes,
            statuses,
            scratch);
    decompressing =
        new NvCompCoder.Batch(
            pieces,
            packedAt,
            packedSizes,
            session.table(pieces, i -> to.address() + at(i, each, perTile)),
            session.device.allocate((long) pieces * Long.BYTES),
            statuses,
            scratch);
  }

  private long at(int i, int each, long perTile) {
    return i / each * perTile + (long) (i % each) * piece;
  }

  void encode() {
    coder.compress(session.stream, compressing, piece);
  }

  /** Bitcomp waits for the stream first. */
  void decode() {
    coder.decompress(session.stream, decompressing, sizes);
  }

  /**
   * Waits.
   *
   * @throws TesseraException.Corrupt if a piece was not coded
   */
  void requireClean() {
    long mark = session.pinned.mark();
    int[] results = session.download(statuses).toArray(ValueLayout.JAVA_INT);
    session.pinned.reset(mark);
    if (Arrays.stream(results).anyMatch(result -> result != 0)) {
      throw new TesseraException.Corrupt("nvCOMP reports errors", -1);
    }
  }

  /** Bytes of all coded pieces and of their lengths. */
  long bytes() {
    long mark = session.pinned.mark();
    long bytes = 0;
    for (long size : session.download(packedSizes).toArray(ValueLayout.JAVA_LONG)) {
      bytes += size + StreamLengths.varint(size);
    }
    session.pinned.reset(mark);
    return bytes;
  }
}
