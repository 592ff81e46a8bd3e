package dev.tessera.cuda.network;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.KernelSource;
import dev.tessera.cuda.LaunchShape;
import java.util.List;

/**
 * Latents, or symbols and their medians, into the order of activations. The Java side of
 * edge_load.cu; the structure is that of edge_parameters.cuh.
 */
final class EdgeLoad {
  private static final String FILE = "edge_load.cu";
  private static final int THREADS = 256;
  private static final long SIDE = 64;

  private final int channels;
  private final Kernel kernel;
  private final DeviceBuffer medians;
  private final float inverseScale;

  /**
   * Uploads the medians.
   *
   * @param medians per channel, where symbols come in; null for latents
   * @param absolute whether absolute values are taken
   * @param scale what a stored activation is worth
   */
  EdgeLoad(
      Uploads uploads,
      int channels,
      float[] medians,
      boolean absolute,
      ActivationType type,
      float scale) {
    this.channels = channels;
    KernelSource source = source(channels, medians != null, absolute, type);
    kernel =
        uploads.stream()
            .context()
            .kernel(FILE, "edge_load", source.options().toArray(String[]::new));
    this.medians = medians == null ? null : uploads.floats(medians);
    inverseScale = 1 / scale;
  }

  /** What is compiled. */
  static KernelSource source(int channels, boolean symbols, boolean absolute, ActivationType type) {
    return new KernelSource(
        FILE,
        List.of(
            type.option(),
            "-DN=" + Convolution.padded(channels),
            "-DSYMBOLS=" + (symbols ? 1 : 0),
            "-DABSOLUTE=" + (absolute ? 1 : 0)));
  }

  /** Prepares the launch for a batch; both sides have the same sizes. */
  Step plan(Images in, Images out) {
    int pixels = in.height() * in.width();
    ParameterBlock block =
        new ParameterBlock()
            .add(in.buffer())
            .add(medians)
            .add(out.buffer())
            .add((long) in.tiles())
            .add(channels)
            .add(pixels)
            .add(inverseScale)
            .add(0);
    long blocks =
        in.tiles() * Math.ceilDiv(pixels, SIDE) * Math.ceilDiv(Convolution.padded(channels), SIDE);
    return new Step(
        "load",
        0,
        List.of(
            new Step.Launch(
                kernel, LaunchShape.of(blocks, THREADS), kernel.arguments().add(block.segment()))));
  }
}
