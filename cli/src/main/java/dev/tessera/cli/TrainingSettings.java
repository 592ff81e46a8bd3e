package dev.tessera.cli;

import dev.tessera.train.Setting;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * What a user says of a training. Defaults are the training's own, so that a resumed one keeps its.
 */
final class TrainingSettings {
  @Option(
      names = "--data",
      paramLabel = "FIELD",
      description = {
        "Fields to train on, as for compress, or patterns in quotes such as 'run*/x.h5:/density';"
            + " may be repeated.",
        "@NORMALIZER behind it names a normalizer for it alone."
      })
  private List<String> data;

  @Mixin private FieldOptions field;

  @Option(
      names = "--validation",
      paramLabel = "FIELD",
      description = "Fields to validate on, likewise (default: a share of the files).")
  private List<String> validation;

  @Option(
      names = "--validation-share",
      paramLabel = "SHARE",
      description =
          "Share of the files, and about that of each --data, to validate on (default: 0.1).")
  private String validationShare;

  @Option(
      names = "--validation-tiles",
      paramLabel = "N",
      description = "Tiles that are validated on, at most (default: 128).")
  private String validationTiles;

  @Option(
      names = "--arch",
      paramLabel = "NAME",
      description =
          "bmshj2018-factorized (the default), bmshj2018-factorized-relu, bmshj2018-hyperprior or"
              + " mbt2018-mean.")
  private String arch;

  @Option(
      names = "--n",
      paramLabel = "N",
      description = "Channels of the inner layers (default: 128).")
  private String n;

  @Option(names = "--m", paramLabel = "M", description = "Channels of the latent (default: 192).")
  private String m;

  @Option(names = "--channels", paramLabel = "C", description = "Planes of a tile (default: 3).")
  private String channels;

  @Option(
      names = "--max-scale",
      paramLabel = "S",
      description =
          "Largest standard deviation among a new hyperprior's 64 tables (default: 256,"
              + " CompressAI's): smaller makes a smaller file.")
  private String maxScale;

  @Option(
      names = "--init",
      paramLabel = "MODEL",
      description =
          "Start from a model (name, id or file) or checkpoint (.pth.tar), to fine-tune it (default:"
              + " from random weights).")
  private String init;

  @Option(
      names = "--lambda",
      paramLabel = "L",
      description = "Weight of the distortion: larger for better and larger (default: 0.0067).")
  private String lambda;

  @Option(
      names = "--lambda-from",
      paramLabel = "L",
      description =
          "A larger weight to begin with, from which it falls in the first 40 %% of the training:"
              + " fewer channels of the latent are given up early (default: that of --lambda).")
  private String lambdaFrom;

  @Option(
      names = "--loss",
      paramLabel = "LOSS",
      description = "Distortion: mse (the default) or ms-ssim.")
  private String loss;

  @Option(
      names = "--normalizer",
      paramLabel = "LIST",
      description = "Normalizer of all data (default: chosen for each field).")
  private String normalizer;

  @Option(
      names = "--time",
      paramLabel = "TIME",
      description = "How long to train: 90s, 20m, 1h30m.")
  private String time;

  @Option(names = "--steps", paramLabel = "N", description = "How many steps to train, instead.")
  private String steps;

  @Option(names = "--batch", paramLabel = "N", description = "Crops per step (default: 16).")
  private String batch;

  @Option(
      names = "--patch",
      paramLabel = "N",
      description = "Side of a crop, a multiple of 64 (default: 128).")
  private String patch;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Decides weights, crops and noise (default: 1).")
  private String seed;

  @Option(
      names = "--size-power",
      paramLabel = "P",
      description =
          "Crops are drawn from a dataset in proportion to this power of its size, 0 to 1"
              + " (default: 0.5).")
  private String sizePower;

  @Option(
      names = "--jitter",
      paramLabel = "SHARE",
      description =
          "Share of the crops whose values are spread towards the crop's own limits (default: 0).")
  private String jitter;

  @Option(
      names = "--axes",
      paramLabel = "AXES",
      description = "Cut crops along all axes of a volume (the default), or as the codec does.")
  private String axes;

  @Option(
      names = "--learning-rate",
      paramLabel = "R",
      description = "Of the networks (default: 1e-4).")
  private String learningRate;

  @Option(
      names = "--quantile-rate",
      paramLabel = "R",
      description = "Learning rate of the quantiles (default: 1e-3).")
  private String quantileRate;

  @Option(
      names = "--clip",
      paramLabel = "NORM",
      description = "Largest norm of the gradient, 0 for no limit (default: 1).")
  private String clip;

  @Option(
      names = "--warm-up",
      paramLabel = "N",
      description = "Steps in which the learning rate rises (default: 300).")
  private String warmUp;

  @Option(
      names = "--cool-down",
      paramLabel = "SHARE",
      description = "Share of the budget in which the learning rate falls (default: 0.2).")
  private String coolDown;

  @Option(
      names = "--average",
      paramLabel = "DECAY",
      description =
          "Decay of the weights' moving average, which is what gets written; 0 for none (default:"
              + " 0.999).")
  private String average;

  @Option(
      names = "--precision",
      paramLabel = "PRECISION",
      description = "fp32, tf32 or bf16 (default: tf32 on CUDA, fp32 on the CPU).")
  private String precision;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "auto (the default: CUDA where it works), cpu or cuda.")
  private String device;

  @Option(
      names = "--cuda-graph",
      paramLabel = "on|off",
      description = "Whether a step on CUDA is captured once and replayed (default: on).")
  private String cudaGraph;

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description =
          "How the model file keeps weights: float16, float32, or auto (the default: float16 where"
              + " validation shows no difference).")
  private String weights;

  @Option(
      names = "--cache",
      paramLabel = "FOLDER",
      description = "Where values are kept for mapping (default: the user's cache folder).")
  private String cache;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that make batches (default: by cores).")
  private String threads;

  /** What was said. */
  Map<Setting, String> given() {
    Map<Setting, String> given = new EnumMap<>(Setting.class);
    put(given, Setting.DATA, joined(data));
    put(given, Setting.SHAPE, field.shape());
    put(given, Setting.DTYPE, field.dtype());
    put(given, Setting.FILL, field.fill());
    put(given, Setting.VALIDATION, joined(validation));
    put(given, Setting.VALIDATION_SHARE, validationShare);
    put(given, Setting.VALIDATION_TILES, validationTiles);
    put(given, Setting.ARCH, arch);
    put(given, Setting.N, n);
    put(given, Setting.M, m);
    put(given, Setting.CHANNELS, channels);
    put(given, Setting.INIT, init);
    put(given, Setting.LAMBDA, lambda);
    put(given, Setting.LOSS, loss);
    put(given, Setting.NORMALIZER, normalizer);
    put(given, Setting.TIME, time);
    put(given, Setting.STEPS, steps);
    put(given, Setting.BATCH, batch);
    put(given, Setting.PATCH, patch);
    put(given, Setting.SEED, seed);
    put(given, Setting.SIZE_POWER, sizePower);
    put(given, Setting.JITTER, jitter);
    put(given, Setting.LAMBDA_FROM, lambdaFrom);
    put(given, Setting.MAX_SCALE, maxScale);
    put(given, Setting.AXES, axes);
    put(given, Setting.LEARNING_RATE, learningRate);
    put(given, Setting.QUANTILE_RATE, quantileRate);
    put(given, Setting.CLIP, clip);
    put(given, Setting.WARM_UP, warmUp);
    put(given, Setting.COOL_DOWN, coolDown);
    put(given, Setting.AVERAGE, average);
    put(given, Setting.PRECISION, precision);
    put(given, Setting.DEVICE, device);
    put(given, Setting.CUDA_GRAPH, cudaGraph);
    put(given, Setting.WEIGHTS, weights);
    put(given, Setting.CACHE, cache);
    put(given, Setting.THREADS, threads);
    return given;
  }

  private static String joined(List<String> list) {
    return list == null ? null : Setting.list(list);
  }

  private static void put(Map<Setting, String> given, Setting setting, String text) {
    if (text != null) {
      given.put(setting, text);
    }
  }
}
