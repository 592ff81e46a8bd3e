package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.entropy.CdfTables;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class LatentsTest {
  private static final CdfTables TABLES =
      new CdfTables(new int[][] {{0, 30000, 65000, 65536}, {0, 1, 65536}}, new int[] {-1, 0});

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"i8,1", "i16,2", "i32,4"})
  void filesOfEveryTypeAreRead(String type, int bytes) throws IOException {
    ByteBuffer raw = ByteBuffer.allocate(3 * 2 * 2 * bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 12; i++) {
      switch (bytes) {
        case 1 -> raw.put((byte) (i - 6));
        case 2 -> raw.putShort((short) (100 * (i - 6)));
        default -> raw.putInt(100_000 * (i - 6));
      }
    }
    Path file = folder.resolve("latents_rho_3x2x1x2." + type);
    Files.write(file, raw.array());

    LatentSet latents = LatentFiles.read(file, TABLES, 0, 3, 16);

    int factor = bytes == 1 ? 1 : bytes == 2 ? 100 : 100_000;
    assertThat(latents.name()).isEqualTo("rho");
    assertThat(latents.tiles()).isEqualTo(3);
    assertThat(latents.symbols()).startsWith(-6 * factor, -5 * factor).hasSize(12);
    assertThat(latents.inputBytes()).isEqualTo(3L * 3 * 16 * 32 * 4);
  }

  @Test
  void shortFilesAreRepeatedAndPackedOnesUnpacked() throws IOException {
    Path file = folder.resolve("a_1x2x1x2.i8.xz");
    try (XZOutputStream out =
        new XZOutputStream(Files.newOutputStream(file), new LZMA2Options(0))) {
      out.write(new byte[] {1, 2, 3, 4});
    }

    LatentSet latents = LatentFiles.read(file, TABLES, 3, 1, 16);

    assertThat(latents.symbols()).containsExactly(1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4);
  }

  @Test
  void badFilesAreRefused() throws IOException {
    Path cut = Files.write(folder.resolve("a_2x2x1x2.i8"), new byte[7]);
    Path nameless = Files.write(folder.resolve("a.i8"), new byte[8]);
    Path wide = Files.write(folder.resolve("a_1x3x1x1.i8"), new byte[3]);

    assertThatThrownBy(() -> LatentFiles.read(cut, TABLES, 0, 3, 16))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("after 7 of its 8 bytes");
    assertThatThrownBy(() -> LatentFiles.read(nameless, TABLES, 0, 3, 16))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("rho_512x192x8x8.i8");
    assertThatThrownBy(() -> LatentFiles.read(wide, TABLES, 0, 3, 16))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("--model");
  }

  @Test
  void syntheticLatentsHaveTheStatedEntropy() {
    LatentSet latents = SyntheticLatents.draw("laplace:160:3.4", 16);

    int plane = latents.height() * latents.width();
    boolean[] alive = new boolean[latents.channels()];
    for (int i = 0; i < latents.symbols().length; i++) {
      alive[i / plane % alive.length] |= latents.symbols()[i] != 0;
    }
    int count = 0;
    for (boolean channel : alive) {
      count += channel ? 1 : 0;
    }
    assertThat(count).isEqualTo(160);
    double bits = 8 * latents.idealBytes() / (16.0 * 160 * plane);
    assertThat(bits).isBetween(3.35, 3.45);
    assertThat(SyntheticLatents.draw("laplace:160:3.4", 16).symbols()).isEqualTo(latents.symbols());
  }

  @ParameterizedTest
  @CsvSource({"laplace", "laplace:193:3", "laplace:10:0.1", "laplace:10:20", "gauss:10:3"})
  void otherDescriptionsAreRefused(String spec) {
    assertThatThrownBy(() -> SyntheticLatents.draw(spec, 1))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("laplace:160:3.4");
  }

  @Test
  void rotationKeepsTiles() {
    LatentSet latents = new LatentSet("a", new int[] {0, 1, 2, 3, 4, 5, 6, 7}, TABLES, 2, 1, 1, 0);

    assertThat(latents.rotated(1).symbols()).containsExactly(2, 3, 4, 5, 6, 7, 0, 1);
    assertThat(latents.rotated(0).symbols()).isEqualTo(latents.symbols());
  }

  @Test
  void idealIsTheSumOfTheTables() {
    LatentSet latents = new LatentSet("a", new int[] {-1, 0}, TABLES, 2, 1, 1, 0);

    double expected = (TABLES.bits(0, -1) + TABLES.bits(1, 0)) / 8;
    assertThat(latents.idealBytes()).isEqualTo(expected);
  }

  @Test
  void lengthsCostWhatRecordsHold() {
    long[] few = {0, 2, 254, 256};
    // 0, 1, 127 and 128 words
    assertThat(StreamLengths.bytes(RansProfile.COMPACT, few, 4)).isEqualTo(1 + 1 + 1 + 2);
    long[] many = new long[2 * 200];
    Arrays.fill(many, 0, 3, 4);
    // the first tile lists three of its 200 streams, the second none
    assertThat(StreamLengths.bytes(RansProfile.COMPACT, many, 200)).isEqualTo(1 + 3 + 1);
    long[] whole = {8, 8 + 4 * 127, 8 + 4 * 128};
    assertThat(StreamLengths.bytes(RansProfile.COMPATIBLE, whole, 3)).isEqualTo(1 + 1 + 2);
  }
}
