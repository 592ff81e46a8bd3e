package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import io.jhdf.checksum.ChecksumUtils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Everything that stands before the values of an HDF5 file with one contiguous dataset (HDF5 File
 * Format Specification 3.0): superblock version 2, a version 2 object header for the root group,
 * each group on the dataset's path and the dataset itself, and a heap for long strings. HDF5 1.8
 * and later read it, as does NetCDF-4.
 */
final class Hdf5Header {
  /** Longest name of a group or dataset, in characters. */
  static final int MAX_NAME = 1000;

  private static final long UNDEFINED = -1;
  private static final int SUPERBLOCK_BYTES = 48;
  private static final int ALIGNMENT = 512;
  private static final int HEADER_FLAGS = 0x02; // sizes of 4 bytes, no times

  private static final int DATASPACE = 0x01;
  private static final int LINK_INFO = 0x02;
  private static final int DATATYPE = 0x03;
  private static final int FILL_VALUE = 0x05;
  private static final int LINK = 0x06;
  private static final int DATA_LAYOUT = 0x08;
  private static final int GROUP_INFO = 0x0a;
  private static final int ATTRIBUTE = 0x0c;

  private record Message(int type, byte[] data) {}

  /** Longest value of an attribute in an object header, in bytes; longer strings go to the heap. */
  private static final int MAX_INLINE = 60_000;

  private final List<String> path;
  private final FieldInfo info;
  private final Hdf5StringHeap heap;

  private Hdf5Header(List<String> path, FieldInfo info, long heapAddress) {
    this.path = path;
    this.info = info;
    this.heap = new Hdf5StringHeap(heapAddress);
  }

  /**
   * @param path names of the groups, then of the dataset
   * @return bytes up to the first value
   */
  static byte[] build(List<String> path, FieldInfo info) {
    // Addresses have a fixed width, so a first round with any of them tells all sizes.
    Hdf5Header draft = new Hdf5Header(path, info, 0);
    List<byte[]> sized = draft.objects(new long[path.size() + 1], 0);
    long[] addresses = new long[sized.size()];
    long at = SUPERBLOCK_BYTES;
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = at;
      at += sized.get(i).length;
    }
    long dataAddress = Math.ceilDiv(at + draft.heap.bytes().length, (long) ALIGNMENT) * ALIGNMENT;

    Hdf5Header header = new Hdf5Header(path, info, at);
    ByteBuffer out = littleEndian(Math.toIntExact(dataAddress));
    out.put(superblock(addresses[0], dataAddress + info.bytes()));
    header.objects(addresses, dataAddress).forEach(out::put);
    out.put(header.heap.bytes());
    return out.array();
  }

  /** The object headers of the root, the groups and the dataset, which lie at {@code addresses}. */
  private List<byte[]> objects(long[] addresses, long dataAddress) {
    List<byte[]> objects = new ArrayList<>();
    for (int level = 0; level < path.size(); level++) {
      List<Message> attributes = level == 0 ? attributes(true) : List.of();
      objects.add(group(level, addresses[level + 1], attributes));
    }
    objects.add(dataset(dataAddress, attributes(false)));
    return objects;
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] superblock(long rootAddress, long endOfFile) {
    ByteBuffer block = littleEndian(SUPERBLOCK_BYTES);
    block.put(new byte[] {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'});
    block.put((byte) 2).put((byte) 8).put((byte) 8).put((byte) 0);
    block.putLong(0).putLong(UNDEFINED).putLong(endOfFile).putLong(rootAddress);
    return withChecksum(block.array());
  }

  /** The last four bytes become the checksum of all before. */
  private static byte[] withChecksum(byte[] block) {
    byte[] covered = Arrays.copyOf(block, block.length - 4);
    ByteBuffer.wrap(block)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(covered.length, ChecksumUtils.checksum(covered));
    return block;
  }

  private static byte[] object(List<Message> messages) {
    int size = messages.stream().mapToInt(m -> 4 + m.data.length).sum();
    ByteBuffer header = littleEndian(10 + size + 4);
    header.put(new byte[] {'O', 'H', 'D', 'R', 2, HEADER_FLAGS}).putInt(size);
    for (Message message : messages) {
      header.put((byte) message.type).putShort((short) message.data.length).put((byte) 0);
      header.put(message.data);
    }
    return withChecksum(header.array());
  }

  /** A group with one link. Creation order is tracked, as NetCDF-4 asks of its files. */
  private byte[] group(int level, long childAddress, List<Message> attributes) {
    List<Message> messages = new ArrayList<>();
    ByteBuffer linkInfo = littleEndian(34).put((byte) 0).put((byte) 3).putLong(1);
    linkInfo.putLong(UNDEFINED).putLong(UNDEFINED).putLong(UNDEFINED);
    messages.add(new Message(LINK_INFO, linkInfo.array()));
    messages.add(new Message(GROUP_INFO, new byte[2]));
    byte[] name = path.get(level).getBytes(StandardCharsets.UTF_8);
    // Flags: name length of 2 bytes, creation order, character set; the link is a hard one.
    ByteBuffer link = littleEndian(2 + 8 + 1 + 2 + name.length + 8);
    link.put((byte) 1).put((byte) 0x15).putLong(0).put((byte) 1);
    link.putShort((short) name.length).put(name).putLong(childAddress);
    messages.add(new Message(LINK, link.array()));
    messages.addAll(attributes);
    return object(messages);
  }

  private byte[] dataset(long dataAddress, List<Message> attributes) {
    List<Message> messages = new ArrayList<>();
    messages.add(new Message(DATASPACE, dataspace(info.shape().dims())));
    messages.add(new Message(DATATYPE, Hdf5Type.message(info.type())));
    messages.add(new Message(FILL_VALUE, fillValue()));
    ByteBuffer layout = littleEndian(18).put((byte) 3).put((byte) 1);
    layout.putLong(dataAddress).putLong(info.bytes());
    messages.add(new Message(DATA_LAYOUT, layout.array()));
    messages.addAll(attributes);
    return object(messages);
  }

  private static byte[] dataspace(long... dims) {
    ByteBuffer space = littleEndian(4 + 8 * dims.length);
    space.put((byte) 2).put((byte) dims.length).put((byte) 0).put((byte) (dims.length > 0 ? 1 : 0));
    for (long dim : dims) {
      space.putLong(dim);
    }
    return space.array();
  }

  /** Version 3; space is allocated late, the fill value written if it is set. */
  private byte[] fillValue() {
    if (info.fillBits().isEmpty()) {
      return new byte[] {3, 0x0a};
    }
    byte[] value = fillBytes();
    ByteBuffer message = littleEndian(6 + value.length);
    return message.put((byte) 3).put((byte) 0x2a).putInt(value.length).put(value).array();
  }

  private byte[] fillBytes() {
    byte[] bits = littleEndian(8).putLong(info.fillBits().orElseThrow()).array();
    return Arrays.copyOf(bits, info.type().bytes());
  }

  private List<Message> attributes(boolean ofFile) {
    List<Message> messages = new ArrayList<>();
    if (!ofFile && info.fillBits().isPresent()) {
      byte[] type = Hdf5Type.message(info.type());
      messages.add(attribute(NetCdf3Format.FILL_VALUE, type, dataspace(), fillBytes()));
    }
    for (Map.Entry<String, String> entry : info.attributes().entrySet()) {
      boolean global = entry.getKey().startsWith(NetCdf3Format.GLOBAL);
      String name = (global ? entry.getKey().substring(1) : entry.getKey()).replace("\0", "");
      boolean replaced =
          name.equals(NetCdf3Format.FILL_VALUE) || name.equals(NetCdf3Format.UNSIGNED);
      if (global == ofFile && !name.isEmpty() && name.length() <= MAX_NAME && !replaced) {
        messages.add(attribute(name, entry.getValue()));
      }
    }
    return messages;
  }

  private Message attribute(String name, String text) {
    String[] labels = text.split("/", -1);
    if (name.equals(NetCdf3Format.DIMENSION_NAMES) && labels.length == info.shape().rank()) {
      return attribute(
          name, Hdf5StringHeap.STRING_TYPE, dataspace(labels.length), heap.add(labels));
    }
    NetCdfAttribute parsed = NetCdfAttribute.parse(name, text);
    byte[] values = parsed.values();
    NetCdfType type = parsed.type();
    if (values.length > MAX_INLINE) {
      return attribute(name, Hdf5StringHeap.STRING_TYPE, dataspace(), heap.add(text));
    }
    if (type == NetCdfType.CHAR) {
      byte[] padded = Arrays.copyOf(values, Math.max(1, values.length));
      // Class 3, version 1: padded with zeros, UTF-8.
      ByteBuffer string = littleEndian(8).put((byte) 0x13).put((byte) 0x11);
      string.putShort((short) 0).putInt(padded.length);
      return attribute(name, string.array(), dataspace(), padded);
    }
    boolean signed = !type.suffix().startsWith("U");
    byte[] datatype = Hdf5Type.numberMessage(type.bytes(), type.isFloat(), signed, true);
    byte[] space = parsed.count() == 1 ? dataspace() : dataspace(parsed.count());
    return attribute(name, datatype, space, values);
  }

  /** Version 3; the name is UTF-8 and closed by a zero. */
  private static Message attribute(String name, byte[] type, byte[] space, byte[] values) {
    byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.UTF_8);
    ByteBuffer message =
        littleEndian(9 + nameBytes.length + type.length + space.length + values.length);
    message.put((byte) 3).put((byte) 0).putShort((short) nameBytes.length);
    message.putShort((short) type.length).putShort((short) space.length).put((byte) 1);
    message.put(nameBytes).put(type).put(space).put(values);
    return new Message(ATTRIBUTE, message.array());
  }
}
