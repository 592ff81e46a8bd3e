package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorFileTest {
  @TempDir Path folder;

  private static TensorFile some() {
    float[] odd = {0f, -0f, Float.MIN_VALUE, Float.NaN, Float.NEGATIVE_INFINITY, 1 / 3f};
    return new TensorFile(
        new TreeMap<>(
            Map.of(
                "moments/a", new Tensor.Floats(new int[] {2, 3}, odd),
                "b", new Tensor.Ints(new int[] {1}, new int[] {-7}))),
        new TreeMap<>(Map.of("step", "12", "µ", "line\nline")));
  }

  @Test
  void everyBitComesBack() throws IOException {
    Path file = folder.resolve("state");
    some().write(file);

    TensorFile back = TensorFile.read(file);

    assertThat(back.metadata()).isEqualTo(some().metadata());
    assertThat(bits(back.floats("moments/a"))).isEqualTo(bits(some().floats("moments/a")));
    assertThat(back.tensors().get("b"))
        .isInstanceOfSatisfying(
            Tensor.Ints.class, ints -> assertThat(ints.values()).containsExactly(-7));
    assertThatThrownBy(() -> back.floats("b"))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("no tensor 'b'");
  }

  private static List<Integer> bits(Tensor.Floats tensor) {
    return Arrays.stream(boxed(tensor.values())).map(Float::floatToRawIntBits).toList();
  }

  private static Float[] boxed(float[] values) {
    Float[] boxed = new Float[values.length];
    Arrays.setAll(boxed, i -> values[i]);
    return boxed;
  }

  @Test
  void replacesAnOlderFileAndLeavesNothingElse() throws IOException {
    Path file = folder.resolve("state");
    Files.writeString(file, "older");
    some().write(file);

    assertThat(TensorFile.read(file).metadata()).containsEntry("step", "12");
    try (var entries = Files.list(folder)) {
      assertThat(entries).containsExactly(file);
    }
  }

  @Test
  void aPartOfAFileIsCorrupt() throws IOException {
    Path file = folder.resolve("state");
    some().write(file);
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> TensorFile.read(file)).isInstanceOf(TesseraException.Corrupt.class);
    }
  }
}
