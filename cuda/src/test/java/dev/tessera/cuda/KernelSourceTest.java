package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelSourceTest {
  private static String expand(Map<String, String> files) {
    return KernelSource.expand("main.cu", files::get);
  }

  @Test
  void includesArePutInPlaceOnce() {
    String text =
        expand(
            Map.of(
                "main.cu", "#include \"a.cuh\"\n  # include  \"b.cuh\" // again\nint main_;\n",
                "a.cuh", "#pragma once\n#include \"b.cuh\"\nint a;\n",
                "b.cuh", "#pragma once\nint b = '$' + '\\\\';\n"));
    assertThat(text.lines().filter(line -> !line.isBlank()))
        .containsExactly("int b = '$' + '\\\\';", "int a;", "int main_;");
  }

  @Test
  void filesThatIncludeEachOtherEnd() {
    String text =
        expand(
            Map.of(
                "main.cu", "#include \"a.cuh\"\n",
                "a.cuh", "#include \"b.cuh\"\nint a;\n",
                "b.cuh", "#include \"a.cuh\"\n#include \"main.cu\"\nint b;\n"));
    assertThat(text.lines().filter(line -> !line.isBlank())).containsExactly("int b;", "int a;");
  }

  @Test
  void includesElsewhereAreRefused() {
    assertThatThrownBy(() -> expand(Map.of("main.cu", "#include \"../secret.h\"\n")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("../secret.h");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "a.cpp", "../a.cu", "a/b.cu", "a b.cu", "a.cu\n"})
  void otherNamesAreRefused(String name) {
    assertThatThrownBy(() -> KernelSource.of(name)).isInstanceOf(TesseraException.Invalid.class);
  }

  @Test
  void aMissingFileIsNamed() {
    assertThatThrownBy(() -> KernelSource.of("missing.cu").text())
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("missing.cu");
  }

  @Test
  void productsAndSumsAreNotFusedUnlessAskedFor() {
    assertThat(KernelSource.of("copy.cu", "-DA=1").compilerOptions())
        .containsExactly("-std=c++17", "-fmad=false", "-DA=1");
    assertThat(KernelSource.of("copy.cu", "-fmad=true").compilerOptions())
        .containsExactly("-std=c++17", "-fmad=true");
  }

  @Test
  void kernelsNeedNoFolderToIncludeFrom() {
    assertThat(KernelCatalog.SOURCES)
        .allSatisfy(
            source -> assertThat(source.text()).doesNotContainPattern("(?m)^\\s*#\\s*include"));
  }
}
