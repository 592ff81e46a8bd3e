package dev.tessera.train;

import dev.tessera.train.network.Forward;
import dev.tessera.train.network.MsSsim;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What is minimized, with CompressAI's weights: {@code λ·255²·MSE + bpp}, or {@code λ·(1 − MS-SSIM)
 * + bpp}; bits count per spatial position, all channels of a tile together.
 *
 * @param lambda weight of the distortion
 * @param distortion what it is
 */
record RateDistortion(double lambda, TrainingOptions.Distortion distortion) {
  /** CompressAI's λ are made for values of 0 to 255, its MSE is of values of 0 to 1. */
  private static final double MSE_SCALE = 255 * 255;

  /** Scalars on the device. */
  record Terms(Tensor loss, Tensor bitsPerPixel, Tensor squaredError) {}

  static RateDistortion of(TrainingOptions options) {
    return new RateDistortion(options.lambda(), options.loss());
  }

  /**
   * The loss of a batch.
   *
   * @param tiles what {@code forward} was made of
   */
  Terms of(Forward forward, Tensor tiles) {
    double pixels = (double) tiles.size(0) * tiles.size(2) * tiles.size(3);
    Tensor bits = forward.latentBits().add(forward.sideBits()).mul(new Scalar(1 / pixels));
    Tensor squaredError = torch.mse_loss(forward.restored(), tiles);
    Tensor weighted =
        switch (distortion) {
          case MSE -> squaredError.mul(new Scalar(lambda * MSE_SCALE));
          case MS_SSIM ->
              torch
                  .ones_like(squaredError)
                  .sub(MsSsim.of(forward.restored(), tiles))
                  .mul(new Scalar(lambda));
        };
    return new Terms(weighted.add(bits), bits, squaredError);
  }
}
