package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Kernels compiled for a device: those that were packaged, those that were compiled here before, or
 * else compiled now and kept.
 *
 * <p>A file is called {@code STEM-ARCHITECTURE-KEY.cubin}, where the key is the first 32 hex digits
 * of the SHA-256 over architecture, options and source; it holds the cubin and then the SHA-256 of
 * that, so that damage is noticed. Which compiler made it does not count.
 */
public final class KernelCache {
  /** Environment variable with folders of packaged kernels, as in PATH. */
  public static final String PRECOMPILED_VARIABLE = "TESSERA_KERNELS";

  private static final String PRECOMPILED_PROPERTY = "tessera.kernels";
  private static final String BUNDLED = "cubins/";
  private static final int KEY_DIGITS = 32;
  private static final int HASH_BYTES = 32;
  private static final Pattern FILE =
      Pattern.compile("([A-Za-z0-9_]+)-(sm_[0-9]+[af]?)-([0-9a-f]{32})\\.cubin");
  private static final Pattern ARCHITECTURE = Pattern.compile("sm_[0-9]{2,3}[af]?");

  /** Where a kernel's machine code came from. */
  public enum Origin {
    /** Packaged with the program, or in a folder that the user states. */
    PRECOMPILED,
    /** Compiled here before. */
    CACHED,
    /** Compiled just now. */
    COMPILED
  }

  record Cubin(byte[] image, Origin origin) {}

  /**
   * A file of compiled kernels.
   *
   * @param stem name of the source without its ending
   * @param architecture such as {@code sm_90a}
   */
  public record Entry(Path file, String stem, String architecture) {}

  private final List<Path> precompiled;
  private final Path folder;
  private final Supplier<Optional<KernelCompiler>> compiler;

  /**
   * A cache.
   *
   * @param precompiled folders to look in first; none of them is written
   * @param folder where kernels are kept; it need not exist or be writable
   */
  public KernelCache(List<Path> precompiled, Path folder) {
    this(precompiled, folder, KernelCompiler::find);
  }

  KernelCache(List<Path> precompiled, Path folder, Supplier<Optional<KernelCompiler>> compiler) {
    this.precompiled = List.copyOf(precompiled);
    this.folder = folder;
    this.compiler = compiler;
  }

  /** The user's cache. */
  public static KernelCache user() {
    List<Path> precompiled =
        ToolkitFolders.stated(PRECOMPILED_PROPERTY, PRECOMPILED_VARIABLE).stream()
            .flatMap(value -> Stream.of(value.split(File.pathSeparator)))
            .filter(value -> !value.isBlank())
            .map(Path::of)
            .toList();
    return new KernelCache(
        precompiled,
        folder(System.getenv(), System.getProperty("user.home"), NativeLibrary.windows()));
  }

  static Path folder(Map<String, String> environment, String home, boolean windows) {
    String cache = environment.getOrDefault(windows ? "LOCALAPPDATA" : "XDG_CACHE_HOME", "");
    // a relative path is to be ignored (XDG Base Directory Specification)
    Path base =
        !cache.isBlank() && Path.of(cache).isAbsolute() ? Path.of(cache) : Path.of(home, ".cache");
    return base.resolve("tessera").resolve("kernels");
  }

  /** Where kernels that were compiled here are kept. */
  public Path folder() {
    return folder;
  }

  /** Folders with packaged kernels. */
  public List<Path> precompiledFolders() {
    return precompiled;
  }

  /**
   * Machine code for the first of some architectures that has one.
   *
   * @param architectures what the device runs, the best first
   * @throws TesseraException.Unsupported if there is none and no compiler
   */
  Cubin cubin(KernelSource source, List<String> architectures) {
    String text = source.text();
    for (String architecture : architectures) {
      String name = fileName(source, text, architecture);
      Optional<byte[]> image = precompiled(name);
      if (image.isPresent()) {
        return new Cubin(image.get(), Origin.PRECOMPILED);
      }
    }
    Optional<byte[]> kept = read(folder.resolve(fileName(source, text, architectures.getFirst())));
    return kept.isPresent()
        ? new Cubin(kept.get(), Origin.CACHED)
        : compile(source, architectures.getFirst());
  }

  /**
   * Why a device cannot get the program's kernels, and what to do about it; empty if they are
   * compiled, or can be.
   */
  public Optional<String> obstacle(CudaDevice device) {
    return obstacle(device, KernelCatalog.SOURCES);
  }

  /** The same for some sources. */
  public Optional<String> obstacle(CudaDevice device, List<KernelSource> sources) {
    return obstacle(device.architectures(), sources);
  }

  Optional<String> obstacle(List<String> architectures, List<KernelSource> sources) {
    if (compiler.get().isPresent()
        || sources.stream()
            .allMatch(source ->
                isPrecompiled(source, architectures) || isKept(source, architectures.getFirst()))) {
      return Optional.empty();
    }
    return Optional.of(
        "the kernels are not compiled for %s, and %s"
            .formatted(architectures.getFirst(), KernelCompiler.absence()));
  }

  private boolean isKept(KernelSource source, String architecture) {
    return read(folder.resolve(fileName(source, source.text(), architecture))).isPresent();
  }

  /** How many of the program's sources are packaged for one of some architectures. */
  int countPrecompiled(List<String> architectures) {
    return (int)
        KernelCatalog.SOURCES.stream()
            .filter(source -> isPrecompiled(source, architectures))
            .count();
  }

  private boolean isPrecompiled(KernelSource source, List<String> architectures) {
    String text = source.text();
    return architectures.stream()
        .anyMatch(name -> precompiled(fileName(source, text, name)).isPresent());
  }

  private Optional<byte[]> precompiled(String name) {
    for (Path place : precompiled) {
      Optional<byte[]> image = read(place.resolve(name));
      if (image.isPresent()) {
        return image;
      }
    }
    try (InputStream bundled = KernelCache.class.getResourceAsStream(BUNDLED + name)) {
      return bundled == null ? Optional.empty() : unseal(bundled.readAllBytes());
    } catch (IOException unreadable) {
      return Optional.empty();
    }
  }

  /** Compiles those of a device's sources that never were, side by side. */
  public void compileMissing(CudaDevice device, List<KernelSource> sources) {
    sources.parallelStream().forEach(source -> cubin(source, device.architectures()));
  }

  /** Compiles a source whether it is cached or not, and keeps the result. */
  Cubin compile(KernelSource source, String architecture) {
    String text = source.text();
    byte[] image = compile(source, text, architecture);
    try {
      write(folder, fileName(source, text, architecture), seal(image));
    } catch (IOException unwritable) {
      // the next process compiles again; nothing else is lost
    }
    return new Cubin(image, Origin.COMPILED);
  }

  private byte[] compile(KernelSource source, String text, String architecture) {
    KernelCompiler found =
        compiler
            .get()
            .orElseThrow(() ->
                new TesseraException.Unsupported(
                    "the kernels of %s are not compiled for %s, and %s"
                        .formatted(source.file(), architecture, KernelCompiler.absence())));
    return found.compile(source.file(), text, architecture, source.compilerOptions());
  }

  /**
   * Compiles the kernels of the program for some architectures into a folder, which can then be
   * stated as {@value #PRECOMPILED_VARIABLE} where there is no compiler.
   *
   * @param architectures such as {@code sm_80}, {@code sm_90a}
   * @param models whose networks are to run too, in every precision; others need a compiler
   * @return how many files were written
   */
  public int precompile(List<String> architectures, List<Model> models, Path target)
      throws IOException {
    architectures.forEach(KernelCache::requireArchitecture);
    try {
      return architectures.stream()
          .mapToInt(architecture ->
              KernelCatalog.sources(models, architecture).parallelStream()
                  .mapToInt(source -> precompile(source, architecture, target))
                  .sum())
          .sum();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private int precompile(KernelSource source, String architecture, Path target) {
    String text = source.text();
    byte[] image = compile(source, text, architecture);
    try {
      write(target, fileName(source, text, architecture), seal(image));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return 1;
  }

  /**
   * Checks the name of an architecture.
   *
   * @throws TesseraException.Invalid if it cannot be one
   */
  public static void requireArchitecture(String name) {
    if (!ARCHITECTURE.matcher(name).matches()) {
      throw new TesseraException.Invalid(
          "'" + name + "' is no GPU architecture: name one such as sm_80 or sm_90a");
    }
  }

  /** What is kept in a folder, sorted by name; empty if there is no such folder. */
  public static List<Entry> list(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().flatMap(file -> entry(file).stream()).toList();
    } catch (IOException unreadable) {
      return List.of();
    }
  }

  private static Optional<Entry> entry(Path file) {
    Matcher name = FILE.matcher(file.getFileName().toString());
    return name.matches()
        ? Optional.of(new Entry(file, name.group(1), name.group(2)))
        : Optional.empty();
  }

  static String fileName(KernelSource source, String text, String architecture) {
    MessageDigest hash = sha256();
    // lengths in front keep different lists from giving the same bytes
    for (String part :
        Stream.concat(Stream.of(architecture, text), source.compilerOptions().stream()).toList()) {
      byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
      hash.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
      hash.update(bytes);
    }
    String key = HexFormat.of().formatHex(hash.digest()).substring(0, KEY_DIGITS);
    return source.stem() + "-" + architecture + "-" + key + ".cubin";
  }

  private static Optional<byte[]> read(Path file) {
    try {
      return Files.isRegularFile(file) ? unseal(Files.readAllBytes(file)) : Optional.empty();
    } catch (IOException unreadable) {
      return Optional.empty();
    }
  }

  static byte[] seal(byte[] image) {
    byte[] sealed = Arrays.copyOf(image, image.length + HASH_BYTES);
    System.arraycopy(sha256().digest(image), 0, sealed, image.length, HASH_BYTES);
    return sealed;
  }

  /** The image, or nothing if it is damaged. */
  static Optional<byte[]> unseal(byte[] sealed) {
    if (sealed.length <= HASH_BYTES) {
      return Optional.empty();
    }
    byte[] image = Arrays.copyOf(sealed, sealed.length - HASH_BYTES);
    byte[] stated = Arrays.copyOfRange(sealed, image.length, sealed.length);
    return MessageDigest.isEqual(sha256().digest(image), stated)
        ? Optional.of(image)
        : Optional.empty();
  }

  // another process may write or read the same file at the same time
  private static void write(Path folder, String name, byte[] contents) throws IOException {
    Files.createDirectories(folder);
    // not createTempFile, whose files only their owner may read
    Path temporary = folder.resolve(name + "." + UUID.randomUUID() + ".part");
    try {
      Files.write(temporary, contents, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      Files.move(temporary, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
