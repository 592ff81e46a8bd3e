package dev.tessera.train;

import dev.tessera.train.network.ComputeType;
import dev.tessera.train.network.Forward;
import dev.tessera.train.network.TrainableModel;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * One step: a batch, a pass there and back, two optimizers, the moving average. All of it is
 * launched, nothing waited for. What differs from step to step is put into memory first, so that
 * the rest is the same work every time.
 */
final class TrainingStep implements AutoCloseable {
  private final TrainingOptions options;
  private final TrainableModel model;
  private final ComputeType type;
  private final Prefetcher batches;
  private final RunningLosses running;
  private final RateDistortion objective;
  private final RepeatedWork work;
  private final Optimizer main;
  private final Optimizer quantiles;

  /** The step's batch on the device. */
  private final Tensor tiles;

  /** The step's λ as a multiple of the last one, on the device. */
  private final Tensor lambdaMultiple;

  /**
   * @param model what is trained; stays the caller's to close, as the other arguments do
   * @param batches of this training's steps in order
   * @param shape of a batch
   * @param running gets the losses
   */
  TrainingStep(
      TrainingOptions options,
      TrainableModel model,
      ComputeType type,
      Prefetcher batches,
      long[] shape,
      RunningLosses running,
      TrainingListener listener) {
    this.options = options;
    this.model = model;
    this.type = type;
    this.batches = batches;
    this.running = running;
    this.objective = RateDistortion.of(options);
    this.main = new Optimizer("main", model.main());
    this.quantiles = new Optimizer("quantiles", model.auxiliary());
    try (PointerScope _ = new PointerScope()) {
      this.tiles =
          torch
              .empty(shape, new TensorOptions(model.device().handle()), Torch.ANY_FORMAT)
              .retainReference();
      this.lambdaMultiple =
          torch.ones(new long[0], new TensorOptions(model.device().handle())).retainReference();
    }
    // last, since it moves the thread to a stream that only close() leaves
    this.work = RepeatedWork.of(this::launch, model.device(), options.cudaGraph(), listener);
  }

  private List<Optimizer> optimizers() {
    return List.of(main, quantiles);
  }

  /**
   * Makes a step.
   *
   * @param step its number, from 0
   * @param share of both learning rates that it goes with
   * @param multiple of λ that it goes with
   */
  void run(long step, double share, double multiple) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor host = batches.take();
      scope.attach(host);
      tiles.copy_(host, true);
      lambdaMultiple.fill_(new Scalar(multiple));
      model.drawNoise(Seeds.noise(options.seed(), step));
      main.advance(share * options.learningRate(), options.averaging());
      quantiles.advance(share * options.quantileRate(), options.averaging());
    }
    work.run();
    running.count(1);
  }

  /** What is the same for every step. */
  private void launch() {
    try (PointerScope _ = new PointerScope()) {
      try (Forward forward = model.training(tiles, type)) {
        RateDistortion.Terms terms = objective.of(forward, tiles);
        Tensor loss = terms.loss(lambdaMultiple);
        forward.backward(loss);
        running.accumulate(loss, terms.bitsPerPixel(), terms.squaredError(), 1);
      }
      model.quantileLoss();
      main.update(options.clip());
      quantiles.update(0);
    }
  }

  /** Exchanges the weights and their averages. */
  void swapAverages() {
    optimizers().forEach(Optimizer::swapAverage);
  }

  /** Remembers the weights as they are now as the best. */
  void keepBest() {
    optimizers().forEach(Optimizer::keepBest);
  }

  /** Makes the best weights the model's. */
  void useBest() {
    optimizers().forEach(Optimizer::useBest);
  }

  /** Whether all weights are numbers. Waits for the device. */
  boolean finite() {
    return optimizers().stream().allMatch(Optimizer::finite);
  }

  void save(CheckpointState state) {
    optimizers().forEach(optimizer -> optimizer.save(state));
  }

  void restore(CheckpointState state) {
    optimizers().forEach(optimizer -> optimizer.restore(state));
  }

  @Override
  public void close() {
    work.close(); // waits for the steps that still use the rest
    tiles.releaseReference();
    lambdaMultiple.releaseReference();
    optimizers().forEach(Optimizer::close);
  }
}
