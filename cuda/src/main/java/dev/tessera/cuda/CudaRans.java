package dev.tessera.cuda;

import dev.tessera.field.TesseraException;

/**
 * The entropy coder on the GPU, byte for byte {@link dev.tessera.entropy.CompactRans} or {@link
 * dev.tessera.entropy.Rans}: symbols in device memory to packed streams in device memory, and back.
 * Coding neither waits nor allocates, so that calls can be captured in a graph; {@link
 * CudaRansStreams#finish} is the one wait at the end. For one thread at a time.
 */
public final class CudaRans {
  // the kernels count a batch's streams in 32 bits, some of them signed
  private static final long MAX_STREAMS = Integer.MAX_VALUE;

  private final CudaRansSpec spec;
  private final CudaRansParameters parameters;
  private final CudaRansKernels kernels;

  /**
   * A coder.
   *
   * @param stream uploads what the coder needs beside the tables; the constructor waits for it
   * @param arena owns that memory, which must stay as long as the coder is used
   * @param tables the tables of {@code spec} on the device
   * @param spec what is coded
   * @throws TesseraException.Invalid if the tables are others, or too few
   */
  public CudaRans(CudaStream stream, DeviceArena arena, CudaRansTables tables, CudaRansSpec spec) {
    if (tables.tables() != spec.tables()) {
      throw new TesseraException.Invalid("the tables on the device are not those of the coder");
    }
    spec.requireTables();
    this.spec = spec;
    parameters = new CudaRansParameters(stream, arena, tables, spec);
    kernels = new CudaRansKernels(stream.context(), spec);
  }

  /** What is coded. */
  public CudaRansSpec spec() {
    return spec;
  }

  /** Bytes of a word of the profile, the unit of stream lengths. */
  public int wordBytes() {
    return spec.wordBytes();
  }

  /** Streams of one tile. */
  public int streamsPerTile() {
    return spec.layout().streams();
  }

  /**
   * The most bytes that the streams of so many tiles can have: far more than ordinary latents need.
   */
  public long bound(int tiles) {
    return spec.wordsBound() * wordBytes() * streamsPerTile() * tiles;
  }

  /**
   * Memory for encoding and decoding batches.
   *
   * @param stream clears the error words
   * @param arena owns the device memory: {@link #scratchBytes} and {@code packedBytes}, and a few
   *     hundred bytes for alignment
   * @param pinned owns the index's copy on the host
   * @param tiles the most tiles of a batch
   * @param packedBytes room for the streams, of which {@link #bound} is always enough
   * @throws TesseraException.Unsupported if there is not that much memory, or if such batches have
   *     more than 2^31 streams
   */
  public CudaRansStreams allocate(
      CudaStream stream, DeviceArena arena, PinnedArena pinned, int tiles, long packedBytes) {
    requireStreams(tiles);
    return new CudaRansStreams(
        this, stream, pinned, arena, tiles, arena.allocate(bound(tiles)), packedBytes);
  }

  /** The same for decoding alone, which needs no scratch and gets its packed streams elsewhere. */
  public CudaRansStreams allocateForDecoding(
      CudaStream stream, DeviceArena arena, PinnedArena pinned, int tiles) {
    requireStreams(tiles);
    return new CudaRansStreams(this, stream, pinned, arena, tiles, null, 0);
  }

  /** Bytes of device memory for batches of so many tiles, besides the room for packed streams. */
  public long scratchBytes(int tiles) {
    return bound(tiles) + CudaRansStreams.indexBytes(tiles, (long) tiles * streamsPerTile());
  }

  private void requireStreams(int tiles) {
    if (tiles < 1) {
      throw new TesseraException.Invalid("a batch cannot have " + tiles + " tiles");
    }
    if ((long) tiles * streamsPerTile() > MAX_STREAMS) {
      throw new TesseraException.Unsupported(
          "%d tiles of %d streams are too many for the GPU: use smaller batches or a larger P"
              .formatted(tiles, streamsPerTile()));
    }
  }

  /**
   * Encodes a batch: its packed streams and their index are in {@code streams} afterwards. Checks,
   * if wanted, begin at 0; errors stay noted until the batch is finished.
   *
   * @param symbols tiles × channels × height × width of the coder's type, aligned to 16 bytes for
   *     speed
   * @param indexes 16-bit number of every symbol's table, parallel to the symbols, each a table of
   *     the coder; null for coders without indexes
   * @param streams memory of this coder
   * @param tiles tiles of the batch
   * @param checks whether to compute the tiles' checks
   * @throws TesseraException.Invalid if sizes do not fit together
   */
  public void encode(
      CudaStream stream,
      DeviceBuffer symbols,
      DeviceBuffer indexes,
      CudaRansStreams streams,
      int tiles,
      boolean checks) {
    streams.beginEncoding(tiles);
    requireFit(symbols, indexes, streams);
    if (checks) {
      stream.fillInts(streams.checks(), 0);
    }
    kernels.encode(stream, parameters, symbols, indexes, streams, checks);
  }

  /**
   * Decodes the batch that {@code streams} holds; every symbol of it is written. Damaged streams
   * are noted in the error words; nothing outside of them is read.
   *
   * @param streams packed streams and their index, encoded or loaded
   * @param indexes as in encoding
   * @param symbols takes tiles × channels × height × width of the coder's type
   * @param checks whether to compute the tiles' checks, from 0
   * @throws TesseraException.Invalid if sizes do not fit together
   */
  public void decode(
      CudaStream stream,
      CudaRansStreams streams,
      DeviceBuffer indexes,
      DeviceBuffer symbols,
      boolean checks) {
    requireFit(symbols, indexes, streams);
    if (checks) {
      stream.fillInts(streams.checks(), 0);
    }
    kernels.decode(stream, parameters, symbols, indexes, streams, checks);
  }

  /** Offsets from lengths, on the device. */
  void scan(CudaStream stream, CudaRansStreams streams) {
    kernels.scan(stream, streams);
  }

  private void requireFit(DeviceBuffer symbols, DeviceBuffer indexes, CudaRansStreams streams) {
    if (streams.coder() != this) {
      throw new TesseraException.Invalid("the streams' memory is that of another coder");
    }
    int tiles = streams.tiles();
    long count = (long) spec.layout().symbols() * tiles;
    requireRoom("symbols", tiles, symbols, count * spec.type().bytes());
    if (spec.indexed() != (indexes != null)) {
      throw new TesseraException.Invalid(
          spec.indexed() ? "the symbols' tables are missing" : "no tables of symbols are expected");
    }
    if (indexes != null) {
      requireRoom("16-bit tables", tiles, indexes, count * Short.BYTES);
    }
  }

  private static void requireRoom(String what, int tiles, DeviceBuffer buffer, long bytes) {
    if (buffer.bytes() < bytes || buffer.address() % Integer.BYTES != 0) {
      throw new TesseraException.Invalid(
          "%d tiles need %d bytes of %s at a multiple of 4, not %d"
              .formatted(tiles, bytes, what, buffer.bytes()));
    }
  }
}
