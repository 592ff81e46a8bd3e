package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Writes a field as a header, its values in C order without gaps, and zeros up to a multiple of the
 * format's block size. Boxes go straight to their places in the mapped file, since the short rows
 * of tiles would cost a system call each; values that are never written are zero bytes.
 */
final class ArraySink implements FieldSink {
  private final FieldInfo info;
  private final StoredElements elements;
  private final PendingFile file;
  private final Arena arena;
  private final MemorySegment data;
  private volatile boolean finished;

  /**
   * Starts the file; if that fails, {@code file} is closed.
   *
   * @param blockBytes the file's size is a multiple of this; 1 for none
   * @throws IOException if the disk has no room for the whole file
   */
  static ArraySink create(
      PendingFile file, FieldInfo info, StoredElements elements, byte[] header, int blockBytes)
      throws IOException {
    try {
      return new ArraySink(file, info, elements, header, blockBytes);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private ArraySink(
      PendingFile file, FieldInfo info, StoredElements elements, byte[] header, int blockBytes)
      throws IOException {
    this.info = info;
    this.elements = elements;
    this.file = file;
    long size;
    try {
      long end = Math.addExact(info.bytes(), (long) header.length);
      size = Math.multiplyExact(Math.ceilDiv(end, (long) blockBytes), (long) blockBytes);
    } catch (ArithmeticException e) {
      throw new TesseraException.Unsupported(
          "a field of " + info.shape() + " takes more than 2^63 bytes, which no file holds");
    }
    file.write(ByteBuffer.wrap(header), 0);
    file.extend(size);
    this.arena = Arena.ofShared();
    try {
      this.data =
          file.channel().map(FileChannel.MapMode.READ_WRITE, header.length, info.bytes(), arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  @Override
  public FieldInfo info() {
    return info;
  }

  @Override
  public void write(long slice, long row, long rows, long col, long cols, MemorySegment source)
      throws IOException {
    if (finished) {
      throw new IllegalStateException("this field is already committed or closed");
    }
    Boxes.check(info, slice, row, rows, col, cols, source);
    int bytes = elements.bytes();
    long width = info.shape().width();
    long first = (slice * info.shape().height() + row) * width + col;
    try {
      if (cols == width) {
        elements.encode(source, 0, data, first * bytes, rows * cols);
        return;
      }
      for (long i = 0; i < rows; i++) {
        elements.encode(source, i * cols * bytes, data, (first + i * width) * bytes, cols);
      }
    } catch (InternalError e) {
      // How the JVM reports that a mapped page got no place on the disk.
      throw file.failed(new IOException("the disk is full", e));
    }
  }

  @Override
  public boolean isConcurrent() {
    return true;
  }

  @Override
  public void commit() throws IOException {
    if (finished) {
      throw new IllegalStateException("this field is already committed or closed");
    }
    finished = true;
    arena.close();
    file.commit();
  }

  /** Closing twice, or after the commit, is allowed. */
  @Override
  public void close() throws IOException {
    if (!finished) {
      finished = true;
      arena.close();
    }
    file.close();
  }
}
