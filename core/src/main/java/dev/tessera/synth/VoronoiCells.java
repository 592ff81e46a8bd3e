package dev.tessera.synth;

/**
 * Space divided among scattered points: one in each cube, at a place drawn from the cube's number
 * (cellular texture: Worley, SIGGRAPH 1996).
 */
final class VoronoiCells {
  private final long seed;
  private final double size;

  /**
   * @param size side of a cube, in the unit of coordinates
   */
  VoronoiCells(long seed, double size) {
    this.seed = seed;
    this.size = size;
  }

  /**
   * A seed that belongs to the nearest point.
   *
   * @param squares receives the squared distances to the nearest point and to the second
   */
  long nearest(double z, double y, double x, double[] squares) {
    squares[0] = Double.POSITIVE_INFINITY;
    squares[1] = Double.POSITIVE_INFINITY;
    int cz = (int) Math.floor(z / size);
    int cy = (int) Math.floor(y / size);
    int cx = (int) Math.floor(x / size);
    long nearest = 0;
    for (int dz = -1; dz <= 1; dz++) {
      for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
          long own = Draw.seedAt(seed, ((cz + dz) * 1_000_003L + cy + dy) * 1_000_003L + cx + dx);
          double pz = (cz + dz + Draw.uniformAt(own, 0)) * size - z;
          double py = (cy + dy + Draw.uniformAt(own, 1)) * size - y;
          double px = (cx + dx + Draw.uniformAt(own, 2)) * size - x;
          double square = pz * pz + py * py + px * px;
          if (square < squares[0]) {
            squares[1] = squares[0];
            squares[0] = square;
            nearest = own;
          } else if (square < squares[1]) {
            squares[1] = square;
          }
        }
      }
    }
    return nearest;
  }
}
