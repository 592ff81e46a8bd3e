package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.MemorySegment;

/**
 * The second half of {@link ChunkCoder#encode} for chunks whose residuals were made elsewhere, such
 * as on a GPU: residuals to bytes. Holds the bytes of the latest chunk. For one thread at a time.
 */
public final class ResidualEncoder {
  /** The mode's byte and what aligns the bytes after it. */
  private static final int HEAD = 4;

  private final DataType type;
  private final boolean raw;
  private final ResidualCoder coder;
  private final ExactValues exactValues = new ExactValues();
  private final int[] numbers = new int[PLACES];
  private long bytes;
  private boolean plain;

  /**
   * An encoder with its own buffers.
   *
   * @throws TesseraException.Unsupported if only a GPU has the format's encoder
   */
  public ResidualEncoder(ChunkFormat format) {
    type = format.type();
    raw = format.encoder().kind() == EncoderSpec.Kind.RAW;
    coder = ResidualCoder.of(format);
  }

  /**
   * Encodes a chunk, of which the bytes are kept until the next call.
   *
   * @param chunk its values, from which exact ones are taken
   * @param residuals a signed 32-bit residual for each place of all blocks, in coded order
   * @param exactMarks a bit for each of them, lowest first: whether the value is exact
   * @return number of bytes
   * @throws TesseraException.Invalid if these are not as many as the extents say
   */
  public long encode(
      MemorySegment chunk,
      int depth,
      int height,
      int width,
      MemorySegment residuals,
      MemorySegment exactMarks) {
    BlockGeometry geometry = new BlockGeometry(depth, height, width);
    long places = (long) geometry.blocks() * PLACES;
    if (chunk.byteSize() != (long) geometry.values() * type.bytes()
        || residuals.byteSize() != places * Integer.BYTES
        || exactMarks.byteSize() != ExactMarks.bytes(geometry.blocks())) {
      throw new TesseraException.Invalid(
          "values, residuals and marks are not those of a chunk of %d×%d×%d"
              .formatted(depth, height, width));
    }
    coder.begin(geometry.blocks());
    for (int b = 0; b < geometry.blocks(); b++) {
      long at = (long) b * PLACES * Integer.BYTES;
      MemorySegment.copy(residuals, DataType.LE_INT, at, numbers, 0, PLACES);
      for (int i = 0; i < PLACES; i++) {
        numbers[i] = numbers[i] << 1 ^ numbers[i] >> 31; // the sign goes into the lowest bit
      }
      ExactMarks.collect(type, chunk, geometry, b, exactMarks, exactValues);
      coder.add(numbers, exactValues);
    }
    bytes = HEAD + coder.finish();
    plain = !raw && bytes > chunk.byteSize();
    return bytes;
  }

  /**
   * Whether a file holds the latest chunk's values in place of these bytes, which are more; {@link
   * ChunkCoder} stores them so.
   */
  public boolean isBetterPlain() {
    return plain;
  }

  /** The bytes of the latest chunk, as a copy. */
  public byte[] toByteArray() {
    byte[] copy = new byte[Math.toIntExact(bytes)];
    MemorySegment target = MemorySegment.ofArray(copy);
    coder.copyTo(target, HEAD);
    return copy;
  }
}
