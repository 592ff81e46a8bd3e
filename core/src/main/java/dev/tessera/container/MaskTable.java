package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Masks that tiles share, kept in the index: a land mask that is the same at every time step is
 * stored once. The table stops growing at {@link #MAX_BYTES}, so that it always fits into memory;
 * later masks then stand in their tiles.
 */
final class MaskTable {
  /** Largest sum of the masks' lengths. */
  static final int MAX_BYTES = 4 << 20;

  private final List<byte[]> masks = new ArrayList<>();
  private final Map<ByteBuffer, Integer> numbers = new HashMap<>();
  private int bytes;

  /** The number of this mask, which is added if there is room; −1 if there is not. */
  int share(byte[] mask) {
    Integer known = numbers.get(ByteBuffer.wrap(mask));
    if (known != null) {
      return known;
    }
    if (bytes + mask.length > MAX_BYTES) {
      return -1;
    }
    bytes += mask.length;
    masks.add(mask);
    numbers.put(ByteBuffer.wrap(mask), masks.size() - 1);
    return masks.size() - 1;
  }

  int size() {
    return masks.size();
  }

  byte[] get(int number) {
    return masks.get(number);
  }

  /** Sum of the masks' lengths. */
  int bytes() {
    return bytes;
  }

  void write(ByteWriter out) {
    out.varint(masks.size());
    masks.forEach(out::block);
  }

  static MaskTable read(ByteReader in) {
    MaskTable table = new MaskTable();
    for (int count = in.varint(MAX_BYTES); count > 0; count--) {
      byte[] mask = in.block();
      if (table.bytes + mask.length > MAX_BYTES) {
        throw in.corrupt("holds more masks than the format allows");
      }
      table.bytes += mask.length;
      table.masks.add(mask);
    }
    return table;
  }
}
