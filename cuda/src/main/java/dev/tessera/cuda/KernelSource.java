package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A file of kernels and how it is compiled. The text is CUDA C++ in this program's resources; it
 * includes only files beside it, which are put in place here, so that no compiler needs a folder to
 * look in.
 *
 * @param file its name, such as {@code copy.cu}
 * @param options options of the compiler, in the spelling that NVRTC and nvcc share
 */
public record KernelSource(String file, List<String> options) {
  private static final String FOLDER = "kernels/";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]+\\.cuh?");
  private static final Pattern INCLUDE =
      Pattern.compile("^\\s*#\\s*include\\s*\"([^\"]*)\".*$", Pattern.MULTILINE);
  private static final Pattern PRAGMA_ONCE =
      Pattern.compile("^\\s*#\\s*pragma\\s+once\\s*$", Pattern.MULTILINE);
  // a product and a sum stay two roundings, as on the CPU
  private static final String NO_FUSED_MULTIPLY_ADD = "-fmad=false";

  /** Checks the name. */
  public KernelSource {
    if (!NAME.matcher(file).matches()) {
      throw new TesseraException.Invalid("'" + file + "' is no name of a kernel file");
    }
    options = List.copyOf(options);
  }

  /** A file with options. */
  public static KernelSource of(String file, String... options) {
    return new KernelSource(file, List.of(options));
  }

  /** The same file with one more option. */
  public KernelSource with(String option) {
    return new KernelSource(file, Stream.concat(options.stream(), Stream.of(option)).toList());
  }

  /** All options: C++17, and no fused multiply-add unless the kernel's own options ask for it. */
  List<String> compilerOptions() {
    boolean fusing = options.stream().anyMatch(option -> option.startsWith("-fmad="));
    List<String> shared =
        fusing ? List.of("-std=c++17") : List.of("-std=c++17", NO_FUSED_MULTIPLY_ADD);
    return Stream.concat(shared.stream(), options.stream()).toList();
  }

  /** The file's name without its ending. */
  String stem() {
    return file.substring(0, file.lastIndexOf('.'));
  }

  /** The text with all includes in place. */
  String text() {
    return expand(file, KernelSource::resource);
  }

  /** Puts included files in place, each once. */
  static String expand(String file, Function<String, String> reader) {
    return expand(file, reader, new HashSet<>(Set.of(file)));
  }

  private static String expand(String file, Function<String, String> reader, Set<String> seen) {
    // guards of the workshop's programs, which include these files the usual way
    String text = PRAGMA_ONCE.matcher(reader.apply(file)).replaceAll("");
    Matcher includes = INCLUDE.matcher(text);
    return includes.replaceAll(match -> {
      String included = match.group(1);
      if (!NAME.matcher(included).matches()) {
        throw new TesseraException.Invalid(
            "'" + included + "', included by " + file + ", is no name of a kernel file");
      }
      return seen.add(included)
          ? Matcher.quoteReplacement(expand(included, reader, seen).stripTrailing())
          : "";
    });
  }

  private static String resource(String name) {
    try (InputStream stream = KernelSource.class.getResourceAsStream(FOLDER + name)) {
      if (stream == null) {
        throw new TesseraException.Invalid("this build has no kernel file " + name);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
