package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The pages of a TIFF file as slices. Uncompressed blocks are read where they lie in the mapped
 * file; the others are unpacked one by one and kept for a while, so that memory stays bounded and
 * neighbouring boxes do not unpack a strip again and again.
 */
final class TiffSource implements FieldSource {
  private final FieldInfo info;
  private final MemorySegment file;
  private final Arena arena;
  private final List<TiffPage> pages;
  private final BlockCache<Block> cache = BlockCache.ofHeapShare();

  private record Block(int page, int number) {}

  /**
   * @param file the mapped file, which {@code arena} owns; it is closed with this source
   * @param pages all of one shape and type; slice {@code s} is sample {@code s % samples} of page
   *     {@code s / samples}
   */
  TiffSource(FieldInfo info, MemorySegment file, Arena arena, List<TiffPage> pages) {
    this.info = info;
    this.file = file;
    this.arena = arena;
    this.pages = pages;
  }

  @Override
  public FieldInfo info() {
    return info;
  }

  @Override
  public void read(long slice, long row, long rows, long col, long cols, MemorySegment target)
      throws IOException {
    Boxes.check(info, slice, row, rows, col, cols, target);
    if (rows == 0 || cols == 0) {
      return;
    }
    try {
      copyBlocks(slice, row, rows, col, cols, target);
    } catch (InternalError e) {
      // How the JVM reports that a mapped page is gone.
      throw new IOException(
          "the TIFF file became shorter while it was read: run again when nobody writes it", e);
    }
  }

  private void copyBlocks(
      long slice, long row, long rows, long col, long cols, MemorySegment target) {
    int samples = pages.getFirst().samples();
    int pageNumber = (int) (slice / samples);
    int sample = (int) (slice % samples);
    TiffPage page = pages.get(pageNumber);
    long across = page.blocksAcross();
    long down = page.blocksDown();
    int type = info.type().bytes();
    for (long v = row / page.blockHeight(); v * page.blockHeight() < row + rows; v++) {
      long top = Math.max(row, v * page.blockHeight());
      long bottom = Math.min(row + rows, (v + 1) * page.blockHeight());
      for (long u = col / page.blockWidth(); u * page.blockWidth() < col + cols; u++) {
        long left = Math.max(col, u * page.blockWidth());
        long right = Math.min(col + cols, (u + 1) * page.blockWidth());
        long plane = page.planar() ? sample : 0;
        MemorySegment block = block(pageNumber, (int) ((plane * down + v) * across + u));
        for (long y = top; y < bottom; y++) {
          long from = (y - v * page.blockHeight()) * page.rowBytes();
          long to = ((y - row) * cols + left - col) * type;
          long x = left - u * page.blockWidth();
          copyRow(page, sample, block, from, x, right - left, target, to);
        }
      }
    }
  }

  /** Copies {@code count} samples of one row of a block, from pixel {@code x} on. */
  private static void copyRow(
      TiffPage page,
      int sample,
      MemorySegment block,
      long rowAt,
      long x,
      long count,
      MemorySegment target,
      long targetAt) {
    int step = page.interleaved();
    int first = page.planar() ? 0 : sample;
    StoredElements elements = page.elements();
    if (page.bits() % 8 != 0 || page.bits() == 24) {
      DataType type = elements.type();
      MemorySegment out = target.asSlice(targetAt);
      for (long i = 0; i < count; i++) {
        long index = (x + i) * step + first;
        type.setBits(out, i, bits(block, rowAt, index, page.bits(), elements.order()));
      }
    } else if (step > 1 && page.bits() == 8) {
      for (long i = 0; i < count; i++) {
        byte value = block.get(ValueLayout.JAVA_BYTE, rowAt + (x + i) * step + first);
        target.set(ValueLayout.JAVA_BYTE, targetAt + i, value);
      }
    } else if (step == 1) {
      elements.decode(block, rowAt + x * elements.bytes(), target, targetAt, count);
    } else {
      int out = elements.type().bytes();
      for (long i = 0; i < count; i++) {
        long at = rowAt + ((x + i) * step + first) * elements.bytes();
        elements.decode(block, at, target, targetAt + i * out, 1);
      }
    }
  }

  /** Sample {@code index} of a row of samples that are packed without regard to bytes. */
  private static long bits(MemorySegment block, long rowAt, long index, int bits, ByteOrder order) {
    long bit = index * bits;
    long value = 0;
    for (int done = 0; done < bits; ) {
      int stored = block.get(ValueLayout.JAVA_BYTE, rowAt + (bit + done >>> 3)) & 0xff;
      int skip = (int) (bit + done & 7);
      int take = Math.min(8 - skip, bits - done);
      long part = stored >>> 8 - skip - take & (1 << take) - 1;
      // Samples of whole bytes follow the file's byte order, others are always big-endian.
      boolean little = bits % 8 == 0 && order == ByteOrder.LITTLE_ENDIAN;
      value = little ? value | part << done : value << take | part;
      done += take;
    }
    return value;
  }

  private MemorySegment block(int pageNumber, int number) {
    TiffPage page = pages.get(pageNumber);
    long size = page.blockBytes(number);
    long count = page.counts()[number];
    boolean missing = count == 0 && page.offsets()[number] == 0;
    if (page.compression() == TiffCompression.NONE && page.predictor() == 1 && !missing) {
      return file.asSlice(page.offsets()[number], size);
    }
    byte[] unpacked =
        cache.get(
            new Block(pageNumber, number),
            size,
            () -> missing ? new byte[(int) size] : unpack(page, number, (int) size));
    return MemorySegment.ofArray(unpacked);
  }

  private byte[] unpack(TiffPage page, int number, int size) {
    long offset = page.offsets()[number];
    long count = page.counts()[number];
    if (count > Integer.MAX_VALUE - 64) {
      throw new TesseraException.Unsupported(
          "a TIFF strip or tile of "
              + count
              + " bytes is too long: save the file with smaller ones");
    }
    byte[] packed = file.asSlice(offset, count).toArray(ValueLayout.JAVA_BYTE);
    byte[] data =
        page.compression() == TiffCompression.NONE
            ? packed
            : TiffCompression.decode(page.compression(), packed, size);
    int rowBytes = (int) page.rowBytes();
    int bytes = page.bits() / 8;
    boolean bigEndian = page.elements().order() == ByteOrder.BIG_ENDIAN;
    switch (page.predictor()) {
      case 2 ->
          TiffCompression.addDifferences(data, rowBytes, bytes, page.interleaved(), bigEndian);
      case 3 ->
          TiffCompression.mergeBytePlanes(data, rowBytes, bytes, page.interleaved(), bigEndian);
      default -> {}
    }
    return data;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
