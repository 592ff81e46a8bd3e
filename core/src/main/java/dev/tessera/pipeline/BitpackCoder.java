package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.entropy.BitPack;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Residuals as packed bits: a table of the blocks' lengths, then the blocks, all in 32-bit words.
 */
final class BitpackCoder extends ResidualCoder {
  private static final int HAS_EXACT = 0x8000;
  private static final int LENGTH = 0x7FFF;

  /** Words of an exact list: the count, the places, the values. */
  private static final int MAX_EXACT_WORDS = 1 + PLACES / 2 + 2 * PLACES;

  private final BitPack packing = new BitPack();
  private final int wordsPerValue;
  private int[] words = {};
  private int at;
  private int end;
  private int block;
  private int blocks;

  BitpackCoder(int valueBytes) {
    super(valueBytes);
    wordsPerValue = valueBytes == Long.BYTES ? 2 : 1;
  }

  @Override
  void begin(int count) {
    blocks = count;
    block = 0;
    at = tableWords();
    reserve();
    Arrays.fill(words, 0, at, 0);
  }

  private int tableWords() {
    return (blocks + 1) / 2;
  }

  private void reserve() {
    int needed = at + BitPack.MAX_WORDS + MAX_EXACT_WORDS;
    if (needed > words.length) {
      words = Arrays.copyOf(words, Math.max(needed, words.length + words.length / 2));
    }
  }

  @Override
  void add(int[] numbers, ExactValues exact) {
    reserve();
    int start = at;
    at = packing.encode(numbers, words, at);
    if (exact.count > 0) {
      addExact(exact);
    }
    int entry = at - start | (exact.count > 0 ? HAS_EXACT : 0);
    words[block / 2] |= entry << 16 * (block % 2);
    block++;
  }

  private void addExact(ExactValues exact) {
    words[at++] = exact.count;
    Arrays.fill(words, at, at + (exact.count + 1) / 2, 0);
    for (int i = 0; i < exact.count; i++) {
      words[at + i / 2] |= exact.places[i] << 16 * (i % 2);
    }
    at += (exact.count + 1) / 2;
    for (int i = 0; i < exact.count; i++) {
      words[at++] = (int) exact.bits[i];
      if (wordsPerValue == 2) {
        words[at++] = (int) (exact.bits[i] >>> 32);
      }
    }
  }

  @Override
  long finish() {
    return (long) at * Integer.BYTES;
  }

  @Override
  void copyTo(MemorySegment target, long offset) {
    MemorySegment.copy(words, 0, target, DataType.LE_INT, offset, at);
  }

  @Override
  void open(MemorySegment bytes, int count) {
    blocks = count;
    block = 0;
    if (bytes.byteSize() % Integer.BYTES != 0
        || bytes.byteSize() < (long) Integer.BYTES * tableWords()) {
      throw corrupt("its length is impossible");
    }
    end = (int) (bytes.byteSize() / Integer.BYTES);
    if (words.length <= end) {
      // one word more, since unpacking looks at two at a time
      words = new int[end + 1];
    }
    MemorySegment.copy(bytes, DataType.LE_INT, 0, words, 0, end);
    at = tableWords();
    long sum = at;
    for (int b = 0; b < blocks; b++) {
      sum += entry(b) & LENGTH;
    }
    if (sum != end || (blocks % 2 != 0 && entry(blocks) != 0)) {
      throw corrupt("the lengths of its blocks do not add up");
    }
  }

  private int entry(int b) {
    return words[b / 2] >>> 16 * (b % 2) & 0xFFFF;
  }

  @Override
  void next(int[] numbers, ExactValues exact) {
    int entry = entry(block++);
    int blockEnd = at + (entry & LENGTH);
    at = packing.decode(words, at, blockEnd, numbers);
    if (at < 0) {
      throw corrupt("a block does not fit its length");
    }
    exact.clear();
    if ((entry & HAS_EXACT) != 0) {
      readExact(exact, blockEnd);
    }
    if (at != blockEnd) {
      throw corrupt("a block does not fill its length");
    }
  }

  private void readExact(ExactValues exact, int blockEnd) {
    int count = at < blockEnd ? words[at++] : 0;
    int placeWords = (count + 1) / 2;
    if (count < 1 || count > PLACES || placeWords + wordsPerValue * count != blockEnd - at) {
      throw corrupt("a list of exact values does not fit its length");
    }
    if (count % 2 != 0 && words[at + placeWords - 1] >>> 16 != 0) {
      throw corrupt("a list of exact values is not padded with zeros");
    }
    int values = at + placeWords;
    int last = -1;
    for (int i = 0; i < count; i++) {
      int place = words[at + i / 2] >>> 16 * (i % 2) & 0xFFFF;
      if (place <= last || place >= PLACES) {
        throw corrupt("exact values are out of order");
      }
      last = place;
      long bits = words[values++] & 0xFFFFFFFFL;
      if (wordsPerValue == 2) {
        bits |= (long) words[values++] << 32;
      }
      exact.add(place, bits);
    }
    at = values;
  }

  @Override
  void close() {
    // the table has been found to add up to the end
  }

  private static TesseraException corrupt(String what) {
    return new TesseraException.Corrupt("a chunk of packed bits is damaged: " + what, -1);
  }
}
