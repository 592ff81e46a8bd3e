package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Residuals in Zstandard: all lowest bytes of the chunk first, then all second ones and so on, then
 * the exact values.
 */
final class ZstdCoder extends ResidualCoder {
  private final ExactLists exactLists;
  private byte[] planes = {};
  private byte[] packed = {};
  private int blocks;
  private int block;
  private ByteReader in;

  ZstdCoder(int valueBytes) {
    super(valueBytes);
    exactLists = new ExactLists(valueBytes);
  }

  @Override
  void begin(int count) {
    blocks = count;
    block = 0;
    if (planes.length != planeBytes() * Integer.BYTES) {
      planes = new byte[planeBytes() * Integer.BYTES];
    }
    exactLists.begin();
  }

  private int planeBytes() {
    return blocks * PLACES;
  }

  @Override
  void add(int[] numbers, ExactValues exact) {
    for (int plane = 0; plane < Integer.BYTES; plane++) {
      int to = plane * planeBytes() + block * PLACES;
      for (int i = 0; i < PLACES; i++) {
        planes[to + i] = (byte) (numbers[i] >>> 8 * plane);
      }
    }
    exactLists.add(block, exact);
    block++;
  }

  @Override
  long finish() {
    ByteWriter out = new ByteWriter().raw(planes);
    exactLists.writeTo(out);
    packed = Zstd.pack(out.toByteArray());
    return packed.length;
  }

  @Override
  void copyTo(MemorySegment target, long offset) {
    MemorySegment.copy(packed, 0, target, ValueLayout.JAVA_BYTE, offset, packed.length);
  }

  @Override
  void open(MemorySegment bytes, int count) {
    blocks = count;
    block = 0;
    long limit = (long) planeBytes() * Integer.BYTES + blocks * (long) ExactLists.MAX_BYTES + 8;
    byte[] plain = Zstd.unpack(bytes.toArray(ValueLayout.JAVA_BYTE), limit, "a chunk of residuals");
    if (plain.length < planeBytes() * Integer.BYTES) {
      throw new TesseraException.Corrupt("a chunk of residuals is cut short", -1);
    }
    planes = plain;
    in = new ByteReader(plain, "a chunk's list of exact values");
    in.segment((long) planeBytes() * Integer.BYTES);
    exactLists.open(in, blocks);
  }

  @Override
  void next(int[] numbers, ExactValues exact) {
    for (int i = 0; i < PLACES; i++) {
      int at = block * PLACES + i;
      numbers[i] =
          planes[at] & 0xff
              | (planes[at + planeBytes()] & 0xff) << 8
              | (planes[at + 2 * planeBytes()] & 0xff) << 16
              | planes[at + 3 * planeBytes()] << 24;
    }
    exactLists.read(in, block, blocks, exact);
    block++;
  }

  @Override
  void close() {
    in.expectEnd();
  }
}
