package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import dev.tessera.entropy.BlockRans;
import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.FrequencyTable;
import dev.tessera.field.DataType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Residuals in streams of rANS, a few blocks each. A block's class, the size of its residuals,
 * chooses one of up to 15 tables that are measured on the chunk; class 0 has nothing but zeros.
 */
final class RansCoder extends ResidualCoder {
  private static final int CLASSES = 16;

  private final int blocksPerStream;
  private final BlockRans.Encoder encoder = new BlockRans.Encoder();
  private final BlockRans.Decoder decoder = new BlockRans.Decoder();
  private final ResidualHistograms histograms = new ResidualHistograms(CLASSES);
  private final ExactLists exactLists;

  private int blocks;
  private int block;
  private int[] symbols = {};
  private int[] classes = {};
  private int[] chosen = {};
  private boolean[] zero = {};
  private short[] words = {};
  private int wordCount;
  private byte[] head = {};

  private ByteReader in;
  private MemorySegment streams;
  private CdfTables tables;
  private int[] lengths = {};
  private long streamAt;

  RansCoder(int valueBytes, int blocksPerStream) {
    super(valueBytes);
    this.blocksPerStream = blocksPerStream;
    this.exactLists = new ExactLists(valueBytes);
  }

  @Override
  void begin(int count) {
    reserve(count);
    if (symbols.length < count * PLACES) {
      symbols = new int[count * PLACES];
    }
    histograms.clear();
    exactLists.begin();
  }

  private void reserve(int count) {
    blocks = count;
    block = 0;
    if (classes.length < count) {
      classes = new int[count];
      chosen = new int[count];
      zero = new boolean[count];
    }
  }

  @Override
  void add(int[] numbers, ExactValues exact) {
    int base = block * PLACES;
    long sum = 0;
    for (int i = 0; i < PLACES; i++) {
      int number = numbers[i];
      sum += number & 0xFFFFFFFFL;
      symbols[base + i] = number >>> 1 ^ -(number & 1);
    }
    int sized = Long.SIZE - Long.numberOfLeadingZeros((sum + PLACES - 1) / PLACES);
    classes[block] = Math.min(CLASSES - 1, sized);
    if (sum != 0) {
      histograms.add(classes[block], symbols, base, PLACES);
    }
    exactLists.add(block, exact);
    block++;
  }

  @Override
  long finish() {
    FrequencyTable[] measured = new FrequencyTable[CLASSES];
    for (int c = 1; c < CLASSES; c++) {
      measured[c] = histograms.table(c);
    }
    prepare(measured);
    ByteWriter out = new ByteWriter();
    out.varint(blocksPerStream);
    for (int b = 0; b < blocks; b += 2) {
      out.u8(classes[b] | (b + 1 < blocks ? classes[b + 1] << 4 : 0));
    }
    for (int c = 1; c < CLASSES; c++) {
      if (measured[c] != null) {
        measured[c].write(out);
      }
    }
    wordCount = 0;
    for (int b = 0; b < blocks; b += blocksPerStream) {
      int to = Math.min(blocks, b + blocksPerStream);
      int length = encoder.encode(symbols, b * PLACES, chosen, zero, b, to, tables);
      if (words.length - wordCount < length) {
        words = Arrays.copyOf(words, Math.max(2 * words.length, wordCount + length));
      }
      encoder.copyTo(words, wordCount);
      wordCount += length;
      out.varint(length);
    }
    exactLists.writeTo(out);
    byte[] packed = Zstd.pack(out.toByteArray());
    head = new ByteWriter().block(packed).toByteArray();
    return head.length + (long) wordCount * Short.BYTES;
  }

  /** Puts the tables that exist one after the other and points the blocks at them. */
  private void prepare(FrequencyTable[] measured) {
    int[] place = new int[CLASSES];
    int[][] cdfs = new int[CLASSES][];
    int[] offsets = new int[CLASSES];
    cdfs[0] = FrequencyTable.ZEROS.cdf();
    int count = 1;
    for (int c = 1; c < CLASSES; c++) {
      if (measured[c] != null) {
        place[c] = count;
        offsets[count] = measured[c].lowest();
        cdfs[count++] = measured[c].cdf();
      }
    }
    tables = new CdfTables(Arrays.copyOf(cdfs, count), Arrays.copyOf(offsets, count));
    for (int b = 0; b < blocks; b++) {
      chosen[b] = place[classes[b]];
      zero[b] = classes[b] == 0;
    }
  }

  @Override
  void copyTo(MemorySegment target, long offset) {
    MemorySegment.copy(head, 0, target, ValueLayout.JAVA_BYTE, offset, head.length);
    MemorySegment.copy(words, 0, target, DataType.LE_SHORT, offset + head.length, wordCount);
  }

  @Override
  void open(MemorySegment bytes, int count) {
    reserve(count);
    ByteReader outer = new ByteReader(bytes, 0, "a chunk of rANS streams");
    byte[] packed = outer.block();
    streams = outer.segment(outer.remaining());
    in = new ByteReader(Zstd.unpack(packed, headBound(), "a chunk's tables"), "a chunk's tables");
    if (in.varint(Integer.MAX_VALUE) != blocksPerStream) {
      throw in.corrupt("has streams of another size than the file says");
    }
    boolean[] occurs = new boolean[CLASSES];
    for (int b = 0; b < blocks; b += 2) {
      int pair = in.u8();
      classes[b] = pair & 15;
      if (b + 1 < blocks) {
        classes[b + 1] = pair >> 4;
      } else if (pair >> 4 != 0) {
        throw in.corrupt("is not padded with zeros");
      }
    }
    for (int b = 0; b < blocks; b++) {
      occurs[classes[b]] = true;
    }
    FrequencyTable[] stored = new FrequencyTable[CLASSES];
    for (int c = 1; c < CLASSES; c++) {
      stored[c] = occurs[c] ? FrequencyTable.read(in) : null;
    }
    prepare(stored);
    decoder.use(tables);
    readLengths();
    exactLists.open(in, blocks);
    streamAt = 0;
  }

  private void readLengths() {
    int count = Math.ceilDiv(blocks, blocksPerStream);
    if (lengths.length < count) {
      lengths = new int[count];
    }
    long sum = 0;
    for (int i = 0; i < count; i++) {
      lengths[i] = in.varint(Integer.MAX_VALUE);
      sum += lengths[i];
    }
    if (sum * Short.BYTES != streams.byteSize()) {
      throw in.corrupt("has streams whose lengths do not add up");
    }
  }

  private long headBound() {
    long tableBytes = CLASSES * (10 + 3L * FrequencyTable.MAX_SYMBOLS);
    return 16 + tableBytes + blocks * (6L + ExactLists.MAX_BYTES);
  }

  @Override
  void next(int[] numbers, ExactValues exact) {
    if (block % blocksPerStream == 0) {
      int length = lengths[block / blocksPerStream];
      int to = (int) Math.min(blocks, (long) block + blocksPerStream);
      decoder.open(streams, streamAt, length, chosen, block, to);
      streamAt += (long) length * Short.BYTES;
    }
    decoder.decode(numbers, chosen[block]);
    for (int i = 0; i < PLACES; i++) {
      numbers[i] = numbers[i] << 1 ^ numbers[i] >> 31;
    }
    exactLists.read(in, block, blocks, exact);
    block++;
    if (block % blocksPerStream == 0 || block == blocks) {
      decoder.close();
    }
  }

  @Override
  void close() {
    in.expectEnd();
  }
}
