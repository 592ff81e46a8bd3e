package dev.tessera.io;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32;

/**
 * The chunks of a PNG file: {@code length, type, data, CRC-32 of type and data}, big-endian (PNG
 * specification, third edition, clause 5). Reading indexes the whole file first, so that a
 * truncated one is noticed before anything is decoded.
 */
final class PngChunks {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final ValueLayout.OfInt BE_INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** One chunk: its type, the position of its data in the file and its size. */
  record Chunk(String type, long offset, long length) {}

  private final MemorySegment file;
  private final List<Chunk> chunks = new ArrayList<>();

  /**
   * Indexes a file.
   *
   * @throws TesseraException.Corrupt if a chunk reaches beyond the file or the end chunk is missing
   */
  PngChunks(MemorySegment file) {
    this.file = file;
    if (!hasSignature(file)) {
      throw new TesseraException.Corrupt("this is not a PNG file: its first 8 bytes differ", 0);
    }
    long at = SIGNATURE.length;
    do {
      if (file.byteSize() - at < 12) {
        throw new TesseraException.Corrupt("the PNG file is cut off: its end chunk is missing", at);
      }
      long length = file.get(BE_INT, at) & 0xffff_ffffL;
      if (length > file.byteSize() - at - 12) {
        throw new TesseraException.Corrupt(
            "the PNG file is cut off: a chunk of " + length + " bytes does not fit into it", at);
      }
      chunks.add(
          new Chunk(new String(bytes(at + 4, 4), StandardCharsets.ISO_8859_1), at + 8, length));
      at += 12 + length;
    } while (!chunks.getLast().type().equals("IEND"));
  }

  static boolean hasSignature(byte[] head) {
    return hasSignature(MemorySegment.ofArray(head));
  }

  private static boolean hasSignature(MemorySegment head) {
    return head.byteSize() >= SIGNATURE.length
        && head.asSlice(0, SIGNATURE.length).mismatch(MemorySegment.ofArray(SIGNATURE)) < 0;
  }

  /** All chunks in file order. */
  List<Chunk> all() {
    return chunks;
  }

  /** The data of the first chunk of a type after checking its CRC, or null if there is none. */
  byte[] first(String type) {
    for (Chunk chunk : chunks) {
      if (chunk.type().equals(type)) {
        return data(chunk);
      }
    }
    return null;
  }

  /**
   * The data of a chunk.
   *
   * @throws TesseraException.Corrupt if its CRC does not match
   */
  byte[] data(Chunk chunk) {
    if (chunk.length() > Integer.MAX_VALUE - 64) {
      throw new TesseraException.Corrupt(
          "the PNG chunk " + chunk.type() + " claims " + chunk.length() + " bytes", chunk.offset());
    }
    byte[] data = bytes(chunk.offset(), (int) chunk.length());
    CRC32 crc = new CRC32();
    crc.update(bytes(chunk.offset() - 4, 4));
    crc.update(data);
    checkCrc(chunk, crc);
    return data;
  }

  private void checkCrc(Chunk chunk, CRC32 crc) {
    int stored = file.get(BE_INT, chunk.offset() + chunk.length());
    if (stored != (int) crc.getValue()) {
      throw new TesseraException.Corrupt(
          "the PNG chunk " + chunk.type() + " does not match its checksum", chunk.offset());
    }
  }

  private byte[] bytes(long offset, int length) {
    return file.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** Bytes of compressed image data in all IDAT chunks. */
  long imageBytes() {
    return chunks.stream().filter(c -> c.type().equals("IDAT")).mapToLong(Chunk::length).sum();
  }

  /** The compressed image data; each chunk's CRC is checked when its last byte is read. */
  InputStream imageData() {
    List<Chunk> parts = chunks.stream().filter(c -> c.type().equals("IDAT")).toList();
    return new InputStream() {
      private int part = -1;
      private long position;
      private long remaining;
      private CRC32 crc;

      @Override
      public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        while (remaining == 0) {
          if (part + 1 >= parts.size()) {
            return -1;
          }
          part++;
          position = parts.get(part).offset();
          remaining = parts.get(part).length();
          crc = new CRC32();
          crc.update(bytes(position - 4, 4));
        }
        int count = (int) Math.min(length, remaining);
        MemorySegment.copy(file, ValueLayout.JAVA_BYTE, position, target, offset, count);
        crc.update(target, offset, count);
        position += count;
        remaining -= count;
        if (remaining == 0) {
          checkCrc(parts.get(part), crc);
        }
        return count;
      }
    };
  }

  /** Where {@link #writeTo} puts its bytes. */
  @FunctionalInterface
  interface Output {
    void write(ByteBuffer bytes) throws IOException;
  }

  /** Writes the eight bytes that begin every PNG file. */
  static void writeSignature(Output output) throws IOException {
    output.write(ByteBuffer.wrap(SIGNATURE));
  }

  /** Writes one chunk. */
  static void writeTo(Output output, String type, byte[] data, int length) throws IOException {
    byte[] name = type.getBytes(StandardCharsets.ISO_8859_1);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data, 0, length);
    ByteBuffer chunk = ByteBuffer.allocate(length + 12);
    chunk.putInt(length).put(name).put(data, 0, length).putInt((int) crc.getValue()).flip();
    output.write(chunk);
  }
}
