package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The tensors of a file that PyTorch's {@code torch.save} has written: the zip archive of PyTorch
 * 1.6 and later ({@code data.pkl} and one entry per storage below {@code data/}), or the sequence
 * of pickles and raw storages of earlier versions. See {@link TensorUnpickler} for what may be in
 * it.
 */
final class TorchCheckpoint implements AutoCloseable {
  /** Keys under which training programs keep the state dict. */
  private static final List<String> WRAPPERS =
      List.of("state_dict", "model_state_dict", "model", "network", "net");

  /** The longest pickle of a hundred tensors with an optimizer's state is about 100 kB. */
  private static final long MAX_PICKLE = 4L << 20;

  /** Deflate cannot do better than 1032 : 1. */
  private static final long MAX_EXPANSION = 1032;

  private final ZipFile zip;
  private final Map<String, StoredTensor> tensors;

  private TorchCheckpoint(ZipFile zip, Map<String, StoredTensor> tensors) {
    this.zip = zip;
    this.tensors = tensors;
  }

  /** Where a checkpoint's storages are. */
  @FunctionalInterface
  private interface Storages {
    /**
     * Bytes {@code first} to {@code first + count} of a storage whose whole size has been checked.
     */
    MemorySegment read(TensorUnpickler.Storage storage, long first, long count) throws IOException;
  }

  private record TorchTensor(
      String name,
      int[] shape,
      TensorUnpickler.Reference reference,
      Storages storages,
      ByteOrder order)
      implements StoredTensor {
    @Override
    public ScalarType type() {
      return reference.storage().type();
    }

    @Override
    public Tensor read() throws IOException {
      long size = TensorShape.size(shape);
      long extent = TensorShape.extent(shape, reference.strides());
      // no weight is spread so thinly, and the span must not cost more memory than the model
      if (extent > 16 * size + (1 << 16)) {
        throw new TesseraException.Corrupt(
            "the tensor '" + name + "' has strides that spread it over " + extent + " values", -1);
      }
      int bytes = type().bytes();
      MemorySegment data =
          storages.read(reference.storage(), reference.offset() * bytes, extent * bytes);
      return type().read(data, order, shape, reference.strides());
    }
  }

  /** Whether a file is a zip archive or begins with a pickle of protocol 2 or later. */
  static boolean matches(MemorySegment file) {
    return isZip(file)
        || file.byteSize() > 2
            && file.get(ValueLayout.JAVA_BYTE, 0) == (byte) 0x80
            && file.get(ValueLayout.JAVA_BYTE, 1) >= 2
            && file.get(ValueLayout.JAVA_BYTE, 1) <= 5;
  }

  private static boolean isZip(MemorySegment file) {
    return file.byteSize() > 4
        && file.get(ValueLayout.JAVA_BYTE, 0) == 'P'
        && file.get(ValueLayout.JAVA_BYTE, 1) == 'K';
  }

  /**
   * Reads the pickle of a checkpoint; values stay in the file until they are read.
   *
   * @param contents the same file, mapped
   */
  static TorchCheckpoint open(Path file, MemorySegment contents) throws IOException {
    if (!isZip(contents)) {
      LegacyCheckpoint legacy = LegacyCheckpoint.open(contents);
      return new TorchCheckpoint(
          null, tensors(legacy.value(), legacy::read, ByteOrder.LITTLE_ENDIAN));
    }
    ZipFile zip;
    try {
      zip = new ZipFile(file.toFile());
    } catch (ZipException e) {
      throw new TesseraException.Corrupt(
          "the checkpoint's zip archive is cut off or damaged", -1, e);
    }
    try {
      return open(zip, contents.byteSize());
    } catch (ZipException e) {
      zip.close();
      throw new TesseraException.Corrupt("the checkpoint's zip archive is damaged", -1, e);
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  private static TorchCheckpoint open(ZipFile zip, long fileBytes) throws IOException {
    ZipEntry pickle =
        zip.stream()
            .filter(entry -> ("/" + entry.getName()).endsWith("/data.pkl"))
            .findFirst()
            .map(ZipEntry.class::cast)
            .orElseThrow(() ->
                new TesseraException.Unsupported(
                    "the zip archive has no data.pkl, so it is not a PyTorch checkpoint"));
    String folder = pickle.getName().substring(0, pickle.getName().length() - 8);
    if (pickle.getSize() > MAX_PICKLE) {
      throw new TesseraException.Unsupported(
          "the checkpoint's data.pkl has "
              + pickle.getSize()
              + " bytes, more than any model needs");
    }
    requirePlausible(pickle, fileBytes);
    MemorySegment bytes =
        MemorySegment.ofArray(entryBytes(zip, pickle, 0, pickle.getSize(), new HashSet<>()));
    Map<String, TensorUnpickler.Storage> storages = new LinkedHashMap<>();
    Object value = TensorUnpickler.read(new SegmentInputStream(bytes), storages);
    Set<String> verified = new HashSet<>();
    Storages reader =
        (storage, first, count) -> {
          ZipEntry entry = zip.getEntry(folder + "data/" + storage.key());
          if (entry == null || entry.getSize() / storage.type().bytes() != storage.elements()) {
            throw new TesseraException.Corrupt(
                "the checkpoint lacks the storage "
                    + storage.key()
                    + " of "
                    + storage.elements()
                    + " values",
                -1);
          }
          requirePlausible(entry, fileBytes);
          return MemorySegment.ofArray(entryBytes(zip, entry, first, count, verified));
        };
    return new TorchCheckpoint(zip, tensors(value, reader, byteOrder(zip, folder)));
  }

  private static void requirePlausible(ZipEntry entry, long fileBytes) {
    long stored = entry.getCompressedSize();
    boolean deflated = entry.getMethod() == ZipEntry.DEFLATED;
    if (stored < 0
        || stored > fileBytes
        || entry.getSize() < 0
        || entry.getSize() > (deflated ? stored * MAX_EXPANSION : stored)) {
      throw new TesseraException.Corrupt(
          "the checkpoint's entry " + entry.getName() + " claims a size that it cannot have", -1);
    }
  }

  /** Part of an entry; the checksum of the whole is verified when it is read for the first time. */
  private static byte[] entryBytes(
      ZipFile zip, ZipEntry entry, long first, long count, Set<String> verified)
      throws IOException {
    boolean verify = verified.add(entry.getName());
    byte[] bytes;
    try (InputStream raw = zip.getInputStream(entry);
        CheckedInputStream stream = new CheckedInputStream(raw, new CRC32())) {
      stream.skipNBytes(first);
      bytes = stream.readNBytes(Math.toIntExact(count));
      if (verify) {
        stream.transferTo(OutputStream.nullOutputStream());
        if (stream.getChecksum().getValue() != entry.getCrc()) {
          throw new ZipException("checksum of " + entry.getName());
        }
      }
    } catch (EOFException e) {
      throw new ZipException("end of " + entry.getName());
    }
    if (bytes.length != count) {
      throw new ZipException("length of " + entry.getName());
    }
    return bytes;
  }

  private static ByteOrder byteOrder(ZipFile zip, String folder) throws IOException {
    ZipEntry entry = zip.getEntry(folder + "byteorder");
    if (entry == null) {
      return ByteOrder.LITTLE_ENDIAN;
    }
    try (InputStream stream = zip.getInputStream(entry)) {
      String order = new String(stream.readNBytes(16), StandardCharsets.US_ASCII).strip();
      return switch (order) {
        case "little" -> ByteOrder.LITTLE_ENDIAN;
        case "big" -> ByteOrder.BIG_ENDIAN;
        default ->
            throw new TesseraException.Corrupt(
                "the checkpoint's byte order is neither little nor big", -1);
      };
    }
  }

  private static Map<String, StoredTensor> tensors(
      Object value, Storages storages, ByteOrder order) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : stateDict(value).entrySet()) {
      if (entry.getKey() instanceof String name
          && entry.getValue() instanceof TensorUnpickler.Reference reference) {
        requireInside(name, reference);
        int[] shape = TensorShape.checked(name, reference.shape());
        tensors.put(name, new TorchTensor(name, shape, reference, storages, order));
      }
    }
    return tensors;
  }

  /** The value itself, or what a training program keeps under one of the usual keys. */
  private static Map<?, ?> stateDict(Object value) {
    if (value instanceof Map<?, ?> map) {
      if (holdsTensors(map)) {
        return map;
      }
      for (String key : WRAPPERS) {
        if (map.get(key) instanceof Map<?, ?> inner && holdsTensors(inner)) {
          return inner;
        }
      }
    }
    throw new TesseraException.Unsupported(
        "the checkpoint holds no state dict: save {'state_dict': model.state_dict()}");
  }

  private static boolean holdsTensors(Map<?, ?> map) {
    return map.keySet().stream()
        .anyMatch(key ->
            key instanceof String name && StateDict.canonicalName(name).startsWith("g_s.")
                || map.get(key) instanceof TensorUnpickler.Reference);
  }

  private static void requireInside(String name, TensorUnpickler.Reference reference) {
    boolean inside = reference.shape().length == reference.strides().length;
    try {
      int[] shape = TensorShape.checked(name, reference.shape());
      for (long stride : reference.strides()) {
        inside &= stride >= 0;
      }
      inside =
          inside
              && reference.offset() >= 0
              && reference.storage().elements() >= 0
              && reference.storage().elements() <= Long.MAX_VALUE / 8
              && Math.addExact(reference.offset(), TensorShape.extent(shape, reference.strides()))
                  <= reference.storage().elements();
    } catch (ArithmeticException e) {
      inside = false;
    }
    if (!inside) {
      throw new TesseraException.Corrupt(
          "the tensor '" + name + "' lies outside the storage that it is a view of", -1);
    }
  }

  /** The tensors of the state dict, under the names that they have there. */
  Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public void close() {
    if (zip != null) {
      try {
        zip.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
