package dev.tessera.train.network;

import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A convolution, or a transposed one, with the padding of {@link dev.tessera.model.Layer.Conv} and
 * {@link dev.tessera.model.Layer.ConvTranspose}.
 */
final class ConvolutionLayer implements DifferentiableLayer {
  private static final long[] DILATION = {1, 1};

  /** Which gradients are asked for: of the input and the weight; the bias's is summed here. */
  private static final BoolPointer ALL = mask(true);

  private static final BoolPointer OWN = mask(false);

  private final String weight;
  private final String bias;
  private final boolean transposed;
  private final long[] stride;
  private final long[] padding;
  private final long[] outputPadding;

  ConvolutionLayer(String name, int kernel, int stride, boolean transposed) {
    this.weight = name + ".weight";
    this.bias = name + ".bias";
    this.transposed = transposed;
    this.stride = new long[] {stride, stride};
    this.padding = new long[] {kernel / 2, kernel / 2};
    long extra = transposed ? stride - 1 : 0;
    this.outputPadding = new long[] {extra, extra};
  }

  private static BoolPointer mask(boolean input) {
    return Tensors.kept(new BoolPointer(3)).put(0, input).put(1, true).put(2, false);
  }

  @Override
  public Tensor forward(Tensor input, NetworkWeights weights, Tape tape) {
    tape.push(input);
    return torch.convolution(
        input,
        weights.get(weight),
        new TensorOptional(weights.get(bias)),
        stride,
        padding,
        DILATION,
        transposed,
        outputPadding,
        1);
  }

  @Override
  public Tensor backward(Tensor slope, NetworkWeights weights, Tape tape, boolean wanted) {
    Tensor input = tape.pop();
    T_TensorTensorTensor_T slopes =
        torch.convolution_backward(
            slope,
            input,
            weights.get(weight),
            new long[] {0},
            stride,
            padding,
            DILATION,
            transposed,
            outputPadding,
            1,
            wanted ? ALL : OWN);
    weights.gradient(weight).copy_(slopes.get1());
    weights.gradient(bias).copy_(weights.columnSums(GdnLayer.rows(slope)));
    // what get0 gives lies inside the tuple, which does not outlive the scope
    return new Tensor(slopes.get0());
  }
}
