package dev.tessera.cuda.backend;

import dev.tessera.codec.FieldValues;
import dev.tessera.codec.LaneFormat;
import dev.tessera.cuda.CudaTileValues;
import dev.tessera.cuda.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/**
 * A lane's tiles, in page-locked memory and on the device, and what says how a field's own values
 * become numbers there. Calls launch and wait for nothing.
 */
final class LaneTiles {
  private final LaneResources resources;
  private final LaneFormat format;
  private final FieldValues values;
  private final MemorySegment tiles;
  private final DeviceBuffer tiles_dev;
  private final MemorySegment planes;
  private final DeviceBuffer planes_dev;

  /** Takes memory that the lane keeps. */
  LaneTiles(LaneResources resources, LaneFormat format, int capacity) {
    this.resources = resources;
    this.format = format;
    this.values = format.values();
    this.tiles = resources.keepPinned(capacity * format.tileBytes());
    this.tiles_dev = resources.keepDevice(tiles.byteSize());
    long entries = (long) capacity * format.tiles().channels() * CudaTileValues.PLANE_BYTES;
    this.planes = values == null ? MemorySegment.NULL : resources.keepPinned(entries);
    this.planes_dev = values == null ? null : resources.keepDevice(entries);
  }

  MemorySegment host() {
    return tiles;
  }

  DeviceBuffer device() {
    return tiles_dev;
  }

  /** Whether they are a field's own values; else normalized float32. */
  boolean areFieldValues() {
    return values != null;
  }

  /** What kernels are told of a field's values; null for float32. */
  MemorySegment fieldValues() {
    return values == null
        ? null
        : CudaTileValues.of(values.type(), values.normalizer(), planes_dev);
  }

  /** See {@link dev.tessera.codec.Backend.Lane#plane}. */
  void plane(int tile, int channel, long slice, boolean isNormalized) {
    long plane = (long) tile * format.tiles().channels() + channel;
    CudaTileValues.put(planes, plane, values.normalizer(), slice, isNormalized);
  }

  /** Brings what is known of the first tiles' planes to the device. */
  void uploadPlanes(int count) {
    if (values != null) {
      long bytes = (long) count * format.tiles().channels() * CudaTileValues.PLANE_BYTES;
      resources.stream().upload(planes_dev.slice(0, bytes), planes.asSlice(0, bytes));
    }
  }

  /** Brings the first tiles to the device. */
  void upload(int count) {
    long bytes = count * format.tileBytes();
    resources.stream().upload(tiles_dev.slice(0, bytes), tiles.asSlice(0, bytes));
    uploadPlanes(count);
  }

  /** Brings the first tiles back. */
  void download(int count) {
    long bytes = count * format.tileBytes();
    resources.stream().download(tiles.asSlice(0, bytes), tiles_dev.slice(0, bytes));
  }
}
