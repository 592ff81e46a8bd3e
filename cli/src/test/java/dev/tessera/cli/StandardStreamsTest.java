package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code -} as a file name: data goes through, words stay out of it. */
final class StandardStreamsTest extends CommandTest {
  @Test
  void aPipeGivesTheSameBytesAsFiles() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    String container = container("a.tsr");
    Run packed =
        run(
            Files.readAllBytes(Path.of(field)),
            "compress",
            "-",
            "-",
            "--shape",
            "6x40x50",
            "--dtype",
            "f32",
            "-m",
            FACTORIZED,
            "--embed-model",
            "--normalizer",
            "minmax:slice");
    packed.expectDone();
    assertThat(packed.output()).isEqualTo(Files.readAllBytes(Path.of(container)));
    assertThat(packed.errors()).contains("CR", "PSNR");

    Run restored = run(packed.output(), "decompress", "-", "-").expectDone();
    run("decompress", container, path("back_6x40x50.f32")).expectDone();
    assertThat(restored.output()).isEqualTo(bytes("back_6x40x50.f32"));
    assertThat(restored.errors()).contains("6x40x50");
  }

  @Test
  void infoAndVerifyReadAContainerFromStandardInput() throws IOException {
    byte[] container = Files.readAllBytes(Path.of(container("a.tsr")));
    assertThat(run(container, "info", "-").expectDone().text()).contains("6x40x50");
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    assertThat(
            run(container, "verify", field, "-", "--json")
                .expectDone()
                .json()
                .get("compressed_bytes")
                .getAsLong())
        .isEqualTo(container.length);
    run("verify", "-", "-").expectError(2, "name a file for one of them");
  }

  @Test
  void quietMeansQuiet() throws IOException {
    String field = waves(DataType.UINT8, 40, 50);
    String[] compress = {"compress", field, path("a.tsr"), "-m", FACTORIZED, "--quiet"};
    for (String[] command :
        new String[][] {
          compress,
          {"decompress", path("a.tsr"), path("b.npy"), "-m", FACTORIZED, "-q"},
          {"verify", field, path("a.tsr"), "-m", FACTORIZED, "-q"}
        }) {
      Run done = run(command).expectDone();
      assertThat(done.output()).isEmpty();
      assertThat(done.errors()).isEmpty();
    }
  }

  @Test
  void synthKeepsItsWordsOutOfTheData() {
    Run field = run("synth", "-", "--size", "16").expectDone();
    assertThat(field.output()).hasSize(16 * 16 * 16 * 4);
    assertThat(field.errors()).contains("16x16x16 f32");
  }

  /** A full disk behind standard output must not look like success. */
  @Test
  void aBrokenStandardOutputIsAnError() throws IOException {
    String container = container("a.tsr");
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    ByteArrayOutputStream nothing = new ByteArrayOutputStream();
    run(new byte[0], full, nothing, "decompress", container, "-").expectError(1, "standard output");
    String field = waves(DataType.UINT8, 40, 50);
    run(new byte[0], full, nothing, "compress", field, "-", "-m", FACTORIZED)
        .expectError(1, "standard output");
    run(new byte[0], full, nothing, "synth", "-", "--size", "16").expectError(1, "standard output");
  }

  @Test
  void standardInputNeedsAShapeAndAName() {
    run(new byte[8], "compress", "-", path("a.tsr")).expectError(2, "--shape", "--dtype");
    run(new byte[8], "compress", "-", "--shape", "2x2", "--dtype", "u16")
        .expectError(2, "name the file to write");
    run(new byte[7], "compress", "-", path("a.tsr"), "--shape", "2x2", "--dtype", "u16")
        .expectError(2, "8 bytes");
    run(new byte[0], "compress", "-", path("a.tsr"), "--shape", "2x2", "--dtype", "u16")
        .expectError(2, "standard input is empty");
    run(new byte[0], "decompress", "-", path("a.npy")).expectError(1, "not a .tsr file");
  }
}
