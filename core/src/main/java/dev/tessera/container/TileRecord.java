package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What a container holds of one tile (FORMAT.md, "Tiles").
 *
 * @param check folded check of the tile's symbols, 16 bits
 * @param mask the tile's coded mask of special values, empty where it has none
 * @param streamBytes length of each stream, first those of the side information, then those of the
 *     latent; empty ones at the end may be missing
 * @param streams the streams, one after the other
 */
public record TileRecord(int check, byte[] mask, long[] streamBytes, MemorySegment streams) {
  /** A check, and the length of a stream or the number of streams: no tile is shorter. */
  static final int MIN_BYTES = 3;

  private static final int NO_MASK = 0;
  private static final int MASK_INLINE = 1;
  private static final int MASK_SHARED = 2;

  void write(ByteWriter out, boolean hasMasks, LengthUnit unit, MaskTable masks) {
    out.bits(check, 2);
    if (hasMasks) {
      if (mask.length == 0) {
        out.varint(NO_MASK);
      } else {
        int shared = masks.share(mask);
        if (shared >= 0) {
          out.varint(MASK_SHARED + (long) shared);
        } else {
          out.varint(MASK_INLINE).block(mask);
        }
      }
    }
    StreamLengths.write(out, unit, streamBytes);
    out.raw(streams, 0, streams.byteSize());
  }

  static TileRecord read(
      ByteReader in, boolean hasMasks, LengthUnit unit, MaskTable masks, int streamsPerTile) {
    int check = (int) in.bits(2);
    byte[] mask = {};
    if (hasMasks) {
      int kind = in.varint(Integer.MAX_VALUE);
      if (kind == MASK_INLINE) {
        mask = in.block();
      } else if (kind >= MASK_SHARED) {
        if (kind - MASK_SHARED >= masks.size()) {
          throw in.corrupt("names a mask that the file does not have");
        }
        mask = masks.get(kind - MASK_SHARED);
      }
    }
    long[] streamBytes = StreamLengths.read(in, unit, streamsPerTile);
    long total = Arrays.stream(streamBytes).sum();
    return new TileRecord(check, mask, streamBytes, in.segment(total));
  }
}
