package dev.tessera.pipeline;

import dev.tessera.quant.BlockGeometry;

/**
 * Which block of which chunk.
 *
 * @param geometry how the chunk is cut
 * @param block the block
 * @param firstSlice number of the slice in which the chunk's first plane lies
 */
record BlockSite(BlockGeometry geometry, BlockGeometry.Block block, long firstSlice) {
  BlockGeometry.Mode mode() {
    return geometry.mode();
  }

  boolean contains(int natural) {
    return geometry.contains(block, natural);
  }
}
