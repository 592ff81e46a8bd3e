package dev.tessera.transform;

/**
 * Mean and standard deviation of values that arrive in pieces, for any finite values: pieces are
 * scaled by a power of two before they are squared, and merged by the pairwise formula of Chan,
 * Golub and LeVeque, "Algorithms for computing the sample variance", 1983.
 */
final class SampleMoments {
  private static final int MAX_SHIFT = 1000;

  private long count;
  private double mean;
  private double deviation;

  /**
   * Mean and standard deviation of a piece.
   *
   * @param count number of its values
   */
  record Piece(long count, double mean, double deviation) {}

  /** Measures the first {@code count} of {@code values}, at least one. */
  static Piece measure(double[] values, int count) {
    double largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, Math.abs(values[i]));
    }
    int shift = Math.max(-MAX_SHIFT, Math.min(MAX_SHIFT, -Math.getExponent(largest)));
    double scale = Math.scalb(1.0, shift);
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += values[i] * scale;
    }
    double center = sum / count;
    double squares = 0;
    for (int i = 0; i < count; i++) {
      double difference = values[i] * scale - center;
      squares += difference * difference;
    }
    return new Piece(
        count, Math.scalb(center, -shift), Math.scalb(Math.sqrt(squares / count), -shift));
  }

  /** Adds a piece. */
  void add(Piece piece) {
    long otherCount = piece.count();
    double otherMean = piece.mean();
    double otherDeviation = piece.deviation();
    double weight = (double) otherCount / (count + otherCount);
    // halves: the difference of two finite means may overflow
    double half = otherMean * 0.5 - mean * 0.5;
    double between = 2 * Math.sqrt(weight * (1 - weight));
    double within = Math.sqrt(1 - weight);
    double inside = norm(within * deviation, Math.sqrt(weight) * otherDeviation);
    deviation = Math.min(norm(inside, between * half), Double.MAX_VALUE);
    mean = 2 * (mean * 0.5 + weight * half);
    count += otherCount;
  }

  /** √(a² + b²) without overflow or underflow on the way. */
  private static double norm(double a, double b) {
    double large = Math.max(Math.abs(a), Math.abs(b));
    if (large == 0) {
      return 0;
    }
    double ratio = Math.min(Math.abs(a), Math.abs(b)) / large;
    return large * Math.sqrt(1 + ratio * ratio);
  }

  double mean() {
    return mean;
  }

  /** Population standard deviation. */
  double deviation() {
    return deviation;
  }
}
