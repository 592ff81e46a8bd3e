package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A field that is stored in equal blocks along every axis: the chunks of HDF5. A block is unpacked
 * when a box first touches it and kept for a while. Blocks at the far edges reach beyond the field;
 * a block that was never written reads as the fill value of its dataset.
 */
final class Hdf5BlockSource implements FieldSource {
  /** Loads blocks by the indexes of their first elements. */
  @FunctionalInterface
  interface Loader {
    /** The block's elements in C order as they are stored, or no bytes if it was never written. */
    byte[] load(long[] origin);
  }

  private final FieldInfo info;
  private final StoredElements elements;
  private final long[] dims;
  private final long[] block;
  private final long unwrittenBits;
  private final Loader loader;
  private final Closeable owner;
  private final long blockBytes;
  private final BlockCache<Long> cache;

  /**
   * @param block extents of a block, as many as the field has axes
   * @param unwrittenBits bit pattern of values in blocks that were never written
   * @param owner closed with this source
   * @throws TesseraException.Corrupt if the blocks do not fit the field
   */
  Hdf5BlockSource(
      FieldInfo info,
      StoredElements elements,
      long[] block,
      long unwrittenBits,
      Loader loader,
      BlockCache<Long> cache,
      Closeable owner) {
    this.info = info;
    this.elements = elements;
    this.dims = atLeastTwoAxes(info.shape().dims());
    this.block = atLeastTwoAxes(block);
    this.unwrittenBits = unwrittenBits;
    this.loader = loader;
    this.cache = cache;
    this.owner = owner;
    long bytes = elements.bytes();
    boolean possible = block.length == info.shape().rank();
    for (long extent : block) {
      possible = possible && extent >= 1 && extent <= Integer.MAX_VALUE / bytes;
      bytes = possible ? bytes * extent : bytes;
    }
    if (!possible) {
      throw new TesseraException.Corrupt(
          "the dataset '"
              + info.name()
              + "' of "
              + info.shape()
              + " has impossible chunks of "
              + Arrays.toString(block),
          -1);
    }
    this.blockBytes = bytes;
  }

  private static long[] atLeastTwoAxes(long[] extents) {
    int missing = Math.max(0, 2 - extents.length);
    long[] padded = new long[extents.length + missing];
    Arrays.fill(padded, 0, missing, 1);
    System.arraycopy(extents, 0, padded, missing, extents.length);
    return padded;
  }

  @Override
  public FieldInfo info() {
    return info;
  }

  @Override
  public void read(long slice, long row, long rows, long col, long cols, MemorySegment target) {
    Boxes.check(info, slice, row, rows, col, cols, target);
    if (rows == 0 || cols == 0) {
      return;
    }
    int axes = dims.length;
    long[] origin = new long[axes];
    long planeInBlock = leadingAxes(slice, origin);
    long blockRows = block[axes - 2];
    long blockCols = block[axes - 1];
    for (long top = row / blockRows * blockRows; top < row + rows; top += blockRows) {
      origin[axes - 2] = top;
      for (long left = col / blockCols * blockCols; left < col + cols; left += blockCols) {
        origin[axes - 1] = left;
        long firstRow = Math.max(row, top);
        long endRow = Math.min(row + rows, top + blockRows);
        long firstCol = Math.max(col, left);
        long count = Math.min(col + cols, left + blockCols) - firstCol;
        byte[] bytes = load(origin);
        for (long y = firstRow; y < endRow; y++) {
          long from = (planeInBlock * blockRows + y - top) * blockCols + firstCol - left;
          long to = (y - row) * cols + firstCol - col;
          copy(bytes, from, target, to, count);
        }
      }
    }
  }

  /** Sets the origin's leading axes for a slice and returns the slice's number inside the block. */
  private long leadingAxes(long slice, long[] origin) {
    long plane = 0;
    long stride = 1;
    long rest = slice;
    for (int axis = dims.length - 3; axis >= 0; axis--) {
      long index = rest % dims[axis];
      rest /= dims[axis];
      long inside = index % block[axis];
      origin[axis] = index - inside;
      plane += inside * stride;
      stride *= block[axis];
    }
    return plane;
  }

  private byte[] load(long[] origin) {
    long number = 0;
    for (int axis = 0; axis < dims.length; axis++) {
      number = number * Math.ceilDiv(dims[axis], block[axis]) + origin[axis] / block[axis];
    }
    long[] stored = Arrays.copyOfRange(origin, dims.length - info.shape().rank(), dims.length);
    byte[] bytes = cache.get(number, blockBytes, () -> loader.load(stored));
    if (bytes.length > 0 && bytes.length < blockBytes) {
      throw new TesseraException.Corrupt(
          "a chunk of the dataset '"
              + info.name()
              + "' holds "
              + bytes.length
              + " bytes instead of "
              + blockBytes,
          -1);
    }
    return bytes;
  }

  private void copy(byte[] bytes, long from, MemorySegment target, long to, long count) {
    DataType type = info.type();
    if (bytes.length == 0) {
      for (long i = 0; i < count; i++) {
        type.setBits(target, to + i, unwrittenBits);
      }
      return;
    }
    MemorySegment source = MemorySegment.ofArray(bytes);
    elements.decode(source, from * elements.bytes(), target, to * type.bytes(), count);
  }

  /** Shape of the blocks of a dataset without any: what is read at once of unwritten values. */
  static long[] wholeRows(Shape shape) {
    long[] block = new long[shape.rank()];
    Arrays.fill(block, 1);
    if (block.length > 0) {
      block[block.length - 1] = Math.min(shape.width(), 1 << 16);
    }
    return block;
  }

  @Override
  public void close() throws IOException {
    owner.close();
  }
}
