package dev.tessera.container;

/**
 * One stage on the way from values to streams, in order.
 *
 * @param id what the stage is: one of the constants here
 * @param arguments how it was configured; the stage's own encoding (FORMAT.md)
 * @param parameters what it measured of the data, such as minima and maxima; empty where it
 *     measures nothing
 */
public record Stage(int id, byte[] arguments, byte[] parameters) {
  /** Maps values to what a transform takes; arguments: the list of normalizers. */
  public static final int NORMALIZER = 1;

  /** A learned transform; arguments: the first 16 bytes of the model's identity. */
  public static final int MODEL = 2;

  /** Entropy coding; arguments: {@link StreamPlan}. */
  public static final int ENTROPY = 3;

  /** Makes integers of a bounded error; arguments: what was asked; parameters: its numbers. */
  public static final int QUANTIZER = 4;

  /** Predicts integers from their neighbours; arguments: which predictor. */
  public static final int PREDICTOR = 5;

  /** Makes bytes of integers; arguments: which encoder. */
  public static final int ENCODER = 6;

  /** Maps a model's latent to what a quantizer takes; arguments: as of {@link #NORMALIZER}. */
  public static final int LATENT_NORMALIZER = 7;

  /** A stage that measures nothing. */
  public Stage(int id, byte[] arguments) {
    this(id, arguments, new byte[0]);
  }
}
