package dev.tessera.bench;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.PredictorChoice;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What is measured: a field and a pipeline with all its numbers.
 *
 * @param field what is coded
 * @param asked the pipeline as it was asked for
 * @param spec the pipeline with its predictor and encoder chosen
 * @param format what chunks are coded with
 * @param boxes the chunks
 */
public record PipelineCase(
    BenchField field,
    String asked,
    PipelineSpec spec,
    ChunkFormat format,
    List<BenchField.Box> boxes) {
  private static final int SAMPLES = 8;

  /**
   * Works out a pipeline's numbers for a field.
   *
   * @param text a pipeline as {@link PipelineSpec#parse} takes it
   */
  public static PipelineCase of(BenchField field, String text) {
    PipelineSpec asked = PipelineSpec.parse(text);
    List<BenchField.Box> boxes = field.boxes();
    Normalizer normalizer =
        asked.appliedNormalizer().equals(NormalizerSpec.NONE)
            ? null
            : fit(field, asked.appliedNormalizer());
    FieldInfo info = field.info();
    QuantizationFit fit = new QuantizationFit(asked, field.type(), normalizer);
    OptionalLong fill =
        info.fill().isPresent()
            ? OptionalLong.of(field.type().bitsOf(info.fill().get()))
            : OptionalLong.empty();
    fill.ifPresent(fit::exclude);
    long slice = sliceValues(field);
    for (long s = 0; s * slice < info.shape().elements(); s++) {
      fit.accept(field.data(), s * slice, slice, s);
    }
    Quantization quantization = fit.finish();
    PipelineSpec spec =
        PredictorChoice.resolve(
            asked, field.type(), normalizer, quantization, fill, samples(field, boxes));
    ChunkFormat format =
        new ChunkFormat(
            field.type(), normalizer, quantization, spec.predictor(), spec.encoder(), fill);
    return new PipelineCase(field, text, spec, format, boxes);
  }

  private static long sliceValues(BenchField field) {
    return field.info().shape().elements() / Math.max(1, field.info().shape().slices());
  }

  private static Normalizer fit(BenchField field, NormalizerSpec spec) {
    DataType type = field.type();
    Normalizer.Fit fit = spec.fit(type, field.info().shape().slices());
    int slice = Math.toIntExact(sliceValues(field));
    double[] values = new double[slice];
    for (long s = 0; s < field.info().shape().slices(); s++) {
      type.read(field.data(), s * slice, values, slice);
      int kept = 0;
      for (double value : values) {
        if (Double.isFinite(value) && fit.inDomain(value)) {
          values[kept++] = value;
        }
      }
      fit.accept(s, values, kept);
    }
    return fit.finish();
  }

  private static List<PredictorChoice.Sample> samples(
      BenchField field, List<BenchField.Box> boxes) {
    List<PredictorChoice.Sample> samples = new ArrayList<>();
    int count = Math.min(SAMPLES, boxes.size());
    for (int i = 0; i < count; i++) {
      BenchField.Box box = boxes.get((int) ((long) i * boxes.size() / count));
      MemorySegment chunk = MemorySegment.ofArray(new byte[chunkBytes(field, box)]);
      field.copy(field.data(), box, chunk, true);
      samples.add(
          new PredictorChoice.Sample(
              chunk, box.depth(), box.height(), box.width(), field.firstSlice(box)));
    }
    return samples;
  }

  static int chunkBytes(BenchField field, BenchField.Box box) {
    return Math.toIntExact(box.values() * field.type().bytes());
  }
}
