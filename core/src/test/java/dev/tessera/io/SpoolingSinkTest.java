package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolingSinkTest {
  private static final FieldInfo INFO = FieldInfo.of("x", DataType.INT16, Shape.of(2, 5, 7));
  @TempDir Path folder;

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void handsTheWholeFieldOverAndLeavesNoTemporaryFile() throws IOException {
    Field field = Fields.random(INFO, 1);
    Path target = folder.resolve("target");
    try (SpoolingSink sink =
        SpoolingSink.create(target, INFO, f -> Files.write(target, Fields.bytes(f)))) {
      Fields.writeInTiles(sink, field, 2, 3);
      assertThat(files()).hasSize(1).doesNotContain(target);
      sink.commit();
      assertThatThrownBy(sink::commit).isInstanceOf(IllegalStateException.class);
    }
    assertThat(target).hasBinaryContent(Fields.bytes(field));
    assertThat(files()).containsExactly(target);
  }

  @Test
  void whatWasNeverWrittenIsZero() throws IOException {
    Path target = folder.resolve("target");
    try (SpoolingSink sink =
        SpoolingSink.create(target, INFO, f -> Files.write(target, Fields.bytes(f)))) {
      sink.write(0, 0, 1, 0, 1, MemorySegment.ofArray(new short[] {513}));
      sink.commit();
    }
    byte[] expected = new byte[140];
    expected[0] = 1;
    expected[1] = 2;
    assertThat(target).hasBinaryContent(expected);
  }

  @Test
  void aFailedCompletionLeavesNothing() throws IOException {
    SpoolingSink.Completion failing =
        f -> {
          throw new IOException("no");
        };
    try (SpoolingSink sink = SpoolingSink.create(folder.resolve("target"), INFO, failing)) {
      assertThatThrownBy(sink::commit).isInstanceOf(IOException.class);
    }
    assertThat(files()).isEmpty();
  }

  @Test
  void refusesAMissingFolderAndAFieldLargerThanTheDisk() throws IOException {
    assertThatThrownBy(() -> SpoolingSink.create(folder.resolve("no/target"), INFO, f -> {}))
        .isInstanceOf(TesseraException.Invalid.class);
    FieldInfo vast = FieldInfo.of("x", DataType.FLOAT64, Shape.of(1L << 28, 1L << 28));
    assertThatThrownBy(() -> SpoolingSink.create(folder.resolve("target"), vast, f -> {}))
        .isInstanceOf(IOException.class);
    assertThat(files()).isEmpty();
  }
}
