package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A field that lies uncompressed in a file, as a regular array: it is mapped, so that no part of it
 * takes heap, whatever its size. Each axis has its own stride, which covers C order, Fortran order
 * and the interleaved records of NetCDF.
 */
final class MappedSource implements FieldSource {
  /** Columns that are gathered together before the next row, where neither axis is contiguous. */
  private static final int GATHER_COLUMNS = 16;

  private final FieldInfo info;
  private final StoredElements elements;
  private final long[] strides;
  private final long rowStride;
  private final long columnStride;
  private final Path file;
  private final Closeable owner;
  private final Arena arena;
  private final MemorySegment data;
  private boolean closed;

  /**
   * Maps a field.
   *
   * @param offset where its first element lies, in bytes
   * @param strides bytes from one element to the next, for each axis; none negative
   * @param owner closed together with this source; null where there is none
   * @throws TesseraException.Corrupt if the file ends before the field does
   */
  private MappedSource(
      Path file,
      FieldInfo info,
      StoredElements elements,
      long offset,
      long[] strides,
      Closeable owner)
      throws IOException {
    this.info = info;
    this.elements = elements;
    this.strides = strides;
    this.file = file;
    this.owner = owner;
    int rank = strides.length;
    this.columnStride = rank >= 1 ? strides[rank - 1] : 0;
    this.rowStride = rank >= 2 ? strides[rank - 2] : 0;
    long extent = extent(file, info.shape(), elements.bytes(), strides);
    this.arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (offset > size || extent > size - offset) {
        throw new TesseraException.Corrupt(
            "'"
                + file
                + "' is cut off: its "
                + info.shape()
                + " "
                + info.type().code()
                + " values take "
                + extent
                + " bytes from byte "
                + offset
                + " on, but it has only "
                + size
                + " bytes",
            size);
      }
      this.data = channel.map(FileChannel.MapMode.READ_ONLY, offset, extent, arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** A field of any regular layout. */
  static MappedSource strided(
      Path file, FieldInfo info, StoredElements elements, long offset, long[] strides)
      throws IOException {
    return new MappedSource(file, info, elements, offset, strides, null);
  }

  /** A field in C order without gaps. */
  static MappedSource contiguous(Path file, FieldInfo info, StoredElements elements, long offset)
      throws IOException {
    return contiguous(file, info, elements, offset, null);
  }

  /** As {@link #contiguous}, in a temporary file that is deleted on close. */
  static MappedSource temporary(PendingFile file, FieldInfo info, StoredElements elements)
      throws IOException {
    return contiguous(file.path(), info, elements, 0, file);
  }

  private static MappedSource contiguous(
      Path file, FieldInfo info, StoredElements elements, long offset, Closeable owner)
      throws IOException {
    long[] strides = cStrides(file, info.shape(), elements.bytes());
    return new MappedSource(file, info, elements, offset, strides, owner);
  }

  /** Strides in bytes of an array whose last axis is the fastest. */
  static long[] cStrides(Path file, Shape shape, int elementBytes) {
    long[] strides = new long[shape.rank()];
    long stride = elementBytes;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride = times(file, stride, shape.dim(axis));
    }
    return strides;
  }

  /** Strides in bytes of an array whose first axis is the fastest. */
  static long[] fortranStrides(Path file, Shape shape, int elementBytes) {
    long[] strides = new long[shape.rank()];
    long stride = elementBytes;
    for (int axis = 0; axis < shape.rank(); axis++) {
      strides[axis] = stride;
      stride = times(file, stride, shape.dim(axis));
    }
    return strides;
  }

  private static long extent(Path file, Shape shape, int elementBytes, long[] strides) {
    long last = 0;
    for (int axis = 0; axis < strides.length; axis++) {
      long reach = times(file, strides[axis], shape.dim(axis) - 1);
      last = last > Long.MAX_VALUE - elementBytes - reach ? overflow(file) : last + reach;
    }
    return last + elementBytes;
  }

  private static long times(Path file, long a, long b) {
    long high = Math.multiplyHigh(a, b);
    long low = a * b;
    return high != 0 || low < 0 ? overflow(file) : low;
  }

  private static long overflow(Path file) {
    throw new TesseraException.Corrupt(
        "the header of '" + file + "' promises more than 2^63 bytes, which no file holds", -1);
  }

  @Override
  public FieldInfo info() {
    return info;
  }

  @Override
  public void read(long slice, long row, long rows, long col, long cols, MemorySegment target)
      throws IOException {
    Boxes.check(info, slice, row, rows, col, cols, target);
    try {
      copy(sliceOffset(slice), row, rows, col, cols, target);
    } catch (InternalError e) {
      // How the JVM reports that a mapped page is gone: the file was cut while it was read.
      throw new IOException(
          "'" + file + "' became shorter while it was read: run again when nobody writes it", e);
    }
  }

  @Override
  public boolean isConcurrent() {
    return true;
  }

  private void copy(long base, long row, long rows, long col, long cols, MemorySegment target) {
    int bytes = elements.bytes();
    int targetBytes = info.type().bytes();
    boolean wholeRows = cols == info.shape().width() && rowStride == cols * bytes;
    if (columnStride != bytes && cols > 1) {
      gather(base, row, rows, col, cols, target);
    } else if (wholeRows) {
      elements.decode(data, base + row * rowStride, target, 0, rows * cols);
    } else {
      for (long i = 0; i < rows; i++) {
        long at = base + (row + i) * rowStride + col * columnStride;
        elements.decode(data, at, target, i * cols * targetBytes, cols);
      }
    }
  }

  private void gather(long base, long row, long rows, long col, long cols, MemorySegment target) {
    int targetBytes = info.type().bytes();
    for (long left = 0; left < cols; left += GATHER_COLUMNS) {
      long right = Math.min(cols, left + GATHER_COLUMNS);
      for (long i = 0; i < rows; i++) {
        long at = base + (row + i) * rowStride + (col + left) * columnStride;
        long targetAt = (i * cols + left) * targetBytes;
        elements.gather(data, at, columnStride, target, targetAt, (int) (right - left));
      }
    }
  }

  private long sliceOffset(long slice) {
    long offset = 0;
    long rest = slice;
    for (int axis = strides.length - 3; axis >= 0; axis--) {
      long dim = info.shape().dim(axis);
      offset += rest % dim * strides[axis];
      rest /= dim;
    }
    return offset;
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    arena.close();
    if (owner != null) {
      owner.close();
    }
  }
}
