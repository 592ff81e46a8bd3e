package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.tessera.entropy.FrequencyTable;
import dev.tessera.pipeline.RansHead;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What {@link CudaResidualRans} makes of residuals, in device memory, and its scratch.
 *
 * @param layout how chunks are cut
 * @param counts scratch: histograms
 * @param entries scratch: what the encoder adds for each symbol
 * @param frequencies scratch: the tables before they are packed
 * @param tables for each table its lowest symbol, number of symbols and flag's frequency
 * @param lengths an i32 for each table, its symbols (0: there is none), then for each stream, its
 *     words
 * @param offsets an i64 for each of these: where it begins in {@code packed}, in 16-bit words; and
 *     where all end
 * @param packed frequencies of all tables, then words of all streams
 * @param overflows an i32 for each chunk: not 0 where a stream is longer than its residuals, so
 *     that the chunk is left to the CPU
 */
public record CudaResidualStreams(
    CudaResidualLayout layout,
    DeviceBuffer counts,
    DeviceBuffer entries,
    DeviceBuffer frequencies,
    DeviceBuffer tables,
    DeviceBuffer lengths,
    DeviceBuffer offsets,
    DeviceBuffer packed,
    DeviceBuffer overflows) {
  /** Bins of a histogram, and intervals of the largest table. */
  private static final int BINS = FrequencyTable.MAX_SYMBOLS + 1;

  private static final int ENTRY_BYTES = 16;
  private static final int TABLE_BYTES = 16;

  /** The decoder reads this much at once. */
  public static final int WORDS_ALIGNMENT = 16;

  /** Memory for everything. */
  public static CudaResidualStreams allocate(DeviceArena arena, CudaResidualLayout layout) {
    long tables = layout.allSlots();
    long pieces = tables + layout.allStreams();
    long frequencies = tables * FrequencyTable.MAX_SYMBOLS * Short.BYTES;
    return new CudaResidualStreams(
        layout,
        arena.allocate(tables * BINS * Integer.BYTES),
        arena.allocate(tables * BINS * ENTRY_BYTES),
        arena.allocate(frequencies),
        arena.allocate(tables * TABLE_BYTES),
        arena.allocate(pieces * Integer.BYTES),
        arena.allocate((pieces + 1) * Long.BYTES),
        arena.allocate(
            frequencies
                + CudaIntegers.integerBytes(layout.allBlocks(), CudaIntegers.Form.INT)
                + WORDS_ALIGNMENT),
        arena.allocate((long) layout.chunks() * Integer.BYTES));
  }

  /** Bytes of {@code packed} that hold something, from {@link #offsets} on the host. */
  public long packedBytes(MemorySegment offsetsOnHost) {
    int last = layout.allSlots() + layout.allStreams();
    return offsetsOnHost.getAtIndex(JAVA_LONG, last) * Short.BYTES;
  }

  /**
   * What was found, on the host.
   *
   * @param streams the layout and addresses
   * @param tables {@link CudaResidualStreams#tables}
   * @param lengths {@link CudaResidualStreams#lengths}
   * @param offsets {@link CudaResidualStreams#offsets}
   * @param classes a byte for each block
   * @param occurring an i32 for each chunk, with a bit for each class that it has
   * @param packed the used part of {@link CudaResidualStreams#packed}
   */
  public record Host(
      CudaResidualStreams streams,
      MemorySegment tables,
      MemorySegment lengths,
      MemorySegment offsets,
      MemorySegment classes,
      MemorySegment occurring,
      MemorySegment packed) {
    private CudaResidualLayout layout() {
      return streams.layout();
    }

    /** The head of a chunk. */
    public RansHead head(int chunk) {
      int blocks = layout().blocks();
      int[] classesOf = new int[blocks];
      for (int b = 0; b < blocks; b++) {
        classesOf[b] = classes.get(ValueLayout.JAVA_BYTE, (long) chunk * blocks + b);
      }
      FrequencyTable[] found = new FrequencyTable[RansHead.CLASSES];
      int table = chunk * layout().slots();
      for (int c = 1; c < RansHead.CLASSES; c++) {
        if ((occurring.getAtIndex(JAVA_INT, chunk) >> c & 1) != 0) {
          found[c] = table(table++);
        }
      }
      int[] lengthsOf = new int[layout().streams()];
      long first = layout().allSlots() + (long) chunk * layout().streams();
      for (int s = 0; s < lengthsOf.length; s++) {
        lengthsOf[s] = lengths.getAtIndex(JAVA_INT, first + s);
      }
      return new RansHead(classesOf, found, lengthsOf);
    }

    private FrequencyTable table(int number) {
      int[] frequencies = new int[lengths.getAtIndex(JAVA_INT, number)];
      long at = offsets.getAtIndex(JAVA_LONG, number);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = packed.getAtIndex(JAVA_SHORT, at + i) & 0xffff;
      }
      return FrequencyTable.of(tables.get(JAVA_INT, (long) number * TABLE_BYTES), frequencies);
    }

    /** The words of a chunk's streams. */
    public MemorySegment words(int chunk) {
      long first = layout().allSlots() + (long) chunk * layout().streams();
      long from = offsets.getAtIndex(JAVA_LONG, first) * Short.BYTES;
      long to = offsets.getAtIndex(JAVA_LONG, first + layout().streams()) * Short.BYTES;
      return packed.asSlice(from, to - from);
    }
  }
}
