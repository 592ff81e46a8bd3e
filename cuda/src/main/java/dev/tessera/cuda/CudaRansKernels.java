package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;

/** The kernels of {@code rans.cu} for one kind of symbols and one profile, and their launches. */
final class CudaRansKernels {
  private static final String FILE = "rans.cu";
  private static final String SCAN_FILE = "stream_offsets.cu";
  private static final int WARPS = 4;
  private static final int WARP_THREADS = 32;
  private static final int PACK_THREADS = 512;
  private static final int SCAN_THREADS = 1024;
  private static final int QUEUE_BYTES = 33 * 16;
  private static final int STAGE_WORDS = 72;
  private static final int RING_BYTES = 1024;
  private static final int SYMBOLS_BYTES = 32 * Integer.BYTES;

  /** Numbers of streams that a warp can encode side by side, each by a kernel of its own. */
  private static final List<Integer> TOGETHER = List.of(1, 2, 4);

  /** Streams for each multiprocessor from which on two, and four, to a warp are faster. */
  private static final int MANY = 8;

  private static final int VERY_MANY = 16;

  private final CudaRansSpec spec;
  private final int multiprocessors;
  private final int sharedPerBlock;
  private final List<Kernel> encode;
  private final Kernel pack;
  private final Kernel decode;
  private final Kernel scan;
  private final Arguments arguments = new Arguments();
  private Kernel encodeKernel;
  private LaunchShape encodeShape;
  private LaunchShape decodeShape;
  private int shapedTiles;

  /** Loads the kernels; this compiles them if that was never done on this machine. */
  CudaRansKernels(CudaContext context, CudaRansSpec spec) {
    this.spec = spec;
    multiprocessors = context.device().multiprocessors();
    sharedPerBlock = context.device().sharedPerBlock();
    String[] options = options(spec.type(), spec.indexed(), spec.isCompatible());
    encode =
        List.of(
            context.kernel(FILE, "rans_encode", options),
            context.kernel(FILE, "rans_encode2", options),
            context.kernel(FILE, "rans_encode4", options));
    pack = context.kernel(FILE, "rans_pack", options);
    decode = context.kernel(FILE, "rans_decode", options);
    scan = context.kernel(SCAN_FILE, "stream_offsets");
  }

  /** What is compiled: all kinds that a {@link CudaRansSpec} can name. */
  static List<KernelSource> sources() {
    List<KernelSource> sources = new ArrayList<>();
    for (CudaRansType type : CudaRansType.values()) {
      for (boolean compatible : new boolean[] {false, true}) {
        sources.add(KernelSource.of(FILE, options(type, false, compatible)));
        if (!type.isLatent()) {
          sources.add(KernelSource.of(FILE, options(type, true, compatible)));
        }
      }
    }
    sources.add(KernelSource.of(SCAN_FILE));
    sources.add(KernelSource.of(CudaRansBaseline.FILE));
    return List.copyOf(sources);
  }

  private static String[] options(CudaRansType type, boolean indexed, boolean compatible) {
    return new String[] {
      "-DRANS_TYPE=" + type.ordinal(),
      "-DRANS_INDEXED=" + (indexed ? 1 : 0),
      "-DRANS_WIDE=" + (compatible ? 1 : 0)
    };
  }

  /** Symbols to streams in their slots, then to packed streams with offsets. */
  void encode(
      CudaStream stream,
      CudaRansParameters parameters,
      DeviceBuffer symbols,
      DeviceBuffer indexes,
      CudaRansStreams streams,
      boolean checks) {
    shape(streams.tiles());
    encodeKernel.launch(
        stream,
        encodeShape,
        arguments.reset().add(parameters.encoding(symbols, indexes, streams, checks)));
    arguments
        .reset()
        .add(streams.slots())
        .add(spec.wordsBound())
        .add(streams.lengths())
        .add((int) streams.count())
        .add(streams.offsets())
        .add(streams.packed())
        .add(streams.packed().bytes())
        .add(streams.errors());
    int blocks = (int) Math.min(streams.count(), multiprocessors);
    pack.launch(stream, LaunchShape.of(blocks, PACK_THREADS), arguments);
  }

  /** Packed streams to symbols. */
  void decode(
      CudaStream stream,
      CudaRansParameters parameters,
      DeviceBuffer symbols,
      DeviceBuffer indexes,
      CudaRansStreams streams,
      boolean checks) {
    shape(streams.tiles());
    decode.launch(
        stream,
        decodeShape,
        arguments.reset().add(parameters.decoding(symbols, indexes, streams, checks)));
  }

  /** Lengths of streams to their offsets. */
  void scan(CudaStream stream, CudaRansStreams streams) {
    arguments
        .reset()
        .add(streams.lengths())
        .add((int) streams.count())
        .add(spec.wordBytes())
        .add(streams.offsets());
    long blocks = Math.min(Math.ceilDiv(streams.count(), SCAN_THREADS), multiprocessors);
    scan.launch(stream, LaunchShape.of(blocks, SCAN_THREADS), arguments);
  }

  private void shape(int tiles) {
    if (tiles == shapedTiles) {
      return;
    }
    long streams = (long) spec.layout().streams() * tiles;
    int kernel = variant(streams);
    int together = TOGETHER.get(kernel);
    encodeKernel = encode.get(kernel);
    encodeShape =
        blocks(
            (long) spec.layout().streams() * Math.ceilDiv(tiles, together), encodeBytes(together));
    decodeShape = blocks(streams, decodeBytes());
    shapedTiles = tiles;
  }

  /** Streams side by side spare work where there are enough of them to keep the device busy. */
  private int variant(long streams) {
    int wanted =
        streams < (long) MANY * multiprocessors
            ? 0
            : streams < (long) VERY_MANY * multiprocessors ? 1 : 2;
    while (wanted > 0 && encodeBytes(TOGETHER.get(wanted)) > sharedPerBlock) {
      wanted--;
    }
    return wanted;
  }

  /** Shared memory of an encoding warp, as {@code ransEncodeShared} has it. */
  private int encodeBytes(int together) {
    int channels = CudaRansSpec.channelsPerStream(spec.layout());
    return together * (QUEUE_BYTES + STAGE_WORDS * spec.wordBytes())
        + roundUp(channels * Short.BYTES * (1 + together))
        + roundUp(Math.ceilDiv(channels, Integer.SIZE) * Integer.BYTES * together);
  }

  /**
   * Shared memory of a decoding warp, as {@code ransDecodeShared} has it, and its ring of words.
   */
  private int decodeBytes() {
    int channels = CudaRansSpec.channelsPerStream(spec.layout());
    return RING_BYTES + SYMBOLS_BYTES + roundUp(channels * Short.BYTES);
  }

  private static int roundUp(int bytes) {
    return (bytes + 15) & -16;
  }

  /** Blocks of four warps, or of as many as the shared memory of a block has room for. */
  private LaunchShape blocks(long warps, int bytesPerWarp) {
    int perBlock = Math.min(WARPS, sharedPerBlock / bytesPerWarp);
    if (perBlock == 0) {
      throw new TesseraException.Unsupported(
          "streams of %d channels do not fit this GPU's shared memory: use a smaller P"
              .formatted(CudaRansSpec.channelsPerStream(spec.layout())));
    }
    return LaunchShape.of(Math.ceilDiv(warps, perBlock), perBlock * WARP_THREADS)
        .shared(perBlock * bytesPerWarp);
  }
}
