package dev.tessera.transform;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The hyper-synthesis transform h_s (Ballé et al., ICLR 2018; Minnen et al., NeurIPS 2018), from
 * side information to the scales and means of the latent, with the same bits everywhere. It chooses
 * the tables of the entropy coder: one bit of difference between two machines could make everything
 * after it undecodable, so it does not run on ONNX Runtime, whose order of operations varies, but
 * in the order that {@link FixedOrderConvolution} and docs/FORMAT.md specify.
 *
 * <p>Several threads may call {@link #run} at once, each for its own tile.
 */
public final class HyperSynthesis {
  /** More than an output of h_s can be in an array. */
  private static final String TOO_LARGE =
      "side information of %dx%d is too large for one tile: use smaller tiles";

  private final List<FixedOrderConvolution> layers;
  private final int sideChannels;
  private final int latentChannels;
  private final boolean hasMeans;
  private final int upsampling;
  private final Queue<Scratch> idle = new ConcurrentLinkedQueue<>();

  /** Two images to go to and fro between, and each layer's accumulators. */
  private static final class Scratch {
    float[] from = {};
    float[] to = {};
    final List<float[][]> accumulators;

    Scratch(List<FixedOrderConvolution> layers) {
      accumulators = layers.stream().map(FixedOrderConvolution::newAccumulators).toList();
    }

    void reserve(int values) {
      if (from.length < values) {
        from = new float[values];
        to = new float[values];
      }
    }

    void swap() {
      float[] swapped = from;
      from = to;
      to = swapped;
    }
  }

  /**
   * Prepares the model's h_s.
   *
   * @throws TesseraException.Invalid if the model has none
   * @throws TesseraException.Corrupt if its weights do not fit together or are not finite
   */
  public HyperSynthesis(Model model) {
    if (!model.has(Network.H_S)) {
      throw new TesseraException.Invalid(
          "the model has no h_s: " + model.architecture().id() + " has no hyperprior");
    }
    List<Layer> all = model.architecture().layers(Network.H_S);
    layers = new ArrayList<>();
    int factor = 1;
    for (int i = 0; i < all.size(); i++) {
      Layer next = i + 1 < all.size() ? all.get(i + 1) : null;
      boolean activated = next instanceof Layer.Relu || next instanceof Layer.LeakyRelu;
      FixedOrderConvolution layer =
          FixedOrderConvolution.of(model, all.get(i), activated ? next : null);
      if (!layers.isEmpty() && layers.getLast().outputs() != layer.inputs()) {
        throw new TesseraException.Corrupt(
            "the layers of h_s do not fit together: one gives "
                + layers.getLast().outputs()
                + " channels and the next takes "
                + layer.inputs(),
            -1);
      }
      layers.add(layer);
      factor *= layer.upsampling();
      i += activated ? 1 : 0;
    }
    upsampling = factor;
    sideChannels = layers.getFirst().inputs();
    latentChannels = model.m();
    hasMeans = model.architecture().hasMeans();
    if (layers.getLast().outputs() != (hasMeans ? 2 : 1) * latentChannels) {
      throw new TesseraException.Corrupt(
          "h_s gives "
              + layers.getLast().outputs()
              + " channels, which does not fit a latent of "
              + latentChannels,
          -1);
    }
  }

  /** Channels N of the side information. */
  public int sideChannels() {
    return sideChannels;
  }

  /** Channels M of the latent. */
  public int latentChannels() {
    return latentChannels;
  }

  /** Whether {@link #run} gives means. */
  public boolean hasMeans() {
    return hasMeans;
  }

  /** How many times larger the latent's sides are than the side information's. */
  public int upsampling() {
    return upsampling;
  }

  /**
   * Computes scales and means of one tile's latent. No result is NaN, infinite or −0.
   *
   * @param sideInformation dequantized, {@code N × height × width}
   * @param height rows of the side information
   * @param width columns of the side information
   * @param scales receives {@code M × 4·height × 4·width} standard deviations, not yet bounded
   * @param means receives as many means; null where the architecture has none
   * @throws TesseraException.Invalid if an array is too short or the tile too large
   */
  public void run(float[] sideInformation, int height, int width, float[] scales, float[] means) {
    int largest = checkSizes(sideInformation, height, width, scales, means);
    Scratch scratch = idle.poll();
    if (scratch == null) {
      scratch = new Scratch(layers);
    }
    scratch.reserve(largest);
    channelsLast(sideInformation, sideChannels, height * width, scratch.from);
    int rows = height;
    int columns = width;
    for (int i = 0; i < layers.size(); i++) {
      FixedOrderConvolution layer = layers.get(i);
      layer.run(scratch.from, rows, columns, scratch.to, scratch.accumulators.get(i));
      rows *= layer.upsampling();
      columns *= layer.upsampling();
      scratch.swap();
    }
    int outputs = layers.getLast().outputs();
    plane(scratch.from, outputs, 0, rows * columns, scales, latentChannels);
    if (hasMeans) {
      plane(scratch.from, outputs, latentChannels, rows * columns, means, latentChannels);
    }
    idle.add(scratch);
  }

  /** Returns the number of values of the largest image between layers. */
  private int checkSizes(float[] side, int height, int width, float[] scales, float[] means) {
    if (height < 1 || width < 1) {
      throw new TesseraException.Invalid(
          "side information of " + height + "x" + width + " is not possible: 1 or more is");
    }
    long largest = (long) height * width;
    if (largest > Integer.MAX_VALUE) {
      throw new TesseraException.Invalid(TOO_LARGE.formatted(height, width));
    }
    long pixels = largest;
    largest *= sideChannels;
    requireLength("side information", side.length, largest);
    for (FixedOrderConvolution layer : layers) {
      pixels *= (long) layer.upsampling() * layer.upsampling();
      largest = Math.max(largest, pixels * layer.outputs());
    }
    if (largest > Integer.MAX_VALUE - 8) {
      throw new TesseraException.Invalid(TOO_LARGE.formatted(height, width));
    }
    requireLength("scales", scales.length, pixels * latentChannels);
    if (hasMeans != (means != null)) {
      throw new TesseraException.Invalid(
          hasMeans
              ? "h_s of this model gives means: give an array for them"
              : "h_s of this model gives no means: give no array for them");
    }
    if (hasMeans) {
      requireLength("means", means.length, pixels * latentChannels);
    }
    return (int) largest;
  }

  private static void requireLength(String what, int length, long needed) {
    if (length < needed) {
      throw new TesseraException.Invalid(
          "the array of " + what + " has " + length + " values where " + needed + " are needed");
    }
  }

  private static void channelsLast(float[] planes, int channels, int pixels, float[] image) {
    for (int c = 0; c < channels; c++) {
      for (int p = 0; p < pixels; p++) {
        image[p * channels + c] = planes[c * pixels + p];
      }
    }
  }

  /**
   * Some channels of an image as planes, with every zero positive and nothing that is not finite.
   */
  private static void plane(
      float[] image, int channels, int first, int pixels, float[] planes, int count) {
    for (int c = 0; c < count; c++) {
      for (int p = 0; p < pixels; p++) {
        float value = image[p * channels + first + c];
        // Adding +0 turns −0 into +0
        planes[c * pixels + p] = Float.isFinite(value) ? value + 0.0f : 0.0f;
      }
    }
  }
}
