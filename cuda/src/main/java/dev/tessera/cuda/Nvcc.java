package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The CUDA toolkit's compiler, which stands in for NVRTC.
 *
 * @param program its path
 * @param version such as 13.0
 */
record Nvcc(Path program, String version) implements KernelCompiler {
  private static final Pattern RELEASE = Pattern.compile("release (\\d+\\.\\d+)");
  private static final long TIMEOUT_SECONDS = 600;

  /** The nvcc of PATH or of a toolkit that answers. */
  static Optional<Nvcc> find() {
    String name = NativeLibrary.windows() ? "nvcc.exe" : "nvcc";
    Stream<Path> inPath =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .filter(folder -> !folder.isBlank())
            .map(folder -> Path.of(folder, name));
    Stream<Path> inToolkits =
        ToolkitFolders.toolkits().stream().map(folder -> folder.resolve("bin").resolve(name));
    return Stream.concat(inPath, inToolkits)
        .filter(Files::isExecutable)
        .flatMap(path -> version(path).map(version -> new Nvcc(path, version)).stream())
        .findFirst();
  }

  private static Optional<String> version(Path program) {
    try {
      Matcher release = RELEASE.matcher(run(List.of(program.toString(), "--version")).output());
      return release.find() ? Optional.of(release.group(1)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  @Override
  public String description() {
    return "nvcc " + version;
  }

  @Override
  public String location() {
    return program.toString();
  }

  @Override
  public byte[] compile(String file, String text, String architecture, List<String> options) {
    try {
      Path folder = Files.createTempDirectory("tessera-nvcc");
      Path source = folder.resolve(file);
      Path cubin = folder.resolve("out.cubin");
      try {
        Files.writeString(source, text);
        List<String> command = new ArrayList<>(List.of(program.toString(), "-cubin"));
        command.addAll(options);
        command.addAll(List.of("-arch=" + architecture, "-o", cubin.toString(), source.toString()));
        Result result = run(command);
        if (result.status() != 0 || !Files.exists(cubin)) {
          throw new TesseraException.Unsupported(
              "%s does not compile %s for %s:%n%s"
                  .formatted(description(), file, architecture, result.output().strip()));
        }
        return Files.readAllBytes(cubin);
      } finally {
        for (Path made : List.of(source, cubin, folder)) {
          Files.deleteIfExists(made);
        }
      }
    } catch (IOException e) {
      throw new TesseraException.Unsupported(
          "nvcc cannot compile %s: %s".formatted(file, e.getMessage()));
    }
  }

  private record Result(int status, String output) {}

  private static Result run(List<String> command) throws IOException {
    Path output = Files.createTempFile("tessera-nvcc", ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      process.getOutputStream().close();
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(command.getFirst() + " takes too long");
      }
      return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(command.getFirst() + " was interrupted", e);
    } finally {
      Files.deleteIfExists(output);
    }
  }
}
