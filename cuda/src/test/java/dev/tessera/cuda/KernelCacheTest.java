package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelCacheTest {
  private static final KernelSource SOURCE = KernelSource.of("copy.cu", "-DA=1");
  private static final List<String> HOPPER = List.of("sm_90a", "sm_90");

  @TempDir private Path folder;

  /** Compiles to a text that tells what it was given. */
  private static final class FakeCompiler implements KernelCompiler {
    private final AtomicInteger calls = new AtomicInteger();

    @Override
    public String description() {
      return "fake 1.0";
    }

    @Override
    public String location() {
      return "nowhere";
    }

    @Override
    public byte[] compile(String file, String text, String architecture, List<String> options) {
      calls.incrementAndGet();
      return (file + architecture + options).repeat(1000).getBytes(StandardCharsets.UTF_8);
    }
  }

  private final FakeCompiler compiler = new FakeCompiler();

  private KernelCache cache(Path... precompiled) {
    return new KernelCache(List.of(precompiled), folder, () -> Optional.of(compiler));
  }

  private Path onlyFile() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      return all.getFirst();
    }
  }

  @Test
  void whatWasCompiledIsFoundAgain() throws IOException {
    KernelCache.Cubin first = cache().cubin(SOURCE, HOPPER);
    KernelCache.Cubin second = cache().cubin(SOURCE, HOPPER);
    assertThat(first.origin()).isEqualTo(KernelCache.Origin.COMPILED);
    assertThat(second.origin()).isEqualTo(KernelCache.Origin.CACHED);
    assertThat(second.image()).isEqualTo(first.image());
    assertThat(compiler.calls).hasValue(1);
    assertThat(KernelCache.list(folder))
        .containsExactly(new KernelCache.Entry(onlyFile(), "copy", "sm_90a"));
  }

  @Test
  void withoutCompilerAllKernelsMustBeThere(@TempDir Path packaged) throws IOException {
    KernelCache without = new KernelCache(List.of(packaged), folder, Optional::empty);
    assertThat(cache().obstacle(HOPPER, KernelCatalog.SOURCES)).isEmpty();
    assertThat(without.obstacle(HOPPER, KernelCatalog.SOURCES).orElseThrow())
        .contains("not compiled for sm_90a", "neither NVRTC nor nvcc was found");
    cache().precompile(List.of("sm_90a"), List.of(), packaged);
    assertThat(without.obstacle(HOPPER, KernelCatalog.SOURCES)).isEmpty();
    assertThat(without.obstacle(List.of("sm_80"), KernelCatalog.SOURCES)).isPresent();
    try (Stream<Path> files = Files.list(packaged)) {
      Files.delete(files.findFirst().orElseThrow());
    }
    assertThat(without.obstacle(HOPPER, KernelCatalog.SOURCES)).isPresent();
  }

  @Test
  void damageAnywhereIsNoticedAndRepaired() throws IOException {
    cache().cubin(SOURCE, HOPPER);
    Path file = onlyFile();
    byte[] good = Files.readAllBytes(file);
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 50; i++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bad);
      assertThat(cache().cubin(SOURCE, HOPPER).origin()).isEqualTo(KernelCache.Origin.COMPILED);
      assertThat(Files.readAllBytes(file)).isEqualTo(good);
    }
    for (int length : new int[] {0, 1, 31, 32, 33, good.length - 1}) {
      Files.write(file, java.util.Arrays.copyOf(good, length));
      assertThat(cache().cubin(SOURCE, HOPPER).origin()).isEqualTo(KernelCache.Origin.COMPILED);
    }
  }

  @Test
  void theKeyDependsOnSourceOptionsAndArchitecture() {
    List<String> names =
        List.of(
            KernelCache.fileName(SOURCE, "text", "sm_80"),
            KernelCache.fileName(SOURCE, "text", "sm_90"),
            KernelCache.fileName(SOURCE, "text ", "sm_80"),
            KernelCache.fileName(KernelSource.of("copy.cu"), "text", "sm_80"),
            KernelCache.fileName(KernelSource.of("copy.cu", "-DA", "=1"), "text", "sm_80"),
            KernelCache.fileName(KernelSource.of("copy.cu", "-DA=1", ""), "text", "sm_80"));
    assertThat(names).doesNotHaveDuplicates();
    assertThat(KernelCache.fileName(SOURCE, "text", "sm_80")).isEqualTo(names.getFirst());
  }

  @Test
  void theKeyIsTheOneOfEarlierVersions() {
    // packaged kernels are found by it: a change makes them all useless
    assertThat(KernelCache.fileName(SOURCE, "text", "sm_80"))
        .isEqualTo("copy-sm_80-5fe7e2075ff0828a67e4bdb5163e7506.cubin");
  }

  @Test
  void packagedKernelsNeedNoCompiler(@TempDir Path packaged) throws IOException {
    int written = cache().precompile(List.of("sm_80", "sm_90a"), List.of(), packaged);
    assertThat(written).isEqualTo(2 * KernelCatalog.SOURCES.size());
    assertThat(KernelCache.list(packaged)).hasSize(written);
    KernelCache without = new KernelCache(List.of(packaged), folder, Optional::empty);
    KernelSource source = KernelCatalog.SOURCES.getFirst();
    assertThat(without.cubin(source, HOPPER).origin()).isEqualTo(KernelCache.Origin.PRECOMPILED);
    // a device of capability 8.6 runs what was compiled for 8.0
    assertThat(without.cubin(source, CudaDevice.architectures(8, 6)).origin())
        .isEqualTo(KernelCache.Origin.PRECOMPILED);
    assertThat(without.countPrecompiled(HOPPER)).isEqualTo(KernelCatalog.SOURCES.size());
    assertThat(without.countPrecompiled(CudaDevice.architectures(12, 0))).isZero();
    assertThatThrownBy(() -> without.cubin(source, CudaDevice.architectures(12, 0)))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("sm_120a")
        .hasMessageContaining("NVRTC");
  }

  @Test
  void whoMayReadTheFolderMayReadTheKernels() throws IOException {
    cache().cubin(SOURCE, HOPPER);
    Path kernels = onlyFile();
    assumeTrue(kernels.getFileSystem().supportedFileAttributeViews().contains("posix"));
    Path other = Files.createFile(folder.resolve("other"));
    assertThat(Files.getPosixFilePermissions(kernels))
        .isEqualTo(Files.getPosixFilePermissions(other));
  }

  @Test
  void aFolderForPackagingThatCannotBeWrittenIsAnError() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> cache().precompile(List.of("sm_80"), List.of(), file.resolve("below")))
        .isInstanceOf(IOException.class);
  }

  @Test
  void kernelsInTheClassPathNeedNoCompiler() {
    KernelCache without = new KernelCache(List.of(), folder, Optional::empty);
    KernelCache.Cubin cubin = without.cubin(KernelSource.of("bundled_test.cu"), List.of("sm_80"));
    assertThat(cubin.origin()).isEqualTo(KernelCache.Origin.PRECOMPILED);
    assertThat(cubin.image()).asString(StandardCharsets.UTF_8).isEqualTo("no machine code");
  }

  @Test
  void aFolderThatCannotBeWrittenIsNoError() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    KernelCache cache =
        new KernelCache(List.of(file), file.resolve("below"), () -> Optional.of(compiler));
    assertThat(cache.cubin(SOURCE, HOPPER).origin()).isEqualTo(KernelCache.Origin.COMPILED);
    assertThat(cache.cubin(SOURCE, HOPPER).origin()).isEqualTo(KernelCache.Origin.COMPILED);
    assertThat(KernelCache.list(cache.folder())).isEmpty();
  }

  @Test
  void processesThatCompileAtOnceDoNotDisturbEachOther() throws IOException {
    byte[] expected = compiler.compile("copy.cu", "", "sm_90a", SOURCE.compilerOptions());
    IntStream.range(0, 200)
        .parallel()
        .forEach(i -> {
          KernelCache cache = cache();
          KernelCache.Cubin cubin =
              i % 3 == 0 ? cache.compile(SOURCE, "sm_90a") : cache.cubin(SOURCE, HOPPER);
          assertThat(cubin.image()).isEqualTo(expected);
        });
    // no temporary file is left, and once there the file was never seen half written
    assertThat(KernelCache.list(folder))
        .extracting(KernelCache.Entry::file)
        .containsExactly(onlyFile());
    assertThat(compiler.calls.get()).isLessThan(150);
  }

  @Test
  void foldersFollowTheUsersSettings() {
    assertThat(KernelCache.folder(Map.of(), "/home/u", false))
        .isEqualTo(Path.of("/home/u/.cache/tessera/kernels"));
    assertThat(KernelCache.folder(Map.of("XDG_CACHE_HOME", "/c"), "/home/u", false))
        .isEqualTo(Path.of("/c/tessera/kernels"));
    assertThat(KernelCache.folder(Map.of("XDG_CACHE_HOME", "relative"), "/home/u", false))
        .isEqualTo(Path.of("/home/u/.cache/tessera/kernels"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sm_80", "sm_90a", "sm_100", "sm_120f"})
  void architecturesAreAccepted(String name) {
    KernelCache.requireArchitecture(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "90", "sm90", "sm_9", "sm_90b", "compute_90", "sm_90a ", "sm_90 -o x"})
  void otherArchitecturesAreRefused(String name) {
    assertThatThrownBy(() -> cache().precompile(List.of(name), List.of(), folder))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("sm_90a");
    assertThat(compiler.calls).hasValue(0);
  }
}
