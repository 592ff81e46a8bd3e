package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import io.jhdf.AbstractNode;
import io.jhdf.api.Attribute;
import io.jhdf.api.Dataset;
import io.jhdf.api.dataset.ChunkedDataset;
import io.jhdf.api.dataset.ContiguousDataset;
import io.jhdf.dataset.DatasetBase;
import io.jhdf.exceptions.HdfException;
import io.jhdf.object.message.FillValueMessage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * HDF5 and NetCDF-4. {@code file.h5:/group/data} names a dataset; without it the file's only
 * numeric dataset is meant. Contiguous datasets are mapped, chunked ones are decoded chunk by chunk
 * with the filters that jHDF knows (deflate, shuffle, LZF, LZ4, bitshuffle, Fletcher-32). Values
 * come as they are stored, {@code scale_factor} and {@code add_offset} stay attributes; attributes
 * of the root group have a colon before their names. Written datasets are contiguous and of any
 * size.
 */
final class Hdf5Format implements FieldFormat {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  private static final int MAX_RANK = 32;

  @Override
  public String name() {
    return "HDF5";
  }

  @Override
  public List<String> extensions() {
    return List.of("h5", "hdf5", "he5", "hdf", "nc4");
  }

  /**
   * The signature may stand behind a user block of 512, 1024, 2048 … bytes; only 0 is looked at.
   */
  @Override
  public boolean recognizes(byte[] head) {
    return head.length >= SIGNATURE.length
        && Arrays.equals(head, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
  }

  @Override
  public FieldSource open(Path file, String inner, OpenOptions options) throws IOException {
    Hdf5File hdf5 = Hdf5File.open(file);
    FieldSource source = null;
    try {
      Dataset dataset = hdf5.dataset(inner);
      StoredElements elements = hdf5.guard(() -> elements(dataset));
      FieldInfo info = hdf5.guard(() -> info(hdf5, dataset, elements.type()));
      source = source(hdf5, dataset, FillValues.override(info, options), elements);
      return source;
    } finally {
      // Of a contiguous dataset only the position is needed.
      if (!(source instanceof Hdf5BlockSource)) {
        hdf5.close();
      }
    }
  }

  /** GOES and other archives mark unsigned integers as NetCDF-3 has to. */
  private static StoredElements elements(Dataset dataset) {
    StoredElements stored = Hdf5Type.elements(dataset.getPath(), dataset.getDataType());
    if (!"true".equals(Hdf5File.text(dataset, NetCdf3Format.UNSIGNED))) {
      return stored;
    }
    return switch (stored.type()) {
      case INT8 -> StoredElements.plain(DataType.UINT8, stored.order());
      case INT16 -> StoredElements.plain(DataType.UINT16, stored.order());
      case INT32 -> StoredElements.plain(DataType.UINT32, stored.order());
      default -> stored;
    };
  }

  private static FieldInfo info(Hdf5File hdf5, Dataset dataset, DataType type) {
    long[] dims = dataset.getDimensionsAsLong();
    boolean scalar = dims.length == 0 && dataset.getSize() == 1;
    if (!scalar && (dims.length == 0 || Arrays.stream(dims).anyMatch(d -> d == 0))) {
      throw new TesseraException.Invalid(
          "the dataset '" + dataset.getPath() + "' holds no values: choose another");
    }
    if (dims.length > MAX_RANK) {
      throw new TesseraException.Corrupt("an HDF5 dataset claims " + dims.length + " axes", -1);
    }
    Map<String, String> attributes = new LinkedHashMap<>(Hdf5Attributes.read(dataset));
    attributes.remove(NetCdf3Format.FILL_VALUE);
    attributes.remove(NetCdf3Format.UNSIGNED);
    dimensionNames(dataset)
        .ifPresent(names -> attributes.putIfAbsent(NetCdf3Format.DIMENSION_NAMES, names));
    Hdf5Attributes.read(hdf5.root())
        .forEach((key, text) -> attributes.put(NetCdf3Format.GLOBAL + key, text));
    String name = dataset.getPath().replaceFirst("^/+", "");
    return new FieldInfo(name, type, Shape.of(dims), fill(dataset, type), attributes);
  }

  /** Names of the dimension scales that NetCDF-4 attaches, one for each axis. */
  private static Optional<String> dimensionNames(Dataset dataset) {
    Attribute list = dataset.getAttribute("DIMENSION_LIST");
    if (list == null) {
      return Optional.empty();
    }
    try {
      List<String> names = new ArrayList<>();
      for (Object axis : (Object[]) list.getData()) {
        names.add(Hdf5File.nameAt(dataset, ((long[]) axis)[0]));
      }
      return names.contains(null) ? Optional.empty() : Optional.of(String.join("/", names));
    } catch (RuntimeException e) {
      return Optional.empty(); // an axis without a scale, or a form of references not known here
    }
  }

  /** The declared fill value; HDF5's own is only what unwritten chunks read as. */
  private static OptionalLong fill(Dataset dataset, DataType type) {
    for (String key : List.of(NetCdf3Format.FILL_VALUE, NetCdf3Format.MISSING_VALUE)) {
      Attribute attribute = dataset.getAttribute(key);
      NetCdfAttribute numbers =
          attribute == null || attribute.isEmpty() ? null : Hdf5Attributes.numbers(attribute);
      if (numbers == null || numbers.count() == 0) {
        continue;
      }
      boolean sameBits =
          numbers.type().bytes() == type.bytes() && numbers.type().isFloat() == type.isFloat();
      OptionalLong bits =
          sameBits
              ? OptionalLong.of(numbers.bits(0))
              : FillValues.ofNumber(type, numbers.number(0));
      if (bits.isPresent()) {
        return bits;
      }
    }
    return OptionalLong.empty();
  }

  private static FieldSource source(
      Hdf5File hdf5, Dataset dataset, FieldInfo info, StoredElements elements) throws IOException {
    if (dataset instanceof ContiguousDataset contiguous && !hdf5.guard(contiguous::isEmpty)) {
      long offset = hdf5.guard(contiguous::getDataAddress) + hdf5.baseOffset();
      if (offset < 0) {
        throw new TesseraException.Corrupt(
            "the dataset '" + info.name() + "' lies outside '" + hdf5.path() + "'", -1);
      }
      return MappedSource.contiguous(hdf5.path(), info, elements, offset);
    }
    long[] block;
    Hdf5BlockSource.Loader loader;
    if (dataset instanceof ChunkedDataset chunked) {
      block =
          hdf5.guard(() -> Arrays.stream(chunked.getChunkDimensions()).asLongStream().toArray());
      loader = origin -> hdf5.guard(() -> chunk(chunked, origin));
    } else if (dataset instanceof DatasetBase compact && !(dataset instanceof ContiguousDataset)) {
      block = info.shape().dims();
      loader = origin -> hdf5.guard(() -> bytes(compact.getDataBuffer()));
    } else {
      block = Hdf5BlockSource.wholeRows(info.shape());
      loader = origin -> new byte[0];
    }
    long unwritten = hdf5.guard(() -> unwrittenBits(dataset, elements));
    return new Hdf5BlockSource(
        info, elements, block, unwritten, loader, BlockCache.ofHeapShare(), hdf5);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static byte[] chunk(ChunkedDataset dataset, long[] origin) {
    int[] offset = new int[origin.length];
    for (int axis = 0; axis < origin.length; axis++) {
      if (origin[axis] > Integer.MAX_VALUE) {
        throw new TesseraException.Unsupported(
            "chunks beyond index 2147483647 of an axis are not read: rewrite the dataset without"
                + " chunks, with h5repack -l CONTI");
      }
      offset[axis] = (int) origin[axis];
    }
    try {
      return dataset.getDecompressedChunk(offset);
    } catch (HdfException e) {
      // The library has no other way to tell that a chunk was never written.
      if (String.valueOf(e.getMessage()).startsWith("No chunk with offset")) {
        return new byte[0];
      }
      throw e;
    }
  }

  private static long unwrittenBits(Dataset dataset, StoredElements elements) {
    if (!(dataset instanceof AbstractNode node)
        || !node.getHeader().hasMessageOfType(FillValueMessage.class)) {
      return 0;
    }
    FillValueMessage message = node.getHeader().getMessageOfType(FillValueMessage.class);
    if (!message.isFillValueDefined()) {
      return 0;
    }
    byte[] stored = bytes(message.getFillValue());
    if (stored.length != elements.bytes()) {
      return 0;
    }
    MemorySegment value = MemorySegment.ofArray(new byte[8]);
    elements.decode(MemorySegment.ofArray(stored), 0, value, 0, 1);
    return elements.type().getBits(value, 0);
  }

  @Override
  public FieldSink create(Path file, String inner, FieldInfo info) throws IOException {
    if (info.shape().rank() > MAX_RANK) {
      throw new TesseraException.Unsupported(
          "HDF5 holds datasets of at most " + MAX_RANK + " axes, not " + info.shape().rank());
    }
    List<String> path = datasetPath(inner.isEmpty() ? info.name() : inner);
    byte[] header = Hdf5Header.build(path, info);
    StoredElements elements = StoredElements.plain(info.type(), ByteOrder.LITTLE_ENDIAN);
    return ArraySink.create(PendingFile.create(file), info, elements, header, 1);
  }

  /** The groups and at last the name of a dataset. */
  private static List<String> datasetPath(String name) {
    List<String> path =
        Arrays.stream(name.replace("\0", "").split("/"))
            .map(String::strip)
            .filter(part -> !part.isEmpty() && !Set.of(".", "..").contains(part))
            .toList();
    if (path.stream().anyMatch(part -> part.length() > Hdf5Header.MAX_NAME)) {
      throw new TesseraException.Invalid(
          "the dataset name begins with '" + name.substring(0, 40) + "' and is too long");
    }
    return path.isEmpty() ? List.of("data") : path;
  }
}
