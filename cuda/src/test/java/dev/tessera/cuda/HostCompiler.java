package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Compiles arithmetic of the kernels with a C++ compiler of this machine, if it has one. */
final class HostCompiler {
  private HostCompiler() {}

  /**
   * Compiles a program.
   *
   * @param kernels file of the kernels that it uses
   * @param main resource with what uses them
   * @param option option of the compiler
   * @return false where there is no compiler
   */
  static boolean compile(String kernels, String main, String option, Path program)
      throws IOException, InterruptedException {
    Path source = program.resolveSibling(program.getFileName() + ".cpp");
    String text = new KernelSource(kernels, List.of()).text();
    Files.writeString(source, resource("device_on_host.hpp") + text + resource(main));
    try {
      Process compiler =
          new ProcessBuilder(
                  "c++",
                  "-std=c++17",
                  // GCC 12 miscompiles the selections at -O2: sanitizers find nothing, -O1 and -O3
                  // agree
                  "-O1",
                  "-ffp-contract=off",
                  "-Wno-unused-function",
                  option,
                  "-o",
                  program.toString(),
                  source.toString())
              .redirectErrorStream(true)
              .start();
      String words = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(compiler.waitFor()).as(words).isZero();
      return true;
    } catch (IOException e) {
      // no such program
      return false;
    }
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = HostCompiler.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Runs a program on the bytes of a file, and returns what it writes. */
  static byte[] run(Path program, byte[] input) throws IOException, InterruptedException {
    Path in = program.resolveSibling("input");
    Path out = program.resolveSibling("output");
    Files.write(in, input);
    Process process =
        new ProcessBuilder(program.toString())
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .start();
    assertThat(process.waitFor()).isZero();
    return Files.readAllBytes(out);
  }
}
