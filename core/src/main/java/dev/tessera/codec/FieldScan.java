package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CancellationException;

/**
 * What the first pass over a field finds.
 *
 * @param normalizer fitted to the ordinary values
 * @param specials the most frequent special values
 * @param hasSpecials whether there are any
 */
record FieldScan(Normalizer normalizer, SpecialValues specials, boolean hasSpecials) {
  /** More values than this share of a field are not stored one by one. */
  private static final double MAX_STORED_SHARE = 0.01;

  private static final int BOX_VALUES = 1 << 18;

  /** Reads the whole field once. */
  static FieldScan of(FieldSource source, NormalizerChoice choice, Progress progress)
      throws IOException {
    FieldInfo info = source.info();
    Shape shape = info.shape();
    DataType type = info.type();
    NormalizerChoice.Fit fit = choice.fit(type, shape.slices());
    SpecialValues.Counter counter = new SpecialValues.Counter();
    long cols = Math.min(shape.width(), BOX_VALUES);
    long rows = Math.clamp(BOX_VALUES / cols, 1, shape.height());
    double[] values = new double[Math.toIntExact(rows * cols)];
    long done = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment box = arena.allocate(rows * cols * type.bytes(), 8);
      for (long slice = 0; slice < shape.slices(); slice++) {
        for (long row = 0; row < shape.height(); row += rows) {
          for (long col = 0; col < shape.width(); col += cols) {
            long boxRows = Math.min(rows, shape.height() - row);
            long boxCols = Math.min(cols, shape.width() - col);
            int count = (int) (boxRows * boxCols);
            source.read(slice, row, boxRows, col, boxCols, box);
            type.read(box, 0, values, count);
            int ordinary = separate(info, fit, box, values, count, counter);
            fit.accept(slice, values, ordinary);
            done += count;
            progress.update(Progress.Phase.SCAN, done, shape.elements());
          }
          if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted");
          }
        }
      }
    }
    SpecialValues specials = counter.choose();
    long stored = counter.outside(specials);
    if (stored > MAX_STORED_SHARE * shape.elements() + SpecialValues.MAX_PATTERNS) {
      throw new TesseraException.Invalid(
          "the normalizer '"
              + choice
              + "' cannot take "
              + stored
              + " of the field's "
              + shape.elements()
              + " values: choose one that can, such as minmax:slice or asinh,minmax:slice");
    }
    return new FieldScan(fit.finish(), specials, counter.total() > 0);
  }

  /**
   * Moves the ordinary ones among {@code values} to the front, counts the others, and returns how
   * many were moved.
   */
  private static int separate(
      FieldInfo info,
      NormalizerChoice.Fit fit,
      MemorySegment box,
      double[] values,
      int count,
      SpecialValues.Counter counter) {
    int ordinary = 0;
    for (int i = 0; i < count; i++) {
      if (!fit.inDomain(values[i]) || isFill(info, box, i)) {
        counter.add(info.type().getBits(box, i));
      } else {
        values[ordinary++] = values[i];
      }
    }
    return ordinary;
  }

  /** Whether an element is the field's declared fill value, bit for bit. */
  static boolean isFill(FieldInfo info, MemorySegment box, long index) {
    return info.fillBits().isPresent()
        && info.type().getBits(box, index) == info.fillBits().getAsLong();
  }
}
