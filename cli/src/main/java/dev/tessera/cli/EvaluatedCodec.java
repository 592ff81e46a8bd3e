package dev.tessera.cli;

import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.Precisions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model or a pipeline that is evaluated.
 *
 * @param label what it is called in tables
 * @param curve the curve that it is a point of
 * @param model the model, or empty
 * @param pipeline the pipeline, where there is no model
 */
record EvaluatedCodec(
    String label, String curve, Optional<Model> model, Optional<PipelineSpec> pipeline) {

  /**
   * All that the command line names.
   *
   * @param curves as in {@code NAME=A,B,C}, of models
   */
  static List<EvaluatedCodec> all(List<String> models, List<String> pipelines, List<String> curves)
      throws IOException {
    if (models.isEmpty() && pipelines.isEmpty()) {
      throw new TesseraException.Invalid("name what to evaluate, with --model or --pipeline");
    }
    requireOnce(models);
    requireOnce(pipelines);
    Map<String, String> stated = stated(curves, models);
    List<EvaluatedCodec> all = new ArrayList<>();
    Set<String> labels = new HashSet<>();
    for (String given : models) {
      Model model = Models.find(given);
      String label = labels.add(model.name()) ? model.name() : given;
      String curve =
          stated.getOrDefault(given, label.replaceFirst("(?<=.)[-_.][^-_]*\\d[^-_]*$", ""));
      all.add(new EvaluatedCodec(label, curve, Optional.of(model), Optional.empty()));
    }
    for (String given : pipelines) {
      PipelineSpec pipeline = PipelineSpec.parse(given);
      String curve = given.replaceFirst("(eb=(?:[a-z]+)?):?[0-9.][0-9.eE+-]*", "$1");
      all.add(new EvaluatedCodec(given, curve, Optional.empty(), Optional.of(pipeline)));
    }
    return all;
  }

  /** Refuses a name that is given twice: a curve with a point that is there twice does not rise. */
  static void requireOnce(List<String> names) {
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        throw new TesseraException.Invalid("'" + name + "' is named twice: leave one out");
      }
    }
  }

  /** The curve of each model that one is stated for. */
  private static Map<String, String> stated(List<String> curves, List<String> models) {
    Map<String, String> stated = new LinkedHashMap<>();
    for (String text : curves) {
      int equals = text.indexOf('=');
      if (equals < 1 || equals == text.length() - 1) {
        throw new TesseraException.Invalid(
            "--curve takes a name and its models, as in cosmo=A,B,C, not '" + text + "'");
      }
      for (String member : text.substring(equals + 1).split(",")) {
        if (!models.contains(member)) {
          throw new TesseraException.Invalid(
              "--curve "
                  + text
                  + " names '"
                  + member
                  + "', which is not among the models: name it in --model, too");
        }
        stated.put(member, text.substring(0, equals));
      }
    }
    return stated;
  }

  /**
   * Opens it.
   *
   * @param normalizer for models, in place of their own
   */
  Codec open(CodecOptions options, Optional<String> normalizer) {
    if (model.isEmpty()) {
      return Codec.open(pipeline.orElseThrow(), options.withPrecisions(Precisions.DEFAULT));
    }
    return Codec.open(model.get(), normalizer.map(options::withNormalizer).orElse(options));
  }
}
