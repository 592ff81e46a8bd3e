package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaIntegers;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.pipeline.QuantizerSpec;
import dev.tessera.quant.BlockGeometry;
import java.util.Arrays;
import java.util.List;

/**
 * Where the integers of a batch lie on the device, chunk by chunk in the order of the groups, and
 * in which pieces nvCOMP codes them.
 *
 * @param form how an integer is stored, the same for all chunks of a lane
 * @param jobs number in the batch of each chunk
 * @param blocks blocks of each chunk
 * @param firstBlocks number of each chunk's first block; the last entry is that of all blocks
 * @param firstPieces number of each chunk's first piece; the last entry is that of all pieces
 */
record PieceLayout(
    CudaIntegers.Form form, int[] jobs, int[] blocks, long[] firstBlocks, int[] firstPieces) {
  static PieceLayout of(List<ChunkJob> jobs, List<ChunkGroup> groups) {
    int[] order =
        groups.stream().flatMap(group -> group.jobs().stream()).mapToInt(i -> i).toArray();
    CudaIntegers.Form form = form(jobs.getFirst());
    int[] blocks = new int[order.length];
    long[] firstBlocks = new long[order.length + 1];
    int[] firstPieces = new int[order.length + 1];
    for (int k = 0; k < order.length; k++) {
      blocks[k] = jobs.get(order[k]).geometry().blocks();
      firstBlocks[k + 1] = firstBlocks[k] + blocks[k];
      firstPieces[k + 1] = firstPieces[k] + NvcompChunk.pieces(blocks[k], form.bytes());
    }
    return new PieceLayout(form, order, blocks, firstBlocks, firstPieces);
  }

  /** The reference's quantizer gives 16 bits. */
  private static CudaIntegers.Form form(ChunkJob job) {
    return job.format().quantization().requested().kind() == QuantizerSpec.Kind.REFERENCE
        ? CudaIntegers.Form.SHORT
        : CudaIntegers.Form.INT;
  }

  int chunks() {
    return jobs.length;
  }

  int pieces() {
    return firstPieces[jobs.length];
  }

  /** Pieces of chunk {@code k}. */
  int pieces(int k) {
    return firstPieces[k + 1] - firstPieces[k];
  }

  long blockCount() {
    return firstBlocks[jobs.length];
  }

  long integerBytes() {
    return CudaIntegers.integerBytes(blockCount(), form);
  }

  /** Byte where the integers of chunk {@code k} begin. */
  long integersAt(int k) {
    return CudaIntegers.integerBytes(firstBlocks[k], form);
  }

  /** Addresses of the pieces' integers. */
  long[] addresses(DeviceBuffer integers) {
    long[] addresses = new long[pieces()];
    for (int k = 0; k < jobs.length; k++) {
      for (int i = 0; i < pieces(k); i++) {
        addresses[firstPieces[k] + i] =
            integers.address() + integersAt(k) + (long) i * NvcompChunk.PIECE_BYTES;
      }
    }
    return addresses;
  }

  /** Bytes of the pieces' integers. */
  long[] sizes() {
    long[] sizes = new long[pieces()];
    Arrays.fill(sizes, NvcompChunk.PIECE_BYTES);
    for (int k = 0; k < jobs.length; k++) {
      int last = pieces(k) - 1;
      long whole = (long) blocks[k] * BlockGeometry.PLACES * form.bytes();
      sizes[firstPieces[k] + last] = whole - (long) last * NvcompChunk.PIECE_BYTES;
    }
    return sizes;
  }
}
