package dev.tessera.train.data;

import dev.tessera.codec.Progress;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.io.PendingFile;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The folder where fields are kept as training reads them. A file's name says what it is of: its
 * place, its content by size and time of the last change, and what was said of it (normalizer, raw
 * shape and type, fill value); so what changed is made anew, and what was made before is used
 * again. Files appear when they are complete.
 */
final class CacheFolder {
  private static final String ENDING = ".values";
  private static final int HEX_DIGITS = 16;

  /** What an interrupted process may have left behind is nobody's after a day. */
  private static final Duration ABANDONED = Duration.ofDays(1);

  /**
   * Larger values in C order may not stay in memory: then a crop across x, which takes a page for
   * each of its rows, would cost as much as forty across z or y.
   */
  private static final long LARGEST_CUT_ACROSS_X = 1L << 32;

  private final Path folder;

  /**
   * Opens a folder, which is made if need be.
   *
   * @throws TesseraException.Invalid if it cannot be
   */
  CacheFolder(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new TesseraException.Invalid(
          "the cache folder '" + folder + "' cannot be made: choose another with --cache");
    }
  }

  /** The user's folder: {@code tessera/training} where caches are kept. */
  static Path usual() {
    String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
    // a relative path is to be ignored (XDG Base Directory Specification)
    Path base =
        !cache.isBlank() && Path.of(cache).isAbsolute()
            ? Path.of(cache)
            : Path.of(System.getProperty("user.home"), ".cache");
    return base.resolve("tessera").resolve("training");
  }

  /**
   * A field, from the cache if it is there.
   *
   * @param location where the field is
   * @param open what is said of raw data and fill values
   * @param choice its normalizer
   * @param progress is told of bytes of its file
   * @throws TesseraException if the field cannot be read
   * @throws IOException if the cache cannot be written
   */
  CachedField field(
      DataSpec.Location location, OpenOptions open, NormalizerChoice choice, Progress progress)
      throws IOException {
    Path file = location.file();
    Path entry = folder.resolve(name(location, open, choice));
    Optional<CachedField> kept = CachedField.open(entry, file);
    if (kept.isEmpty()) {
      try (FieldSource source = FieldFiles.open(location.spec(), open)) {
        write(source, file, entry, choice, progress);
      }
      kept = CachedField.open(entry, file);
    }
    return kept.orElseThrow(() ->
        new IOException(
            "'" + entry + "' or '" + file + "' was changed by someone else: run again"));
  }

  private static String name(DataSpec.Location location, OpenOptions open, NormalizerChoice choice)
      throws IOException {
    Path file = location.file();
    if (!Files.isRegularFile(file)) {
      // the reader says what is wrong with it
      FieldFiles.open(location.spec(), open).close();
    }
    String content = Files.size(file) + " " + Files.getLastModifiedTime(file);
    return hash(location.real().spec())
        + "-"
        + hash(content)
        + "-"
        + hash(choice + " " + open)
        + ENDING;
  }

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, HEX_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  private static void write(
      FieldSource source, Path file, Path entry, NormalizerChoice choice, Progress progress)
      throws IOException {
    FieldInfo info = source.info();
    long size = Files.size(file);
    long storedAt = size - 4 * info.shape().elements();
    FieldSurvey survey;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stored =
          storedAt < 0 ? null : CachedField.map(file, storedAt, size - storedAt, arena);
      survey = FieldSurvey.of(source, choice, stored, half(progress, size, 0));
    }
    BrickLayout layout = BrickLayout.of(Volumes.of(info.shape()));
    PlaneMaps[] maps = survey.maps();
    if (survey.asInFile() && size > LARGEST_CUT_ACROSS_X) {
      maps[Orientation.X.axis()] = null;
    }
    CacheHeader header =
        new CacheHeader(
            new CacheHeader.Description(
                file.toRealPath().toString(),
                info.shape().rank() == 0 ? "1" : info.shape().toString(),
                info.type().code(),
                survey.normalizer().spec().toString(),
                survey.normalizer().clamps(),
                survey.missing(),
                survey.asInFile() ? storedAt : -1,
                CacheHeader.mapBytes(maps)),
            maps);
    try (PendingFile pending = PendingFile.create(entry)) {
      boolean here = !survey.asInFile() && !survey.isConstant();
      pending.extend(header.valuesAt() + (survey.asInFile() ? 0 : layout.bytes()));
      header.write(pending);
      if (here) {
        new BrickWriter(source, layout, survey)
            .write(pending, header.valuesAt(), half(progress, size, 1));
      }
      pending.commit();
    }
  }

  /** Tells of one of two passes over a file as bytes of it. */
  private static Progress half(Progress progress, long size, int pass) {
    return (phase, done, total) ->
        progress.update(phase, (long) (size / 2.0 * (pass + (double) done / total)), size);
  }

  /**
   * Removes files of fields that changed or are gone, and what interrupted processes left. A folder
   * that may not be written is left alone.
   */
  void removeStale() {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (isStale(entry)) {
          Files.deleteIfExists(entry);
        }
      }
    } catch (IOException e) {
      // it takes room, and does no harm
    }
  }

  private static boolean isStale(Path entry) throws IOException {
    String name = entry.getFileName().toString();
    if (name.startsWith(".tessera-") && name.endsWith(".part")) {
      FileTime changed = Files.getLastModifiedTime(entry);
      return changed.toInstant().isBefore(Instant.now().minus(ABANDONED));
    }
    if (!name.matches("[0-9a-f]{16}-[0-9a-f]{16}-[0-9a-f]{16}\\" + ENDING)) {
      return false;
    }
    Optional<String> file = fileOf(entry);
    if (file.isEmpty()) {
      return true;
    }
    Path source = Path.of(file.get());
    if (!Files.isRegularFile(source)) {
      return true;
    }
    String content = Files.size(source) + " " + Files.getLastModifiedTime(source);
    return !name.substring(HEX_DIGITS + 1, 2 * HEX_DIGITS + 1).equals(hash(content));
  }

  private static Optional<String> fileOf(Path entry) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = CachedField.map(entry, 0, Files.size(entry), arena);
      return CacheHeader.read(data).map(header -> header.description().file());
    }
  }
}
