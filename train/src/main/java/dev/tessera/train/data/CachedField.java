package dev.tessera.train.data;

import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * A field whose kept values are mapped into memory, with the maps of its planes. Any number of
 * threads may read it at once.
 */
final class CachedField implements AutoCloseable {
  private final Path file;
  private final CacheHeader header;
  private final Shape shape;
  private final Volumes volumes;
  private final FieldValues values;
  private final Arena arena;

  private CachedField(Path file, CacheHeader header, FieldValues values, Arena arena) {
    this.file = file;
    this.header = header;
    this.shape = Shape.parse(header.description().shape());
    this.volumes = Volumes.of(shape);
    this.values = values;
    this.arena = arena;
  }

  /**
   * Maps a cache file.
   *
   * @param file the field's own file
   * @return empty if there is none, or one that is damaged or cut off
   */
  static Optional<CachedField> open(Path cacheFile, Path file) throws IOException {
    if (!Files.isRegularFile(cacheFile)) {
      return Optional.empty();
    }
    Arena arena = Arena.ofShared();
    try {
      MemorySegment data = map(cacheFile, 0, Files.size(cacheFile), arena);
      Optional<CachedField> field =
          CacheHeader.read(data).flatMap(header -> of(header, data, file, arena));
      if (field.isEmpty()) {
        arena.close();
      }
      return field;
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static Optional<CachedField> of(
      CacheHeader header, MemorySegment data, Path file, Arena arena) {
    Volumes volumes = Volumes.of(Shape.parse(header.description().shape()));
    long inFile = header.description().valuesInFile();
    if (inFile >= 0) {
      try {
        MemorySegment stored = map(file, inFile, 4 * volumes.elements(), arena);
        FieldValues values = new RowMajorValues(volumes, stored);
        return Optional.of(new CachedField(file, header, values, arena));
      } catch (IOException e) {
        return Optional.empty(); // reading it anew will tell why
      }
    }
    BrickLayout layout = BrickLayout.of(volumes);
    if (data.byteSize() != header.valuesAt() + layout.bytes()) {
      return Optional.empty();
    }
    FieldValues values = new BrickValues(layout, data.asSlice(header.valuesAt()));
    return Optional.of(new CachedField(file, header, values, arena));
  }

  /** Maps a part of a file to read. */
  static MemorySegment map(Path file, long at, long bytes, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (at + bytes > channel.size()) {
        throw new IOException("'" + file + "' is shorter than it was");
      }
      return channel.map(FileChannel.MapMode.READ_ONLY, at, bytes, arena);
    }
  }

  CacheHeader.Description description() {
    return header.description();
  }

  Shape shape() {
    return shape;
  }

  Volumes volumes() {
    return volumes;
  }

  /** The maps of planes across an axis; null where volumes are not cut. */
  PlaneMaps maps(Orientation orientation) {
    return header.maps()[orientation.axis()];
  }

  /** Whether no plane has two different values. */
  boolean isConstant() {
    for (PlaneMaps maps : header.maps()) {
      if (maps != null && !maps.allFlat()) {
        return false;
      }
    }
    return true;
  }

  /** See {@link FieldValues#read}. */
  void read(long volume, long[] from, int[] size, float[] target) {
    try {
      values.read(volume, from, size, target);
    } catch (InternalError e) {
      // how the JVM reports that a mapped page is gone
      throw new TesseraException.Corrupt(
          "'"
              + file
              + "' or its copy in the cache became shorter or unreadable while it was trained on:"
              + " start again when nobody writes it, with --resume if there is a checkpoint",
          -1,
          e);
    }
  }

  /** Nobody may be reading. */
  @Override
  public void close() {
    arena.close();
  }
}
