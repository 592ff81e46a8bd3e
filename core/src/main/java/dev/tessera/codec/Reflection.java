package dev.tessera.codec;

/** How a tile goes on beyond the end of its field. */
public final class Reflection {
  private Reflection() {}

  /**
   * Reflection about the last value without repeating it, back and forth where the field is
   * narrower than the padding.
   *
   * @param sources takes for each place of a row or column the place that its value comes from
   * @param inside how many of the places lie inside the field, from the first on
   */
  public static void places(int[] sources, int inside) {
    int period = Math.max(1, 2 * (inside - 1));
    for (int i = 0; i < sources.length; i++) {
      int place = i % period;
      sources[i] = inside == 1 ? 0 : Math.min(place, period - place);
    }
  }
}
