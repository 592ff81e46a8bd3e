package dev.tessera.train;

import java.util.List;
import java.util.Optional;

/** What a training can be told, by the names of the command's options. */
public enum Setting {
  DATA("data", null, Kind.IDENTITY),
  SHAPE("shape", "own", Kind.IDENTITY),
  DTYPE("dtype", "own", Kind.IDENTITY),
  FILL("fill", "own", Kind.IDENTITY),
  ARCH("arch", "bmshj2018-factorized", Kind.IDENTITY),
  N("n", "128", Kind.IDENTITY),
  M("m", "192", Kind.IDENTITY),
  CHANNELS("channels", "3", Kind.IDENTITY),
  MAX_SCALE("max-scale", "usual", Kind.IDENTITY),
  LAMBDA("lambda", "0.0067", Kind.IDENTITY),
  LAMBDA_FROM("lambda-from", "lambda", Kind.IDENTITY),
  LOSS("loss", "mse", Kind.IDENTITY),
  NORMALIZER("normalizer", "auto", Kind.IDENTITY),
  INIT("init", "none", Kind.IDENTITY),
  BATCH("batch", "16", Kind.IDENTITY),
  PATCH("patch", "128", Kind.IDENTITY),
  SEED("seed", "1", Kind.IDENTITY),
  SIZE_POWER("size-power", "0.5", Kind.IDENTITY),
  JITTER("jitter", "0", Kind.IDENTITY),
  AXES("axes", "all", Kind.IDENTITY),
  VALIDATION("validation", "share", Kind.IDENTITY),
  VALIDATION_SHARE("validation-share", "0.1", Kind.IDENTITY),
  VALIDATION_TILES("validation-tiles", "128", Kind.IDENTITY),
  TIME("time", null, Kind.COURSE),
  STEPS("steps", null, Kind.COURSE),
  LEARNING_RATE("learning-rate", "1e-4", Kind.COURSE),
  QUANTILE_RATE("quantile-rate", "1e-3", Kind.COURSE),
  CLIP("clip", "1", Kind.COURSE),
  WARM_UP("warm-up", "300", Kind.COURSE),
  COOL_DOWN("cool-down", "0.2", Kind.COURSE),
  AVERAGE("average", "0.999", Kind.COURSE),
  PRECISION("precision", "auto", Kind.COURSE),
  DEVICE("device", "auto", Kind.COURSE),
  CUDA_GRAPH("cuda-graph", "on", Kind.COURSE),
  WEIGHTS("weights", "auto", Kind.COURSE),
  CACHE("cache", "usual", Kind.COURSE),
  THREADS("threads", "0", Kind.COURSE);

  /** Whether a resumed training may be told something else. */
  private enum Kind {
    /** What is trained, on what, towards what: a change would be another training. */
    IDENTITY,
    /** How the rest of it goes. */
    COURSE
  }

  /** Between the entries of a list; no file name holds it. */
  static final String SEPARATOR = "\n";

  private final String option;
  private final String defaultValue;
  private final Kind kind;

  Setting(String option, String defaultValue, Kind kind) {
    this.option = option;
    this.defaultValue = defaultValue;
    this.kind = kind;
  }

  /** The option's name without its dashes. */
  public String option() {
    return option;
  }

  /** What holds where nothing is said; empty where something must be said. */
  public Optional<String> defaultValue() {
    return Optional.ofNullable(defaultValue);
  }

  /** The text of a list, for {@link #DATA} and {@link #VALIDATION}. */
  public static String list(List<String> entries) {
    return String.join(SEPARATOR, entries);
  }

  boolean fixedForLife() {
    return kind == Kind.IDENTITY;
  }
}
