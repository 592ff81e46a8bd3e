package dev.tessera.cuda.backend;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A chunk whose integers nvCOMP coded (FORMAT.md, "Encoders bitcomp and ans"): its exact values,
 * the lengths of the pieces, and the pieces.
 *
 * @param elementBytes bytes of an integer, 2 or 4
 * @param lengths bytes of each coded piece
 * @param exact places of the values that are kept bit by bit, {@code 4096 · block + place}, rising
 * @param bits their bits
 * @param pieces the coded pieces, one after the other
 */
record NvcompChunk(
    int elementBytes, int[] lengths, int[] exact, long[] bits, MemorySegment pieces) {
  /** Bytes of integers that a piece holds, but for the last. */
  static final int PIECE_BYTES = 1 << 16;

  /** The mode's byte and what FORMAT.md puts after it. */
  private static final int HEAD = 4;

  private static final int PLACES = BlockGeometry.PLACES;

  /** Pieces of a chunk. */
  static int pieces(int blocks, int elementBytes) {
    return Math.toIntExact(Math.ceilDiv((long) blocks * PLACES * elementBytes, PIECE_BYTES));
  }

  /**
   * The chunk's bytes.
   *
   * @param valueBytes bytes of a value of the field
   */
  byte[] encode(int valueBytes) {
    ByteWriter head = new ByteWriter().u8(elementBytes);
    for (int length : lengths) {
      head.varint(length);
    }
    writeExact(head, valueBytes);
    byte[] packed = Zstd.pack(head.toByteArray());
    return new ByteWriter()
        .bits(0, HEAD)
        .block(packed)
        .raw(pieces, 0, pieces.byteSize())
        .toByteArray();
  }

  private void writeExact(ByteWriter out, int valueBytes) {
    long listed = Arrays.stream(exact).map(place -> place / PLACES).distinct().count();
    out.varint(listed);
    int lastBlock = -1;
    for (int from = 0; from < exact.length; ) {
      int block = exact[from] / PLACES;
      int to = from;
      while (to < exact.length && exact[to] / PLACES == block) {
        to++;
      }
      out.varint(block - lastBlock - 1).varint(to - from);
      lastBlock = block;
      int last = -1;
      for (int i = from; i < to; i++) {
        int place = exact[i] % PLACES;
        out.varint(place - last - 1);
        last = place;
      }
      for (int i = from; i < to; i++) {
        out.bits(bits[i], valueBytes);
      }
      from = to;
    }
  }

  /**
   * Reads a chunk's bytes; nvCOMP sees nothing of what this refuses.
   *
   * @param blocks blocks of the chunk
   * @param elementBytes bytes of an integer, as the quantizer says
   * @param valueBytes bytes of a value of the field
   * @param mostPieceBytes most bytes that a coded piece can have
   * @throws TesseraException.Corrupt if they are none
   */
  static NvcompChunk decode(
      MemorySegment bytes, int blocks, int elementBytes, int valueBytes, long mostPieceBytes) {
    ByteReader outer = new ByteReader(bytes, 0, "a chunk of nvCOMP's");
    if (outer.bits(HEAD) != 0) {
      throw outer.corrupt("is of unknown form");
    }
    int count = pieces(blocks, elementBytes);
    long limit = 16 + 10L * count + (long) blocks * (10 + PLACES * (2L + Long.BYTES));
    byte[] packed = outer.block();
    MemorySegment pieces = outer.segment(outer.remaining());
    ByteReader in = new ByteReader(Zstd.unpack(packed, limit, "a chunk's head"), "a chunk's head");
    if (in.u8() != elementBytes) {
      throw in.corrupt("has integers of another size than its quantizer");
    }
    int[] lengths = new int[count];
    long sum = 0;
    for (int i = 0; i < count; i++) {
      lengths[i] = in.varint((int) mostPieceBytes);
      if (lengths[i] == 0) {
        throw in.corrupt("has an empty piece");
      }
      sum += lengths[i];
    }
    if (sum != pieces.byteSize()) {
      throw in.corrupt("has pieces whose lengths do not add up");
    }
    int[] exact = {};
    long[] bits = {};
    int size = 0;
    int listed = in.varint(blocks);
    int block = -1;
    for (int list = 0; list < listed; list++) {
      block += 1 + in.varint(blocks);
      int n = in.varint(PLACES);
      if (block >= blocks || n == 0) {
        throw in.corrupt("has a list of exact values that is none");
      }
      int from = size;
      size += n;
      if (size > exact.length) {
        exact = Arrays.copyOf(exact, Math.max(size, 2 * exact.length));
        bits = Arrays.copyOf(bits, exact.length);
      }
      int place = -1;
      for (int i = from; i < size; i++) {
        place += 1 + in.varint(PLACES);
        if (place >= PLACES) {
          throw in.corrupt("has exact values outside of a block");
        }
        exact[i] = block * PLACES + place;
      }
      for (int i = from; i < size; i++) {
        bits[i] = in.bits(valueBytes);
      }
    }
    in.expectEnd();
    return new NvcompChunk(
        elementBytes, lengths, Arrays.copyOf(exact, size), Arrays.copyOf(bits, size), pieces);
  }

  /** Puts the exact values over the restored ones. */
  void putExact(ChunkJob job, MemorySegment values) {
    BlockGeometry geometry = job.geometry();
    for (int i = 0; i < exact.length; i++) {
      BlockGeometry.Block block = geometry.block(exact[i] / PLACES);
      int natural = geometry.mode().natural(exact[i] % PLACES);
      if (!geometry.contains(block, natural)) {
        throw new TesseraException.Corrupt(
            "a chunk is damaged: it has an exact value outside of its values", -1);
      }
      job.format().type().setBits(values, geometry.index(block, natural), bits[i]);
    }
  }

  /** Whether bytes are those of a chunk that is stored as it is. */
  static boolean isPlain(MemorySegment bytes) {
    return bytes.byteSize() > 0 && bytes.get(ValueLayout.JAVA_BYTE, 0) == 1;
  }
}
