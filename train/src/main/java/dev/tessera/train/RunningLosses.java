package dev.tessera.train;

import dev.tessera.train.network.TorchDevice;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Sums of the losses of several steps or batches. They stay on the device, so that adding to them
 * does not wait for it; only {@link #mean} does.
 */
final class RunningLosses implements AutoCloseable {
  private static final int COUNT = 3;

  private final Tensor sums;
  private double weight;

  RunningLosses(TorchDevice device) {
    try (PointerScope _ = new PointerScope()) {
      TensorOptions options =
          new TensorOptions(device.handle()).dtype(new ScalarTypeOptional(ScalarType.Double));
      this.sums = torch.zeros(new long[] {COUNT}, options).retainReference();
    }
  }

  /** Adds losses, scalars on the device, and counts them. */
  void add(Tensor loss, Tensor bitsPerPixel, Tensor squaredError, int items) {
    accumulate(loss, bitsPerPixel, squaredError, items);
    count(items);
  }

  /** Counts losses that the device adds, in a step that is replayed. */
  void count(int items) {
    weight += items;
  }

  /**
   * Adds losses, scalars on the device, without counting them.
   *
   * @param items what they are means over; a step counts as one
   */
  void accumulate(Tensor loss, Tensor bitsPerPixel, Tensor squaredError, int items) {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor all =
          torch.stack(new TensorVector(loss, bitsPerPixel, squaredError)).to(ScalarType.Double);
      sums.add_(all, new Scalar((double) items));
    }
  }

  /** The means since the last {@link #clear}. Waits for the device. */
  Losses mean() {
    double[] host = read();
    return new Losses(host[0] / weight, host[1] / weight, host[2] / weight);
  }

  private double[] read() {
    double[] host = new double[COUNT];
    try (PointerScope _ = new PointerScope()) {
      new DoublePointer(sums.cpu().data_ptr()).get(host);
    }
    return host;
  }

  boolean isEmpty() {
    return weight == 0;
  }

  void clear() {
    try (NoGradGuard _ = new NoGradGuard()) {
      sums.zero_();
    }
    weight = 0;
  }

  SortedMap<String, String> state() {
    double[] host = read();
    return new TreeMap<>(
        Map.of(
            "running.weight", Double.toString(weight),
            "running.0", Double.toString(host[0]),
            "running.1", Double.toString(host[1]),
            "running.2", Double.toString(host[2])));
  }

  void restore(CheckpointState state) {
    weight = state.real("running.weight");
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      double[] host = new double[COUNT];
      Arrays.setAll(host, i -> state.real("running." + i));
      sums.copy_(Tensor.create(host, COUNT));
    }
  }

  @Override
  public void close() {
    sums.releaseReference();
  }
}
