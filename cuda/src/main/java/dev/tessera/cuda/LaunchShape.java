package dev.tessera.cuda;

import dev.tessera.field.TesseraException;

/**
 * How many threads run a kernel.
 *
 * @param gridX blocks along x, 1 to 2^31 − 1
 * @param gridY blocks along y, 1 to 65535
 * @param gridZ blocks along z, 1 to 65535
 * @param blockX threads of a block along x
 * @param blockY threads of a block along y
 * @param blockZ threads of a block along z
 * @param sharedBytes dynamic shared memory of a block
 */
public record LaunchShape(
    int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes) {
  private static final int MAX_GRID_YZ = 65535;
  private static final int MAX_BLOCK = 1024;

  /** Checks the limits of every device. */
  public LaunchShape {
    if (gridX < 1 || gridY < 1 || gridZ < 1 || gridY > MAX_GRID_YZ || gridZ > MAX_GRID_YZ) {
      throw new TesseraException.Invalid(
          "a grid of %d×%d×%d blocks cannot be launched".formatted(gridX, gridY, gridZ));
    }
    if (blockX < 1
        || blockY < 1
        || blockZ < 1
        || blockZ > 64
        || (long) blockX * blockY * blockZ > MAX_BLOCK) {
      throw new TesseraException.Invalid(
          "a block of %d×%d×%d threads cannot be launched".formatted(blockX, blockY, blockZ));
    }
    if (sharedBytes < 0) {
      throw new TesseraException.Invalid(
          "a block cannot have " + sharedBytes + " bytes of shared memory");
    }
  }

  /** A line of blocks. */
  public static LaunchShape of(long blocks, int threads) {
    if (blocks > Integer.MAX_VALUE) {
      throw new TesseraException.Invalid(blocks + " blocks cannot be launched at once");
    }
    return new LaunchShape((int) blocks, 1, 1, threads, 1, 1, 0);
  }

  /** The same with dynamic shared memory. */
  public LaunchShape shared(int bytes) {
    return new LaunchShape(gridX, gridY, gridZ, blockX, blockY, blockZ, bytes);
  }

  /** Threads of a block. */
  public int blockThreads() {
    return blockX * blockY * blockZ;
  }
}
