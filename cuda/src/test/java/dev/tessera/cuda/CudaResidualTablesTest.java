package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.entropy.BlockRans;
import dev.tessera.entropy.FrequencyTable;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.RansHead;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What passes between host and device around the streams of residuals, without a device. */
class CudaResidualTablesTest {
  private static final FrequencyTable NARROW = FrequencyTable.of(-1, new int[] {100, 60000, 200});
  private static final FrequencyTable WIDE = FrequencyTable.of(-5, filled(4096, 15));

  private static int[] filled(int length, int value) {
    int[] array = new int[length];
    Arrays.fill(array, value);
    return array;
  }

  private static RansHead head(int[] classes, int[] lengths) {
    FrequencyTable[] tables = new FrequencyTable[RansHead.CLASSES];
    tables[2] = NARROW;
    tables[9] = WIDE;
    return new RansHead(classes, tables, lengths);
  }

  @Test
  void aLayoutCountsStreamsAndTables() {
    CudaResidualLayout layout = new CudaResidualLayout(3, 7, 4);
    assertThat(layout.streams()).isEqualTo(2);
    assertThat(layout.allStreams()).isEqualTo(6);
    assertThat(layout.slots()).isEqualTo(7);
    assertThat(layout.allBlocks()).isEqualTo(21);
    assertThat(new CudaResidualLayout(1, 16384, 65536).slots()).isEqualTo(15);
    assertThat(layout.struct().toArray(JAVA_INT)).containsExactly(3, 7, 4, 2, 7);
    assertThatThrownBy(() -> new CudaResidualLayout(1 << 28, 16, 1))
        .isInstanceOf(TesseraException.Invalid.class);
  }

  @Test
  void theDecoderIsToldWhereIntervalsEnd() {
    CudaResidualLayout layout = new CudaResidualLayout(2, 3, 2);
    RansHead head = head(new int[] {2, 0, 9}, new int[] {5, 6});
    CudaResidualInput input =
        CudaResidualInput.of(
            layout,
            Arrays.asList(null, head),
            new long[] {0, 40},
            bytes -> Arena.ofAuto().allocate(bytes, Long.BYTES));
    assertThat(input.starts().toArray(JAVA_LONG)).containsExactly(0, 0, 40, 45);
    assertThat(input.lengths().toArray(JAVA_INT)).containsExactly(0, 0, 5, 6);
    assertThat(input.classes().toArray(ValueLayout.JAVA_BYTE)).containsExactly(0, 0, 0, 2, 0, 9);
    // chunk 0 has the table of class 0 alone
    assertThat(table(input, 0)).containsExactly(0, 2, 0, 65535);
    assertThat(table(input, 2)[1]).isZero();
    assertThat(table(input, 16)).containsExactly(2, 2, 0, 65535);
    assertThat(table(input, 18))
        .containsExactly(4, 4, -1, BlockRans.deadFrequency(NARROW.frequencyOfZero()));
    assertThat(table(input, 25)).startsWith(8, 4097, -5);
    short[] lasts = input.lasts().toArray(JAVA_SHORT);
    assertThat(lasts).hasSize(8 + 4097).startsWith((short) 65534, (short) 65535);
    assertThat(Arrays.copyOfRange(lasts, 4, 8))
        .containsExactly((short) 99, (short) 60099, (short) 60299, (short) 65535);
    assertThat(input.tableBytes())
        .isEqualTo(CudaResidualInput.tableBytes(head))
        .isEqualTo(3 * 4096 + 8 + 8 + 8200);
  }

  private static int[] table(CudaResidualInput input, int number) {
    return input.tables().asSlice(number * 16L, 16).toArray(JAVA_INT);
  }

  @Test
  void headsComeBackFromWhatTheEncoderFound() {
    CudaResidualLayout layout = new CudaResidualLayout(2, 3, 2);
    DeviceBuffer none = new DeviceBuffer(0, 0);
    CudaResidualStreams streams =
        new CudaResidualStreams(layout, none, none, none, none, none, none, none, none);
    short[] packed = new short[3 + 4096 + 3 + 2 + 1];
    putFrequencies(packed, 0, NARROW);
    putFrequencies(packed, 3, WIDE);
    putFrequencies(packed, 3 + 4096, NARROW);
    int[] tables = new int[6 * 4];
    tables[0] = -1;
    tables[4] = -5;
    tables[12] = -1;
    int base = 3 + 4096 + 3;
    CudaResidualStreams.Host host =
        new CudaResidualStreams.Host(
            streams,
            segment(tables),
            segment(3, 4096, 0, 3, 0, 0, 2, 0, 0, 1),
            longs(0, 3, 4099, 4099, base, base, base, base + 2, base + 2, base + 2, base + 3),
            MemorySegment.ofArray(new byte[] {2, 0, 9, 0, 2, 2}),
            segment(1 << 2 | 1 | 1 << 9, 1 | 1 << 2),
            Arena.ofAuto().allocateFrom(JAVA_SHORT, packed));
    RansHead first = host.head(0);
    assertThat(first.classes()).containsExactly(2, 0, 9);
    assertThat(first.lengths()).containsExactly(2, 0);
    assertThat(first.table(2).cdf()).isEqualTo(NARROW.cdf());
    assertThat(first.table(9).cdf()).isEqualTo(WIDE.cdf());
    assertThat(first.table(9).lowest()).isEqualTo(-5);
    assertThat(host.head(1).table(2).cdf()).isEqualTo(NARROW.cdf());
    assertThat(host.head(1).tables()[9]).isNull();
    assertThat(host.words(0).byteSize()).isEqualTo(4);
    assertThat(host.words(1).byteSize()).isEqualTo(2);
    assertThat(streams.packedBytes(host.offsets())).isEqualTo(2 * packed.length);
  }

  private static void putFrequencies(short[] packed, int at, FrequencyTable table) {
    int[] cdf = table.cdf();
    for (int i = 0; i < table.symbols(); i++) {
      packed[at + i] = (short) (cdf[i + 1] - cdf[i]);
    }
  }

  private static MemorySegment segment(int... values) {
    return Arena.ofAuto().allocateFrom(JAVA_INT, values);
  }

  private static MemorySegment longs(long... values) {
    return Arena.ofAuto().allocateFrom(JAVA_LONG, values);
  }
}
