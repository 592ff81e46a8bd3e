package dev.tessera.train;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.train.TrainingOptions.WeightFormat;
import dev.tessera.train.data.TrainingData;
import dev.tessera.train.network.TrainableModel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a training ends with.
 *
 * @param model complete, with tables, as it is written
 * @param losses of its weights as they are written, over the validation tiles
 * @param precise losses of the same model in float32
 */
record FinishedModel(Model model, Losses losses, Losses precise) {
  /** float16 is taken where it costs at most so many dB and this share of the bits. */
  private static final double HALF_DECIBELS = 0.01;

  private static final double HALF_BITS = 0.001;

  /** The name of a model in a file. */
  static String name(Path out) {
    return out.getFileName().toString().replaceAll("\\.safetensors$", "");
  }

  /**
   * Fits the quantiles, freezes the tables, and decides how weights are kept.
   *
   * @param trained with the weights that are to stay; its quantiles are fitted
   */
  static FinishedModel of(
      TrainableModel trained,
      Validation validation,
      TrainingOptions options,
      TrainingLoop loop,
      TrainingData data,
      String name) {
    trained.fitQuantiles();
    Model full = trained.toModel(name, metadata(options, loop, data));
    Losses precise = validation.run();
    if (options.weights() == WeightFormat.FLOAT32) {
      return new FinishedModel(full, precise, precise);
    }
    Model half;
    try {
      half = full.toHalf();
    } catch (TesseraException.Unsupported e) {
      if (options.weights() == WeightFormat.AUTO) {
        return new FinishedModel(full, precise, precise); // a weight is beyond float16
      }
      throw e;
    }
    try (TrainableModel rounded = TrainableModel.of(half, trained.device())) {
      Losses losses = validation.run(rounded);
      boolean good =
          precise.psnr() - losses.psnr() <= HALF_DECIBELS
              && losses.bitsPerPixel() <= precise.bitsPerPixel() * (1 + HALF_BITS);
      return good || options.weights() == WeightFormat.FLOAT16
          ? new FinishedModel(half, losses, precise)
          : new FinishedModel(full, precise, precise);
    }
  }

  private static Map<String, String> metadata(
      TrainingOptions options, TrainingLoop loop, TrainingData data) {
    Map<String, String> metadata = new TreeMap<>(data.metadata());
    metadata.put("lambda", Double.toString(options.lambda()));
    options
        .lambdaFrom()
        .ifPresent(from -> metadata.put("training.lambda", "from " + from + ", falling"));
    metadata.put("loss", options.settings().text(Setting.LOSS));
    metadata.put(
        "training",
        String.format(
            Locale.ROOT,
            "%d steps of %d crops of %d×%d, weights of step %d averaged with decay %s, learning"
                + " rate %s, seed %d, %.0f s",
            loop.course().step(),
            options.batch(),
            options.patch(),
            options.patch(),
            loop.bestStep(),
            options.averaging(),
            options.learningRate(),
            options.seed(),
            loop.course().seconds()));
    return metadata;
  }
}
