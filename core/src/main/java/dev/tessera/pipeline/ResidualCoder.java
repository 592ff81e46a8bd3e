package dev.tessera.pipeline;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;

/**
 * An encoder of residuals and its inverse: takes the blocks of a chunk one after the other, then
 * gives its bytes; and the other way round. Numbers are zigzag-coded residuals in coded order. For
 * one thread at a time.
 */
abstract sealed class ResidualCoder permits BitpackCoder, RansCoder, ZstdCoder, RawCoder {
  final int valueBytes;

  ResidualCoder(int valueBytes) {
    this.valueBytes = valueBytes;
  }

  static ResidualCoder of(ChunkFormat format) {
    int bytes = format.type().bytes();
    return switch (format.encoder().kind()) {
      case BITPACK -> new BitpackCoder(bytes);
      case RANS -> new RansCoder(bytes, format.encoder().blocksPerStream());
      case ZSTD -> new ZstdCoder(bytes);
      case RAW -> new RawCoder(bytes);
      default ->
          throw new TesseraException.Unsupported(
              "the encoder "
                  + format.encoder()
                  + " needs a GPU with nvCOMP: use bitpack or rans on the CPU");
    };
  }

  /** Starts a chunk of so many blocks. */
  abstract void begin(int blocks);

  /** Takes the next block. */
  abstract void add(int[] numbers, ExactValues exact);

  /** Ends the chunk. Returns its number of bytes. */
  abstract long finish();

  /** Copies the bytes of the latest chunk. */
  abstract void copyTo(MemorySegment target, long offset);

  /**
   * Starts reading a chunk of so many blocks.
   *
   * @throws TesseraException.Corrupt if these bytes are none
   */
  abstract void open(MemorySegment bytes, int blocks);

  /**
   * Reads the next block.
   *
   * @throws TesseraException.Corrupt if the bytes are damaged
   */
  abstract void next(int[] numbers, ExactValues exact);

  /**
   * Ends the chunk.
   *
   * @throws TesseraException.Corrupt if there are bytes left
   */
  abstract void close();
}
