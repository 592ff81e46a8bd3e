package dev.tessera.train.data;

import dev.tessera.codec.Progress;
import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.io.PendingFile;
import dev.tessera.transform.Normalizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/** Reads a field slab by slab and writes what is kept of its values, in bricks. */
final class BrickWriter {
  /** Values that are read and ordered together: 16 MiB. */
  private static final long SLAB = 1 << 22;

  /** Lies in the domain of every pointwise stage. */
  private static final double STAND_IN = 1;

  private final FieldSource source;
  private final FieldInfo info;
  private final DataType type;
  private final BrickLayout layout;
  private final Normalizer normalizer;
  private final Normalizer pointwise;
  private final double base;
  private final double unit;
  private final int rows;
  private final int cols;
  private final double[] row;
  private final boolean[] missing;

  /**
   * @param survey what was found in the field
   */
  BrickWriter(FieldSource source, BrickLayout layout, FieldSurvey survey) {
    this.source = source;
    this.info = source.info();
    this.type = info.type();
    this.layout = layout;
    this.normalizer = survey.normalizer();
    this.pointwise = survey.normalizer().spec().pointwise().fit(type, 1).finish();
    this.base = survey.base();
    this.unit = survey.unit();
    long thin = SLAB / layout.depth() / layout.height();
    this.cols = (int) Math.min(thin / layout.width(), layout.wide()) * layout.width();
    long high = Math.max(1, SLAB / layout.depth() / layout.height() / cols);
    this.rows = (int) Math.min(high, layout.high()) * layout.height();
    this.row = new double[cols];
    this.missing = new boolean[cols];
  }

  /** Writes the field from byte {@code at} of a file on, which is long enough already. */
  void write(PendingFile file, long at, Progress progress) throws IOException {
    Volumes volumes = layout.volumes();
    long slabs = volumes.count() * layout.deep();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment box = arena.allocate((long) rows * cols * type.bytes(), 8);
      ByteBuffer bricks =
          ByteBuffer.allocateDirect(4 * layout.depth() * rows * cols)
              .order(ByteOrder.LITTLE_ENDIAN);
      for (long slab = 0; slab < slabs; slab++) {
        for (long y = 0; y < volumes.height(); y += rows) {
          for (long x = 0; x < volumes.width(); x += cols) {
            writeSlab(file, at, slab / layout.deep(), slab % layout.deep(), y, x, box, bricks);
          }
        }
        if (Thread.currentThread().isInterrupted()) {
          throw new CancellationException("interrupted");
        }
        progress.update(Progress.Phase.SCAN, slab + 1, slabs);
      }
    }
  }

  private void writeSlab(
      PendingFile file,
      long at,
      long volume,
      long bz,
      long y,
      long x,
      MemorySegment box,
      ByteBuffer bricks)
      throws IOException {
    Volumes volumes = layout.volumes();
    long z = bz * layout.depth();
    int planes = (int) Math.min(layout.depth(), volumes.depth() - z);
    int boxRows = (int) Math.min(rows, volumes.height() - y);
    int boxCols = (int) Math.min(cols, volumes.width() - x);
    int high = Math.ceilDiv(boxRows, layout.height());
    int wide = Math.ceilDiv(boxCols, layout.width());
    bricks.clear();
    MemorySegment.ofBuffer(bricks).fill((byte) 0);
    for (int p = 0; p < planes; p++) {
      source.read(volume * volumes.depth() + z + p, y, boxRows, x, boxCols, box);
      for (int r = 0; r < boxRows; r++) {
        keep(box, (long) r * boxCols, boxCols);
        int line = p * layout.height() + r % layout.height();
        int first = r / layout.height() * wide;
        for (int i = 0; i < boxCols; i++) {
          int brick = first + i / layout.width();
          int place = (brick * BrickLayout.VALUES) + line * layout.width() + i % layout.width();
          bricks.putFloat(4 * place, missing[i] ? Float.NaN : (float) ((row[i] - base) / unit));
        }
      }
    }
    for (int b = 0; b < high; b++) {
      long brick = layout.brick(volume, bz, y / layout.height() + b, x / layout.width());
      int bytes = 4 * BrickLayout.VALUES * wide;
      file.write(bricks.slice(b * bytes, bytes), at + 4L * BrickLayout.VALUES * brick);
    }
  }

  /** Takes one row through the pointwise stages. */
  private void keep(MemorySegment box, long from, int count) {
    type.read(box, from, row, count);
    Arrays.fill(missing, 0, count, false);
    boolean hasFill = info.fillBits().isPresent();
    long fill = info.fillBits().orElse(0);
    for (int i = 0; i < count; i++) {
      boolean isFill = hasFill && type.getBits(box, from + i) == fill;
      if (isFill || !normalizer.inDomain(row[i])) {
        missing[i] = true;
        row[i] = STAND_IN;
      }
    }
    pointwise.forward(0, row, count);
  }
}
