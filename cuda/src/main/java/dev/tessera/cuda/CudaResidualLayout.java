package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.RansHead;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Chunks of one shape and the streams of rANS in which their residuals are coded.
 *
 * @param chunks number of chunks
 * @param blocks blocks of a chunk
 * @param blocksPerStream blocks of a stream; a chunk's last stream has what is left
 */
public record CudaResidualLayout(int chunks, int blocks, int blocksPerStream) {
  /** Checks that the numbers are positive and streams can be counted. */
  public CudaResidualLayout {
    if (chunks < 1 || blocks < 1 || blocksPerStream < 1) {
      throw new TesseraException.Invalid("chunks, blocks and blocks per stream must be positive");
    }
    if ((long) chunks * (Math.ceilDiv(blocks, blocksPerStream) + RansHead.CLASSES)
        > Integer.MAX_VALUE) {
      throw new TesseraException.Invalid(
          chunks + " chunks of " + blocks + " blocks are too many at once");
    }
  }

  /** Streams of a chunk. */
  public int streams() {
    return Math.ceilDiv(blocks, blocksPerStream);
  }

  /** Streams of all chunks. */
  public int allStreams() {
    return chunks * streams();
  }

  /** Most tables of a chunk: one for each class of blocks above 0. */
  public int slots() {
    return Math.min(RansHead.CLASSES - 1, blocks);
  }

  /** Room for tables of all chunks. */
  public int allSlots() {
    return chunks * slots();
  }

  /** Blocks of all chunks. */
  public long allBlocks() {
    return (long) chunks * blocks;
  }

  /** The structure {@code ResidualLayout} of residual_rans.cuh. */
  MemorySegment struct() {
    return Arena.ofAuto()
        .allocateFrom(JAVA_INT, chunks, blocks, blocksPerStream, streams(), slots());
  }
}
