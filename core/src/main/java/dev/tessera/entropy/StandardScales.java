package dev.tessera.entropy;

/**
 * The scales of CompressAI's Gaussian conditional, as they stand in its checkpoints, and what of
 * their tables cannot be computed anew.
 */
final class StandardScales {
  /** 64 scales from 0.11 to 256, equally spaced in the logarithm, with PyTorch's rounding. */
  private static final float[] SCALES = {
    0.11f,
    0.124404095f,
    0.14069438f,
    0.1591178f,
    0.1799537f,
    0.20351797f,
    0.23016793f,
    0.2603076f,
    0.29439393f,
    0.33294374f,
    0.37654155f,
    0.4258483f,
    0.4816116f,
    0.5446769f,
    0.6160004f,
    0.69666344f,
    0.787889f,
    0.89106023f,
    1.0077413f,
    1.1397015f,
    1.2889413f,
    1.4577235f,
    1.6486071f,
    1.8644862f,
    2.108634f,
    2.384752f,
    2.6970267f,
    3.0501928f,
    3.4496043f,
    3.9013174f,
    4.4121814f,
    4.9899406f,
    5.643354f,
    6.382331f,
    7.218075f,
    8.163255f,
    9.2322035f,
    10.441129f,
    11.808356f,
    13.354617f,
    15.103355f,
    17.081085f,
    19.317795f,
    21.84739f,
    24.708223f,
    27.943682f,
    31.602804f,
    35.741077f,
    40.421238f,
    45.714252f,
    51.70038f,
    58.470337f,
    66.12683f,
    74.78591f,
    84.578835f,
    95.654144f,
    108.17973f,
    122.34544f,
    138.36617f,
    156.48474f,
    176.9758f,
    200.15018f,
    226.35905f,
    256f
  };

  /**
   * A probability so near to the middle between two counts that the last bit of the error function
   * decides, and with it the sum of the table, which moves all the others.
   *
   * @param scale the table's scale
   * @param distance from the mean
   * @param count what CompressAI's own table has
   */
  private record Tie(float scale, int distance, int count) {}

  private static final Tie[] TIES = {
    new Tie(SCALES[41], 18, 878), new Tie(SCALES[57], 47, 198), new Tie(SCALES[63], 199, 76)
  };

  private StandardScales() {}

  /** The scales, as a copy. */
  static float[] scales() {
    return SCALES.clone();
  }

  /** {@code probability}, or where it is a tie the one that CompressAI's table was made of. */
  static float settle(float scale, int distance, float probability) {
    for (Tie tie : TIES) {
      if (tie.scale == scale && tie.distance == distance) {
        return (float) tie.count / (1 << CdfTables.PRECISION);
      }
    }
    return probability;
  }
}
