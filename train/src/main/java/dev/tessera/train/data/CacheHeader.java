package dev.tessera.train.data;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.tessera.io.PendingFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The first part of a cache file: eight bytes of magic, {@code u32} length of a JSON text, {@code
 * u32} CRC-32C of text and maps, the text, the maps of the planes across z, y and x; little-endian.
 * Zeros up to a multiple of 4096 bytes follow, then the values, unless they are taken from the
 * field's own file.
 *
 * @param description the JSON text
 * @param maps by orientation; null where volumes are not cut
 */
record CacheHeader(Description description, PlaneMaps[] maps) {
  private static final long MAGIC = 0x32_4e_52_54_52_53_53_54L; // "TSSRTRN2"
  private static final int FIXED_BYTES = 16;
  private static final int PAGE = 4096;
  private static final int MAX_TEXT = 1 << 20;
  private static final Gson GSON = new Gson();

  /**
   * What a cache file is of.
   *
   * @param file the field's file
   * @param shape the field's shape, as in {@code 48x128x128}
   * @param type the field's type, as in {@code f32}
   * @param normalizer the normalizer that was named or chosen
   * @param clamps whether normalized values are brought into 0 to 1
   * @param missing number of missing values
   * @param valuesInFile first byte of the values in the field's own file; −1 where they are here
   * @param mapBytes bytes of the maps across z, y and x
   */
  record Description(
      String file,
      String shape,
      String type,
      String normalizer,
      boolean clamps,
      long missing,
      long valuesInFile,
      List<Long> mapBytes) {}

  /** Where the values begin. */
  long valuesAt() {
    long bytes = FIXED_BYTES + text().length;
    for (long part : description.mapBytes) {
      bytes += part;
    }
    return Math.ceilDiv(bytes, PAGE) * PAGE;
  }

  private byte[] text() {
    return GSON.toJson(description).getBytes(StandardCharsets.UTF_8);
  }

  /** The sizes of maps, as a description tells them. */
  static List<Long> mapBytes(PlaneMaps[] maps) {
    List<Long> bytes = new ArrayList<>();
    for (PlaneMaps map : maps) {
      bytes.add(map == null ? 0 : map.numbers().byteSize());
    }
    return bytes;
  }

  /** Writes the header at the beginning of a file. */
  void write(PendingFile file) throws IOException {
    byte[] text = text();
    CRC32C crc = new CRC32C();
    crc.update(text);
    long at = FIXED_BYTES;
    file.write(ByteBuffer.wrap(text), at);
    at += text.length;
    for (PlaneMaps map : maps) {
      if (map != null) {
        byte[] bytes = map.numbers().toArray(ValueLayout.JAVA_BYTE);
        crc.update(bytes);
        file.write(ByteBuffer.wrap(bytes), at);
        at += bytes.length;
      }
    }
    ByteBuffer fixed = ByteBuffer.allocate(FIXED_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    fixed.putLong(MAGIC).putInt(text.length).putInt((int) crc.getValue()).flip();
    file.write(fixed, 0);
  }

  /**
   * Reads a header.
   *
   * @param data a whole mapped cache file
   * @return empty if it is damaged
   */
  static Optional<CacheHeader> read(MemorySegment data) {
    ValueLayout.OfInt word = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    if (data.byteSize() < FIXED_BYTES
        || data.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0)
            != MAGIC) {
      return Optional.empty();
    }
    int length = data.get(word, 8);
    if (length < 0 || length > MAX_TEXT || length > data.byteSize() - FIXED_BYTES) {
      return Optional.empty();
    }
    MemorySegment text = data.asSlice(FIXED_BYTES, length);
    Description description;
    try {
      description =
          GSON.fromJson(
              new String(text.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8),
              Description.class);
    } catch (JsonParseException e) {
      return Optional.empty();
    }
    if (description == null || description.mapBytes == null || description.mapBytes.size() != 3) {
      return Optional.empty();
    }
    CRC32C crc = new CRC32C();
    crc.update(text.asByteBuffer());
    PlaneMaps[] maps = new PlaneMaps[3];
    long at = FIXED_BYTES + length;
    for (int axis = 0; axis < 3; axis++) {
      long bytes = description.mapBytes.get(axis);
      if (bytes < 0 || bytes > data.byteSize() - at) {
        return Optional.empty();
      }
      if (bytes > 0) {
        MemorySegment numbers = data.asSlice(at, bytes);
        crc.update(numbers.asByteBuffer());
        maps[axis] = new PlaneMaps(numbers);
        at += bytes;
      }
    }
    return (int) crc.getValue() == data.get(word, 12)
        ? Optional.of(new CacheHeader(description, maps))
        : Optional.empty();
  }
}
