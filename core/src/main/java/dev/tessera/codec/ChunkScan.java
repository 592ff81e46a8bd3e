package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldBoxes;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.pipeline.QuantizerSpec;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What the first pass over a field finds for a pipeline. A normalizer that measures the data needs
 * a pass of its own, before the numbers of the quantizer can be.
 *
 * @param normalizer of the pipeline's applied stages; null where there are none
 * @param quantization the quantizer's numbers
 * @param specials the most frequent special values
 * @param hasSpecials whether there are any
 */
record ChunkScan(
    Normalizer normalizer, Quantization quantization, SpecialValues specials, boolean hasSpecials) {
  /** More values than this share of a field are not stored one by one. */
  private static final double MAX_STORED_SHARE = 0.01;

  /**
   * Reads the whole field once, or twice.
   *
   * @throws TesseraException.Invalid if the bound makes no sense for the field, or the normalizer
   *     cannot take it
   */
  static ChunkScan of(FieldSource source, PipelineSpec spec, Progress progress, WorkPool pool)
      throws IOException {
    FieldInfo info = source.info();
    NormalizerSpec applied = spec.appliedNormalizer();
    SpecialValues.Counter counter = new SpecialValues.Counter();
    Normalizer normalizer = null;
    Normalizer.Fit fit = null;
    if (!applied.stages().isEmpty()) {
      fit = applied.fit(info.type(), info.shape().slices());
      if (!applied.needsFit()) {
        normalizer = fit.finish();
        fit = null;
      }
    }
    if (fit != null) {
      new Pass(source, spec, null, fit, counter, progress).run(pool);
      normalizer = fit.finish();
    }
    Pass pass = new Pass(source, spec, normalizer, null, fit == null ? counter : null, progress);
    pass.run(pool);
    SpecialValues specials = counter.choose();
    long stored = counter.outside(specials);
    if (normalizer != null
        && stored > MAX_STORED_SHARE * info.shape().elements() + SpecialValues.MAX_PATTERNS) {
      throw new TesseraException.Invalid(
          "the normalizer '"
              + applied
              + "' cannot take "
              + stored
              + " of the field's "
              + info.shape().elements()
              + " values: choose one that can, such as asinh, or leave it out");
    }
    return new ChunkScan(normalizer, pass.quantization.finish(), specials, counter.total() > 0);
  }

  /** Bits of some value that the quantizer takes, for places that have none of their own. */
  long ordinaryBits(DataType type) {
    if (normalizer != null) {
      double[] value = {quantization.offset()};
      normalizer.inverse(0, value, 1);
      return type.bitsOf(value[0]);
    }
    boolean logarithmic = quantization.requested().kind() == QuantizerSpec.Kind.PWREL;
    return type.bitsOf(logarithmic ? 0 : quantization.offset());
  }

  /** A part of the field that is read at a time. */
  private static final class Box implements AutoCloseable {
    final Arena arena = Arena.ofShared();
    final MemorySegment values;
    final boolean[] marks;
    final SpecialFinder finder;
    final QuantizationFit measured;
    long slice;
    int count;
    long[] specials = {};
    int specialCount;
    double[] ordinary = {};
    Normalizer.Measured part;

    Box(int capacity, DataType type, SpecialFinder finder, QuantizationFit measured) {
      this.values = arena.allocate((long) capacity * type.bytes(), 8);
      this.marks = new boolean[capacity];
      this.finder = finder;
      this.measured = measured;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /** One pass: boxes are read in order and measured on other threads. */
  private static final class Pass extends BatchPipeline<Box, Box> {
    private final FieldSource source;
    private final FieldInfo info;
    private final DataType type;
    private final PipelineSpec spec;
    private final Normalizer normalizer;
    private final Normalizer.Fit fit;
    private final SpecialValues.Counter counter;
    private final Progress progress;
    private final FieldBoxes boxes;
    private final QuantizationFit quantization;
    private long done;

    /**
     * @param normalizer fitted normalizer; null where there is none, or not yet
     * @param fit what the ordinary values are measured with in place of the quantizer; null for the
     *     quantizer
     * @param counter takes the special values; null where they are counted already
     */
    Pass(
        FieldSource source,
        PipelineSpec spec,
        Normalizer normalizer,
        Normalizer.Fit fit,
        SpecialValues.Counter counter,
        Progress progress) {
      this.source = source;
      this.info = source.info();
      this.type = info.type();
      this.spec = spec;
      this.normalizer = normalizer;
      this.fit = fit;
      this.counter = counter;
      this.progress = progress;
      this.boxes = new FieldBoxes(info.shape());
      this.quantization = measured();
    }

    private QuantizationFit measured() {
      QuantizationFit measured = new QuantizationFit(spec, type, normalizer);
      info.fillBits().ifPresent(measured::exclude);
      return measured;
    }

    void run(WorkPool pool) throws IOException {
      run(
          () ->
              new Box(
                  boxes.capacity(),
                  type,
                  new SpecialFinder(info, spec.appliedNormalizer()),
                  measured()),
          pool.threads() + 1,
          pool.lanes());
    }

    @Override
    Box prepare(Box box) throws IOException {
      FieldBoxes.Box place = boxes.next();
      if (place == null) {
        return null;
      }
      box.slice = place.slice();
      box.count = place.count();
      source.read(place.slice(), place.row(), place.rows(), place.col(), place.cols(), box.values);
      return box;
    }

    @Override
    void work(Box lane, Box box) {
      box.specialCount = 0;
      int found =
          counter == null && fit == null ? 0 : box.finder.find(box.values, 0, box.count, box.marks);
      if (found > 0) {
        collect(box, found);
      }
      if (fit != null) {
        measureOrdinary(box, found);
      } else {
        box.measured.accept(box.values, 0, box.count, box.slice);
      }
    }

    private void collect(Box box, int found) {
      if (box.specials.length < found) {
        box.specials = new long[found];
      }
      for (int i = 0; i < box.count; i++) {
        if (box.marks[i]) {
          box.specials[box.specialCount++] = type.getBits(box.values, i);
        }
      }
    }

    private void measureOrdinary(Box box, int found) {
      if (box.ordinary.length < box.count) {
        box.ordinary = new double[box.count];
      }
      type.read(box.values, 0, box.ordinary, box.count);
      int kept = 0;
      for (int i = 0; found > 0 && i < box.count; i++) {
        if (!box.marks[i]) {
          box.ordinary[kept++] = box.ordinary[i];
        }
      }
      box.part = fit.measure(box.slice, box.ordinary, box.count - found);
    }

    @Override
    void finish(Box lane, Box box) {
      if (counter != null) {
        Arrays.stream(box.specials, 0, box.specialCount).forEach(counter::add);
      }
      if (fit != null) {
        fit.accept(box.part);
      } else {
        quantization.merge(box.measured);
      }
      done += box.count;
      progress.update(Progress.Phase.SCAN, done, info.shape().elements());
    }
  }
}
