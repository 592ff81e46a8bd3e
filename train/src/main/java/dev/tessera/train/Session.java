package dev.tessera.train;

import dev.tessera.field.TesseraException;
import dev.tessera.train.data.TrainingData;
import dev.tessera.train.network.ComputeType;
import dev.tessera.train.network.TrainableModel;
import java.io.IOException;
import java.nio.file.Path;

/** A training from its first step to its model file, with everything that it holds on to. */
final class Session implements AutoCloseable {
  /** Tiles that are validated on at once. */
  private static final int VALIDATION_BATCH = 32;

  private static final int PICTURES = 3;

  private final TrainingOptions options;
  private final TrainingData data;
  private final TrainableModel model;
  private final Path out;
  private final TrainingListener listener;
  private final long firstStep;
  private final Prefetcher batches;
  private final TrainingStep work;
  private final Validation validation;
  private final RunningLosses running;
  private final TrainingLoop loop;
  private final MetricsLog metrics;
  private final StopSignal stop = new StopSignal();

  /**
   * @param model what is trained; stays the caller's to close, as the data do
   * @param metrics stays the caller's to close, too
   * @param state to go on from, or null
   */
  Session(
      TrainingOptions options,
      TrainingData data,
      TrainableModel model,
      ComputeType type,
      Path out,
      MetricsLog metrics,
      CheckpointState state,
      TrainingListener listener)
      throws IOException {
    this.options = options;
    this.data = data;
    this.model = model;
    this.out = out;
    this.listener = listener;
    this.metrics = metrics;
    this.firstStep = state == null ? 0 : Course.stepOf(state);
    try {
      boolean cuda = model.device().isCuda();
      long[] shape = {options.batch(), data.channels(), data.patch(), data.patch()};
      this.batches = new Prefetcher(data::fill, shape, firstStep, threads(cuda), cuda);
      this.running = new RunningLosses(model.device());
      this.work = new TrainingStep(options, model, type, batches, shape, running, listener);
      long[] validationShape = {VALIDATION_BATCH, data.channels(), data.patch(), data.patch()};
      this.validation =
          new Validation(
              model,
              RateDistortion.of(options),
              data::fillValidation,
              validationShape,
              data.validationTiles());
      this.loop =
          new TrainingLoop(
              new TrainingLoop.Parts(
                  options,
                  data.fingerprint(),
                  work,
                  validation,
                  running,
                  metrics,
                  listener,
                  stop,
                  CheckpointState.beside(out)));
      if (state != null) {
        requireSameData(state);
        loop.restore(state);
        metrics.goOnAfter(firstStep);
        listener.message("goes on after step " + firstStep);
      }
    } catch (IOException | RuntimeException | Error e) {
      // the program's end waits for the stop signal to be closed
      close();
      throw e;
    }
  }

  /** What was trained on must not be validated on, nor one training be two. */
  private void requireSameData(CheckpointState state) {
    String before = state.strings().get(TrainingLoop.DATA);
    if (before != null && !before.equals(data.fingerprint())) {
      throw new TesseraException.Invalid(
          "the data are not those that the training began with (%s; now %s): files came, went or"
                  .formatted(before, data.fingerprint())
              + " changed; put them back, or begin another training under another --out");
    }
  }

  /** On the CPU, libtorch wants the cores itself. */
  private int threads(boolean cuda) {
    int cores = Runtime.getRuntime().availableProcessors();
    return options.threads() > 0
        ? options.threads()
        : cuda ? Math.clamp(cores - 2, 1, 16) : Math.clamp(cores / 4, 1, 4);
  }

  TrainingResult run() throws IOException {
    if (!loop.run()) {
      listener.message(
          "stopped after step %d: go on with --resume --out %s"
              .formatted(loop.course().step(), out));
      return new TrainingResult(
          false, loop.course().step(), loop.course().seconds(), loop.validated(), out, null);
    }
    work.useBest();
    FinishedModel finished =
        FinishedModel.of(model, validation, options, loop, data, FinishedModel.name(out));
    finished.model().write(out);
    Path page = TrainingPage.beside(out);
    TrainingPage.write(
        page,
        out,
        new TrainingPage.Story(
            options,
            finished,
            loop.course().step(),
            loop.course().seconds(),
            metrics.entries(),
            data,
            validation.pictures(PICTURES)));
    return new TrainingResult(
        true, loop.course().step(), loop.course().seconds(), finished.losses(), out, page);
  }

  /** Also of a session whose constructor failed: what it did not come to is null. */
  @Override
  public void close() throws IOException {
    try (stop;
        running;
        validation;
        work;
        batches) {
      // the last one is closed first
    }
  }
}
