package dev.tessera.pipeline;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.Predictor;
import dev.tessera.transform.Normalizer;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * What all chunks of a file are coded with.
 *
 * @param type type of the values
 * @param normalizer stages that are applied before the quantizer; null where there are none
 * @param quantization the quantizer with its numbers
 * @param predictor the predictor
 * @param encoder the encoder
 * @param fill bits of the fill value: values of these bits come back as they are, and no other
 *     value becomes them; decoders need not know it
 */
public record ChunkFormat(
    DataType type,
    Normalizer normalizer,
    Quantization quantization,
    Predictor predictor,
    EncoderSpec encoder,
    OptionalLong fill) {
  /**
   * Checks that everything is chosen.
   *
   * @throws TesseraException.Invalid if the predictor or the encoder has not been chosen
   */
  public ChunkFormat {
    Objects.requireNonNull(type);
    Objects.requireNonNull(fill);
    if (!predictor.isResolved() || !encoder.isResolved()) {
      throw new TesseraException.Invalid(
          "chunks cannot be coded with " + predictor + "," + encoder + " before these are chosen");
    }
  }

  /** The same with another predictor and encoder. */
  public ChunkFormat with(Predictor otherPredictor, EncoderSpec otherEncoder) {
    return new ChunkFormat(type, normalizer, quantization, otherPredictor, otherEncoder, fill);
  }
}
