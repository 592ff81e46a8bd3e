package dev.tessera.cli;

import com.google.gson.JsonObject;
import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizerSpec;
import java.util.LinkedHashMap;
import java.util.Map;

/** A file's pipeline in words. */
final class PipelineText {
  private PipelineText() {}

  /** A row per stage. */
  static Map<String, String> describe(Header header, PipelineSpec spec) {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("quantizer", spec.quantizer() + ": " + quantizer(header, spec));
    rows.put("predictor", spec.predictor() + ": " + predictor(spec));
    rows.put("encoder", spec.encoder() + ": " + encoder(spec.encoder()));
    return rows;
  }

  private static String quantizer(Header header, PipelineSpec spec) {
    QuantizerSpec.Kind kind = spec.quantizer().kind();
    if (header.hasModel()) {
      return kind == QuantizerSpec.Kind.ROUND
          ? "latents to the nearest integer"
          : "latents" + (kind == QuantizerSpec.Kind.ABS ? "" : ", by the range of each tile");
    }
    Quantization numbers = numbers(header, spec);
    String unit = spec.appliedNormalizer().stages().isEmpty() ? "" : " after the normalizer";
    return switch (kind) {
      case ABS, REL ->
          "error at most %s%s, steps of %s"
              .formatted(Text.number(numbers.bound()), unit, Text.number(numbers.step()));
      case PWREL -> "error at most %s of each value".formatted(Text.number(numbers.bound()));
      case ROUND -> "to the nearest integer" + unit;
      case REFERENCE ->
          "range to %d bits, steps of %s, no bound"
              .formatted(spec.quantizer().bits(), Text.number(numbers.step()));
    };
  }

  private static Quantization numbers(Header header, PipelineSpec spec) {
    return Quantization.decode(spec.quantizer(), header.stage(Stage.QUANTIZER).parameters());
  }

  private static String predictor(PipelineSpec spec) {
    return switch (spec.predictor().axes()) {
      case 0 -> "integers as they are";
      case 1 -> "differences along rows";
      case 2 -> "differences along rows and columns";
      default -> "differences along three axes";
    };
  }

  private static String encoder(EncoderSpec encoder) {
    return switch (encoder.kind()) {
      case BITPACK -> "one width for every 32 integers";
      case RANS -> "entropy coding, %d blocks a stream".formatted(encoder.blocksPerStream());
      case ZSTD -> "Zstandard over planes of bytes";
      case RAW -> "32 bits each";
      default -> "nvCOMP, needs a CUDA device";
    };
  }

  /** The same for programs. */
  static JsonObject toJson(Header header, PipelineSpec spec) {
    JsonObject object = new JsonObject();
    object.addProperty("text", spec.toString());
    object.addProperty("quantizer", spec.quantizer().toString());
    object.addProperty("predictor", spec.predictor().toString());
    object.addProperty("encoder", spec.encoder().toString());
    if (!header.hasModel()) {
      Quantization numbers = numbers(header, spec);
      object.addProperty("offset", numbers.offset());
      object.addProperty("step", numbers.step());
      object.addProperty("bound", numbers.bound());
    }
    return object;
  }
}
