package dev.tessera.cuda.network;

/**
 * What a layer writes.
 *
 * @param form how values stand in memory
 * @param type of a stored activation
 * @param scale what a stored activation of 1 is worth; 1 but for e4m3
 * @param medians per channel, where symbols are stored; else null
 */
record LayerOutput(Form form, ActivationType type, float scale, float[] medians) {
  /** How values stand in memory. */
  enum Form {
    /** Pixel by pixel, channels padded to a multiple of 16, in the activations' type. */
    PIXELS,
    /** Plane by plane, float32. */
    PLANES,
    /** Plane by plane, 32-bit symbols: values less the channel's median, rounded. */
    SYMBOLS
  }

  /** Activations for another layer. */
  static LayerOutput activations(ActivationType type, float scale) {
    return new LayerOutput(Form.PIXELS, type, scale, null);
  }

  /** Latents as float32. */
  static LayerOutput latents() {
    return new LayerOutput(Form.PLANES, ActivationType.FLOAT, 1, null);
  }

  /** Latents as symbols. */
  static LayerOutput symbols(float[] medians) {
    return new LayerOutput(Form.SYMBOLS, ActivationType.FLOAT, 1, medians);
  }
}
