package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.TesseraException;

/**
 * Where the groups of tiles lie (FORMAT.md, "Index"), and the masks that tiles share.
 *
 * @param firstTile number of each group's first tile, and at the end the number of all tiles
 * @param offset byte offset of each group in the file, and at the end that of the index
 * @param masks shared masks
 */
record Index(long[] firstTile, long[] offset, MaskTable masks) {
  int groups() {
    return firstTile.length - 1;
  }

  /** The group that holds a tile. */
  int groupOf(long tile) {
    int at = java.util.Arrays.binarySearch(firstTile, tile);
    return at >= 0 ? at : -at - 2;
  }

  byte[] encode() {
    ByteWriter out = new ByteWriter();
    masks.write(out);
    out.varint(groups());
    for (int g = 0; g < groups(); g++) {
      out.varint(firstTile[g + 1] - firstTile[g]).varint(offset[g + 1] - offset[g]);
    }
    return out.toByteArray();
  }

  static Index decode(ByteReader in, long firstOffset, long tiles, long indexOffset) {
    MaskTable masks = MaskTable.read(in);
    long groups = in.varint();
    // a group takes at least two bytes of index
    if (groups > in.remaining() / 2) {
      throw in.corrupt("promises more groups than it holds");
    }
    long[] firstTile = new long[(int) groups + 1];
    long[] offset = new long[(int) groups + 1];
    offset[0] = firstOffset;
    for (int g = 0; g < groups; g++) {
      long count = in.varint();
      long bytes = in.varint();
      if (count < 1
          || count > tiles - firstTile[g]
          || bytes > indexOffset - offset[g]
          || count > bytes / TileRecord.MIN_BYTES) {
        throw in.corrupt("describes a group that does not fit into the file");
      }
      firstTile[g + 1] = firstTile[g] + count;
      offset[g + 1] = offset[g] + bytes;
    }
    in.expectEnd();
    if (firstTile[(int) groups] != tiles || offset[(int) groups] != indexOffset) {
      throw new TesseraException.Corrupt(
          "the index does not match the file: it is truncated or was changed", indexOffset);
    }
    return new Index(firstTile, offset, masks);
  }
}
