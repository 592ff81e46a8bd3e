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

  /** A stage that measures nothing. */
  public Stage(int id, byte[] arguments) {
    this(id, arguments, new byte[0]);
  }
}
