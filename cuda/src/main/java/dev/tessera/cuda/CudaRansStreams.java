package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The streams of a batch of tiles in device memory, with their index: made by {@link
 * CudaRans#encode} or loaded from elsewhere, and what {@link CudaRans#decode} reads. It is used for
 * one batch after the other, of any number of tiles up to its capacity. For one thread at a time.
 */
public final class CudaRansStreams {
  private static final int CORRUPT = 1;
  private static final int LATENT = 2;
  private static final int NARROW = 4;
  private static final int SPACE = 8;

  private static final int ERROR_BYTES = 2 * Integer.BYTES;
  private static final int LENGTHS_ALIGNMENT = 16;

  private final CudaRans coder;
  private final int capacity;
  private final DeviceBuffer slots;
  private final DeviceBuffer room;

  // one block, so that a single copy brings all: offsets, which end with the total; lengths; error
  // words; checks. The total's place is fixed, so that a batch's offsets begin the later the fewer
  // streams it has.
  private final DeviceBuffer index;
  private final MemorySegment host;
  private final long total;
  private final DeviceBuffer errors;

  private int tiles;
  private DeviceBuffer packed;
  private DeviceBuffer offsets;
  private DeviceBuffer lengths;
  private DeviceBuffer checks;

  /** Memory for batches of up to {@code capacity} tiles; {@code stream} clears the error words. */
  CudaRansStreams(
      CudaRans coder,
      CudaStream stream,
      PinnedArena pinned,
      DeviceArena arena,
      int capacity,
      DeviceBuffer slots,
      long packedBytes) {
    this.coder = coder;
    this.capacity = capacity;
    this.slots = slots;
    long count = (long) capacity * coder.streamsPerTile();
    room = arena.allocate(packedBytes);
    index = arena.allocate(indexBytes(capacity, count));
    host = pinned.allocate(index.bytes());
    total = totalAt(count);
    errors = index.slice(total + Long.BYTES + count * Integer.BYTES, ERROR_BYTES);
    begin(capacity, room);
    stream.fillInts(errors, 0);
  }

  /** Bytes of the index of so many streams. */
  static long indexBytes(long tiles, long count) {
    return totalAt(count)
        + Long.BYTES
        + count * Integer.BYTES
        + ERROR_BYTES
        + tiles * Integer.BYTES;
  }

  // behind it the lengths are aligned for vector loads
  private static long totalAt(long count) {
    long end = (count + 1) * Long.BYTES;
    return (end + LENGTHS_ALIGNMENT - 1) / LENGTHS_ALIGNMENT * LENGTHS_ALIGNMENT - Long.BYTES;
  }

  /** Turns to the next batch. */
  private void begin(int count, DeviceBuffer from) {
    if (count < 1 || count > capacity) {
      throw new TesseraException.Invalid(
          "a batch of %d tiles was announced, for memory of %d".formatted(count, capacity));
    }
    packed = from;
    if (count == tiles) {
      return;
    }
    tiles = count;
    long streams = count();
    offsets = index.slice(total - streams * Long.BYTES, (streams + 1) * Long.BYTES);
    lengths = index.slice(total + Long.BYTES, streams * Integer.BYTES);
    checks =
        index.slice(errors.address() + ERROR_BYTES - index.address(), (long) count * Integer.BYTES);
  }

  /**
   * Turns to a batch that will be encoded. {@link CudaRans#encode} does it by itself; it is for
   * batches whose encoding was captured in a graph.
   *
   * @throws TesseraException.Invalid if this memory is too small for them
   */
  public void beginEncoding(int count) {
    if (slots == null) {
      throw new TesseraException.Invalid("this memory is for decoding alone");
    }
    begin(count, room);
  }

  /**
   * Turns to a batch of streams that stand in device memory, one after the other in the order of
   * their tiles. Streams of other coders may lie between: of every {@code perTile} streams those
   * from {@code first} on are this coder's. The index is uploaded without waiting; the next batch
   * may be loaded when that is done.
   *
   * @param count tiles
   * @param data holds all streams; its address is a multiple of 4, and it must stay until they are
   *     decoded
   * @param streamBytes length of every stream in bytes, {@code count × perTile}
   * @throws TesseraException.Corrupt if a length is none, or the streams reach beyond the data
   */
  public void load(
      CudaStream stream, int count, DeviceBuffer data, long[] streamBytes, int perTile, int first) {
    int own = coder.streamsPerTile();
    if (first < 0 || perTile - first < own || streamBytes.length < (long) count * perTile) {
      throw new TesseraException.Invalid(
          "%d lengths, %d for each of %d tiles, do not hold %d from the %d. of each tile on"
              .formatted(streamBytes.length, perTile, count, own, first + 1));
    }
    requireAligned(data);
    begin(count, data);
    long offsetAt = offsets.address() - index.address();
    long lengthAt = lengths.address() - index.address();
    long at = 0;
    for (int i = 0; i < count * perTile; i++) {
      long bytes = streamBytes[i];
      if (bytes < 0 || bytes > data.bytes() - at) {
        throw damaged(i / perTile, i % perTile, "reaches beyond the data");
      }
      int place = i % perTile - first;
      if (place >= 0 && place < own) {
        requireWords(i, perTile, bytes, at);
        host.set(ValueLayout.JAVA_LONG, offsetAt, at);
        host.set(ValueLayout.JAVA_INT, lengthAt, (int) (bytes / coder.wordBytes()));
        offsetAt += Long.BYTES;
        lengthAt += Integer.BYTES;
      }
      at += bytes;
    }
    host.set(ValueLayout.JAVA_LONG, total, at);
    long from = offsets.address() - index.address();
    long to = total + Long.BYTES + lengths.bytes();
    stream.upload(index.slice(from, to - from), host.asSlice(from, to - from));
  }

  private void requireWords(int i, int perTile, long bytes, long at) {
    CudaRansSpec spec = coder.spec();
    if (bytes % spec.wordBytes() != 0 || at % spec.wordBytes() != 0) {
      throw damaged(i / perTile, i % perTile, "has a part of a word");
    }
    long words = bytes / spec.wordBytes();
    if (words > spec.wordsBound() || words < spec.leastWords()) {
      throw damaged(i / perTile, i % perTile, "has an impossible length");
    }
  }

  /**
   * Turns to a batch of streams whose lengths are in device memory: offsets follow from them on the
   * device. Only launches, as for a graph.
   *
   * @param count tiles
   * @param data holds this coder's streams, one after the other; its address is a multiple of 4
   * @param words length of every stream in words of the profile, 32 bits each
   */
  public void load(CudaStream stream, int count, DeviceBuffer data, DeviceBuffer words) {
    requireAligned(data);
    begin(count, data);
    stream.copy(lengths, words);
    coder.scan(stream, this);
  }

  private static void requireAligned(DeviceBuffer data) {
    if (data.address() % Integer.BYTES != 0) {
      throw new TesseraException.Invalid("streams in device memory must be aligned to 4 bytes");
    }
  }

  /**
   * Waits for all work of the stream and brings index, checks and errors of the batch to the host.
   *
   * @throws TesseraException.Corrupt if a stream was none, or held a symbol beyond 16 bits for
   *     symbols of 16 bits
   * @throws TesseraException.Unsupported if a latent was not a finite number below 2^24, or if the
   *     packed streams did not fit; then {@link #bytes} tells what they need
   */
  public void finish(CudaStream stream) {
    long bytes = index.bytes() - total;
    stream.download(host.asSlice(total, bytes), index.slice(total, bytes));
    stream.synchronize();
    long at = errors.address() - index.address();
    int kinds = host.get(ValueLayout.JAVA_INT, at + Integer.BYTES);
    if (kinds != 0) {
      stream.fillInts(errors, 0);
      throw failure(kinds, Integer.toUnsignedLong(~host.get(ValueLayout.JAVA_INT, at)));
    }
  }

  private TesseraException failure(int kinds, long stream) {
    int tile = (int) (stream / coder.streamsPerTile());
    int place = (int) (stream % coder.streamsPerTile());
    if ((kinds & SPACE) != 0) {
      return new TesseraException.Unsupported(
          "the streams take %d bytes, more than the %d given for them: use smaller batches"
              .formatted(bytes(), packed.bytes()));
    }
    if ((kinds & LATENT) != 0) {
      return new TesseraException.Unsupported(
          "the model gives tile %d of the batch a latent that is no number below 2^24: its weights"
                  .formatted(tile)
              + " or the normalizer do not suit this field");
    }
    if ((kinds & CORRUPT) != 0) {
      return damaged(tile, place, "does not hold its symbols");
    }
    return damaged(
        tile,
        place,
        (kinds & NARROW) != 0 ? "holds a symbol of more than 16 bits" : "has an unknown error");
  }

  private static TesseraException damaged(int tile, int place, String what) {
    return new TesseraException.Corrupt(
        "an entropy-coded stream is damaged: number %d of tile %d of the batch %s"
            .formatted(place, tile, what),
        -1);
  }

  /** The coder that this memory is for. */
  CudaRans coder() {
    return coder;
  }

  /** Tiles of the batch. */
  public int tiles() {
    return tiles;
  }

  /** Streams of the batch. */
  public long count() {
    return (long) tiles * coder.streamsPerTile();
  }

  /**
   * Device memory with all streams; where they were encoded, {@link #bytes} tells how much of it.
   */
  public DeviceBuffer packed() {
    return packed;
  }

  /** 64-bit offsets of the streams in {@link #packed}, in bytes, and behind them the total. */
  public DeviceBuffer offsets() {
    return offsets;
  }

  /** 32-bit lengths of the streams, in words of the profile. */
  public DeviceBuffer lengths() {
    return lengths;
  }

  /** 32-bit checks of the tiles, where they were asked for. */
  public DeviceBuffer checks() {
    return checks;
  }

  /** The complement of the first bad stream's number, and what is wrong; 0 and 0 if nothing is. */
  public DeviceBuffer errors() {
    return errors;
  }

  /** Scratch of the encoder: room for the longest possible stream, for every stream. */
  DeviceBuffer slots() {
    return slots;
  }

  /** After {@link #finish}: bytes of all streams. */
  public long bytes() {
    return host.get(ValueLayout.JAVA_LONG, total);
  }

  /** After {@link #finish}: length of stream {@code i} of the batch in bytes. */
  public long streamBytes(long i) {
    if (i < 0 || i >= count()) {
      throw new TesseraException.Invalid("stream " + i + " is none of the " + count());
    }
    int words = host.get(ValueLayout.JAVA_INT, total + Long.BYTES + i * Integer.BYTES);
    return Integer.toUnsignedLong(words) * coder.wordBytes();
  }

  /** After {@link #finish}: the check of a tile's symbols, if it was asked for. */
  public int check(int tile) {
    if (tile < 0 || tile >= tiles) {
      throw new TesseraException.Invalid("tile " + tile + " is none of the " + tiles);
    }
    long at = errors.address() - index.address() + ERROR_BYTES;
    return host.get(ValueLayout.JAVA_INT, at + (long) tile * Integer.BYTES);
  }
}
