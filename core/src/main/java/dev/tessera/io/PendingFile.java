package dev.tessera.io;

import dev.tessera.field.TesseraException;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A file that is being written under a temporary name. {@link #commit} moves it under its final
 * name in one step, replacing an existing file; closing without it, an exception, or the end of the
 * process (Ctrl-C) delete it, so that nobody ever meets half a file. A target that cannot be
 * replaced (a pipe, a device, standard output) is copied to on commit instead. Used by one thread
 * at a time.
 */
public final class PendingFile implements Closeable {
  private static final int PIECE = 1 << 20;

  private final Path temporary;
  private final FileChannel channel;
  private final String targetName;
  private final Completion completion;
  private final Thread deletion;
  private boolean finished;

  /** What happens to the complete temporary file. */
  @FunctionalInterface
  private interface Completion {
    void accept(PendingFile file) throws IOException;
  }

  private PendingFile(Path folder, String targetName, Completion completion) throws IOException {
    this.targetName = targetName;
    this.completion = completion;
    // Not Files.createTempFile: that makes files which only their owner may read.
    String unique = Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), 36);
    this.temporary = folder.resolve(".tessera-" + unique + ".part");
    this.channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    this.deletion = new Thread(this::deleteQuietly, "delete " + temporary.getFileName());
    try {
      Runtime.getRuntime().addShutdownHook(deletion);
    } catch (IllegalStateException e) {
      channel.close();
      Files.deleteIfExists(temporary);
      throw new IOException(targetName + " cannot be written: the process is shutting down", e);
    }
  }

  /**
   * Starts a file that will stand under {@code target}; the temporary file lies in the same folder.
   * A symbolic link is followed.
   *
   * @throws TesseraException.Invalid if the folder is missing or not writable, or if the target is
   *     a folder or a read-only file
   */
  public static PendingFile create(Path target) throws IOException {
    Path real = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
    if (Files.isDirectory(real)) {
      throw new TesseraException.Invalid(
          "'" + target + "' is a folder: give the name of a file to write");
    }
    if (Files.exists(real) && !Files.isWritable(real)) {
      throw new TesseraException.Invalid(
          "'" + target + "' exists and is read-only: choose another name or make it writable");
    }
    if (Files.exists(real) && !Files.isRegularFile(real)) {
      return new PendingFile(
          temporaryFolder(),
          "'" + target + "'",
          file -> {
            try (OutputStream out = Files.newOutputStream(real, StandardOpenOption.WRITE)) {
              file.copyTo(out);
            }
          });
    }
    Path folder = real.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new TesseraException.Invalid(
          "the folder of '" + target + "' does not exist: create it or choose another name");
    }
    if (!Files.isWritable(folder)) {
      throw new TesseraException.Invalid(
          "the folder of '" + target + "' is not writable: choose another folder");
    }
    return new PendingFile(folder, "'" + target + "'", file -> file.moveTo(real));
  }

  /**
   * Starts a file that is copied to {@code out} on commit; the stream is flushed, not closed.
   *
   * @param name what messages call the stream: {@code "standard output"}
   */
  public static PendingFile to(OutputStream out, String name) throws IOException {
    return new PendingFile(temporaryFolder(), name, file -> file.copyTo(out));
  }

  /** A file for working data in the system's temporary folder; it cannot be committed. */
  public static PendingFile scratch() throws IOException {
    return new PendingFile(
        temporaryFolder(),
        "a temporary file",
        file -> {
          throw new IllegalStateException("a scratch file has no target");
        });
  }

  private static Path temporaryFolder() {
    Path folder = Path.of(System.getProperty("java.io.tmpdir"));
    if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
      throw new TesseraException.Invalid(
          "the temporary folder '" + folder + "' is not writable: set java.io.tmpdir to another");
    }
    return folder;
  }

  /** Where the file lies for now. */
  public Path path() {
    return temporary;
  }

  /** The temporary file, open for reading and writing. */
  public FileChannel channel() {
    return channel;
  }

  /**
   * Writes all remaining bytes of {@code bytes} at {@code position}.
   *
   * @throws IOException with a sentence that names the target if that fails: the disk is full
   */
  public void write(ByteBuffer bytes, long position) throws IOException {
    try {
      for (long at = position; bytes.hasRemaining(); ) {
        at += channel.write(bytes, at);
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /**
   * Makes the file {@code size} bytes long; what was not written reads as zero.
   *
   * @throws IOException if the disk has no room for that
   */
  public void extend(long size) throws IOException {
    if (size <= channel.size()) {
      return;
    }
    long room = Files.getFileStore(temporary).getUsableSpace();
    if (room < size - channel.size()) {
      throw new IOException(
          targetName
              + " cannot be written: it takes "
              + size
              + " bytes and "
              + room
              + " are free, so free some space or choose another folder");
    }
    write(ByteBuffer.allocate(1), size - 1);
  }

  /**
   * Closes the file and moves it into place.
   *
   * @throws IOException if that fails; the temporary file is deleted all the same
   */
  public void commit() throws IOException {
    if (finished) {
      throw new IllegalStateException("this file is already committed or closed");
    }
    try {
      completion.accept(this);
    } finally {
      close();
    }
  }

  private void moveTo(Path target) throws IOException {
    // Windows moves no open files.
    channel.close();
    try {
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void copyTo(OutputStream out) throws IOException {
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    try {
      for (long at = 0; channel.read(piece, at) >= 0; piece.clear()) {
        at += piece.position();
        out.write(piece.array(), 0, piece.position());
      }
      out.flush();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Copies everything that {@code in} still has to the beginning of this file. */
  long fill(java.io.InputStream in) throws IOException {
    long at = 0;
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    try (var source = Channels.newChannel(keepOpen(in))) {
      while (source.read(piece.clear()) >= 0) {
        int count = piece.flip().remaining();
        write(piece, at);
        at += count;
      }
    }
    return at;
  }

  private static java.io.InputStream keepOpen(java.io.InputStream in) {
    return new java.io.FilterInputStream(in) {
      @Override
      public void close() {}
    };
  }

  /** A failure as one sentence that names the target. */
  IOException failed(IOException cause) {
    String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return new IOException(
        targetName + " cannot be written (" + reason + "): free some space or write elsewhere",
        cause);
  }

  /** Deletes the temporary file unless it was committed. Closing twice is allowed. */
  @Override
  public void close() throws IOException {
    if (finished) {
      return;
    }
    finished = true;
    try {
      Runtime.getRuntime().removeShutdownHook(deletion);
    } catch (IllegalStateException e) {
      // The process is ending and the hook has run or will run: nothing is left to undo.
    }
    try {
      channel.close();
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private void deleteQuietly() {
    try {
      channel.close();
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The process ends; there is nobody left to tell.
    }
  }
}
