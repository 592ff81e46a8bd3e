package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import java.lang.foreign.MemorySegment;

/**
 * What a container holds of one tile (FORMAT.md, "Tiles").
 *
 * @param check folded check of the tile's symbols, 16 bits
 * @param mask the tile's coded mask of special values, empty where it has none
 * @param streamBytes length of each stream, first those of the side information, then those of the
 *     latent
 * @param streams the streams, one after the other
 */
public record TileRecord(int check, byte[] mask, long[] streamBytes, MemorySegment streams) {
  /** A check, the length of a stream, and the stream: no tile is shorter. */
  static final int MIN_BYTES = 4;

  private static final int NO_MASK = 0;
  private static final int MASK_INLINE = 1;
  private static final int MASK_SHARED = 2;

  void write(ByteWriter out, boolean hasMasks, StreamPlan.Profile profile, MaskTable masks) {
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
    for (long bytes : streamBytes) {
      out.varint(profile.encodeLength(bytes));
    }
    out.raw(streams, 0, streams.byteSize());
  }

  static TileRecord read(
      ByteReader in,
      boolean hasMasks,
      StreamPlan.Profile profile,
      MaskTable masks,
      int streamsPerTile) {
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
    if (streamsPerTile > in.remaining()) {
      throw in.corrupt("is too short for a tile of " + streamsPerTile + " streams");
    }
    long[] streamBytes = new long[streamsPerTile];
    long total = 0;
    for (int i = 0; i < streamsPerTile; i++) {
      streamBytes[i] = profile.decodeLength(in.varint(Integer.MAX_VALUE));
      total += streamBytes[i];
    }
    return new TileRecord(check, mask, streamBytes, in.segment(total));
  }
}
