package dev.tessera.train.network;

import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A 5×5 convolution of stride 2 from few channels, or the transposed one to few channels: the
 * layers next to the tile. The same sums as a 3×3 convolution of stride 1 of the tile's four phases
 * (even and odd rows and columns), which are channels then: tap {@code 2k + p} of the 5×5, filled
 * up to 6×6 with zeros, is tap {@code k} of phase {@code p}.
 *
 * <p>cuDNN's fast kernels want channels in multiples of 8, and 3 of them leave its units mostly
 * idle; four times as many, filled up, do not. Of the channels that fill up the first is one
 * everywhere on the way from the tile, and its middle tap the bias, which costs no pass of its own.
 */
final class PhaseConvolutionLayer implements DifferentiableLayer {
  /** Channels from which on the plain convolution is as good. */
  static final int MOST_CHANNELS = 4;

  private static final int ALIGNMENT = 8;
  private static final int KERNEL = 5;
  private static final long[] ONES = {1, 1};
  private static final long[] ZEROS = {0, 0};
  private static final BoolPointer ALL = mask(true);
  private static final BoolPointer OWN = mask(false);

  private final String weight;
  private final String bias;
  private final boolean transposed;

  PhaseConvolutionLayer(String name, boolean transposed) {
    this.weight = name + ".weight";
    this.bias = name + ".bias";
    this.transposed = transposed;
  }

  private static BoolPointer mask(boolean input) {
    return Tensors.kept(new BoolPointer(3)).put(0, input).put(1, true).put(2, false);
  }

  /** {@code B×C×2h×2w} to {@code B×P×h×w} in channels-last order, {@code P > 4C} filled up. */
  private static Tensor phases(Tensor images) {
    long channels = images.size(1);
    long height = images.size(2) / 2;
    long width = images.size(3) / 2;
    Tensor padded =
        images.new_zeros(
            images.size(0), height, width, Math.ceilDiv(4 * channels + 1, ALIGNMENT) * ALIGNMENT);
    padded
        .narrow(3, 0, 4 * channels)
        .view(-1, height, width, channels, 2, 2)
        .copy_(images.view(-1, channels, height, 2, width, 2).permute(0, 2, 4, 1, 3, 5));
    return padded.permute(0, 3, 1, 2);
  }

  /** The reverse of {@link #phases}. */
  private static Tensor images(Tensor phases, long channels) {
    long height = phases.size(2);
    long width = phases.size(3);
    return phases
        .permute(0, 2, 3, 1)
        .narrow(3, 0, 4 * channels)
        .reshape(-1, height, width, channels, 2, 2)
        .permute(0, 3, 1, 4, 2, 5)
        .reshape(-1, channels, 2 * height, 2 * width);
  }

  /** {@code A×C×5×5} to {@code A×P×3×3}. */
  private static Tensor kernelPhases(Tensor kernel) {
    Tensor even = kernel.new_zeros(kernel.size(0), kernel.size(1), KERNEL + 1, KERNEL + 1);
    even.narrow(2, 0, KERNEL).narrow(3, 0, KERNEL).copy_(kernel);
    return phases(even);
  }

  /** What a transposed convolution of stride 1 is with an ordinary one; its own inverse. */
  private static Tensor turned(Tensor kernel) {
    return kernel.transpose(0, 1).flip(2, 3);
  }

  /** The middle tap of the first channel that fills up: the bias, of an input of ones. */
  private static Tensor biasTap(Tensor kernel, long channels) {
    return kernel.select(1, 4 * channels).select(1, 1).select(1, 1);
  }

  @Override
  public Tensor forward(Tensor input, NetworkWeights weights, Tape tape) {
    Tensor fine = weights.get(weight);
    long channels = fine.size(1);
    Tensor kernel = kernelPhases(fine);
    Tensor coarse = input;
    if (transposed) {
      kernel = Tensors.channelsLast(turned(kernel), weights.type());
    } else {
      biasTap(kernel, channels).copy_(weights.get(bias));
      coarse = phases(input);
      coarse.select(1, 4 * channels).fill_(Tensors.ONE);
    }
    tape.push(kernel);
    tape.push(coarse);
    Tensor output =
        torch.convolution(coarse, kernel, new TensorOptional(), ONES, ONES, ONES, false, ZEROS, 1);
    if (!transposed) {
      return output;
    }
    return images(output, channels).add_(weights.get(bias).view(1, channels, 1, 1));
  }

  @Override
  public Tensor backward(Tensor slope, NetworkWeights weights, Tape tape, boolean wanted) {
    Tensor coarse = tape.pop();
    Tensor kernel = tape.pop();
    long channels = weights.get(weight).size(1);
    T_TensorTensorTensor_T slopes =
        torch.convolution_backward(
            transposed ? phases(slope) : slope,
            coarse,
            kernel,
            new long[] {0},
            ONES,
            ONES,
            ONES,
            false,
            ZEROS,
            1,
            wanted ? ALL : OWN);
    Tensor kernelSlope = slopes.get1();
    weights.gradient(bias).copy_(transposed ? slope.sum(0, 2, 3) : biasTap(kernelSlope, channels));
    weights
        .gradient(weight)
        .copy_(
            images(transposed ? turned(kernelSlope) : kernelSlope, channels)
                .narrow(2, 0, KERNEL)
                .narrow(3, 0, KERNEL));
    if (!wanted || transposed) {
      // what get0 gives lies inside the tuple, which does not outlive the scope
      return new Tensor(slopes.get0());
    }
    return images(slopes.get0(), channels);
  }
}
