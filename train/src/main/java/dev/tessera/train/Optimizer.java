package dev.tessera.train;

import dev.tessera.train.network.ParameterGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Moves a group of parameters: Adam (Kingma and Ba, ICLR 2015) as PyTorch computes it, with a
 * moving average of the weights beside it, and the best weights so far.
 *
 * <p>A group is one vector, so that an update is a dozen operations on the device, however many
 * parameters there are. What changes from step to step lies on the device too, so that {@link
 * #update} is the same work every time. Only {@link #finite}, {@link #save} and {@link #restore}
 * wait for it.
 */
final class Optimizer implements AutoCloseable {
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  /** Added to the norm that gradients are clipped by; PyTorch's value. */
  private static final double CLIP_EPSILON = 1e-6;

  /** The part of the vector that a parameter takes. */
  private record Place(String parameter, int offset, int size) {}

  private final String name;
  private final List<Place> places = new ArrayList<>();
  private final Tensor values;
  private final Tensor gradient;
  private final Tensor first;
  private final Tensor second;
  private final Tensor average;
  private final Tensor best;

  // scalars of the next update
  private final Tensor stepSize;
  private final Tensor secondCorrection;
  private final Tensor averageShare;
  private long updates;

  /**
   * @param name tells groups apart in a checkpoint
   * @param group what is moved; stays the caller's to close
   */
  Optimizer(String name, ParameterGroup group) {
    this.name = name;
    this.values = group.values();
    this.gradient = group.gradient();
    group
        .parameters()
        .forEach((parameter, view) ->
            places.add(
                new Place(
                    parameter,
                    Math.toIntExact(view.storage_offset()),
                    Math.toIntExact(view.numel()))));
    try (NoGradGuard _ = new NoGradGuard()) {
      this.first = torch.zeros_like(values).retainReference();
      this.second = torch.zeros_like(values).retainReference();
      this.average = values.clone().retainReference();
      this.best = values.clone().retainReference();
      this.stepSize = scalar();
      this.secondCorrection = scalar();
      this.averageShare = scalar();
    }
  }

  private Tensor scalar() {
    return values.new_zeros(new long[0]).retainReference();
  }

  /**
   * Sets what the next {@link #update} goes by.
   *
   * @param rate learning rate
   * @param decay of the average; early on less, so that the first weights are soon forgotten
   */
  void advance(double rate, double decay) {
    updates++;
    double warm = Math.min(decay, (1.0 + updates) / (10.0 + updates));
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      stepSize.fill_(new Scalar(rate / (1 - Math.pow(BETA1, (double) updates))));
      secondCorrection.fill_(new Scalar(Math.sqrt(1 - Math.pow(BETA2, (double) updates))));
      averageShare.fill_(new Scalar(1 - warm));
    }
  }

  /**
   * One step of Adam with the group's gradient, and of the average towards the weights.
   *
   * @param clip largest norm of the gradient, a larger one is scaled down to it; 0 for no limit
   */
  void update(double clip) {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      if (clip > 0) {
        // the factor stays on the device: to look at the norm here would be to wait for it
        Tensor factor =
            gradient
                .norm()
                .add_(new Scalar(CLIP_EPSILON))
                .reciprocal_()
                .mul_(new Scalar(clip))
                .clamp_max_(new Scalar(1.0));
        gradient.mul_(factor);
      }
      first.lerp_(gradient, new Scalar(1 - BETA1));
      second.mul_(new Scalar(BETA2)).addcmul_(gradient, gradient, new Scalar(1 - BETA2));
      Tensor denominator = second.sqrt().div_(secondCorrection).add_(new Scalar(EPSILON));
      values.sub_(first.div(denominator).mul_(stepSize));
      average.lerp_(values, averageShare);
    }
  }

  /** Exchanges weights and average; doing it twice restores both, bit by bit. */
  void swapAverage() {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor kept = values.clone();
      values.copy_(average);
      average.copy_(kept);
    }
  }

  /** Remembers the weights as the best so far. */
  void keepBest() {
    copy(values, best);
  }

  /** Makes the best weights the weights. */
  void useBest() {
    copy(best, values);
  }

  private static void copy(Tensor from, Tensor to) {
    try (NoGradGuard _ = new NoGradGuard()) {
      to.copy_(from);
    }
  }

  /** Whether all weights are numbers. Waits for the device. */
  boolean finite() {
    try (PointerScope _ = new PointerScope()) {
      return values.isfinite().all().item_bool();
    }
  }

  /** Adds everything that is needed to go on. Waits for the device. */
  void save(CheckpointState state) {
    state.put(name + ".updates", Long.toString(updates));
    save(state, "values", values);
    save(state, "first", first);
    save(state, "second", second);
    save(state, "average", average);
    save(state, "best", best);
  }

  private void save(CheckpointState state, String what, Tensor vector) {
    float[] all = new float[Math.toIntExact(vector.numel())];
    try (PointerScope _ = new PointerScope()) {
      vector.cpu().data_ptr_float().get(all);
    }
    for (Place place : places) {
      float[] own = Arrays.copyOfRange(all, place.offset(), place.offset() + place.size());
      // in the order of memory, whatever the strides: it is for this program alone
      state.put(key(what, place), new dev.tessera.model.Tensor.Floats(new int[] {own.length}, own));
    }
  }

  /** The reverse of {@link #save}. */
  void restore(CheckpointState state) {
    updates = state.whole(name + ".updates");
    restore(state, "values", values);
    restore(state, "first", first);
    restore(state, "second", second);
    restore(state, "average", average);
    restore(state, "best", best);
  }

  private void restore(CheckpointState state, String what, Tensor vector) {
    float[] all = new float[Math.toIntExact(vector.numel())];
    for (Place place : places) {
      float[] own = state.floats(key(what, place), new int[] {place.size()});
      System.arraycopy(own, 0, all, place.offset(), place.size());
    }
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      vector.copy_(Tensor.create(all, all.length));
    }
  }

  private String key(String what, Place place) {
    return name + "." + what + "/" + place.parameter();
  }

  @Override
  public void close() {
    for (Tensor tensor :
        List.of(first, second, average, best, stepSize, secondCorrection, averageShare)) {
      tensor.releaseReference();
    }
  }
}
