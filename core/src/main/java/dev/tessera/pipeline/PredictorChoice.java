package dev.tessera.pipeline;

import dev.tessera.field.DataType;
import dev.tessera.quant.Predictor;
import dev.tessera.transform.Normalizer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;

/**
 * Chooses what a pipeline leaves open by coding a sample of the field: the predictor first, then
 * the encoder, whichever takes the fewest bytes; of equals the simpler one. The same sample gives
 * the same choice everywhere.
 */
public final class PredictorChoice {
  private static final List<Predictor> PREDICTORS =
      List.of(Predictor.NONE, Predictor.LORENZO1, Predictor.LORENZO2, Predictor.LORENZO3);
  private static final List<EncoderSpec> ENCODERS =
      List.of(EncoderSpec.RANS, EncoderSpec.BITPACK, EncoderSpec.ZSTD);

  private PredictorChoice() {}

  /**
   * A chunk of the field.
   *
   * @param values its elements, as {@link ChunkCoder#encode} takes them
   * @param depth planes
   * @param height rows
   * @param width columns
   * @param firstSlice number of the slice of its first plane
   */
  public record Sample(MemorySegment values, int depth, int height, int width, long firstSlice) {}

  /**
   * The pipeline with its predictor and encoder chosen; as it is where nothing is open.
   *
   * @param spec the pipeline
   * @param type type of the values
   * @param normalizer as in {@link ChunkFormat}; may be null
   * @param quantization the quantizer's numbers
   * @param fill bits of the fill value
   * @param samples some chunks of the field
   */
  public static PipelineSpec resolve(
      PipelineSpec spec,
      DataType type,
      Normalizer normalizer,
      Quantization quantization,
      OptionalLong fill,
      List<Sample> samples) {
    PipelineSpec chosen = spec;
    if (!spec.predictor().isResolved()) {
      // what only a GPU has is judged by the open encoder most like it
      EncoderSpec judge =
          spec.encoder().kind().isNvcomp()
              ? EncoderSpec.BITPACK
              : spec.encoder().isResolved() ? spec.encoder() : EncoderSpec.RANS;
      long fewest = Long.MAX_VALUE;
      for (Predictor predictor : PREDICTORS) {
        ChunkFormat format =
            new ChunkFormat(type, normalizer, quantization, predictor, judge, fill);
        long bytes = bytes(format, samples);
        if (bytes < fewest) {
          fewest = bytes;
          chosen = chosen.with(predictor);
        }
      }
    }
    if (!spec.encoder().isResolved()) {
      long fewest = Long.MAX_VALUE;
      for (EncoderSpec encoder : ENCODERS) {
        ChunkFormat format =
            new ChunkFormat(type, normalizer, quantization, chosen.predictor(), encoder, fill);
        long bytes = bytes(format, samples);
        if (bytes < fewest) {
          fewest = bytes;
          chosen = chosen.with(encoder);
        }
      }
    }
    return chosen;
  }

  private static long bytes(ChunkFormat format, List<Sample> samples) {
    ChunkCoder coder = new ChunkCoder(format);
    long bytes = 0;
    for (Sample sample : samples) {
      bytes +=
          coder.encode(
              sample.values(),
              sample.depth(),
              sample.height(),
              sample.width(),
              sample.firstSlice());
    }
    return bytes;
  }
}
