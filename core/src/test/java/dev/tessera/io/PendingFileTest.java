package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PendingFileTest {
  @TempDir Path folder;

  @Test
  void appearsOnCommitOnly() throws IOException {
    Path target = folder.resolve("a.bin");
    try (PendingFile file = PendingFile.create(target)) {
      file.write(bytes("world"), 6);
      file.write(bytes("hello "), 0);
      assertThat(target).doesNotExist();
      file.commit();
      assertThatThrownBy(file::commit).isInstanceOf(IllegalStateException.class);
    }
    assertThat(target).hasContent("hello world");
    assertThat(folder.toFile().list()).containsExactly("a.bin");
  }

  @Test
  void leavesAnExistingFileAloneUntilCommit() throws IOException {
    Path target = Files.writeString(folder.resolve("a.bin"), "old");
    try (PendingFile file = PendingFile.create(target)) {
      file.write(bytes("new"), 0);
    }
    assertThat(target).hasContent("old");
    assertThat(folder.toFile().list()).containsExactly("a.bin");
  }

  @Test
  void followsASymbolicLink() throws IOException {
    Path real = Files.writeString(folder.resolve("real"), "old");
    Path link = folder.resolve("link");
    try {
      Files.createSymbolicLink(link, real);
    } catch (IOException | UnsupportedOperationException e) {
      Assumptions.abort("no symbolic links here");
    }
    try (PendingFile file = PendingFile.create(link)) {
      file.write(bytes("new"), 0);
      file.commit();
    }
    assertThat(link).isSymbolicLink();
    assertThat(real).hasContent("new");
  }

  @Test
  void neverReplacesADevice() throws IOException {
    Path device = Path.of("/dev/null");
    Assumptions.assumeTrue(Files.exists(device));
    try (PendingFile file = PendingFile.create(device)) {
      file.write(bytes("new"), 0);
      file.commit();
    }
    assertThat(Files.isRegularFile(device)).isFalse();
  }

  @Test
  void refusesWhereNothingCanBeWritten() throws IOException {
    assertThatThrownBy(() -> PendingFile.create(folder.resolve("missing/a.bin")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> PendingFile.create(folder))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("is a folder");
    File readOnly = Files.writeString(folder.resolve("fixed"), "x").toFile();
    Assumptions.assumeTrue(readOnly.setReadOnly() && !readOnly.canWrite(), "the superuser may all");
    assertThatThrownBy(() -> PendingFile.create(readOnly.toPath()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("read-only");
  }

  @Test
  void aStreamGetsTheBytesOnCommit() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (PendingFile file = PendingFile.to(out, "standard output")) {
      file.write(ByteBuffer.allocate(3_000_000), 0);
      assertThat(out.size()).isZero();
      file.commit();
      assertThat(file.path()).doesNotExist();
    }
    assertThat(out.size()).isEqualTo(3_000_000);
  }

  @Test
  void aBrokenStreamIsNamed() throws IOException {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    try (PendingFile file = PendingFile.to(broken, "standard output")) {
      file.write(bytes("x"), 0);
      assertThatThrownBy(file::commit)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("standard output")
          .hasMessageContaining("Broken pipe");
    }
  }

  @Test
  void extendingBeyondTheDiskIsRefusedAtOnce() throws IOException {
    try (PendingFile file = PendingFile.create(folder.resolve("a.bin"))) {
      file.extend(1000);
      assertThat(file.channel().size()).isEqualTo(1000);
      assertThatThrownBy(() -> file.extend(Long.MAX_VALUE - 1))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("a.bin");
    }
  }

  /** Run in a process of its own: starts a file, says so, and ends without closing it. */
  static final class Abandoning {
    private Abandoning() {}

    /** Takes the name of the target. */
    public static void main(String[] arguments) throws IOException {
      PendingFile file = PendingFile.create(Path.of(arguments[0]));
      file.write(bytes("half"), 0);
      System.exit(Files.exists(file.path()) ? 3 : 4);
    }
  }

  @Test
  void theEndOfTheProcessDeletesIt() throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    // Not java.class.path: test runners load classes in ways of their own.
    String classPath =
        location(PendingFileTest.class) + File.pathSeparator + location(PendingFile.class);
    Process process =
        new ProcessBuilder(
                java.toString(),
                "-cp",
                classPath,
                Abandoning.class.getName(),
                folder.resolve("a.bin").toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(3);
    assertThat(folder).isEmptyDirectory();
  }

  private static String location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
