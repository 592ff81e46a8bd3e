package dev.tessera.bench;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;

/**
 * Quantized latents of a batch of tiles and the tables that code them.
 *
 * @param name for people
 * @param symbols {@code tiles × channels × height × width}
 * @param tables one per channel
 * @param channels channels of a tile's latent
 * @param height rows of a tile's latent
 * @param width columns of a tile's latent
 * @param inputBytes bytes of the float32 tiles that the latents stand for; 0 where there are none
 */
public record LatentSet(
    String name,
    int[] symbols,
    CdfTables tables,
    int channels,
    int height,
    int width,
    long inputBytes) {
  /** Checks that there are whole tiles and a table per channel. */
  public LatentSet {
    long perTile = (long) channels * height * width;
    if (perTile < 1 || symbols.length == 0 || symbols.length % perTile != 0) {
      throw new TesseraException.Invalid(
          "%d symbols are no whole number of latents of %dx%dx%d"
              .formatted(symbols.length, channels, height, width));
    }
    if (tables.count() < channels) {
      throw new TesseraException.Invalid(
          ("latents of %d channels need as many tables, and the model has %d: name the model that"
                  + " made them with --model")
              .formatted(channels, tables.count()));
    }
  }

  /** Number of tiles. */
  public int tiles() {
    return symbols.length / (channels * height * width);
  }

  /** Bytes of the symbols as 32-bit integers. */
  public long int32Bytes() {
    return (long) symbols.length * Integer.BYTES;
  }

  /** How a latent is cut into streams of P channels. */
  public StreamLayout layout(int channelsPerStream) {
    return new StreamLayout(channels, height, width, Math.min(channelsPerStream, channels), height);
  }

  /** Bytes that the tables promise: no coder that uses them without more knowledge takes fewer. */
  public double idealBytes() {
    double bits = 0;
    int plane = height * width;
    for (int i = 0; i < symbols.length; i++) {
      bits += tables.bits(i / plane % channels, symbols[i]);
    }
    return bits / 8;
  }

  /** The same latents in another order: from tile {@code first} to the end, then the others. */
  public LatentSet rotated(int first) {
    int[] turned = new int[symbols.length];
    int at = first * channels * height * width;
    System.arraycopy(symbols, at, turned, 0, symbols.length - at);
    System.arraycopy(symbols, 0, turned, symbols.length - at, at);
    return new LatentSet(name, turned, tables, channels, height, width, inputBytes);
  }
}
