package dev.tessera.codec;

import dev.tessera.field.TileGrid;

/**
 * Is told how far a long operation has come. Called by the thread that started it, at most once per
 * batch.
 */
@FunctionalInterface
public interface Progress {
  /** What is being done. */
  enum Phase {
    /** First pass over the field: ranges and special values. */
    SCAN,
    /** Tiles through the networks, to see what passes between layers. */
    CALIBRATE,
    /** Tiles to streams. */
    COMPRESS,
    /** Streams to tiles. */
    DECOMPRESS
  }

  /** Tells nobody. */
  Progress NONE = (phase, done, total) -> {};

  /** Reports {@code tilesDone} of a grid's tiles in values. */
  static void report(Progress progress, Phase phase, long tilesDone, TileGrid grid) {
    double share = (double) tilesDone / grid.count();
    long total = grid.shape().elements();
    progress.update(phase, tilesDone == grid.count() ? total : (long) (share * total), total);
  }

  /**
   * @param done values that are done
   * @param total values in all
   */
  void update(Phase phase, long done, long total);
}
