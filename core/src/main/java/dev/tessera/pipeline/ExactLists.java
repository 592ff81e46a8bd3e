package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;

/**
 * The exact values of a chunk's blocks, in variable-length integers: number of blocks that have
 * any, then for each the block, the count, the places and the values' bits. Blocks and places are
 * stored as what lies between them.
 */
final class ExactLists {
  /** Most bytes that the list of one block takes: the block, the count, places, values. */
  static final int MAX_BYTES = 8 + PLACES * (2 + Long.BYTES);

  /** Most bytes that the lists of a chunk take if all of its values are exact. */
  static long maxBytes(int blocks, int values, int valueBytes) {
    return 5 + 8L * blocks + values * (2L + valueBytes);
  }

  private final int valueBytes;
  private final ByteWriter lists = new ByteWriter();
  private int written;
  private int last;

  private int left;
  private int next;

  ExactLists(int valueBytes) {
    this.valueBytes = valueBytes;
  }

  void begin() {
    lists.reset();
    written = 0;
    last = -1;
  }

  void add(int block, ExactValues exact) {
    if (exact.count == 0) {
      return;
    }
    lists.varint(block - last - 1).varint(exact.count);
    last = block;
    written++;
    int before = -1;
    for (int i = 0; i < exact.count; i++) {
      lists.varint(exact.places[i] - before - 1);
      before = exact.places[i];
    }
    for (int i = 0; i < exact.count; i++) {
      lists.bits(exact.bits[i], valueBytes);
    }
  }

  void writeTo(ByteWriter out) {
    out.varint(written).raw(lists.toByteArray());
  }

  void open(ByteReader in, int blocks) {
    left = in.varint(blocks);
    next = -1;
    readNext(in, blocks);
  }

  private void readNext(ByteReader in, int blocks) {
    int before = next;
    next = left == 0 ? blocks : before + 1 + in.varint(blocks);
    if (left > 0 && next >= blocks) {
      throw in.corrupt("has exact values outside of the chunk");
    }
    left--;
  }

  /** Reads the list of the next block, which may be empty. */
  void read(ByteReader in, int block, int blocks, ExactValues exact) {
    exact.clear();
    if (block != next) {
      return;
    }
    int count = in.varint(PLACES);
    if (count < 1) {
      throw in.corrupt("has an empty list of exact values");
    }
    int place = -1;
    for (int i = 0; i < count; i++) {
      place += 1 + in.varint(PLACES);
      if (place >= PLACES) {
        throw in.corrupt("has exact values outside of a block");
      }
      exact.places[i] = place;
    }
    for (int i = 0; i < count; i++) {
      exact.bits[i] = in.bits(valueBytes);
    }
    exact.count = count;
    readNext(in, blocks);
  }
}
