package dev.tessera.train.network;

import dev.tessera.field.TesseraException;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Multi-scale structural similarity of images in 0…1 (Wang, Simoncelli, Bovik, Asilomar 2003), the
 * mean over images and channels: windows of 11×11, Gaussian of σ = 1.5, taken where they fit in;
 * means of 2×2 from one scale to the next; contrast and structure at every scale, luminance at the
 * last.
 *
 * <p>The published five scales need sides of 176. Smaller images take as many scales as leave 11
 * values at the last, with the weights of the first ones divided by their sum. A factor below 1e-6,
 * as of images that are negatives of each other, counts as 1e-6 and has no gradient: the power's
 * own slope has no limit at 0.
 */
public final class MsSsim {
  private static final double[] WEIGHTS = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
  private static final int WINDOW = 11;
  private static final double SIGMA = 1.5;

  /** Place of the middle value, counted from 1. */
  private static final Scalar MIDDLE = Tensors.constant(WINDOW / 2 + 1);

  private static final Scalar EXPONENT = Tensors.constant(-1 / (2 * SIGMA * SIGMA));
  private static final double C1 = 0.01 * 0.01;
  private static final double C2 = 0.03 * 0.03;
  private static final Scalar FLOOR = Tensors.constant(1e-6);
  private static final Scalar TWO = Tensors.constant(2);
  private static final Scalar LUMINANCE = Tensors.constant(C1);
  private static final Scalar CONTRAST = Tensors.constant(C2);
  private static final long[] NONE = {0, 0};
  private static final long[] UNIT = {1, 1};

  private MsSsim() {}

  /**
   * How many scales images get.
   *
   * @param side the shorter side
   * @throws TesseraException.Invalid if not even one window fits in
   */
  public static int scales(long side) {
    if (side < WINDOW) {
      throw new TesseraException.Invalid(
          "MS-SSIM needs images of at least %d×%1$d values, not %d".formatted(WINDOW, side));
    }
    int scales = 1;
    while (scales < WEIGHTS.length && side >> scales >= WINDOW) {
      scales++;
    }
    return scales;
  }

  /**
   * The similarity of two batches, differentiable in both.
   *
   * @param a {@code B×C×H×W}
   * @param b of the same shape and type
   * @return a scalar, 1 if they are equal; in the open {@code PointerScope}
   * @throws TesseraException.Invalid if they are smaller than a window
   */
  public static Tensor of(Tensor a, Tensor b) {
    int scales = scales(Math.min(a.size(2), a.size(3)));
    double total = 0;
    for (int i = 0; i < scales; i++) {
      total += WEIGHTS[i];
    }
    Tensor similarity;
    try (PointerScope scope = new PointerScope()) {
      Tensor x = a.reshape(-1, 1, a.size(2), a.size(3));
      Tensor y = b.reshape(-1, 1, a.size(2), a.size(3));
      Tensor window = window(a);
      Tensor product = null;
      for (int i = 0; i < scales; i++) {
        if (i > 0) {
          x = halved(x);
          y = halved(y);
        }
        Tensor factor =
            factor(x, y, window, i == scales - 1)
                .clamp_min(FLOOR)
                .pow(new Scalar(WEIGHTS[i] / total));
        product = product == null ? factor : product.mul(factor);
      }
      similarity = Tensors.kept(product.mean());
    }
    return Tensors.handedOver(similarity);
  }

  private static Tensor halved(Tensor images) {
    return torch.avg_pool2d(images, 2, 2);
  }

  /** Made on the device: a copy from the host cannot be part of a captured step. */
  private static Tensor window(Tensor like) {
    Tensor distance = like.new_ones(WINDOW).cumsum(0).sub_(MIDDLE);
    Tensor values = distance.mul(distance).mul_(EXPONENT).exp_();
    return values.div_(values.sum());
  }

  /** Contrast and structure of one scale, at the last one times luminance; a value per image. */
  private static Tensor factor(Tensor x, Tensor y, Tensor window, boolean withLuminance) {
    Tensor maps = torch.cat(new TensorVector(x, y, x.mul(x), y.mul(y), x.mul(y)), 0);
    Tensor means = blurred(blurred(maps, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1));
    long images = x.size(0);
    Tensor meanX = means.narrow(0, 0, images);
    Tensor meanY = means.narrow(0, images, images);
    Tensor squareX = meanX.mul(meanX);
    Tensor squareY = meanY.mul(meanY);
    Tensor both = meanX.mul(meanY);
    Tensor varianceX = means.narrow(0, 2 * images, images).sub(squareX);
    Tensor varianceY = means.narrow(0, 3 * images, images).sub(squareY);
    Tensor covariance = means.narrow(0, 4 * images, images).sub(both);
    Tensor map = covariance.mul(TWO).add(CONTRAST).div(varianceX.add(varianceY).add(CONTRAST));
    if (withLuminance) {
      Tensor luminance = both.mul(TWO).add(LUMINANCE).div(squareX.add(squareY).add(LUMINANCE));
      map = map.mul(luminance);
    }
    return map.mean(1, 2, 3);
  }

  private static Tensor blurred(Tensor maps, Tensor window) {
    return torch.conv2d(maps, window, new TensorOptional(), UNIT, NONE, UNIT, 1);
  }
}
