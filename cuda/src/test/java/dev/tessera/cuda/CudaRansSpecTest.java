package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.TesseraException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CudaRansSpecTest {
  private static final CdfTables TABLES = RansCheckBatch.tables(5, new SplittableRandom(1));
  private static final StreamLayout LAYOUT = new StreamLayout(5, 4, 3, 2, 3);

  private static void assertInvalid(Runnable making, String words) {
    assertThatThrownBy(making::run)
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(words);
  }

  @Test
  void boundsAreThoseOfTheFormat() {
    // 2 channels × 3 rows × 3 columns
    CudaRansSpec compact = CudaRansSpec.compact(LAYOUT, CompactScheme.plain(TABLES, 5));
    assertThat(compact.wordsBound()).isEqualTo((52 * 18 + 16 * 2 + 15) / 16 + 2);
    assertThat(compact.wordBytes()).isEqualTo(2);
    CudaRansSpec compatible = CudaRansSpec.compatible(LAYOUT, TABLES);
    assertThat(compatible.wordsBound()).isEqualTo(2 * 18 + 3);
    assertThat(compatible.wordBytes()).isEqualTo(4);
  }

  @Test
  void partsThatDoNotFitAreRefused() {
    StreamLayout wider = new StreamLayout(6, 4, 3, 2, 3);
    CudaRansSpec spec = CudaRansSpec.compatible(LAYOUT, TABLES);
    assertInvalid(
        () -> CudaRansSpec.compatible(wider, TABLES).requireTables(),
        "6 channels needs as many tables");
    assertInvalid(() -> CudaRansSpec.compact(wider, CompactScheme.plain(TABLES, 5)), "channels");
    assertInvalid(() -> CudaRansSpec.compact(LAYOUT, CompactScheme.plain(TABLES, 4)), "channels");
    CompactScheme fourFlags =
        new CompactScheme(TABLES, ChannelOrder.identity(5), ZeroFlags.stored(new int[] {1, 2, 3}));
    assertInvalid(() -> CudaRansSpec.compact(LAYOUT, fourFlags), "stored frequencies, not 3");
    assertInvalid(() -> spec.withLatents(CudaRansType.FLOAT32, null), "medians");
    assertInvalid(() -> spec.withLatents(CudaRansType.INT32, new float[5]), "medians");
    assertInvalid(() -> spec.withLatents(CudaRansType.FLOAT16, new float[4]), "medians, not 4");
    assertInvalid(
        () -> spec.withIndexes().withLatents(CudaRansType.FLOAT32, new float[5]), "medians");
  }

  @Test
  void indexesNeedNoTablePerChannel() {
    StreamLayout wide = new StreamLayout(70, 4, 3, 2, 3);
    CudaRansSpec spec =
        CudaRansSpec.compatible(wide, TABLES).withShorts().withIndexes().withCheckBase(9);
    assertThatCode(spec::requireTables).doesNotThrowAnyException();
    assertThat(spec.checkBase()).isEqualTo(9);
    assertThat(spec.type()).isEqualTo(CudaRansType.INT16);
  }

  @Test
  void whatTheKernelsCannotHoldIsRefused() {
    StreamLayout channels = new StreamLayout(70_000, 1, 1, 64, 1);
    StreamLayout huge = StreamLayout.whole(2, 30_000, 30_000);
    assertThatThrownBy(
            () -> new CudaRansSpec(channels, TABLES, null, CudaRansType.INT32, null, true, 0))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("65536");
    assertThatThrownBy(() -> CudaRansSpec.compact(huge, CompactScheme.plain(TABLES, 2)))
        .isInstanceOf(TesseraException.class);
  }

  @Test
  void mediansAreCopied() {
    float[] medians = new float[5];
    CudaRansSpec spec =
        CudaRansSpec.compatible(LAYOUT, TABLES).withLatents(CudaRansType.FLOAT32, medians);
    medians[0] = 1;
    spec.medians()[1] = 1;
    assertThat(spec.medians()).containsOnly(0);
  }
}
