package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A container of one group and one tile, taken apart into what docs/FORMAT.md says it consists of.
 * Every part may be changed; put together again, all checksums are right. It shares no code with
 * {@link ContainerWriter}, so that it can write what that never would.
 */
final class ContainerParts {
  private static final int STAGES = 6;

  int version;
  final SortedMap<Integer, byte[]> header = new TreeMap<>();
  final List<Stage> stages = new ArrayList<>();

  int check;
  long maskNumber;
  long[] lengths;
  byte[] streams;

  final List<byte[]> masks = new ArrayList<>();

  /** How many masks more than it holds the index claims. */
  long masksBeyond;

  long groups = 1;
  long groupTiles = 1;

  /** How many bytes more than it has the group claims in the index. */
  long groupBytesBeyond;

  private ContainerParts() {}

  static ContainerParts of(byte[] file) {
    ContainerParts parts = new ContainerParts();
    ByteReader in = new ByteReader(file, "the golden file");
    in.raw(4);
    parts.version = in.u8();
    ByteReader header = new ByteReader(in.block(), "its header");
    while (header.remaining() > 0) {
      parts.header.put((int) header.varint(), header.block());
    }
    ByteReader stages = new ByteReader(parts.header.remove(STAGES), "its stages");
    while (stages.remaining() > 0) {
      parts.stages.add(new Stage((int) stages.varint(), stages.block(), stages.block()));
    }
    in.bits(4);
    int groupAt = (int) in.position();
    int indexEnd = file.length - 8;
    int indexAt = indexEnd - (int) new ByteReader(tail(file, 4), "its trailer").bits(4);

    ByteReader index = new ByteReader(Arrays.copyOfRange(file, indexAt, indexEnd), "its index");
    for (long count = index.varint(); count > 0; count--) {
      parts.masks.add(index.block());
    }
    long groups = index.varint();
    long tiles = index.varint();
    if (groups != 1 || tiles != 1) {
      throw new IllegalArgumentException("this file has more than one tile");
    }
    ByteReader tile =
        new ByteReader(Arrays.copyOfRange(file, groupAt, indexAt - 4), "its only tile");
    parts.check = (int) tile.bits(2);
    parts.maskNumber = tile.varint();
    parts.readStreams(tile);
    return parts;
  }

  /** The number of streams is not written down: it is the one with which the lengths add up. */
  private void readStreams(ByteReader tile) {
    List<Long> found = new ArrayList<>();
    boolean pipeline = stages.stream().anyMatch(stage -> stage.id() == Stage.QUANTIZER);
    long bytes = 0;
    do {
      found.add(tile.varint());
      bytes += pipeline ? found.getLast() : 4 * (found.getLast() + 2);
    } while (bytes < tile.remaining());
    lengths = found.stream().mapToLong(Long::longValue).toArray();
    streams = tile.raw(bytes);
    tile.expectEnd();
  }

  private static byte[] tail(byte[] file, int count) {
    return Arrays.copyOfRange(file, file.length - count, file.length);
  }

  /** Replaces the arguments of a stage. */
  void arguments(int id, byte[] arguments) {
    stages.replaceAll(s -> s.id() == id ? new Stage(id, arguments, s.parameters()) : s);
  }

  /** Replaces the parameters of a stage. */
  void parameters(int id, byte[] parameters) {
    stages.replaceAll(s -> s.id() == id ? new Stage(id, s.arguments(), parameters) : s);
  }

  /** The stage of an id. */
  Stage stage(int id) {
    return stages.stream().filter(s -> s.id() == id).findFirst().orElseThrow();
  }

  byte[] toBytes() {
    ByteWriter list = new ByteWriter();
    stages.forEach(s -> list.varint(s.id()).block(s.arguments()).block(s.parameters()));
    SortedMap<Integer, byte[]> all = new TreeMap<>(header);
    all.put(STAGES, list.toByteArray());
    ByteWriter entries = new ByteWriter();
    all.forEach((key, value) -> entries.varint(key).block(value));
    return toBytes(entries.toByteArray());
  }

  /** The file with a header of any bytes. */
  byte[] toBytes(byte[] entries) {
    ByteWriter head =
        new ByteWriter().raw(new byte[] {(byte) 0x89, 'T', 'S', 'R'}).u8(version).block(entries);
    ByteWriter tile = new ByteWriter().bits(check, 2).varint(maskNumber);
    Arrays.stream(lengths).forEach(tile::varint);
    tile.raw(streams);
    byte[] group = withChecksum(tile.toByteArray());
    ByteWriter index = new ByteWriter().varint(masks.size() + masksBeyond);
    masks.forEach(index::block);
    index.varint(groups).varint(groupTiles).varint(group.length + groupBytesBeyond);
    return new ByteWriter()
        .raw(withChecksum(head.toByteArray()))
        .raw(group)
        .raw(withChecksum(index.toByteArray()))
        .bits(index.size(), 4)
        .toByteArray();
  }

  /** Bytes and their CRC32C. */
  static byte[] withChecksum(byte[] bytes) {
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(MemorySegment.ofArray(bytes).asByteBuffer());
    return new ByteWriter().raw(bytes).bits(crc.getValue(), 4).toByteArray();
  }
}
