package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.field.TesseraException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Reads a container in any order of tiles. Opening checks the header and the index; a group is
 * checked when it is read. Safe for use by several threads.
 */
public final class ContainerReader implements Closeable {
  private static final int TRAILER_BYTES = 8;

  private final Arena arena;
  private final MemorySegment data;
  private final Header header;
  private final long headerBytes;
  private final LengthUnit unit;
  private final Index index;

  /**
   * Opens a container file, which stays mapped until {@link #close}.
   *
   * @throws TesseraException.Corrupt if it is no container, truncated or damaged
   * @throws TesseraException.Unsupported if it needs a newer version
   */
  public static ContainerReader open(Path file) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return new ContainerReader(
          channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena), arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Whether there is a file that begins as containers do. */
  public static boolean isContainer(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      return Arrays.equals(in.readNBytes(ContainerWriter.MAGIC.length), ContainerWriter.MAGIC);
    }
  }

  /** A container that lies in memory. */
  public static ContainerReader of(MemorySegment data) {
    return new ContainerReader(data, null);
  }

  private ContainerReader(MemorySegment data, Arena arena) {
    this.data = data;
    this.arena = arena;
    ByteReader in = new ByteReader(data, 0, "the file");
    for (byte expected : ContainerWriter.MAGIC) {
      if (in.remaining() == 0 || (byte) in.u8() != expected) {
        throw new TesseraException.Corrupt("this is not a .tsr file", 0);
      }
    }
    int version = in.u8();
    if (version != ContainerWriter.VERSION) {
      throw new TesseraException.Unsupported(
          "the file has format version "
              + version
              + ", but this Tessera reads version "
              + ContainerWriter.VERSION);
    }
    long length = in.varint();
    long bodyAt = in.position();
    MemorySegment body = in.segment(length);
    expectCrc(in, data.asSlice(0, in.position()), "the header");
    this.headerBytes = in.position();
    this.header = Header.decode(body, bodyAt);
    this.unit = header.lengthUnit();
    this.index = readIndex();
  }

  private Index readIndex() {
    if (data.byteSize() < headerBytes + TRAILER_BYTES) {
      throw new TesseraException.Corrupt("the file is truncated", data.byteSize());
    }
    ByteReader trailer =
        new ByteReader(
            data.asSlice(data.byteSize() - TRAILER_BYTES),
            data.byteSize() - TRAILER_BYTES,
            "the trailer");
    long crc = trailer.bits(4);
    long length = trailer.bits(4);
    long at = data.byteSize() - TRAILER_BYTES - length;
    if (at < headerBytes || crc(data.asSlice(at, length)) != crc) {
      throw new TesseraException.Corrupt(
          "the file is truncated or damaged: its index does not match its checksum",
          data.byteSize() - TRAILER_BYTES);
    }
    return Index.decode(
        new ByteReader(data.asSlice(at, length), at, "the index"),
        headerBytes,
        header.grid().count(),
        at);
  }

  public Header header() {
    return header;
  }

  /** Number of groups of tiles. */
  public int groups() {
    return index.groups();
  }

  /** The group that holds a tile. */
  public int groupOf(long tile) {
    return index.groupOf(tile);
  }

  /** Number of a group's first tile; for {@link #groups()} the number of all tiles. */
  public long firstTile(int group) {
    return index.firstTile()[group];
  }

  /**
   * The tiles of a group. Their streams lie in the mapped file.
   *
   * @param streamsPerTile number of streams of each tile, which follows from the model
   * @throws TesseraException.Corrupt if the group does not match its checksum
   */
  public List<TileRecord> readGroup(int group, int streamsPerTile) {
    long from = index.offset()[group];
    MemorySegment bytes = data.asSlice(from, index.offset()[group + 1] - from);
    ByteReader in = new ByteReader(bytes, from, "group " + group);
    if (bytes.byteSize() < 4) {
      throw in.corrupt("is too short");
    }
    MemorySegment body = in.segment(bytes.byteSize() - 4);
    expectCrc(in, body, "group " + group);
    ByteReader tilesIn = new ByteReader(body, from, "group " + group);
    List<TileRecord> tiles = new ArrayList<>();
    for (long tile = firstTile(group); tile < firstTile(group + 1); tile++) {
      tiles.add(TileRecord.read(tilesIn, header.hasMasks(), unit, index.masks(), streamsPerTile));
    }
    tilesIn.expectEnd();
    return tiles;
  }

  /** Offset in the file of a part of it that {@link #readGroup} returned. */
  public long offsetOf(MemorySegment part) {
    return part.address() - data.address();
  }

  /**
   * Where the bytes of the file went.
   *
   * @param header magic, version, header and its checksum, without {@code parameters} and {@code
   *     embeddedModel}
   * @param parameters what the stages measured of the data
   * @param embeddedModel an embedded model, packed
   * @param streams all streams
   * @param streamLengths their lengths
   * @param symbolChecks the tiles' checks
   * @param masks masks of special values
   * @param groupChecksums the groups' checksums
   * @param index index and trailer without shared masks
   * @param total the file
   */
  public record Sizes(
      long header,
      long parameters,
      long embeddedModel,
      long streams,
      long streamLengths,
      long symbolChecks,
      long masks,
      long groupChecksums,
      long index,
      long total) {}

  /** Adds up the parts of the file by reading the heads of all tiles. */
  public Sizes sizes(int streamsPerTile) {
    long streams = 0;
    long tiles = header.grid().count();
    long inTiles = 0;
    long lengths = 0;
    for (int group = 0; group < groups(); group++) {
      for (TileRecord tile : readGroup(group, streamsPerTile)) {
        streams += tile.streams().byteSize();
        lengths += StreamLengths.size(unit, tile.streamBytes(), streamsPerTile);
      }
      inTiles += index.offset()[group + 1] - index.offset()[group] - 4;
    }
    long shared = index.masks().bytes();
    long model = header.packedModel() == null ? 0 : header.packedModel().length;
    long indexBytes = data.byteSize() - index.offset()[groups()];
    return new Sizes(
        headerBytes - header.parameterBytes() - model,
        header.parameterBytes(),
        model,
        streams,
        lengths,
        2 * tiles,
        inTiles - streams - lengths - 2 * tiles + shared,
        4L * groups(),
        indexBytes - shared,
        data.byteSize());
  }

  private static void expectCrc(ByteReader in, MemorySegment checked, String what) {
    if (in.bits(4) != crc(checked)) {
      throw in.corrupt("is damaged: " + what + " does not match its checksum");
    }
  }

  private static long crc(MemorySegment bytes) {
    CRC32C crc = new CRC32C();
    long step = 1 << 30;
    for (long at = 0; at < bytes.byteSize(); at += step) {
      crc.update(bytes.asSlice(at, Math.min(step, bytes.byteSize() - at)).asByteBuffer());
    }
    return crc.getValue();
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    }
  }
}
