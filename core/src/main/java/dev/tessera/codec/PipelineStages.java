package dev.tessera.codec;

import dev.tessera.bytes.ByteWriter;
import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizerSpec;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.util.List;

/** A pipeline as stages of a container (FORMAT.md, "Header"), and back. */
final class PipelineStages {
  private PipelineStages() {}

  /**
   * The stages of a pipeline on a field.
   *
   * @param spec the pipeline, resolved
   * @param normalizerNumbers what the normalizer measured
   * @param quantizerNumbers what the quantizer measured
   */
  static List<Stage> ofField(PipelineSpec spec, byte[] normalizerNumbers, byte[] quantizerNumbers) {
    return List.of(
        new Stage(Stage.NORMALIZER, spec.normalizer().encode(), normalizerNumbers),
        quantizer(spec, quantizerNumbers),
        predictor(spec),
        encoder(spec));
  }

  /** The stages that follow a model. What they measure of the data stands in each tile. */
  static List<Stage> behindModel(PipelineSpec spec) {
    return List.of(
        new Stage(Stage.LATENT_NORMALIZER, spec.normalizer().encode()),
        quantizer(spec, LatentFormat.numbers(spec)),
        predictor(spec),
        encoder(spec));
  }

  private static Stage quantizer(PipelineSpec spec, byte[] numbers) {
    QuantizerSpec quantizer = spec.quantizer();
    ByteWriter out =
        new ByteWriter()
            .u8(quantizer.kind().id())
            .bits(Double.doubleToRawLongBits(quantizer.value()), Double.BYTES);
    if (quantizer.kind() == QuantizerSpec.Kind.REFERENCE) {
      out.u8(quantizer.bits());
    }
    return new Stage(Stage.QUANTIZER, out.toByteArray(), numbers);
  }

  private static Stage predictor(PipelineSpec spec) {
    return new Stage(Stage.PREDICTOR, new byte[] {(byte) spec.predictor().id()});
  }

  private static Stage encoder(PipelineSpec spec) {
    ByteWriter out = new ByteWriter().u8(spec.encoder().kind().id());
    if (spec.encoder().kind() == EncoderSpec.Kind.RANS) {
      out.varint(spec.encoder().blocksPerStream());
    }
    return new Stage(Stage.ENCODER, out.toByteArray());
  }

  /**
   * The normalizer that is applied to a field's values; null where none is.
   *
   * @throws TesseraException.Corrupt if the header's numbers are not its
   */
  static Normalizer normalizer(Header header, PipelineSpec spec) {
    byte[] numbers = header.stage(Stage.NORMALIZER).parameters();
    NormalizerSpec applied = spec.appliedNormalizer();
    FieldInfo info = header.field();
    Normalizer normalizer = Normalizer.read(applied, info.type(), info.shape().slices(), numbers);
    return applied.stages().isEmpty() ? null : normalizer;
  }

  /**
   * The pipeline that a header's stages say.
   *
   * @throws TesseraException.Corrupt if they are no pipeline
   */
  static PipelineSpec spec(Header header) {
    byte[] normalizer =
        header.stage(header.hasModel() ? Stage.LATENT_NORMALIZER : Stage.NORMALIZER).arguments();
    NormalizerSpec.decode(normalizer);
    return PipelineSpec.decode(
        new ByteWriter()
            .block(normalizer)
            .raw(header.stage(Stage.QUANTIZER).arguments())
            .raw(header.stage(Stage.PREDICTOR).arguments())
            .raw(header.stage(Stage.ENCODER).arguments())
            .toByteArray());
  }
}
