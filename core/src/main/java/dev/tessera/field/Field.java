package dev.tessera.field;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A field whose values lie in one memory segment (an array, a mapped file), in C order,
 * little-endian. It serves as source and as sink; committing and closing do nothing, since the
 * segment belongs to the caller.
 */
public final class Field implements FieldSource, FieldSink {
  /** Never started: only asked about. */
  private static final Thread OTHER_THREAD = Thread.ofPlatform().unstarted(() -> {});

  private final FieldInfo info;
  private final MemorySegment data;

  /**
   * A field over {@code data}, which is not copied and must be accessible to every thread: what
   * reads and writes fields does it from several.
   *
   * @throws TesseraException.Invalid if the segment is not {@code info.bytes()} long, or belongs to
   *     a confined arena
   */
  public Field(FieldInfo info, MemorySegment data) {
    this.info = Objects.requireNonNull(info);
    this.data = Objects.requireNonNull(data);
    if (data.byteSize() != info.bytes()) {
      throw new TesseraException.Invalid(
          "a field of "
              + info.shape()
              + " "
              + info.type().code()
              + " has "
              + info.bytes()
              + " bytes, not "
              + data.byteSize());
    }
    if (!data.isAccessibleBy(OTHER_THREAD)) {
      throw new TesseraException.Invalid(
          "a field is read and written by several threads, and this memory belongs to one: take an"
              + " automatic, a shared or the global arena");
    }
  }

  /** An unnamed float32 field over an array of its values in C order. */
  public static Field of(float[] values, long... dims) {
    return new Field(
        FieldInfo.of("", DataType.FLOAT32, Shape.of(dims)), MemorySegment.ofArray(values));
  }

  /** An unnamed float64 field over an array of its values in C order. */
  public static Field of(double[] values, long... dims) {
    return new Field(
        FieldInfo.of("", DataType.FLOAT64, Shape.of(dims)), MemorySegment.ofArray(values));
  }

  /** A new field of the given kind on the heap, all zero. At most 2^31 − 1 bytes. */
  public static Field allocate(FieldInfo info) {
    if (info.bytes() > Integer.MAX_VALUE - 64) {
      throw new TesseraException.Unsupported(
          "a field of " + info.bytes() + " bytes does not fit into one array: use a file");
    }
    return new Field(info, MemorySegment.ofArray(new byte[(int) info.bytes()]));
  }

  @Override
  public FieldInfo info() {
    return info;
  }

  /** All values in C order, little-endian. */
  public MemorySegment data() {
    return data;
  }

  /** Value {@code index} in C order. */
  public double get(long index) {
    return info.type().get(data, index);
  }

  @Override
  public void read(long slice, long row, long rows, long col, long cols, MemorySegment target) {
    copy(slice, row, rows, col, cols, target, false);
  }

  @Override
  public void write(long slice, long row, long rows, long col, long cols, MemorySegment source) {
    copy(slice, row, rows, col, cols, source, true);
  }

  private void copy(
      long slice, long row, long rows, long col, long cols, MemorySegment box, boolean into) {
    Shape shape = info.shape();
    Objects.checkIndex(slice, shape.slices());
    Objects.checkFromIndexSize(row, rows, shape.height());
    Objects.checkFromIndexSize(col, cols, shape.width());
    long bytes = info.type().bytes();
    long run = cols;
    long runs = rows;
    if (cols == shape.width()) {
      run = rows * cols;
      runs = 1;
    }
    for (long i = 0; i < runs; i++) {
      long at = ((slice * shape.height() + row + i) * shape.width() + col) * bytes;
      long boxAt = i * run * bytes;
      if (into) {
        MemorySegment.copy(box, boxAt, data, at, run * bytes);
      } else {
        MemorySegment.copy(data, at, box, boxAt, run * bytes);
      }
    }
  }

  @Override
  public boolean isConcurrent() {
    return true;
  }

  @Override
  public void commit() {}

  @Override
  public void close() {}
}
