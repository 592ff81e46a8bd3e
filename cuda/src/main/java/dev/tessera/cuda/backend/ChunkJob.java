package dev.tessera.cuda.backend;

import dev.tessera.codec.ChunkBox;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.quant.BlockGeometry;

/**
 * A chunk of a batch.
 *
 * @param format what it is coded with
 * @param box its extents
 */
record ChunkJob(ChunkFormat format, ChunkBox box) {
  /** How it is cut into blocks. */
  BlockGeometry geometry() {
    return new BlockGeometry(box.depth(), box.height(), box.width());
  }

  /** Bytes of its values. */
  long bytes() {
    return (long) box.values() * format.type().bytes();
  }
}
