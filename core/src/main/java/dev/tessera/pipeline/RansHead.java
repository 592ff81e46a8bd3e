package dev.tessera.pipeline;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import dev.tessera.entropy.FrequencyTable;

/**
 * What stands before the streams of a chunk with the encoder {@code rans} and tells what they hold
 * (FORMAT.md, "rANS of residuals").
 *
 * @param classes of each block, 0 to 15
 * @param tables of each of the {@value #CLASSES} classes; null where no block has it; that of class
 *     0 is never looked at
 * @param lengths 16-bit words of each stream
 */
public record RansHead(int[] classes, FrequencyTable[] tables, int[] lengths) {
  /** Number of classes. */
  public static final int CLASSES = 16;

  /** The table of a class, that of class 0 included. */
  public FrequencyTable table(int residualClass) {
    return residualClass == 0 ? FrequencyTable.ZEROS : tables[residualClass];
  }

  /** The head, packed, as a block, with the exact lists at its end. */
  byte[] write(int blocksPerStream, ExactLists exact) {
    ByteWriter out = new ByteWriter();
    out.varint(blocksPerStream);
    for (int b = 0; b < classes.length; b += 2) {
      out.u8(classes[b] | (b + 1 < classes.length ? classes[b + 1] << 4 : 0));
    }
    for (int c = 1; c < CLASSES; c++) {
      if (tables[c] != null) {
        tables[c].write(out);
      }
    }
    for (int length : lengths) {
      out.varint(length);
    }
    exact.writeTo(out);
    return new ByteWriter().block(Zstd.pack(out.toByteArray())).toByteArray();
  }

  /**
   * Unpacks a head, so that {@link #read} can read it.
   *
   * @throws dev.tessera.field.TesseraException.Corrupt if it is none
   */
  static ByteReader unpack(byte[] packed, int blocks) {
    long tableBytes = CLASSES * (10 + 3L * FrequencyTable.MAX_SYMBOLS);
    long bound = 16 + tableBytes + blocks * (6L + ExactLists.MAX_BYTES);
    return new ByteReader(Zstd.unpack(packed, bound, "a chunk's tables"), "a chunk's tables");
  }

  /**
   * Reads a head up to its exact lists.
   *
   * @param streamBytes bytes of all streams
   * @throws dev.tessera.field.TesseraException.Corrupt if it is none
   */
  static RansHead read(ByteReader in, int blocks, int blocksPerStream, long streamBytes) {
    if (in.varint(Integer.MAX_VALUE) != blocksPerStream) {
      throw in.corrupt("has streams of another size than the file says");
    }
    int[] classes = new int[blocks];
    boolean[] occurs = new boolean[CLASSES];
    for (int b = 0; b < blocks; b += 2) {
      int pair = in.u8();
      classes[b] = pair & 15;
      occurs[classes[b]] = true;
      if (b + 1 < blocks) {
        classes[b + 1] = pair >> 4;
        occurs[classes[b + 1]] = true;
      } else if (pair >> 4 != 0) {
        throw in.corrupt("is not padded with zeros");
      }
    }
    FrequencyTable[] tables = new FrequencyTable[CLASSES];
    for (int c = 1; c < CLASSES; c++) {
      tables[c] = occurs[c] ? FrequencyTable.read(in) : null;
    }
    int[] lengths = new int[Math.ceilDiv(blocks, blocksPerStream)];
    long sum = 0;
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = in.varint(Integer.MAX_VALUE);
      sum += lengths[i];
    }
    if (sum * Short.BYTES != streamBytes) {
      throw in.corrupt("has streams whose lengths do not add up");
    }
    return new RansHead(classes, tables, lengths);
  }
}
