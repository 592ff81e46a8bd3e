package dev.tessera.train;

import dev.tessera.field.TesseraException;
import dev.tessera.io.OpenOptions;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a training is to do.
 *
 * @param settings the texts that all below were read from, as a checkpoint keeps them
 * @param data files to train on, as {@code --data} names them
 * @param open what was said of raw data and of fill values
 * @param architecture networks
 * @param n width N of the inner layers
 * @param m channels M of the latent
 * @param channels channels of a tile
 * @param maxScale largest standard deviation of a hyperprior's tables; empty for CompressAI's
 * @param init name, id or path of a model or checkpoint to start from
 * @param lambda weight of the distortion
 * @param lambdaFrom weight of the distortion in the beginning, from which it falls; empty for the
 *     same
 * @param loss what distortion is
 * @param normalizer normalizer for all data; empty chooses one per data set
 * @param batch crops per step
 * @param patch side of a crop, a multiple of 64
 * @param seed decides weights, crops and noise
 * @param sizePower a dataset's share of the crops grows with this power of its size
 * @param jitter share of the crops whose values are spread
 * @param codecAxes whether volumes are cut only as the codec cuts them
 * @param validation fields to validate on; empty to hold some out
 * @param validationShare share of the files that training never sees
 * @param validationTiles tiles of those that are validated on
 * @param budget how long
 * @param learningRate of the networks and the density
 * @param quantileRate learning rate of the quantiles
 * @param clip largest norm of all gradients together; 0 for no limit
 * @param warmUp steps in which the learning rate rises
 * @param coolDown share of the budget, its last, in which the learning rate falls
 * @param averaging decay of the moving average of the weights; 0 for none
 * @param precision {@code auto}, {@code fp32}, {@code tf32} or {@code bf16}
 * @param device {@code auto}, {@code cpu} or {@code cuda}
 * @param cudaGraph whether steps are captured as a graph on CUDA
 * @param weights how the model file keeps its weights
 * @param cache folder of the values; empty for the usual one
 * @param threads threads that read data; 0 chooses
 */
record TrainingOptions(
    Settings settings,
    List<String> data,
    OpenOptions open,
    Architecture architecture,
    int n,
    int m,
    int channels,
    OptionalDouble maxScale,
    Optional<String> init,
    double lambda,
    OptionalDouble lambdaFrom,
    Distortion loss,
    Optional<NormalizerChoice> normalizer,
    int batch,
    int patch,
    long seed,
    double sizePower,
    double jitter,
    boolean codecAxes,
    List<String> validation,
    double validationShare,
    int validationTiles,
    Budget budget,
    double learningRate,
    double quantileRate,
    double clip,
    long warmUp,
    double coolDown,
    double averaging,
    String precision,
    String device,
    boolean cudaGraph,
    WeightFormat weights,
    Optional<Path> cache,
    int threads) {

  /** What is weighed against bits. */
  enum Distortion {
    MSE,
    MS_SSIM
  }

  /** How a model file keeps network weights. */
  enum WeightFormat {
    /** float16 where validation shows no difference. */
    AUTO,
    FLOAT16,
    FLOAT32
  }

  private static final int SIDE_STRIDE = 64;

  /**
   * Options of a new training.
   *
   * @param given what the user said; defaults hold for the rest
   * @throws TesseraException.Invalid if they make no sense, alone or together
   */
  static TrainingOptions of(Map<Setting, String> given) throws IOException {
    return of(agreeingWithInit(Settings.of(given)).withDefaults());
  }

  /**
   * Options of a training that goes on.
   *
   * @param given what the user said now
   * @param kept what the checkpoint says
   * @throws TesseraException.Invalid if they contradict each other
   */
  static TrainingOptions resuming(Map<Setting, String> given, Settings kept) {
    return of(Settings.of(given).resuming(kept).withDefaults());
  }

  private static TrainingOptions of(Settings settings) {
    int patch = settings.integer(Setting.PATCH, SIDE_STRIDE, 4096);
    if (patch % SIDE_STRIDE != 0) {
      throw new TesseraException.Invalid(
          "--patch takes a multiple of %d, not %d".formatted(SIDE_STRIDE, patch));
    }
    requireSense(settings);
    return new TrainingOptions(
        settings,
        settings.list(Setting.DATA),
        OpenOptions.parse(
            settings.unless(Setting.SHAPE, "own").orElse(null),
            settings.unless(Setting.DTYPE, "own").orElse(null),
            settings.unless(Setting.FILL, "own").orElse(null)),
        architecture(settings.text(Setting.ARCH)),
        settings.integer(Setting.N, 1, 1024),
        settings.integer(Setting.M, 1, 1024),
        settings.integer(Setting.CHANNELS, 1, 16),
        settings.realUnless(Setting.MAX_SCALE, "usual", 1, 5000),
        settings.unless(Setting.INIT, "none"),
        settings.real(Setting.LAMBDA, 1e-9, 1e9),
        settings.realUnless(Setting.LAMBDA_FROM, "lambda", 1e-9, 1e9),
        settings.choice(Setting.LOSS, "mse", "ms-ssim").equals("mse")
            ? Distortion.MSE
            : Distortion.MS_SSIM,
        settings.unless(Setting.NORMALIZER, "auto").map(NormalizerChoice::parse),
        settings.integer(Setting.BATCH, 1, 1 << 16),
        patch,
        settings.whole(Setting.SEED, Long.MIN_VALUE, Long.MAX_VALUE),
        settings.real(Setting.SIZE_POWER, 0, 1),
        settings.real(Setting.JITTER, 0, 1),
        settings.choice(Setting.AXES, "all", "codec").equals("codec"),
        settings.unless(Setting.VALIDATION, "share").isPresent()
            ? settings.list(Setting.VALIDATION)
            : List.of(),
        settings.real(Setting.VALIDATION_SHARE, 0.001, 0.5),
        settings.integer(Setting.VALIDATION_TILES, 1, 1 << 20),
        Budget.of(settings),
        settings.real(Setting.LEARNING_RATE, 1e-9, 1),
        settings.real(Setting.QUANTILE_RATE, 1e-9, 1),
        settings.real(Setting.CLIP, 0, 1e9),
        settings.whole(Setting.WARM_UP, 0, Long.MAX_VALUE),
        settings.real(Setting.COOL_DOWN, 0, 1),
        settings.real(Setting.AVERAGE, 0, 0.999999),
        settings.choice(Setting.PRECISION, "auto", "fp32", "tf32", "bf16"),
        settings.choice(Setting.DEVICE, "auto", "cpu", "cuda"),
        settings.choice(Setting.CUDA_GRAPH, "on", "off").equals("on"),
        switch (settings.choice(Setting.WEIGHTS, "auto", "float16", "float32")) {
          case "float16" -> WeightFormat.FLOAT16;
          case "float32" -> WeightFormat.FLOAT32;
          default -> WeightFormat.AUTO;
        },
        settings.unless(Setting.CACHE, "usual").map(Path::of),
        settings.integer(Setting.THREADS, 0, 1024));
  }

  /** Options that go together with others only. */
  private static void requireSense(Settings settings) {
    if (!settings.text(Setting.MAX_SCALE).equals("usual")) {
      if (!architecture(settings.text(Setting.ARCH)).hasHyperprior()) {
        throw new TesseraException.Invalid(
            "--max-scale is of architectures with a hyperprior, and --arch is "
                + settings.text(Setting.ARCH));
      }
      if (!settings.text(Setting.INIT).equals("none")) {
        throw new TesseraException.Invalid(
            "the model to start from has its own tables: leave --max-scale out");
      }
    }
    if (!settings.text(Setting.LAMBDA_FROM).equals("lambda")
        && settings.real(Setting.LAMBDA_FROM, 1e-9, 1e9)
            < settings.real(Setting.LAMBDA, 1e-9, 1e9)) {
      throw new TesseraException.Invalid(
          "--lambda-from is where λ falls from: at least --lambda, %s, not %s"
              .formatted(settings.text(Setting.LAMBDA), settings.text(Setting.LAMBDA_FROM)));
    }
  }

  /** A model to start from fixes the architecture and widths: what is given must agree. */
  private static Settings agreeingWithInit(Settings given) throws IOException {
    if (!given.has(Setting.INIT)) {
      return given;
    }
    Model init = ModelStore.user().find(given.text(Setting.INIT));
    Settings agreed = given;
    Map<Setting, String> own =
        Map.of(
            Setting.ARCH, init.architecture().id(),
            Setting.N, Integer.toString(init.n()),
            Setting.M, Integer.toString(init.m()),
            Setting.CHANNELS, Integer.toString(init.inputChannels()));
    for (Map.Entry<Setting, String> entry : own.entrySet()) {
      Setting setting = entry.getKey();
      if (given.has(setting) && !given.text(setting).equals(entry.getValue())) {
        throw new TesseraException.Invalid(
            "the model to start from has --%s %s, not %s: leave the option out"
                .formatted(setting.option(), entry.getValue(), given.text(setting)));
      }
      agreed = agreed.with(setting, entry.getValue());
    }
    return agreed;
  }

  private static Architecture architecture(String id) {
    return Arrays.stream(Architecture.values())
        .filter(architecture -> architecture.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            new TesseraException.Invalid(
                "--arch is one of "
                    + String.join(
                        ", ", Arrays.stream(Architecture.values()).map(Architecture::id).toList())
                    + ", not '"
                    + id
                    + "'"));
  }
}
