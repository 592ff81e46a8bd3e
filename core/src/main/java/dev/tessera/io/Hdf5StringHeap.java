package dev.tessera.io;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A global heap collection of strings (HDF5 File Format Specification 3.0, III.E): where attributes
 * put what is longer than an object header takes, and arrays of strings of different lengths.
 */
final class Hdf5StringHeap {
  /** Datatype of a variable-length UTF-8 string: class 9, kind string, over unsigned bytes. */
  static final byte[] STRING_TYPE = {
    0x19, 0x01, 0x01, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0
  };

  private static final int MIN_COLLECTION = 4096;
  private static final int HEADER = 16;

  private final long address;
  private final ByteArrayOutputStream objects = new ByteArrayOutputStream();
  private int count;

  /**
   * @param address where the collection will lie in the file
   */
  Hdf5StringHeap(long address) {
    this.address = address;
  }

  /** Adds strings and returns the values that refer to them: length, address and index of each. */
  byte[] add(String... strings) {
    ByteBuffer references = littleEndian(16 * strings.length);
    for (String string : strings) {
      byte[] bytes = string.getBytes(StandardCharsets.UTF_8);
      if (bytes.length == 0) {
        references.putInt(0).putLong(0).putInt(0);
        continue;
      }
      count++;
      ByteBuffer object = littleEndian(HEADER + Math.ceilDiv(bytes.length, 8) * 8);
      object.putShort((short) count).putShort((short) 1).putInt(0).putLong(bytes.length).put(bytes);
      objects.writeBytes(object.array());
      references.putInt(bytes.length).putLong(address).putInt(count);
    }
    return references.array();
  }

  /** The collection, of no bytes if nothing was added. */
  byte[] bytes() {
    if (count == 0) {
      return new byte[0];
    }
    int used = HEADER + objects.size();
    int size = Math.max(MIN_COLLECTION, used + HEADER);
    ByteBuffer collection = littleEndian(size);
    collection.put(new byte[] {'G', 'C', 'O', 'L', 1, 0, 0, 0}).putLong(size);
    collection.put(objects.toByteArray());
    // Object 0 is the free space, its own header included.
    collection.putLong(0).putLong(size - used);
    return collection.array();
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
