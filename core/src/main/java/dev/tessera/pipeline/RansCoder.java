package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.bytes.ByteReader;
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
  private static final int CLASSES = RansHead.CLASSES;

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
  private byte[] packedHead = {};

  private ByteReader in;
  private MemorySegment streams;
  private CdfTables tables;
  private RansHead head;
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
    classes = new int[count];
    if (chosen.length < count) {
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
    int[] lengths = new int[Math.ceilDiv(blocks, blocksPerStream)];
    wordCount = 0;
    for (int i = 0; i < lengths.length; i++) {
      int from = i * blocksPerStream;
      int to = (int) Math.min(blocks, (long) from + blocksPerStream);
      lengths[i] = encoder.encode(symbols, from * PLACES, chosen, zero, from, to, tables);
      if (words.length - wordCount < lengths[i]) {
        words = Arrays.copyOf(words, Math.max(2 * words.length, wordCount + lengths[i]));
      }
      encoder.copyTo(words, wordCount);
      wordCount += lengths[i];
    }
    packedHead = new RansHead(classes, measured, lengths).write(blocksPerStream, exactLists);
    return packedHead.length + (long) wordCount * Short.BYTES;
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
    int bytes = packedHead.length;
    MemorySegment.copy(packedHead, 0, target, ValueLayout.JAVA_BYTE, offset, bytes);
    MemorySegment.copy(words, 0, target, DataType.LE_SHORT, offset + bytes, wordCount);
  }

  @Override
  void open(MemorySegment bytes, int count) {
    reserve(count);
    ByteReader outer = new ByteReader(bytes, 0, "a chunk of rANS streams");
    byte[] packed = outer.block();
    streams = outer.segment(outer.remaining());
    in = RansHead.unpack(packed, blocks);
    head = RansHead.read(in, blocks, blocksPerStream, streams.byteSize());
    classes = head.classes();
    prepare(head.tables());
    decoder.use(tables);
    exactLists.open(in, blocks);
    streamAt = 0;
  }

  @Override
  void next(int[] numbers, ExactValues exact) {
    if (block % blocksPerStream == 0) {
      int length = head.lengths()[block / blocksPerStream];
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
