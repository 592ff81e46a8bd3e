package dev.tessera.train;

import dev.tessera.train.network.Forward;
import dev.tessera.train.network.MsSsim;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What is minimized: {@code λ·255²·MSE·C/3 + bpp}, or {@code λ·(1 − MS-SSIM)·C/3 + bpp}, with bits
 * counted per spatial position, all C channels of a tile together. With three channels that is
 * CompressAI's loss; the factor makes one λ buy about the same quality with any number of them,
 * because an error weighs on every value while a bit is shared by all channels of a position.
 *
 * @param lambda weight of the distortion
 * @param distortion what it is
 */
record RateDistortion(double lambda, TrainingOptions.Distortion distortion) {
  /** CompressAI's λ are made for values of 0 to 255, its MSE is of values of 0 to 1. */
  private static final double MSE_SCALE = 255 * 255;

  /** CompressAI's λ are made for tiles of so many channels. */
  private static final double CHANNELS_OF_LAMBDA = 3;

  /**
   * Scalars on the device.
   *
   * @param distortion times what it weighs
   */
  record Terms(Tensor distortion, Tensor bitsPerPixel, Tensor squaredError) {
    Tensor loss() {
      return distortion.add(bitsPerPixel);
    }

    /**
     * The loss with another λ.
     *
     * @param multiple of this one, a scalar on the device
     */
    Tensor loss(Tensor multiple) {
      return distortion.mul(multiple).add(bitsPerPixel);
    }
  }

  static RateDistortion of(TrainingOptions options) {
    return new RateDistortion(options.lambda(), options.loss());
  }

  /**
   * What the loss of a batch is the sum of.
   *
   * @param tiles what {@code forward} was made of
   */
  Terms of(Forward forward, Tensor tiles) {
    double pixels = (double) tiles.size(0) * tiles.size(2) * tiles.size(3);
    Tensor bits = forward.latentBits().add(forward.sideBits()).mul(new Scalar(1 / pixels));
    Tensor squaredError = torch.mse_loss(forward.restored(), tiles);
    double weight = lambda * tiles.size(1) / CHANNELS_OF_LAMBDA;
    Tensor weighted =
        switch (distortion) {
          case MSE -> squaredError.mul(new Scalar(weight * MSE_SCALE));
          case MS_SSIM ->
              torch
                  .ones_like(squaredError)
                  .sub(MsSsim.of(forward.restored(), tiles))
                  .mul(new Scalar(weight));
        };
    return new Terms(weighted, bits, squaredError);
  }
}
