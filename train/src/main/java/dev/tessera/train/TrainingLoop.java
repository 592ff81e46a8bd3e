package dev.tessera.train;

import dev.tessera.field.TesseraException;
import dev.tessera.train.MetricsLog.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The steps of a training and what happens between them: measuring, validation, checkpoints.
 *
 * <p>On a GPU a step only launches work. The loop waits for the device where it reads losses: every
 * {@value #MEASURED_STEPS} steps, and twice a second for the progress line.
 */
final class TrainingLoop {
  static final int MEASURED_STEPS = 50;
  private static final double PROGRESS_SECONDS = 0.5;
  private static final double CHECKPOINT_SECONDS = 60;

  /** Where a checkpoint says what data it is of. */
  static final String DATA = "data.fingerprint";

  /**
   * What a loop works with; whoever made these closes them.
   *
   * @param data tells the data from others
   */
  record Parts(
      TrainingOptions options,
      String data,
      TrainingStep work,
      Validation validation,
      RunningLosses running,
      MetricsLog metrics,
      TrainingListener listener,
      StopSignal stop,
      Path checkpoint) {}

  private final Parts parts;
  private final TrainingOptions options;
  private final Course course;
  private final RateSchedule schedule;
  private final LambdaSchedule lambda;
  private Losses validated;
  private double best = Double.POSITIVE_INFINITY;
  private long bestStep;

  private double shownAt;
  private double savedAt;
  private long savedStep = -1;
  private double speedAt;
  private long speedStep;
  private double secondsPerStep = Double.NaN;

  TrainingLoop(Parts parts) {
    this.parts = parts;
    this.options = parts.options();
    this.course = new Course(options.budget());
    this.schedule = new RateSchedule(options.warmUp(), options.coolDown());
    this.lambda = LambdaSchedule.of(options);
  }

  Course course() {
    return course;
  }

  /** The last validation, or null. */
  Losses validated() {
    return validated;
  }

  /** The step whose averaged weights validate best. */
  long bestStep() {
    return bestStep;
  }

  /**
   * Trains until the budget is used up or someone asks to stop, and leaves a checkpoint.
   *
   * @return whether the budget is used up
   * @throws TesseraException.Unsupported if the loss is no longer a number; the last good
   *     checkpoint is kept
   */
  boolean run() throws IOException {
    course.start();
    savedAt = course.seconds();
    speedAt = savedAt;
    speedStep = course.step();
    if (course.step() == 0 && options.init().isPresent()) {
      // so that fine-tuning never ends with a worse model than it began with
      validate();
    }
    boolean stopped = false;
    while (course.share() < 1 && !stopped) {
      step();
      parts.listener().stepped(course.step());
      stopped = parts.stop().requested();
      if (course.validationIsDue() && !stopped) {
        validate();
      }
      if (stopped || course.seconds() - savedAt >= CHECKPOINT_SECONDS) {
        save();
      }
    }
    if (!stopped && !course.validatedNow()) {
      validate();
    }
    save();
    return !stopped;
  }

  private void step() throws IOException {
    double share = course.share();
    double rate = schedule.at(course.step(), share);
    parts.work().run(course.step(), rate, lambda.multiple(share));
    course.advance();
    boolean measured = course.step() % MEASURED_STEPS == 0;
    double now = course.seconds();
    if (measured || now - shownAt >= PROGRESS_SECONDS) {
      Losses losses = requireFinite(parts.running().mean());
      double read = course.seconds();
      if (read > speedAt && course.step() > speedStep) {
        secondsPerStep = (read - speedAt) / (course.step() - speedStep);
      }
      if (read - shownAt >= PROGRESS_SECONDS) {
        shownAt = read;
        speedAt = read;
        speedStep = course.step();
        show(losses, rate);
      }
      if (measured) {
        parts.running().clear();
        record(Kind.TRAINING, losses, rate);
        parts.listener().measured(course.step(), losses);
      }
    }
  }

  private void show(Losses losses, double rate) {
    parts
        .listener()
        .progress(
            new TrainingProgress(
                course.step(),
                Math.min(1, course.share()),
                losses,
                rate * options.learningRate(),
                options.batch() / secondsPerStep,
                course.secondsLeft(secondsPerStep)),
            validated);
  }

  private void record(Kind kind, Losses losses, double rate) throws IOException {
    parts
        .metrics()
        .add(
            new MetricsLog.Entry(
                kind, course.step(), course.seconds(), losses, rate * options.learningRate()));
  }

  /** Validates the averaged weights, and remembers them if they are the best so far. */
  private void validate() throws IOException {
    double before = course.seconds();
    parts.work().swapAverages();
    try {
      validated = requireFinite(parts.validation().run());
      if (validated.loss() < best) {
        best = validated.loss();
        bestStep = course.step();
        parts.work().keepBest();
      }
    } finally {
      parts.work().swapAverages();
    }
    // before, λ falls away from under the weights: no plateau
    if (lambda.settled(course.share())) {
      schedule.validated(validated.loss(), course.share());
    }
    course.validated(course.seconds() - before);
    record(Kind.VALIDATION, validated, schedule.at(course.step(), course.share()));
    // a validation is no part of the speed of steps
    speedAt = course.seconds();
    speedStep = course.step();
  }

  private Losses requireFinite(Losses losses) {
    if (!losses.finite()) {
      throw diverged();
    }
    return losses;
  }

  private TesseraException.Unsupported diverged() {
    String change =
        String.format(
            Locale.ROOT,
            "a --learning-rate below %s, a --clip %s or --precision fp32",
            options.learningRate(),
            options.clip() > 0 ? "below " + options.clip() : "such as 1");
    return new TesseraException.Unsupported(
        "the loss is no longer a number after step %d: %s"
            .formatted(
                course.step(),
                savedStep < 0
                    ? "no checkpoint had been written yet; begin again with " + change
                    : "the checkpoint of step %d is kept (%s); go on from it with --resume and %s"
                        .formatted(savedStep, parts.checkpoint(), change)));
  }

  private void save() throws IOException {
    // a step that went wrong must not replace a good checkpoint
    if (!parts.work().finite()) {
      throw diverged();
    }
    CheckpointState state = new CheckpointState();
    state.putAll(options.settings().toMetadata());
    state.put(DATA, parts.data());
    state.putAll(course.state());
    state.putAll(schedule.state());
    state.putAll(parts.running().state());
    state.put("best.loss", Double.toString(best));
    state.put("best.step", Long.toString(bestStep));
    if (validated != null) {
      state.put("validated.loss", Double.toString(validated.loss()));
      state.put("validated.bpp", Double.toString(validated.bitsPerPixel()));
      state.put("validated.mse", Double.toString(validated.squaredError()));
    }
    parts.work().save(state);
    state.write(parts.checkpoint());
    savedStep = course.step();
    savedAt = course.seconds();
  }

  /** Goes on where a checkpoint was written. */
  void restore(CheckpointState state) {
    course.restore(state);
    schedule.restore(state);
    parts.running().restore(state);
    best = state.real("best.loss");
    bestStep = state.whole("best.step");
    if (state.has("validated.loss")) {
      validated =
          new Losses(
              state.real("validated.loss"),
              state.real("validated.bpp"),
              state.real("validated.mse"));
    }
    parts.work().restore(state);
    savedStep = course.step();
  }
}
