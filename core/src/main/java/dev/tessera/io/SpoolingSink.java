package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Collects a field whose format must be written in one go. Boxes go, in any order, into a temporary
 * raw file beside the target; on commit the complete field is handed to a function that writes the
 * real file. The temporary file is deleted in every case; what was never written reads as zero.
 */
final class SpoolingSink implements FieldSink {
  private static final int PIECE = 1 << 18;

  /** Writes the complete field under its final name, or nothing at all. */
  @FunctionalInterface
  interface Completion {
    void write(Field field) throws IOException;
  }

  private final FieldInfo info;
  private final PendingFile spool;
  private final Completion completion;
  private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
  private final MemorySegment pieceSegment = MemorySegment.ofBuffer(piece);
  private boolean closed;

  private SpoolingSink(FieldInfo info, PendingFile spool, Completion completion) {
    this.info = info;
    this.spool = spool;
    this.completion = completion;
  }

  /**
   * Starts collecting.
   *
   * @param target the file that {@code completion} will write; the temporary file is put beside it
   * @throws TesseraException.Invalid if {@code target} cannot be written
   * @throws IOException if the folder has too little room
   */
  static SpoolingSink create(Path target, FieldInfo info, Completion completion)
      throws IOException {
    PendingFile spool = PendingFile.create(target);
    try {
      spool.extend(info.bytes());
      return new SpoolingSink(info, spool, completion);
    } catch (IOException | RuntimeException e) {
      spool.close();
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
    checkOpen();
    Boxes.check(info, slice, row, rows, col, cols, source);
    DataType type = info.type();
    Shape shape = info.shape();
    boolean whole = cols == shape.width();
    long run = (whole ? rows * cols : cols) * type.bytes();
    for (long i = 0; i < (whole ? 1 : rows); i++) {
      long first = (slice * shape.height() + row + i) * shape.width() + col;
      writeFully(source.asSlice(i * run, run), first * type.bytes());
    }
  }

  /** Through a buffer, since a segment over an array of anything but bytes has no byte buffer. */
  private void writeFully(MemorySegment bytes, long position) throws IOException {
    for (long done = 0; done < bytes.byteSize(); done += PIECE) {
      long count = Math.min(PIECE, bytes.byteSize() - done);
      MemorySegment.copy(bytes, done, pieceSegment, 0, count);
      spool.write(piece.clear().limit((int) count), position + done);
    }
  }

  @Override
  public void commit() throws IOException {
    checkOpen();
    try (Arena arena = Arena.ofShared()) {
      FileChannel channel = spool.channel();
      completion.write(
          new Field(info, channel.map(FileChannel.MapMode.READ_ONLY, 0, info.bytes(), arena)));
    } finally {
      close();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this field is already committed or closed");
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    spool.close();
  }
}
