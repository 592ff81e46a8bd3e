package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.tessera.entropy.BlockRans;
import dev.tessera.entropy.FrequencyTable;
import dev.tessera.pipeline.RansHead;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.LongFunction;

/**
 * What the decoder of {@link CudaResidualRans} is given of some chunks, put together on the host.
 *
 * @param layout how the chunks are cut
 * @param starts an i64 for each stream: where it begins, in 16-bit words
 * @param lengths an i32 for each stream: its words
 * @param classes a byte for each block
 * @param tables 16 tables for each chunk: where their intervals begin in {@code lasts}, how many
 *     these are (0: there is no table), the lowest symbol, the flag's frequency
 * @param lasts last slots of the intervals of all tables
 * @param tableBytes shared memory that the tables of a chunk need at most
 */
public record CudaResidualInput(
    CudaResidualLayout layout,
    MemorySegment starts,
    MemorySegment lengths,
    MemorySegment classes,
    MemorySegment tables,
    MemorySegment lasts,
    int tableBytes) {
  private static final int TABLE_INTS = 4;

  // as in residual_decode.cu
  private static final int BUCKET_BYTES = 512 * 8;
  private static final int LASTS_ALIGNMENT = 8;

  /**
   * The input for some chunks.
   *
   * @param heads of the chunks; null for one that is left out: it decodes to zeros
   * @param starts where the streams of each chunk begin, in 16-bit words
   * @param memory gives page-locked memory of so many bytes
   */
  public static CudaResidualInput of(
      CudaResidualLayout layout,
      List<RansHead> heads,
      long[] starts,
      LongFunction<MemorySegment> memory) {
    int perChunk = layout.streams();
    CudaResidualInput input =
        new CudaResidualInput(
            layout,
            memory.apply((long) layout.allStreams() * Long.BYTES),
            memory.apply((long) layout.allStreams() * Integer.BYTES),
            memory.apply(layout.allBlocks()),
            memory.apply((long) layout.chunks() * RansHead.CLASSES * TABLE_INTS * Integer.BYTES),
            memory.apply((intervals(heads)) * Short.BYTES),
            heads.stream().mapToInt(CudaResidualInput::tableBytes).max().orElseThrow());
    int[] empty = new int[Math.max(layout.blocks(), perChunk)];
    FrequencyTable[] none = new FrequencyTable[RansHead.CLASSES];
    long end = 0;
    for (int k = 0; k < heads.size(); k++) {
      RansHead head = heads.get(k) == null ? new RansHead(empty, none, empty) : heads.get(k);
      long at = starts[k];
      for (int s = 0; s < perChunk; s++) {
        int length = head.lengths()[s];
        input.starts.setAtIndex(JAVA_LONG, (long) k * perChunk + s, at);
        input.lengths.setAtIndex(JAVA_INT, (long) k * perChunk + s, length);
        at += length;
      }
      for (int b = 0; b < layout.blocks(); b++) {
        input.classes.set(
            ValueLayout.JAVA_BYTE, (long) k * layout.blocks() + b, (byte) head.classes()[b]);
      }
      for (int c = 0; c < RansHead.CLASSES; c++) {
        end = input.put(k * RansHead.CLASSES + c, head.table(c), end);
      }
    }
    return input;
  }

  private static long intervals(List<RansHead> heads) {
    long sum = 0;
    for (RansHead head : heads) {
      for (int c = 0; c < RansHead.CLASSES; c++) {
        FrequencyTable table = tableOf(head, c);
        sum += table == null ? 0 : table.symbols() + 1;
      }
    }
    return sum;
  }

  private static FrequencyTable tableOf(RansHead head, int residualClass) {
    return residualClass == 0
        ? FrequencyTable.ZEROS
        : head == null ? null : head.table(residualClass);
  }

  /** Shared memory that the tables of a chunk need. */
  public static int tableBytes(RansHead head) {
    int bytes = 0;
    for (int c = 0; c < RansHead.CLASSES; c++) {
      FrequencyTable table = tableOf(head, c);
      if (table != null) {
        int intervals = (table.symbols() + 1) * Short.BYTES;
        bytes += BUCKET_BYTES + Math.ceilDiv(intervals, LASTS_ALIGNMENT) * LASTS_ALIGNMENT;
      }
    }
    return bytes;
  }

  /** Stores a table whose intervals begin at {@code at}; returns where they end. */
  private long put(int number, FrequencyTable table, long at) {
    long record = (long) number * TABLE_INTS;
    int[] cdf = table == null ? new int[1] : table.cdf();
    tables.setAtIndex(JAVA_INT, record, (int) at);
    tables.setAtIndex(JAVA_INT, record + 1, cdf.length - 1);
    tables.setAtIndex(JAVA_INT, record + 2, table == null ? 0 : table.lowest());
    tables.setAtIndex(
        JAVA_INT, record + 3, table == null ? 1 : BlockRans.deadFrequency(table.frequencyOfZero()));
    for (int i = 1; i < cdf.length; i++) {
      lasts.setAtIndex(JAVA_SHORT, at + i - 1, (short) (cdf[i] - 1));
    }
    return at + cdf.length - 1;
  }
}
