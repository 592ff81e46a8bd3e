package dev.tessera.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes pickles opcode by opcode, and checkpoints around them, as {@code torch.save} lays them
 * out.
 */
final class TorchFixture {
  private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
  private final Map<String, byte[]> storages = new LinkedHashMap<>();
  private final Map<String, Long> elements = new LinkedHashMap<>();

  TorchFixture() {
    bytes(0x80, 2);
  }

  TorchFixture bytes(int... values) {
    for (int value : values) {
      pickle.write(value);
    }
    return this;
  }

  TorchFixture op(char opcode) {
    return bytes(opcode);
  }

  TorchFixture global(String module, String name) {
    pickle.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    return this;
  }

  TorchFixture string(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    op('X').littleInt(utf8.length);
    pickle.writeBytes(utf8);
    return this;
  }

  TorchFixture integer(long value) {
    if (value == (int) value) {
      return op('J').littleInt((int) value);
    }
    bytes(0x8a, 8);
    pickle.writeBytes(little(8).putLong(value).array());
    return this;
  }

  private TorchFixture littleInt(int value) {
    pickle.writeBytes(little(4).putInt(value).array());
    return this;
  }

  static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  TorchFixture integers(long... values) {
    op('(');
    for (long value : values) {
      integer(value);
    }
    return op('t');
  }

  /** Adds a storage's bytes to the file. */
  TorchFixture storage(String key, byte[] data, long count) {
    storages.put(key, data);
    elements.put(key, count);
    return this;
  }

  /** A call of {@code _rebuild_tensor_v2} on a storage of any claimed size. */
  TorchFixture tensor(
      String storageClass, String key, long count, long offset, long[] shape, long[] strides) {
    global("torch._utils", "_rebuild_tensor_v2").op('(').op('(').string("storage");
    global("torch", storageClass).string(key).string("cpu").integer(count);
    op('t').op('Q').integer(offset).integers(shape).integers(strides).bytes(0x89);
    return global("collections", "OrderedDict").op(')').op('R').op('t').op('R');
  }

  /** A contiguous float32 or int32 tensor with its storage. */
  TorchFixture tensor(Tensor tensor) {
    String key = Integer.toString(storages.size());
    ByteBuffer data = little(4 * tensor.size());
    switch (tensor) {
      case Tensor.Floats floats -> data.asFloatBuffer().put(floats.values());
      case Tensor.Ints ints -> data.asIntBuffer().put(ints.values());
    }
    storage(key, data.array(), tensor.size());
    long[] shape = new long[tensor.shape().length];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = tensor.shape()[i];
    }
    String type = tensor instanceof Tensor.Floats ? "FloatStorage" : "IntStorage";
    return tensor(
        type, key, tensor.size(), 0, shape, TensorShape.contiguousStrides(tensor.shape()));
  }

  /** An {@code OrderedDict} of contiguous tensors. */
  TorchFixture stateDict(Map<String, Tensor> tensors) {
    global("collections", "OrderedDict").op(')').op('R').op('(');
    tensors.forEach((name, tensor) -> string(name).tensor(tensor));
    return op('u');
  }

  byte[] pickle() {
    return pickle.toByteArray();
  }

  /** The archive of PyTorch 1.6 and later. */
  Path zip(Path file, String folder, int method, String byteOrder) throws IOException {
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      entry(zip, folder + "/data.pkl", pickle(), method);
      if (byteOrder != null) {
        entry(zip, folder + "/byteorder", byteOrder.getBytes(StandardCharsets.US_ASCII), method);
      }
      for (Map.Entry<String, byte[]> storage : storages.entrySet()) {
        entry(zip, folder + "/data/" + storage.getKey(), storage.getValue(), method);
      }
      entry(zip, folder + "/version", "3\n".getBytes(StandardCharsets.US_ASCII), method);
    }
    return file;
  }

  Path zip(Path file) throws IOException {
    return zip(file, "archive", ZipEntry.STORED, "little");
  }

  private static void entry(ZipOutputStream zip, String name, byte[] data, int method)
      throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(method);
    if (method == ZipEntry.STORED) {
      CRC32 crc = new CRC32();
      crc.update(data);
      entry.setSize(data.length);
      entry.setCrc(crc.getValue());
    }
    zip.putNextEntry(entry);
    zip.write(data);
    zip.closeEntry();
  }

  /** The sequence of pickles and storages of earlier versions. */
  byte[] legacy() {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    TorchFixture magic = new TorchFixture().bytes(0x8a, 10);
    magic.bytes(0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).op('.');
    file.writeBytes(magic.pickle());
    file.writeBytes(new TorchFixture().bytes('M', 0xe9, 0x03).op('.').pickle());
    TorchFixture system = new TorchFixture().op('}').op('(').string("little_endian").bytes(0x88);
    file.writeBytes(system.op('u').op('.').pickle());
    file.writeBytes(pickle());
    TorchFixture keys = new TorchFixture().op(']').op('(');
    storages.keySet().forEach(keys::string);
    file.writeBytes(keys.op('e').op('.').pickle());
    storages.forEach((key, data) -> {
      file.writeBytes(little(8).putLong(elements.get(key)).array());
      file.writeBytes(data);
    });
    return file.toByteArray();
  }
}
