package dev.tessera.cli;

import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.container.StreamPlan;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizerSpec;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How a field is compressed: by a pipeline that keeps an error bound, or through a model. */
final class CompressionOptions {
  /** What is done where nothing is said. */
  private static final String DEFAULT_PIPELINE = "eb=rel:1e-3";

  private static final int DEFAULT_CHANNELS_PER_STREAM = 64;

  @Option(
      names = "--bound",
      paramLabel = "BOUND",
      description =
          "Largest error: a share of the field's range such as 1e-3 (the default), abs:0.5 in its"
              + " unit, or pwrel:1e-2 as a share of each value.")
  private String bound;

  @Option(
      names = "--pipeline",
      paramLabel = "LIST",
      description =
          "Normalizers, quantizer, predictor and encoder, such as"
              + " log10,eb=abs:0.01,lorenzo3,bitpack (default: "
              + DEFAULT_PIPELINE
              + " with what suits the field best).")
  private String pipeline;

  @Option(
      names = {"-m", "--model"},
      description =
          "Compress through a learned model: name, id or file; 'tessera models' lists the bundled"
              + " ones. Without it, by a pipeline.")
  private String model;

  @Option(
      names = "--latent-pipeline",
      paramLabel = "LIST",
      description =
          "With --model: code its latents by a pipeline, such as"
              + " minmax:8,reference-eb=0.8,bitpack.")
  private String latentPipeline;

  @Option(
      names = "--embed-model",
      description = "With --model: put what is needed for decoding into the file.")
  private boolean embedModel;

  @Option(
      names = "--normalizer",
      paramLabel = "LIST",
      description =
          "With --model: what to do to values first, such as log10,minmax:slice, or auto to choose"
              + " by the values (default: the model's own).")
  private String normalizer;

  @Option(
      names = {"-P", "--channels-per-stream"},
      paramLabel = "P",
      description =
          "With --model: latent channels per stream (default: 64). More for ratio, fewer for"
              + " parallel decoding; all: one stream per tile.")
  private String channelsPerStream;

  @Option(
      names = "--profile",
      paramLabel = "PROFILE",
      description =
          "With --model: how streams are coded: compact (the default), or compatible, which with -P"
              + " all gives CompressAI's strings.")
  private String profile;

  /** Whether a normalizer was named. */
  boolean hasNormalizer() {
    return normalizer != null;
  }

  /** Whether the normalizer behind a model is chosen by the field's values. */
  boolean choosesNormalizer(Model with) {
    return Optional.ofNullable(normalizer)
        .or(with::normalizer)
        .map(NormalizerChoice::parse)
        .equals(Optional.of(NormalizerChoice.AUTO));
  }

  /** Whether the bound, if there is one, is a share of the range of the field's own values. */
  boolean boundIsShareOfRange() {
    return model == null
        && pipeline().quantizer().kind() == QuantizerSpec.Kind.REL
        && pipeline().appliedNormalizer().stages().isEmpty();
  }

  /** Opens a codec for what was asked. */
  Codec open(CodecOptions base) throws IOException {
    if (model == null) {
      return Codec.open(pipeline(), base);
    }
    refuse(
        pipeline,
        "--pipeline works without a model: leave out --model, or code the model's latents with"
            + " --latent-pipeline");
    refuse(bound, "a model keeps no bound: leave out --model or --bound");
    CodecOptions options = base.withEmbeddedModel(embedModel);
    if (normalizer != null) {
      options = options.withNormalizer(normalizer);
    }
    options =
        options.withProfile(profile()).withChannelsPerStream(channelsPerStream(channelsPerStream));
    if (latentPipeline != null) {
      refuse(channelsPerStream, "-P and --latent-pipeline exclude each other");
      refuse(profile, "--profile and --latent-pipeline exclude each other");
      PipelineSpec latents = PipelineSpec.parse(latentPipeline);
      return Codec.open(Models.find(model), latents, options);
    }
    Model found = Models.find(model);
    return Codec.open(found, options);
  }

  private PipelineSpec pipeline() {
    refuse(latentPipeline, "--latent-pipeline codes the latents of a model: name one with --model");
    refuse(
        normalizer,
        "--normalizer belongs to a model: name one with --model, or put it into --pipeline, as in"
            + " --pipeline "
            + normalizer
            + ",eb=rel:1e-3");
    String belongs = " belongs to a model: name one with --model, or leave it out";
    refuse(embedModel ? "" : null, "--embed-model" + belongs);
    refuse(channelsPerStream, "-P" + belongs);
    refuse(profile, "--profile" + belongs);
    if (bound == null) {
      return PipelineSpec.parse(pipeline == null ? DEFAULT_PIPELINE : pipeline);
    }
    refuse(
        pipeline,
        "--bound and --pipeline exclude each other: write eb=" + bound + " into the pipeline");
    String kind = "(?i:(abs|rel|pwrel):)?";
    if (!bound.matches(kind + "[0-9.+-][0-9.eE+-]*")) {
      throw new TesseraException.Invalid(
          "--bound takes a number such as 1e-3, abs:0.5 or pwrel:1e-2, not '" + bound + "'");
    }
    return PipelineSpec.parse("eb=" + bound.toLowerCase(Locale.ROOT));
  }

  private static void refuse(String option, String reason) {
    if (option != null) {
      throw new TesseraException.Invalid(reason);
    }
  }

  /** P as it is written after {@code -P}; null where it is not. */
  static int channelsPerStream(String text) {
    if (text == null) {
      return DEFAULT_CHANNELS_PER_STREAM;
    }
    if (text.equals("all")) {
      return CodecOptions.WHOLE;
    }
    if (!text.matches("0*[1-9]\\d{0,6}")) {
      throw new TesseraException.Invalid("-P takes a number from 1 up, or all, not '" + text + "'");
    }
    return Integer.parseInt(text);
  }

  private StreamPlan.Profile profile() {
    return switch (profile == null ? "compact" : profile) {
      case "compact" -> StreamPlan.Profile.COMPACT;
      case "compatible" -> StreamPlan.Profile.COMPATIBLE;
      default ->
          throw new TesseraException.Invalid(
              "--profile is compact or compatible, not '" + profile + "'");
    };
  }
}
