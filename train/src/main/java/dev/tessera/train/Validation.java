package dev.tessera.train;

import dev.tessera.report.FieldImages.Plane;
import dev.tessera.train.network.Forward;
import dev.tessera.train.network.TrainableModel;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tiles that training never sees, kept on the device, and what a model makes of them. */
final class Validation implements AutoCloseable {
  private final TrainableModel model;
  private final RateDistortion objective;
  private final List<Tensor> batches = new ArrayList<>();

  /** Fills tiles of the validation set. */
  @FunctionalInterface
  interface Source {
    void fill(int from, int count, FloatBuffer target);
  }

  /**
   * @param model what is validated; stays the caller's to close
   * @param shape of a batch: tiles at once, channels, height, width
   * @param tiles in all
   */
  Validation(
      TrainableModel model, RateDistortion objective, Source source, long[] shape, int tiles) {
    this.model = model;
    this.objective = objective;
    for (int from = 0; from < tiles; from += (int) shape[0]) {
      int count = (int) Math.min(shape[0], tiles - from);
      try (PointerScope _ = new PointerScope()) {
        Tensor host = torch.empty(count, shape[1], shape[2], shape[3]);
        source.fill(from, count, host.data_ptr_float().capacity(host.numel()).asBuffer());
        batches.add(
            host.to(model.device().handle(), ScalarType.Float, false, true, Torch.ANY_FORMAT)
                .retainReference());
      }
    }
  }

  /** Losses of the model as it is, over all tiles; rounding in place of noise. */
  Losses run() {
    return run(model);
  }

  /** As {@link #run()}, of another model on the same device. */
  Losses run(TrainableModel other) {
    try (PointerScope _ = new PointerScope();
        RunningLosses losses = new RunningLosses(other.device())) {
      for (Tensor batch : batches) {
        try (PointerScope _ = new PointerScope();
            NoGradGuard _ = new NoGradGuard();
            Forward forward = other.validation(batch)) {
          RateDistortion.Terms terms = objective.of(forward, batch);
          losses.add(terms.loss(), terms.bitsPerPixel(), terms.squaredError(), (int) batch.size(0));
        }
      }
      return losses.mean();
    }
  }

  /** First planes of a tile, as it is and as the model restores it. */
  record Picture(int tile, Plane original, Plane restored) {}

  /** Some tiles, evenly spaced, as the model makes them. */
  List<Picture> pictures(int count) {
    List<Picture> pictures = new ArrayList<>();
    int tiles = batches.stream().mapToInt(batch -> (int) batch.size(0)).sum();
    int shown = Math.min(count, tiles);
    for (int i = 0; i < shown; i++) {
      pictures.add(picture((int) ((i + 0.5) * tiles / shown)));
    }
    return pictures;
  }

  private Picture picture(int tile) {
    int full = (int) batches.getFirst().size(0);
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor one = batches.get(tile / full).narrow(0, tile % full, 1);
      try (Forward forward = model.validation(one)) {
        return new Picture(tile, plane(one), plane(forward.restored()));
      }
    }
  }

  private static Plane plane(Tensor tile) {
    int height = (int) tile.size(2);
    int width = (int) tile.size(3);
    float[] values = new float[height * width];
    tile.select(0, 0).select(0, 0).contiguous().cpu().data_ptr_float().get(values);
    double[] plane = new double[values.length];
    Arrays.setAll(plane, i -> values[i]);
    return new Plane(height, width, plane);
  }

  @Override
  public void close() {
    batches.forEach(Tensor::releaseReference);
  }
}
