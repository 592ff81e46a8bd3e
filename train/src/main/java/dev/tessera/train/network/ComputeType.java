package dev.tessera.train.network;

import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What the networks' products are computed in. Parameters, sums of gradients, likelihoods and
 * losses are float32 whatever it is.
 */
public enum ComputeType {
  /** float32 throughout. */
  FP32,
  /** float32 values; the products on CUDA keep 10 bits of mantissa. On the CPU as {@link #FP32}. */
  TF32,
  /** Activations and the networks' products in bfloat16, accumulated in float32. */
  BF16;

  /** The type of activations, given the type of the parameters. */
  ScalarType activations(ScalarType parameters) {
    return this == BF16 ? ScalarType.BFloat16 : parameters;
  }

  /**
   * Lets CUDA's float32 products take TF32, or not. Only the networks may: the likelihoods subtract
   * values that are almost equal.
   */
  void enter() {
    set(this == TF32);
  }

  /** Back to exact float32 products. */
  void leave() {
    set(false);
  }

  private void set(boolean allow) {
    if (this == TF32) {
      Context context = torch.globalContext();
      context.setAllowTF32CuDNN(allow);
      context.setAllowTF32CuBLAS(allow);
    }
  }
}
