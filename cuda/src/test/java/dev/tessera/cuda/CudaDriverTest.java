package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class CudaDriverTest {
  private static final Pattern BOUND =
      Pattern.compile("\"(cu[A-Z][A-Za-z0-9]+(?:_v\\d)?)\"\\s*[,)]");

  /** The driver functions that the sources bind. */
  private static SortedSet<String> boundFunctions() throws IOException {
    SortedSet<String> names = new TreeSet<>();
    for (String file :
        List.of("CudaDriver", "DeviceCalls", "StreamCalls", "ModuleCalls", "TensorMap")) {
      String text = Files.readString(Path.of("src/main/java/dev/tessera/cuda", file + ".java"));
      Matcher matcher = BOUND.matcher(text.replaceAll("check\\(\\s*\"[^\"]*\"", ""));
      while (matcher.find()) {
        names.add(matcher.group(1));
      }
    }
    return names;
  }

  private static Path toolkitFile(String... candidates) {
    for (Path toolkit : ToolkitFolders.toolkits()) {
      for (String candidate : candidates) {
        if (Files.isRegularFile(toolkit.resolve(candidate))) {
          return toolkit.resolve(candidate);
        }
      }
    }
    Assumptions.abort("no CUDA toolkit here with " + candidates[0]);
    throw new IllegalStateException();
  }

  @Test
  void theDriversStubHasEveryFunction() throws IOException {
    Path stub = toolkitFile("lib64/stubs/libcuda.so", "lib/stubs/libcuda.so");
    NativeLibrary library = NativeLibrary.open(List.of(stub.toString())).orElseThrow();
    assertThat(boundFunctions()).hasSizeGreaterThan(40).allMatch(library::has);
  }

  @Test
  void theToolkitsHeaderDeclaresEveryFunction() throws IOException {
    String header = Files.readString(toolkitFile("include/cuda.h"));
    assertThat(boundFunctions())
        .hasSizeGreaterThan(40)
        .allMatch(
            name -> Pattern.compile("\\b" + name + "\\b").matcher(header).find(), "is in cuda.h");
  }

  @Test
  void obstaclesSayWhatToDo() {
    assertThat(CudaDriver.obstacle(0, 13000, "libcuda.so.1")).isNull();
    assertThat(CudaDriver.obstacle(0, 12040, "libcuda.so.1")).isNull();
    assertThat(CudaDriver.obstacle(0, 12020, "libcuda.so.1").sentence())
        .isEqualTo(
            "the NVIDIA driver is for CUDA 12.2, but 12.4 or newer is needed: update the driver");
    assertThat(CudaDriver.obstacle(100, 13000, "libcuda.so.1").sentence())
        .contains("no GPU")
        .contains("CUDA_VISIBLE_DEVICES");
    assertThat(CudaDriver.obstacle(34, 0, "/stubs/libcuda.so").sentence())
        .contains("/stubs/libcuda.so")
        .contains("LD_LIBRARY_PATH");
    assertThat(CudaDriver.obstacle(999, 13000, "libcuda.so.1").sentence()).contains("999");
  }

  @Test
  void withoutADriverEverythingSaysSo() {
    Optional<String> reason = CudaDriver.unavailable();
    Assumptions.assumeTrue(reason.isPresent(), "this machine has a CUDA device");
    for (Runnable use :
        List.<Runnable>of(
            CudaDriver::require,
            CudaDevice::list,
            () -> CudaContext.open(0),
            DeviceCalls::deviceCount,
            () -> StreamCalls.synchronize(0))) {
      assertThatThrownBy(use::run)
          .isInstanceOf(TesseraException.Unsupported.class)
          .hasMessage(reason.get());
    }
  }

  @Test
  void successPassesAndMemoryShortageIsNoGpuError() {
    CudaDriver.check("cuMemAlloc", 0);
    assertThatThrownBy(() -> CudaDriver.check("cuMemAlloc", 2))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("smaller batches");
  }

  @Test
  void errorsThatSpoilTheProcessAreKnown() {
    for (int code : new int[] {700, 715, 716, 719}) {
      assertThat(CudaDriver.sticky(code)).isTrue();
    }
    for (int code : new int[] {1, 2, 201, 400, 500, 600, 701, 801, 900}) {
      assertThat(CudaDriver.sticky(code)).isFalse();
    }
  }

  @Test
  void versionsReadAsPeopleWriteThem() {
    assertThat(CudaDriver.versionText(12040)).isEqualTo("12.4");
    assertThat(CudaDriver.versionText(13000)).isEqualTo("13.0");
    assertThat(CudaDriver.versionText(11080)).isEqualTo("11.8");
  }

  @Test
  void aLibraryThatIsNotThereIsNoError() {
    assertThat(NativeLibrary.open(List.of("libnothere.so.7", "/nowhere/libnothere.so"))).isEmpty();
  }
}
