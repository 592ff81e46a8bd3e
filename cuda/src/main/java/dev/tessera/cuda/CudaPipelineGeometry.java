package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry;

/**
 * How values in device memory are cut into chunks. Extents are in values, the last one the fastest.
 * Chunks are numbered volume by volume in C order and clipped at a volume's end.
 *
 * @param volumes number of volumes, each cut alone
 * @param volumeStride values from one volume's first value to the next one's
 * @param depth planes of a volume
 * @param height rows of a plane
 * @param width columns of a row
 * @param chunkDepth planes of a chunk
 * @param chunkHeight rows of a chunk
 * @param chunkWidth columns of a chunk
 */
public record CudaPipelineGeometry(
    int volumes,
    long volumeStride,
    int depth,
    int height,
    int width,
    int chunkDepth,
    int chunkHeight,
    int chunkWidth) {
  /** Checks that all extents are positive and volumes do not overlap. */
  public CudaPipelineGeometry {
    if (volumes < 1
        || depth < 1
        || height < 1
        || width < 1
        || chunkDepth < 1
        || chunkHeight < 1
        || chunkWidth < 1) {
      throw new TesseraException.Invalid("extents of fields and chunks must be positive");
    }
    if (volumeStride < (long) depth * height * width) {
      throw new TesseraException.Invalid(
          "volumes of %d×%d×%d values cannot begin every %d values"
              .formatted(depth, height, width, volumeStride));
    }
  }

  /** One volume that is cut into chunks. */
  public static CudaPipelineGeometry field(
      int depth, int height, int width, int chunkDepth, int chunkHeight, int chunkWidth) {
    long values = (long) depth * height * width;
    return new CudaPipelineGeometry(
        1, values, depth, height, width, chunkDepth, chunkHeight, chunkWidth);
  }

  /** Chunks of equal extents, {@code stride} values apart. */
  public static CudaPipelineGeometry chunks(
      int count, long stride, int depth, int height, int width) {
    return new CudaPipelineGeometry(count, stride, depth, height, width, depth, height, width);
  }

  int chunksZ() {
    return Math.ceilDiv(depth, chunkDepth);
  }

  int chunksY() {
    return Math.ceilDiv(height, chunkHeight);
  }

  int chunksX() {
    return Math.ceilDiv(width, chunkWidth);
  }

  /** Number of chunks. */
  public int chunks() {
    long chunks = (long) volumes * chunksZ() * chunksY() * chunksX();
    if (chunks > Integer.MAX_VALUE) {
      throw new TesseraException.Invalid(chunks + " chunks are too many at once");
    }
    return (int) chunks;
  }

  /** Values from the first of the first volume to the last of the last one. */
  public long span() {
    return (volumes - 1) * volumeStride + (long) depth * height * width;
  }

  /** Blocks of the chunk that has the most: a clipped one may be cut in another way. */
  int mostBlocks() {
    int most = 0;
    for (int clipped = 0; clipped < 8; clipped++) {
      int d = extent(depth, chunkDepth, (clipped & 1) != 0);
      int h = extent(height, chunkHeight, (clipped & 2) != 0);
      int w = extent(width, chunkWidth, (clipped & 4) != 0);
      most = Math.max(most, new BlockGeometry(d, h, w).blocks());
    }
    return most;
  }

  private static int extent(int whole, int part, boolean last) {
    int rest = whole % part;
    return last && rest > 0 ? rest : Math.min(whole, part);
  }
}
