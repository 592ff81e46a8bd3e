package dev.tessera.container;

import dev.tessera.bytes.ByteWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Writes a container front to back, tile by tile in the grid's order. Bytes are written once and
 * never revisited.
 */
public final class ContainerWriter {
  static final byte[] MAGIC = {(byte) 0x89, 'T', 'S', 'R'};
  static final int VERSION = 1;

  /** A group is closed once it holds this many bytes. */
  static final int GROUP_BYTES = 1 << 16;

  private final OutputStream out;
  private final Header header;
  private final LengthUnit unit;
  private final ByteWriter group = new ByteWriter();
  private final MaskTable masks = new MaskTable();
  private long[] firstTile = new long[16];
  private long[] offset = new long[16];
  private int groups;
  private long tiles;
  private long position;

  /** Writes the header. */
  public ContainerWriter(OutputStream out, Header header) throws IOException {
    this.out = out;
    this.header = header;
    this.unit = header.lengthUnit();
    byte[] body = header.encode();
    ByteWriter start = new ByteWriter().raw(MAGIC).u8(VERSION).block(body);
    write(start.bits(crc(start.toByteArray()), 4).toByteArray());
    offset[0] = position;
  }

  /** Appends the next tile. */
  public void append(TileRecord tile) throws IOException {
    tile.write(group, header.hasMasks(), unit, masks);
    tiles++;
    if (group.size() >= GROUP_BYTES) {
      closeGroup();
    }
  }

  private void closeGroup() throws IOException {
    write(group.bits(crc(group.toByteArray()), 4).toByteArray());
    group.reset();
    groups++;
    if (groups == offset.length) {
      firstTile = Arrays.copyOf(firstTile, 2 * groups);
      offset = Arrays.copyOf(offset, 2 * groups);
    }
    firstTile[groups] = tiles;
    offset[groups] = position;
  }

  /**
   * Writes the index; nothing may follow.
   *
   * @return size of the whole container in bytes
   * @throws IllegalStateException if tiles are missing
   */
  public long finish() throws IOException {
    if (tiles != header.grid().count()) {
      throw new IllegalStateException(
          tiles + " of " + header.grid().count() + " tiles were written");
    }
    if (group.size() > 0) {
      closeGroup();
    }
    byte[] index =
        new Index(Arrays.copyOf(firstTile, groups + 1), Arrays.copyOf(offset, groups + 1), masks)
            .encode();
    write(new ByteWriter().raw(index).bits(crc(index), 4).bits(index.length, 4).toByteArray());
    out.flush();
    return position;
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    position += bytes.length;
  }

  static long crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length);
    return crc.getValue();
  }
}
