package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldBoxes;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What the first pass over a field finds.
 *
 * @param normalizer fitted to the ordinary values
 * @param specials the most frequent special values
 * @param hasSpecials whether there are any
 * @param ordinary how many values are not special
 */
record FieldScan(
    Normalizer normalizer, SpecialValues specials, boolean hasSpecials, long ordinary) {
  /** More values than this share of a field are not stored one by one. */
  private static final double MAX_STORED_SHARE = 0.01;

  /** Reads the whole field once. */
  static FieldScan of(FieldSource source, NormalizerChoice choice, Progress progress, WorkPool pool)
      throws IOException {
    Shape shape = source.info().shape();
    Pass pass = new Pass(source, choice.fit(source.info().type(), shape.slices()), progress);
    pass.run(() -> new Box(pass), pool.threads() + 1, pool.lanes());
    SpecialValues specials = pass.counter.choose();
    long stored = pass.counter.outside(specials);
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
    long special = pass.counter.total();
    return new FieldScan(pass.fit.finish(), specials, special > 0, shape.elements() - special);
  }

  /** A part of a slice. */
  private static final class Box implements AutoCloseable {
    final Arena arena = Arena.ofShared();
    final MemorySegment bits;
    final double[] values;
    FieldBoxes.Box place;
    int ordinary;
    long[] specials = {};
    int specialCount;
    Normalizer.Measured part;

    Box(Pass pass) {
      int capacity = pass.boxes.capacity();
      bits = arena.allocate((long) capacity * pass.info.type().bytes(), 8);
      values = new double[capacity];
    }

    void read(FieldSource source) throws IOException {
      source.read(place.slice(), place.row(), place.rows(), place.col(), place.cols(), bits);
    }

    /** Moves ordinary values to the front, keeps the bits of others, and returns how many moved. */
    int separate(FieldInfo info, NormalizerChoice.Fit fit) {
      DataType type = info.type();
      int count = place.count();
      type.read(bits, 0, values, count);
      specialCount = 0;
      int ordinary = 0;
      for (int i = 0; i < count; i++) {
        if (!fit.inDomain(values[i]) || isFill(info, bits, i)) {
          if (specialCount == specials.length) {
            specials = Arrays.copyOf(specials, Math.max(1024, 2 * specialCount));
          }
          specials[specialCount++] = type.getBits(bits, i);
        } else {
          values[ordinary++] = values[i];
        }
      }
      return ordinary;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /**
   * The pass: boxes are read and measured on other threads, and counted in order; what allows one
   * thread at a time is read by the calling one.
   */
  private static final class Pass extends BatchPipeline<Box, Box> {
    final FieldSource source;
    final FieldInfo info;
    final NormalizerChoice.Fit fit;
    final Progress progress;
    final SpecialValues.Counter counter = new SpecialValues.Counter();
    final FieldBoxes boxes;
    private long done;

    Pass(FieldSource source, NormalizerChoice.Fit fit, Progress progress) {
      this.source = source;
      this.info = source.info();
      this.fit = fit;
      this.progress = progress;
      this.boxes = new FieldBoxes(info.shape());
    }

    @Override
    Box prepare(Box box) throws IOException {
      box.place = boxes.next();
      if (box.place == null) {
        return null;
      }
      if (!source.isConcurrent()) {
        box.read(source);
      }
      return box;
    }

    @Override
    void work(Box lane, Box box) {
      if (source.isConcurrent()) {
        try {
          box.read(source);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      box.ordinary = box.separate(info, fit);
      box.part = fit.measure(box.place.slice(), box.values, box.ordinary);
    }

    @Override
    void finish(Box lane, Box box) {
      Arrays.stream(box.specials, 0, box.specialCount).forEach(counter::add);
      fit.accept(box.part, box.values, box.ordinary);
      done += box.place.count();
      progress.update(Progress.Phase.SCAN, done, info.shape().elements());
    }
  }

  /** Whether an element is the field's declared fill value, bit for bit. */
  static boolean isFill(FieldInfo info, MemorySegment box, long index) {
    return info.fillBits().isPresent()
        && info.type().getBits(box, index) == info.fillBits().getAsLong();
  }
}
