package dev.tessera.train;

import dev.tessera.entropy.GaussianTables;
import dev.tessera.field.TesseraException;
import dev.tessera.model.ModelStore;
import dev.tessera.train.data.DataOptions;
import dev.tessera.train.data.DatasetSummary;
import dev.tessera.train.data.TrainingData;
import dev.tessera.train.network.ComputeType;
import dev.tessera.train.network.TorchDevice;
import dev.tessera.train.network.TrainableModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Trains a model from a user's files to a model file, by CompressAI's recipe with a moving average
 * of the weights and a cool-down of the learning rate added (docs/decisions/009-training.md).
 *
 * <p>Beside the model file {@code X.safetensors} there appear {@code X.safetensors.checkpoint},
 * from which an interrupted training goes on, {@code X.metrics.jsonl}, and {@code X.html}.
 */
public final class Training {
  /** Fields that are listed one by one. */
  private static final int LISTED = 12;

  private Training() {}

  /**
   * Checks what can be known without libtorch and without reading values: options, files, the
   * checkpoint.
   *
   * @throws TesseraException.Invalid as {@link #run} would
   */
  public static void check(Map<Setting, String> given, Path out, boolean resume)
      throws IOException {
    Plan.of(given, out, resume);
  }

  /**
   * Trains, from the start or from a checkpoint.
   *
   * @param given what the user said; what is left out has its default, or in a resumed training
   *     what it had
   * @param out the model file to write
   * @param resume whether to go on from the checkpoint beside {@code out}
   * @throws TesseraException.Invalid if options or data contradict each other, if a new training
   *     would replace the checkpoint of one that is not finished, or if another one is writing
   *     there
   * @throws TesseraException.Unsupported if libtorch or the device is missing, or training has
   *     diverged; the last good checkpoint is kept
   */
  public static TrainingResult run(
      Map<Setting, String> given, Path out, boolean resume, TrainingListener listener)
      throws IOException {
    Plan plan = Plan.of(given, out, resume);
    TrainingOptions options = plan.options();
    TorchDevice device = Libtorch.open(options.device(), listener);
    ComputeType type = computeType(options, device);
    listener.message(
        "training on %s in %s for %s"
            .formatted(device, type.toString().toLowerCase(Locale.ROOT), options.budget()));
    try (MetricsLog metrics = new MetricsLog(MetricsLog.beside(out));
        TrainingData data = TrainingData.open(options.data(), dataOptions(options, listener))) {
      tell(data, listener);
      try (TrainableModel model = model(options, device, resume);
          Session session =
              new Session(options, data, model, type, out, metrics, plan.state(), listener)) {
        return session.run();
      } catch (RuntimeException e) {
        throw Torch.explained(e);
      }
    }
  }

  private static void tell(TrainingData data, TrainingListener listener) {
    List<DatasetSummary> datasets = data.datasets();
    for (DatasetSummary dataset : datasets.subList(0, Math.min(LISTED, datasets.size()))) {
      listener.message(
          "%s  %s %s  %s  %.1f %% of the crops%s"
              .formatted(
                  dataset.name(),
                  dataset.shape(),
                  dataset.type().code(),
                  dataset.normalizer(),
                  100 * dataset.share(),
                  dataset.validationValues() == 0
                      ? ""
                      : dataset.trainingValues() == 0
                          ? ", validated on"
                          : ", partly validated on"));
    }
    if (datasets.size() > LISTED) {
      listener.message("and %d more fields".formatted(datasets.size() - LISTED));
    }
    data.notices().forEach(listener::message);
  }

  private static ComputeType computeType(TrainingOptions options, TorchDevice device) {
    return switch (options.precision()) {
      case "fp32" -> ComputeType.FP32;
      case "tf32" -> ComputeType.TF32;
      case "bf16" -> ComputeType.BF16;
      // bfloat16 restores to 8 bits: noise that a model of high quality would learn to live with
      default -> device.isCuda() ? ComputeType.TF32 : ComputeType.FP32;
    };
  }

  private static DataOptions dataOptions(TrainingOptions options, TrainingListener listener) {
    DataOptions data =
        DataOptions.of(options.channels(), options.patch(), options.seed())
            .withOpen(options.open())
            .withWork(
                options.threads(),
                (phase, done, total) -> listener.reading((double) done / Math.max(1, total)))
            .withSizePower(options.sizePower())
            .withJitter(options.jitter())
            .withCodecAxesOnly(options.codecAxes())
            .withValidation(options.validation())
            .withValidation(options.validationShare(), options.validationTiles());
    if (options.normalizer().isPresent()) {
      data = data.withNormalizer(options.normalizer().get());
    }
    return options.cache().isPresent() ? data.withCache(options.cache().get()) : data;
  }

  /** The model to begin with; a resumed one gets its weights from the checkpoint. */
  private static TrainableModel model(TrainingOptions options, TorchDevice device, boolean resume)
      throws IOException {
    if (options.init().isPresent() && !resume) {
      return TrainableModel.of(ModelStore.user().find(options.init().get()), device);
    }
    return TrainableModel.random(
        options.architecture(),
        options.n(),
        options.m(),
        options.channels(),
        options.maxScale().isPresent()
            ? GaussianTables.scales((float) options.maxScale().getAsDouble())
            : GaussianTables.standardScales(),
        Seeds.weights(options.seed()),
        device);
  }
}
