package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A file of {@code torch.save} before PyTorch 1.6: pickles of a magic number, the protocol's
 * version, facts about the writing machine, the value, and the list of its storages' keys; then
 * each storage in the order of that list, its number of elements (64 bits) before its values. All
 * values are little-endian, whatever machine wrote them.
 *
 * @param value what the fourth pickle holds
 * @param places where each storage's values begin
 */
record LegacyCheckpoint(MemorySegment file, Object value, Map<String, Long> places) {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final int PROTOCOL = 1001;
  private static final ValueLayout.OfLong LITTLE_LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * Reads the pickles and finds the storages.
   *
   * @throws TesseraException.Corrupt if the file is damaged or cut off
   */
  static LegacyCheckpoint open(MemorySegment file) {
    SegmentInputStream stream = new SegmentInputStream(file);
    Map<String, TensorUnpickler.Storage> storages = new LinkedHashMap<>();
    if (!MAGIC.equals(TensorUnpickler.read(stream, storages))) {
      throw new TesseraException.Unsupported(
          "the pickle is not a PyTorch checkpoint: write it with torch.save");
    }
    Object protocol = TensorUnpickler.read(stream, storages);
    if (!Integer.valueOf(PROTOCOL).equals(protocol)) {
      throw new TesseraException.Unsupported(
          "the checkpoint's format is not version " + PROTOCOL + ": save it with a newer PyTorch");
    }
    TensorUnpickler.read(stream, storages);
    Object value = TensorUnpickler.read(stream, storages);
    if (!(TensorUnpickler.read(stream, storages) instanceof List<?> keys)) {
      throw new TesseraException.Corrupt(
          "the checkpoint lacks the list of its storages", stream.position());
    }
    return new LegacyCheckpoint(file, value, places(file, stream.position(), keys, storages));
  }

  private static Map<String, Long> places(
      MemorySegment file,
      long position,
      List<?> keys,
      Map<String, TensorUnpickler.Storage> storages) {
    Map<String, Long> places = new HashMap<>();
    for (Object key : keys) {
      TensorUnpickler.Storage storage = key instanceof String name ? storages.get(name) : null;
      long left = file.byteSize() - position - Long.BYTES;
      if (storage == null
          || left < 0
          || file.get(LITTLE_LONG, position) != storage.elements()
          || storage.elements() < 0
          || storage.elements() > left / storage.type().bytes()
          || places.put(storage.key(), position + Long.BYTES) != null) {
        throw new TesseraException.Corrupt(
            "the checkpoint is cut off or damaged: a storage is not where it should be", position);
      }
      position += Long.BYTES + storage.elements() * storage.type().bytes();
    }
    return places;
  }

  /** Part of a storage, both in bytes and inside of it. */
  MemorySegment read(TensorUnpickler.Storage storage, long first, long count) {
    Long place = places.get(storage.key());
    if (place == null) {
      throw new TesseraException.Corrupt(
          "the checkpoint lacks the storage " + storage.key(), file.byteSize());
    }
    return file.asSlice(place + first, count);
  }
}
