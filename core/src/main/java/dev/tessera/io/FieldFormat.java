package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * One file format: how a field in such a file is read and written. Implementations are stateless;
 * reader and writer of a format stand in one file or side by side.
 */
interface FieldFormat {
  /** Name for messages: {@code "FITS"}. */
  String name();

  /** File name extensions without the dot, lower case. */
  List<String> extensions();

  /**
   * Whether a file that begins with {@code head} is of this format.
   *
   * @param head the first bytes of the file, at most 512
   */
  boolean recognizes(byte[] head);

  /**
   * Opens a field for reading.
   *
   * @param file an existing regular file
   * @param inner what stands behind the colon of {@code file:inner} (dataset path, variable, HDU or
   *     page number); empty if the file's only or first field is meant
   * @throws dev.tessera.field.TesseraException.Invalid if {@code inner} names nothing in the file,
   *     or is empty while the file has several fields to choose from: the message lists them
   */
  FieldSource open(Path file, String inner, OpenOptions options) throws IOException;

  /**
   * Starts a file with one field. Nothing stands under {@code file} until {@link FieldSink#commit};
   * then an existing file is replaced.
   *
   * @param inner name of the field inside the file; empty for {@code info.name()} or the format's
   *     default
   * @throws dev.tessera.field.TesseraException.Unsupported if the format cannot hold this type or
   *     rank
   */
  FieldSink create(Path file, String inner, FieldInfo info) throws IOException;
}
