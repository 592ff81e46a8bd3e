package dev.tessera.cuda;

import dev.tessera.entropy.CdfTables;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Entropy tables in device memory, in the forms that the kernels of {@code rans.cu} read: intervals
 * with reciprocals for the encoder; the most probable intervals, all borders and 256 buckets of
 * every table for the decoder. Made once for a model.
 */
public final class CudaRansTables {
  /** Intervals of a table that the lanes of a decoding warp hold. */
  static final int LIKELY = 32;

  /** Words of an encoder's entry. */
  static final int ENTRY_INTS = 4;

  private static final int TOTAL = 1 << CdfTables.PRECISION;
  private static final int BUCKETS = 256;

  private final CdfTables tables;
  private final DeviceBuffer records;
  private final DeviceBuffer compactRows;
  private final DeviceBuffer wideRows;
  private final DeviceBuffer likely;
  private final DeviceBuffer borders;
  private final DeviceBuffer buckets;
  private final DeviceBuffer powers;

  /**
   * Packs and uploads tables; returns when they are on the device.
   *
   * @param stream does the upload
   * @param arena owns the memory, which must stay as long as this is used
   * @param tables of a model
   */
  public CudaRansTables(CudaStream stream, DeviceArena arena, CdfTables tables) {
    this.tables = tables;
    int[] compact = new int[intervals(tables) * ENTRY_INTS];
    int[] wide = new int[compact.length];
    packEntries(tables, compact, wide);
    records = upload(stream, arena, packRecords(tables));
    compactRows = upload(stream, arena, packRows(tables, upload(stream, arena, compact)));
    wideRows = upload(stream, arena, packRows(tables, upload(stream, arena, wide)));
    likely = upload(stream, arena, packLikely(tables));
    borders = upload(stream, arena, packBorders(tables));
    buckets = upload(stream, arena, packBuckets(tables));
    powers = upload(stream, arena, packPowers());
  }

  /** The tables. */
  public CdfTables tables() {
    return tables;
  }

  long records() {
    return records.address();
  }

  long rows(boolean wide) {
    return (wide ? wideRows : compactRows).address();
  }

  long likely() {
    return likely.address();
  }

  long borders() {
    return borders.address();
  }

  long buckets() {
    return buckets.address();
  }

  long powers() {
    return powers.address();
  }

  /**
   * The compact encoder's four words of an interval: addend and shift, 0, reciprocal, start and
   * 65536 − frequency; see {@code rans_entry.cuh} for how they divide exactly.
   */
  static void putCompactEntry(int[] to, int at, int start, int frequency) {
    if (frequency == TOTAL) {
      return; // the state stays as it is
    }
    int shift = 31 - Integer.numberOfLeadingZeros(frequency);
    long one = 1L << (32 + shift);
    boolean power = (frequency & (frequency - 1)) == 0;
    long reciprocal = (power ? one - 1 : one) / frequency;
    int addend = 1 << 31;
    // with 16 bits of frequency only one of the two roundings is exact
    if (!power && shift == 15 && one - reciprocal * frequency > 1 << 15) {
      reciprocal++;
      addend = 0;
    }
    to[at] = addend | shift;
    to[at + 1] = 0;
    to[at + 2] = (int) reciprocal;
    to[at + 3] = start | (TOTAL - frequency) << 16;
  }

  /**
   * The compatible encoder's four words: a 64-bit reciprocal, the highest upper half of a state
   * that emits no word, and a number to add with the shift from bit 20.
   */
  static void putWideEntry(int[] to, int at, int start, int frequency) {
    int shift = frequency == 1 ? 0 : 31 - Integer.numberOfLeadingZeros(frequency - 1);
    long reciprocal = -1;
    if (frequency > 1) {
      // ceil(2^(64 + shift) / frequency) in two halves
      long high = 1L << (32 + shift);
      long low = ((high % frequency) << 32) + frequency - 1;
      reciprocal = (high / frequency << 32) + low / frequency;
    }
    int add = frequency == 1 ? start + TOTAL - 1 : start;
    to[at] = (int) reciprocal;
    to[at + 1] = (int) (reciprocal >>> 32);
    to[at + 2] = (frequency << 15) - 1;
    to[at + 3] = add | shift << 20;
  }

  private static int intervals(CdfTables tables) {
    return IntStream.range(0, tables.count()).map(t -> tables.length(t) - 1).sum();
  }

  private static void packEntries(CdfTables tables, int[] compact, int[] wide) {
    int at = 0;
    for (int t = 0; t < tables.count(); t++) {
      int[] cdf = tables.cdf(t);
      for (int i = 0; i + 1 < cdf.length; i++, at += ENTRY_INTS) {
        putCompactEntry(compact, at, cdf[i], cdf[i + 1] - cdf[i]);
        putWideEntry(wide, at, cdf[i], cdf[i + 1] - cdf[i]);
      }
    }
  }

  private static int[] packRecords(CdfTables tables) {
    int[] packed = new int[4 * tables.count()];
    int first = 0;
    for (int t = 0; t < tables.count(); t++) {
      packed[4 * t] = first;
      packed[4 * t + 1] = tables.offset(t);
      packed[4 * t + 2] = tables.length(t) - 2;
      packed[4 * t + 3] = tables.zeroCost(t);
      first += tables.length(t) - 1;
    }
    return packed;
  }

  /** Of each table what the encoder needs: offset and escape, then where its entries begin. */
  private static long[] packRows(CdfTables tables, DeviceBuffer entries) {
    long[] packed = new long[2 * tables.count()];
    long address = entries.address();
    for (int t = 0; t < tables.count(); t++) {
      long escape = tables.length(t) - 2;
      packed[2 * t] = escape << Integer.SIZE | Integer.toUnsignedLong(tables.offset(t));
      packed[2 * t + 1] = address;
      address += (escape + 1) * ENTRY_INTS * Integer.BYTES;
    }
    return packed;
  }

  // the escape is left to the decoder's slow way, which reads its digits
  private static int[] packLikely(CdfTables tables) {
    int[] packed = new int[2 * LIKELY * tables.count()];
    for (int t = 0; t < tables.count(); t++) {
      int[] cdf = tables.cdf(t);
      int[] ranked =
          IntStream.range(0, cdf.length - 2)
              .boxed()
              .sorted(Comparator.comparingInt(i -> cdf[i] - cdf[i + 1]))
              .limit(LIKELY)
              .mapToInt(Integer::intValue)
              .toArray();
      for (int i = 0; i < ranked.length; i++) {
        int interval = ranked[i];
        packed[2 * (LIKELY * t + i)] = cdf[interval] | interval << 16;
        packed[2 * (LIKELY * t + i) + 1] = cdf[interval + 1] - cdf[interval];
      }
    }
    return packed;
  }

  private static int[] packBorders(CdfTables tables) {
    return IntStream.range(0, tables.count())
        .mapToObj(tables::cdf)
        .flatMapToInt(Arrays::stream)
        .toArray();
  }

  private static short[] packBuckets(CdfTables tables) {
    short[] packed = new short[BUCKETS * tables.count()];
    for (int t = 0; t < tables.count(); t++) {
      int[] cdf = tables.cdf(t);
      int interval = 0;
      for (int b = 0; b < BUCKETS; b++) {
        while (cdf[interval + 1] <= b * (TOTAL / BUCKETS)) {
          interval++;
        }
        packed[BUCKETS * t + b] = (short) interval;
      }
    }
    return packed;
  }

  /** FORMAT.md, "Compact profile": what turns a cost into a frequency. */
  private static long[] packPowers() {
    long[] packed = new long[257 + 64];
    for (int i = 0; i <= 256; i++) {
      packed[i] = Math.round(0x1p32 * StrictMath.pow(2, -i / 16.0));
    }
    for (int k = 0; k < 64; k++) {
      packed[257 + k] = Math.round(0x1p16 * StrictMath.pow(2, -k / 1024.0));
    }
    return packed;
  }

  static DeviceBuffer upload(CudaStream stream, DeviceArena arena, int[] values) {
    return upload(stream, arena, MemorySegment.ofArray(values));
  }

  static DeviceBuffer upload(CudaStream stream, DeviceArena arena, short[] values) {
    return upload(stream, arena, MemorySegment.ofArray(values));
  }

  static DeviceBuffer upload(CudaStream stream, DeviceArena arena, long[] values) {
    return upload(stream, arena, MemorySegment.ofArray(values));
  }

  static DeviceBuffer upload(CudaStream stream, DeviceArena arena, float[] values) {
    return upload(stream, arena, MemorySegment.ofArray(values));
  }

  private static DeviceBuffer upload(CudaStream stream, DeviceArena arena, MemorySegment values) {
    DeviceBuffer buffer = arena.allocate(values.byteSize());
    try (Arena host = Arena.ofConfined()) {
      MemorySegment copy = host.allocate(values.byteSize(), ValueLayout.JAVA_LONG.byteAlignment());
      stream.upload(buffer, copy.copyFrom(values));
      stream.synchronize();
    }
    return buffer;
  }
}
