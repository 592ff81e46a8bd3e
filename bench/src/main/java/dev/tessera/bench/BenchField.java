package dev.tessera.bench;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.synth.CosmologySynth;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A field in memory, cut into chunks as the codec cuts it.
 *
 * @param name for people
 * @param info type and shape
 * @param data all values in native memory, which the garbage collector frees
 */
public record BenchField(String name, FieldInfo info, MemorySegment data) {
  private static final int CHUNK_DEPTH = 64;
  private static final int CHUNK_SIDE = 128;
  private static final int PLANE_SIDE = 1024;
  private static final int ROW = 1 << 20;

  /**
   * A box of values that is coded alone.
   *
   * @param volume number of the volume, over all axes but the last three
   * @param z first plane
   * @param y first row
   * @param x first column
   * @param depth planes
   * @param height rows
   * @param width columns
   */
  record Box(long volume, int z, int y, int x, int depth, int height, int width) {
    long values() {
      return (long) depth * height * width;
    }
  }

  /**
   * How a field is cut.
   *
   * @param volumes number of volumes
   * @param planes of a volume
   * @param rows of a plane
   * @param columns of a row
   * @param depth planes of a chunk
   * @param height rows of a chunk
   * @param width columns of a chunk
   */
  record Cut(int volumes, int planes, int rows, int columns, int depth, int height, int width) {}

  /** Reads a file as {@code compress} does. */
  public static BenchField read(String spec, OpenOptions options) throws IOException {
    try (FieldSource source = FieldFiles.open(spec, options)) {
      FieldInfo info = source.info();
      Shape shape = info.shape();
      MemorySegment data = Arena.ofAuto().allocate(info.bytes(), 64);
      long slice = shape.height() * shape.width() * info.type().bytes();
      for (long s = 0; s < shape.slices(); s++) {
        source.read(s, 0, shape.height(), 0, shape.width(), data.asSlice(s * slice, slice));
      }
      return new BenchField(Path.of(spec).getFileName().toString(), info, data);
    }
  }

  /** A simulated field of n×n×n float32. */
  public static BenchField synthetic(int n, CosmologySynth.Quantity quantity) {
    Field field = new CosmologySynth(n, 1).generate(quantity);
    MemorySegment data =
        Arena.ofAuto().allocate(field.data().byteSize(), 64).copyFrom(field.data());
    return new BenchField(quantity.fieldName() + "_" + n, field.info(), data);
  }

  /** The type of its values. */
  public DataType type() {
    return info.type();
  }

  /** Size of the field. */
  public long bytes() {
    return info.bytes();
  }

  /**
   * Extents of volumes, over all axes but the last three, and of the chunks they are cut into.
   *
   * @throws TesseraException.Unsupported if an axis is too long
   */
  Cut cut() {
    Shape shape = info.shape();
    int rank = shape.rank();
    long columns = shape.width();
    long rows = rank < 2 ? 1 : shape.height();
    long planes = rank < 3 ? 1 : shape.dim(rank - 3);
    long volumes = shape.elements() / (planes * rows * columns);
    if (Math.max(Math.max(planes, volumes), Math.max(rows, columns)) > Integer.MAX_VALUE) {
      throw new TesseraException.Unsupported("an axis of " + name + " is too long to be measured");
    }
    boolean flat = planes == 1;
    boolean line = flat && rows == 1;
    return new Cut(
        (int) volumes,
        (int) planes,
        (int) rows,
        (int) columns,
        flat ? 1 : CHUNK_DEPTH,
        line ? 1 : flat ? PLANE_SIDE : CHUNK_SIDE,
        line ? ROW : flat ? PLANE_SIDE : CHUNK_SIDE);
  }

  /** Its chunks in C order. */
  List<Box> boxes() {
    Cut cut = cut();
    List<Box> boxes = new ArrayList<>();
    for (int v = 0; v < cut.volumes; v++) {
      for (int z = 0; z < cut.planes; z += cut.depth) {
        for (int y = 0; y < cut.rows; y += cut.height) {
          for (int x = 0; x < cut.columns; x += cut.width) {
            boxes.add(
                new Box(
                    v,
                    z,
                    y,
                    x,
                    Math.min(cut.depth, cut.planes - z),
                    Math.min(cut.height, cut.rows - y),
                    Math.min(cut.width, cut.columns - x)));
          }
        }
      }
    }
    return boxes;
  }

  /** Number of the slice that a box begins in. */
  long firstSlice(Box box) {
    int rank = info.shape().rank();
    return box.volume() * (rank < 3 ? 1 : info.shape().dim(rank - 3)) + box.z();
  }

  /** Copies a box out of a field of this shape, or back into it. */
  void copy(MemorySegment field, Box box, MemorySegment chunk, boolean out) {
    Shape shape = info.shape();
    long columns = shape.width();
    long rows = shape.rank() < 2 ? 1 : shape.height();
    int size = type().bytes();
    long run = (long) box.width() * size;
    long at = 0;
    for (int z = 0; z < box.depth(); z++) {
      for (int y = 0; y < box.height(); y++) {
        long from = (((firstSlice(box) + z) * rows + box.y() + y) * columns + box.x()) * size;
        if (out) {
          MemorySegment.copy(field, from, chunk, at, run);
        } else {
          MemorySegment.copy(chunk, at, field, from, run);
        }
        at += run;
      }
    }
  }
}
