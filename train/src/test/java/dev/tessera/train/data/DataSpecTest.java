package dev.tessera.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DataSpecTest {
  @TempDir private Path folder;

  @BeforeEach
  void someFiles() throws IOException {
    for (String name :
        List.of(
            "run1/x.h5",
            "run2/x.h5",
            "run2/deep/er/x.h5",
            "other.npy",
            "a@b.npy",
            "z[1].npy",
            "p:q.npy",
            ".hidden.npy")) {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, name);
    }
  }

  private List<String> names(String text) throws IOException {
    return DataSpec.parse(folder + "/" + text).fields().stream()
        .map(location -> location.spec().substring(folder.toString().length() + 1))
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "other.npy | other.npy",
        "run*/x.h5:/density | run1/x.h5:/density run2/x.h5:/density",
        "run[2-9]/x.h5 | run2/x.h5",
        "run{1,2}/?.h5:/a/b:c | run1/x.h5:/a/b:c run2/x.h5:/a/b:c",
        "run2/**/x.h5 | run2/deep/er/x.h5 run2/x.h5",
        "*.npy | a@b.npy other.npy p:q.npy z[1].npy",
        ".h*.npy | .hidden.npy",
        "z[1].npy | z[1].npy",
        "p:q.npy | p:q.npy",
        "a@b.npy | a@b.npy",
        "other.npy:inner | other.npy:inner",
      })
  void argumentsNameFiles(String text, String expected) throws IOException {
    assertThat(names(text)).containsExactly(expected.split(" "));
  }

  @Test
  void aNormalizerMayStandBehindAnArgument() throws IOException {
    DataSpec spec = DataSpec.parse(folder + "/run*/x.h5:/density@log10,minmax:slice");
    assertThat(spec.fields()).hasSize(2);
    assertThat(spec.fields().getFirst().inner()).isEqualTo("/density");
    assertThat(spec.normalizer()).contains(NormalizerChoice.parse("log10,minmax"));
    assertThat(DataSpec.parse(folder + "/a@b.npy@auto").normalizer())
        .contains(NormalizerChoice.AUTO);
    assertThat(DataSpec.parse(folder + "/a@b.npy").normalizer()).isEmpty();
  }

  @Test
  void whatMatchesNothingIsToldInASentence() {
    assertThatThrownBy(() -> DataSpec.parse(folder + "/run7*/x.h5"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("no file matches")
        .hasMessageContaining("run7*");
    assertThatThrownBy(() -> DataSpec.parse(folder + "/other.npy@lg10"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("'lg10' is no normalizer stage");
    assertThatThrownBy(() -> DataSpec.parse("-"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("standard input");
  }

  /** A model file goes to others: it does not tell where data lay on a machine. */
  @Test
  void publicNamesLeaveOutFolders() throws IOException {
    assertThat(DataSpec.parse(folder + "/other.npy@auto").publicName()).isEqualTo("other.npy@auto");
    assertThat(DataSpec.parse(folder + "/run*/x.h5:/density").publicName())
        .isEqualTo("run*/x.h5:/density");
    assertThat(DataSpec.parse(folder + "/run1/x.h5:/a/b").publicName()).isEqualTo("x.h5:/a/b");
  }
}
