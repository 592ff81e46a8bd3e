package dev.tessera.train;

import dev.tessera.train.network.ComputeType;
import dev.tessera.train.network.Forward;
import dev.tessera.train.network.TrainableModel;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One step: a batch, a pass there and back, two optimizers, the moving average. All of it is
 * launched, nothing waited for.
 */
final class TrainingStep implements AutoCloseable {
  private final TrainingOptions options;
  private final TrainableModel model;
  private final ComputeType type;
  private final Prefetcher batches;
  private final RateDistortion objective;
  private final Optimizer main;
  private final Optimizer quantiles;

  /**
   * @param model what is trained; stays the caller's to close, as the batches do
   * @param batches of this training's steps in order
   */
  TrainingStep(
      TrainingOptions options, TrainableModel model, ComputeType type, Prefetcher batches) {
    this.options = options;
    this.model = model;
    this.type = type;
    this.batches = batches;
    this.objective = RateDistortion.of(options);
    this.main = new Optimizer("main", model.main());
    this.quantiles = new Optimizer("quantiles", model.auxiliary());
  }

  private List<Optimizer> optimizers() {
    return List.of(main, quantiles);
  }

  /**
   * Makes a step.
   *
   * @param step its number, from 0
   * @param share of both learning rates that it goes with
   * @param running gets its losses
   */
  void run(long step, double share, RunningLosses running) {
    try (PointerScope scope = new PointerScope()) {
      Tensor host = batches.take();
      scope.attach(host);
      Tensor tiles =
          host.to(model.device().handle(), ScalarType.Float, true, false, Torch.ANY_FORMAT);
      try (Forward forward = model.training(tiles, Seeds.noise(options.seed(), step), type)) {
        RateDistortion.Terms terms = objective.of(forward, tiles);
        forward.backward(terms.loss());
        running.add(terms.loss(), terms.bitsPerPixel(), terms.squaredError(), 1);
      }
      model.quantileLoss();
      main.update(share * options.learningRate(), options.clip());
      quantiles.update(share * options.quantileRate(), 0);
      optimizers().forEach(optimizer -> optimizer.updateAverage(options.averaging()));
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
    optimizers().forEach(Optimizer::close);
  }
}
