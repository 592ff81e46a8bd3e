package dev.tessera.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.codec.Codec;
import dev.tessera.codec.TileFormat;
import dev.tessera.container.GoldenContainers.Golden;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Metrics;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The promise of docs/FORMAT.md: what version 1 wrote stays readable. The numbers were measured
 * when the files were made; symbols are exact (each tile's check is compared while it decodes),
 * restored values differ in their last digits with the machine.
 */
final class GoldenContainersTest {
  private static final int FACTORIZED_CHECK = 40976;
  private static final double FACTORIZED_RMSE = 5.56507;
  private static final double FACTORIZED_MAX_ERROR = 14.7428;
  private static final Integer[] MEAN_SCALE_CHECKS = {
    20947, 1058, 8762, 61199, 54250, 44237, 26907, 58042
  };
  private static final double MEAN_SCALE_RMSE = 327.549;
  private static final double MEAN_SCALE_MAX_ERROR = 1603;

  /** The hash code of the list of all checks. */
  private static final int COMPACT_MEASURED_CHECKS = 958838874;

  private static final double COMPACT_MEASURED_RMSE = 15.7643;

  private record Decoded(Field field, Metrics metrics, List<Integer> checks) {}

  private static Decoded decode(Golden golden, byte[] file) throws IOException {
    ContainerReader container = ContainerReader.of(MemorySegment.ofArray(file));
    try (Codec codec = Codec.open(golden.model())) {
      TileFormat format = codec.tileFormat(container);
      List<Integer> checks = new ArrayList<>();
      for (int group = 0; group < container.groups(); group++) {
        container.readGroup(group, format.streams()).forEach(tile -> checks.add(tile.check()));
      }
      Field restored = Field.allocate(container.header().field());
      codec.decompress(container, restored);
      return new Decoded(
          restored, codec.verify(golden.original(), container).total(), List.copyOf(checks));
    }
  }

  @Test
  void aFactorizedFileDecodes() throws IOException {
    Golden golden = GoldenContainers.FACTORIZED;
    Decoded decoded = decode(golden, Files.readAllBytes(golden.path()));
    FieldInfo info = decoded.field().info();
    assertThat(info).isEqualTo(golden.original().info());
    assertThat(decoded.checks()).containsExactly(FACTORIZED_CHECK);
    assertThat(decoded.metrics().rmse()).isCloseTo(FACTORIZED_RMSE, within(1e-3));
    assertThat(decoded.metrics().maxError()).isCloseTo(FACTORIZED_MAX_ERROR, within(1e-2));
    assertThat(decoded.metrics().specials()).isEqualTo(3 * 9 * 9 + 12 + 1);
    assertThat(decoded.metrics().specialsChanged()).isZero();
    // verify trusts the same masks: look at the values themselves
    for (int i = 0; i < 6000; i++) {
      int was = (int) DataType.FLOAT32.getBits(golden.original().data(), i);
      int is = (int) DataType.FLOAT32.getBits(decoded.field().data(), i);
      float value = Float.intBitsToFloat(was);
      boolean special = !Float.isFinite(value) || value == -9999;
      assertThat(is == was || !special).as("value %d", i).isTrue();
    }
  }

  /** The same symbols in other streams. */
  @Test
  void compactFilesDecodeToTheSame() throws IOException {
    Golden[][] pairs = {
      {GoldenContainers.FACTORIZED, GoldenContainers.COMPACT},
      {GoldenContainers.MEAN_SCALE, GoldenContainers.COMPACT_MEAN_SCALE}
    };
    for (Golden[] pair : pairs) {
      Decoded expected = decode(pair[0], Files.readAllBytes(pair[0].path()));
      Decoded decoded = decode(pair[1], Files.readAllBytes(pair[1].path()));
      assertThat(decoded.checks()).isEqualTo(expected.checks());
      assertThat(decoded.field().data().mismatch(expected.field().data())).isEqualTo(-1);
    }
  }

  @Test
  void aFileWithMeasuredFrequenciesDecodes() throws IOException {
    Golden golden = GoldenContainers.COMPACT_MEASURED;
    byte[] file = Files.readAllBytes(golden.path());
    Header header = ContainerReader.of(MemorySegment.ofArray(file)).header();
    assertThat(header.streamPlan().zeroFrequencies()).hasSize(24).contains(16946, 64623);
    Decoded decoded = decode(golden, file);
    assertThat(decoded.checks()).hasSize(256);
    assertThat(decoded.checks().hashCode()).isEqualTo(COMPACT_MEASURED_CHECKS);
    assertThat(decoded.metrics().rmse()).isCloseTo(COMPACT_MEASURED_RMSE, within(0.01));
  }

  @Test
  void aMeanScaleFileDecodes() throws IOException {
    Golden golden = GoldenContainers.MEAN_SCALE;
    Decoded decoded = decode(golden, Files.readAllBytes(golden.path()));
    assertThat(decoded.field().info()).isEqualTo(golden.original().info());
    assertThat(decoded.checks()).containsExactly(MEAN_SCALE_CHECKS);
    assertThat(decoded.metrics().rmse()).isCloseTo(MEAN_SCALE_RMSE, within(0.05));
    assertThat(decoded.metrics().maxError()).isCloseTo(MEAN_SCALE_MAX_ERROR, within(2.0));
  }

  /** What is new in the header and may be ignored gets an odd key: a reader passes over it. */
  @Test
  void anUnknownOddKeyIsSkipped() throws IOException {
    Golden golden = GoldenContainers.FACTORIZED;
    byte[] file = Files.readAllBytes(golden.path());
    ContainerParts parts = ContainerParts.of(file);
    parts.header.put(15, new byte[] {1, 2, 3});
    Decoded decoded = decode(golden, parts.toBytes());
    assertThat(decoded.field().data().mismatch(decode(golden, file).field().data())).isEqualTo(-1);
  }

  /** Taken apart and put together again by other code, a file is the same. */
  @Test
  void theWriterFollowsTheFormat() throws IOException {
    byte[] file = Files.readAllBytes(GoldenContainers.FACTORIZED.path());
    assertThat(ContainerParts.of(file).toBytes()).isEqualTo(file);
  }

  /** Today's encoder and the golden file agree in all that does not depend on rounding. */
  @Test
  void todaysFilesHaveTheSameHeader() throws IOException {
    for (Golden golden : GoldenContainers.ALL) {
      if (golden.equals(GoldenContainers.COMPACT_MEASURED)) {
        continue; // its header depends on rounding
      }
      byte[] file = Files.readAllBytes(golden.path());
      Header was = ContainerReader.of(MemorySegment.ofArray(file)).header();
      Header is = ContainerReader.of(MemorySegment.ofArray(GoldenContainers.make(golden))).header();
      assertThat(is.encode()).isEqualTo(was.encode());
    }
  }
}
