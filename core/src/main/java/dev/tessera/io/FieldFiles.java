package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Opens and creates files of every format that Tessera knows. A file is named by its path, with
 * {@code :inner} behind it where it holds several fields: {@code run.h5:/fields/density}, {@code
 * image.fits:1}, {@code climate.nc:tas}. A path that exists as a whole is never split. {@code -} is
 * standard input or output, as raw data.
 */
public final class FieldFiles {
  private static final String STANDARD_STREAM = "-";
  private static final int HEAD_BYTES = 512;
  private static final RawFormat RAW = new RawFormat();

  /**
   * In the order in which they are asked; where two share an extension, the first one writes it.
   */
  private static final List<FieldFormat> FORMATS =
      List.of(
          new NpyFormat(),
          new NetCdf3Format(),
          new FitsFormat(),
          new Hdf5Format(),
          new TiffFormat(),
          new PngFormat(),
          RAW);

  private FieldFiles() {}

  private record Location(Path file, String inner) {}

  /** The names of all formats with the file name extensions of each, lower case, without dots. */
  public static Map<String, List<String>> formats() {
    Map<String, List<String>> formats = new LinkedHashMap<>();
    FORMATS.forEach(format -> formats.put(format.name(), format.extensions()));
    return formats;
  }

  /**
   * Opens a field for reading. The format is told by the file's first bytes, then by its extension;
   * a file that is named and sized as raw data ({@code name_48x128x128.f32}) is raw whatever it
   * begins with, and so is what nothing else recognizes.
   *
   * @param spec a path, optionally followed by {@code :inner}, or {@code -}
   * @param options what the user says of the field
   * @throws TesseraException.Invalid if there is no such file or field, or if shape or type are
   *     neither in the file nor in the options
   * @throws TesseraException.Corrupt if the file does not follow its format
   * @throws TesseraException.Unsupported if it holds values of a kind that no field can have
   */
  public static FieldSource open(String spec, OpenOptions options) throws IOException {
    if (spec.equals(STANDARD_STREAM)) {
      return openStream(System.in, options);
    }
    Location location = locate(spec);
    Path file = location.file();
    if (Files.isDirectory(file)) {
      throw new TesseraException.Invalid(
          "'" + file + "' is a folder: give the name of a file to read");
    }
    if (!Files.isReadable(file)) {
      throw new TesseraException.Invalid(
          "'" + file + "' may not be read: ask its owner for permission");
    }
    if (!Files.isRegularFile(file)) {
      throw new TesseraException.Invalid(
          "'" + file + "' is not a regular file: copy it into one, or pipe it into '-'");
    }
    if (Files.size(file) == 0) {
      throw new TesseraException.Invalid("'" + file + "' is empty: there is nothing to read");
    }
    FieldFormat format = recognize(file, options);
    FieldSource source = format.open(file, location.inner(), options);
    try {
      refuseContradiction(file, format, source.info(), options);
      return source;
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  /** Only raw data takes shape and type from the user; elsewhere they may just confirm. */
  private static void refuseContradiction(
      Path file, FieldFormat format, FieldInfo info, OpenOptions options) {
    boolean shape = options.shape() != null && !options.shape().equals(info.shape());
    boolean type = options.type() != null && options.type().type() != info.type();
    if (format != RAW && (shape || type)) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' is "
              + format.name()
              + " and says itself that it is "
              + info.shape()
              + " "
              + info.type().code()
              + ": leave out --shape and --dtype, which are for raw data");
    }
  }

  /** Reads raw data from a stream to its end, into a temporary file: a field is read repeatedly. */
  static FieldSource openStream(InputStream in, OpenOptions options) throws IOException {
    RAW.refuseUndescribed(options);
    PendingFile spool = PendingFile.scratch();
    try {
      long size = spool.fill(in);
      if (size == 0) {
        throw new TesseraException.Invalid("standard input is empty: there is nothing to read");
      }
      return RAW.openSpooled(spool, size, options);
    } catch (IOException | RuntimeException e) {
      spool.close();
      throw e;
    }
  }

  /**
   * Starts a file with one field. Nothing stands under its name until {@link FieldSink#commit},
   * which replaces an existing file; closing without it leaves nothing behind. The format is told
   * by the extension; other names get raw data.
   *
   * @param spec a path, optionally followed by {@code :inner}, or {@code -}
   * @throws TesseraException.Invalid if the folder is missing or not writable, the file is
   *     read-only, or its name is one of a compressed file; or if {@code inner} is given and the
   *     file exists, for it might hold other fields
   * @throws TesseraException.Unsupported if the format cannot hold such a field
   */
  public static FieldSink create(String spec, FieldInfo info) throws IOException {
    if (spec.equals(STANDARD_STREAM)) {
      return createStream(System.out, info);
    }
    Location location = locateNew(spec);
    if (FileNames.extension(location.file()).equals("gz")) {
      throw new TesseraException.Unsupported(
          "'" + spec + "' cannot be written with gzip: leave out .gz");
    }
    if (FileNames.extension(location.file()).equals("tsr")) {
      throw new TesseraException.Invalid(
          "'"
              + spec
              + "' has the ending of compressed files: give one of a field, such as .npy or .raw");
    }
    if (!location.inner().isEmpty() && Files.exists(location.file())) {
      throw new TesseraException.Invalid(
          "'"
              + location.file()
              + "' exists, and a new file would replace all that it holds: choose another name, or"
              + " delete it first");
    }
    return byExtension(location.file()).create(location.file(), location.inner(), info);
  }

  /**
   * The shapes that the name of a new raw file states, in order: {@code rho_128x128x128.f32}.
   * Numbers without an x, such as a run's, are no shapes here; files of other formats say
   * themselves what shape they have.
   *
   * @param spec as {@link #create} takes it
   */
  public static List<Shape> shapesInName(String spec) {
    if (spec.equals(STANDARD_STREAM)) {
      return List.of();
    }
    Path file = locateNew(spec).file();
    return byExtension(file) == RAW ? RawFormat.shapesInName(file, 2) : List.of();
  }

  static FieldSink createStream(OutputStream out, FieldInfo info) throws IOException {
    return RAW.createSpooled(PendingFile.to(out, "standard output"), info);
  }

  private static FieldFormat recognize(Path file, OpenOptions options) throws IOException {
    if (RAW.claims(file, options)) {
      return RAW;
    }
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(HEAD_BYTES);
    }
    for (FieldFormat format : FORMATS) {
      if (format.recognizes(head)) {
        return format;
      }
    }
    boolean gzip = head.length > 2 && head[0] == 0x1f && (head[1] & 0xff) == 0x8b;
    if (gzip && FileNames.extension(file).equals("gz")) {
      throw new TesseraException.Unsupported(
          "'" + file + "' is compressed with gzip: run gunzip on it first");
    }
    return byExtension(file);
  }

  private static FieldFormat byExtension(Path file) {
    String extension = FileNames.extension(file);
    return FORMATS.stream().filter(f -> f.extensions().contains(extension)).findFirst().orElse(RAW);
  }

  /** The longest part before a colon that exists is the file. */
  private static Location locate(String spec) {
    if (Files.exists(path(spec))) {
      return new Location(path(spec), "");
    }
    for (int colon = spec.lastIndexOf(':'); colon > 0; colon = spec.lastIndexOf(':', colon - 1)) {
      Path file = path(spec.substring(0, colon));
      if (Files.isRegularFile(file)) {
        return new Location(file, spec.substring(colon + 1));
      }
    }
    throw new TesseraException.Invalid(
        "there is no file '" + spec + "': check the name and the folder you are in");
  }

  /**
   * A new file's name ends at the first colon that stands behind a known extension, unless the
   * folder that the whole name lies in exists and contains that colon.
   */
  private static Location locateNew(String spec) {
    Path whole = path(spec);
    if (Files.exists(whole)) {
      return new Location(whole, "");
    }
    for (int colon = spec.indexOf(':'); colon > 0; colon = spec.indexOf(':', colon + 1)) {
      Path file = path(spec.substring(0, colon));
      boolean known =
          FORMATS.stream().anyMatch(f -> f.extensions().contains(FileNames.extension(file)));
      Path folder = whole.getParent();
      boolean inFolder =
          folder != null && folder.toString().length() > colon && Files.isDirectory(folder);
      if (known && !inFolder) {
        return new Location(file, spec.substring(colon + 1));
      }
    }
    return new Location(whole, "");
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new TesseraException.Invalid(
          "'" + text + "' is not a file name (" + e.getReason() + "): give another");
    }
  }
}
