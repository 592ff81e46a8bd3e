package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
  @TempDir private Path folder;

  private static Doctor.Finding finding(List<Doctor.Finding> findings, String name) {
    return findings.stream().filter(f -> f.name().equals(name)).findFirst().orElseThrow();
  }

  private KernelCache cache(List<Path> precompiled, Path kept) {
    return new KernelCache(precompiled, kept, Optional::empty);
  }

  @Test
  void everythingIsLookedAtWhateverIsThere() {
    List<Doctor.Finding> findings = Doctor.examine(cache(List.of(), folder.resolve("new")));
    assertThat(findings)
        .extracting(Doctor.Finding::name)
        .contains("NVIDIA driver", "kernel compiler", "kernel cache", "packaged kernels", "nvCOMP");
    assertThat(findings)
        .allSatisfy(finding -> {
          assertThat(finding.detail()).isNotBlank();
          assertThat(finding.advice().isEmpty())
              .isEqualTo(
                  finding.status() == Doctor.Status.FOUND
                      || finding.name().equals("packaged kernels"));
        });
    assertThat(Files.exists(folder.resolve("new"))).isFalse();
  }

  @Test
  void theDriverIsAProblemExactlyIfCudaCannotBeUsed() {
    Doctor.Finding driver = finding(Doctor.examine(cache(List.of(), folder)), "NVIDIA driver");
    Optional<String> reason = CudaDriver.unavailable();
    assertThat(driver.status() == Doctor.Status.PROBLEM).isEqualTo(reason.isPresent());
    reason.ifPresent(text -> assertThat(text).isEqualTo(driver.detail() + ": " + driver.advice()));
  }

  @Test
  void cachedKernelsAreCounted() throws IOException {
    String name = KernelCache.fileName(KernelSource.of("copy.cu"), "text", "sm_80");
    Files.write(folder.resolve(name), new byte[10]);
    Files.write(folder.resolve("something else"), new byte[10]);
    assertThat(finding(Doctor.examine(cache(List.of(), folder)), "kernel cache").detail())
        .startsWith(folder + ": 1 file");
  }

  @Test
  void foldersThatCannotBeUsedAreProblems() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    List<Doctor.Finding> findings =
        Doctor.examine(cache(List.of(folder.resolve("missing")), file.resolve("below")));
    for (String name : List.of("kernel cache", "packaged kernels")) {
      assertThat(finding(findings, name).status()).isEqualTo(Doctor.Status.PROBLEM);
      assertThat(finding(findings, name).advice()).isNotBlank();
    }
  }
}
