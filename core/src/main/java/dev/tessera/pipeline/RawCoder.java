package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Residuals as they are, in 32-bit words, then the exact values. */
final class RawCoder extends ResidualCoder {
  private final ExactLists exactLists;
  private int[] words = {};
  private byte[] lists = {};
  private int blocks;
  private int block;
  private MemorySegment source;
  private ByteReader in;

  RawCoder(int valueBytes) {
    super(valueBytes);
    exactLists = new ExactLists(valueBytes);
  }

  @Override
  void begin(int count) {
    blocks = count;
    block = 0;
    if (words.length < count * PLACES) {
      words = new int[count * PLACES];
    }
    exactLists.begin();
  }

  @Override
  void add(int[] numbers, ExactValues exact) {
    System.arraycopy(numbers, 0, words, block * PLACES, PLACES);
    exactLists.add(block, exact);
    block++;
  }

  @Override
  long finish() {
    ByteWriter out = new ByteWriter();
    exactLists.writeTo(out);
    lists = out.toByteArray();
    return residualBytes() + lists.length;
  }

  private long residualBytes() {
    return (long) blocks * PLACES * Integer.BYTES;
  }

  @Override
  void copyTo(MemorySegment target, long offset) {
    MemorySegment.copy(words, 0, target, DataType.LE_INT, offset, blocks * PLACES);
    MemorySegment.copy(
        lists, 0, target, ValueLayout.JAVA_BYTE, offset + residualBytes(), lists.length);
  }

  @Override
  void open(MemorySegment bytes, int count) {
    blocks = count;
    block = 0;
    source = bytes;
    if (bytes.byteSize() < residualBytes()) {
      throw new TesseraException.Corrupt("a chunk of plain residuals is cut short", -1);
    }
    MemorySegment rest = bytes.asSlice(residualBytes());
    in = new ByteReader(rest, residualBytes(), "a chunk's list of exact values");
    exactLists.open(in, blocks);
  }

  @Override
  void next(int[] numbers, ExactValues exact) {
    long offset = (long) block * PLACES * Integer.BYTES;
    MemorySegment.copy(source, DataType.LE_INT, offset, numbers, 0, PLACES);
    exactLists.read(in, block, blocks, exact);
    block++;
  }

  @Override
  void close() {
    in.expectEnd();
  }
}
