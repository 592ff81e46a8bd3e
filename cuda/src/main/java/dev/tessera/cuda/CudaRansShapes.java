package dev.tessera.cuda;

import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;

/**
 * In what blocks the kernels of {@code rans.cu} are launched. What decides is how many streams are
 * likely to be alive: by the frequencies of their channels' flags, a stream of which all channels
 * are probably zero costs next to nothing.
 */
final class CudaRansShapes {
  private static final int ENCODE_WARPS = 2;
  private static final int DECODE_WARPS = 4;
  private static final int WARP_THREADS = 32;
  private static final int QUEUE_BYTES = 33 * 16;
  private static final int STAGE_WORDS = 72;
  private static final int RING_BYTES = 1024;
  private static final int SYMBOLS_BYTES = 32 * Integer.BYTES;

  /** Shared memory that the device itself takes of a block's share. */
  private static final int RESERVED_BYTES = 1024;

  /** Live streams for each multiprocessor from which on two, and four, to a warp are faster. */
  private static final int MANY = 7;

  private static final int VERY_MANY = 28;
  private static final double TOTAL = 1 << 16;

  private final CudaRansSpec spec;
  private final int multiprocessors;
  private final int sharedPerBlock;
  private final long likely;

  /**
   * Shapes for a coder on a device.
   *
   * @param deadFrequencies of 65536, of each place of the stored order, in a whole band; null if
   *     they are not known beforehand
   */
  CudaRansShapes(CudaDevice device, CudaRansSpec spec, short[] deadFrequencies) {
    this.spec = spec;
    multiprocessors = device.multiprocessors();
    sharedPerBlock = device.sharedPerBlock();
    likely =
        deadFrequencies == null
            ? spec.layout().streams()
            : likelyStreams(spec.layout(), deadFrequencies);
  }

  /** Streams of a tile, up to the last one that is more likely alive than not. */
  static long likelyStreams(StreamLayout layout, short[] deadFrequencies) {
    int groups = 0;
    for (int first = 0; first < layout.channels(); first += layout.channelsPerStream()) {
      double dead = 1;
      int end = Math.min(first + layout.channelsPerStream(), layout.channels());
      for (int place = first; place < end; place++) {
        dead *= Short.toUnsignedInt(deadFrequencies[place]) / TOTAL;
      }
      if (dead < 0.5) {
        groups = first / layout.channelsPerStream() + 1;
      }
    }
    return (long) groups * layout.bands();
  }

  /**
   * Streams that a warp encodes side by side: 1, 2 or 4. They spare work where there are enough of
   * them to keep the device busy.
   */
  int together(int tiles) {
    long live = likely * tiles;
    int wanted =
        live < (long) MANY * multiprocessors
            ? 1
            : live < (long) VERY_MANY * multiprocessors ? 2 : 4;
    while (wanted > 1 && encodeBytes(wanted) > sharedPerBlock) {
      wanted /= 2;
    }
    return wanted;
  }

  /** Blocks of the encoder. */
  LaunchShape encode(int tiles) {
    int together = together(tiles);
    long warps = (long) spec.layout().streams() * Math.ceilDiv(tiles, together);
    return blocks(warps, ENCODE_WARPS, encodeBytes(together));
  }

  /**
   * Blocks of the decoder. Those of live streams come first where channels are ordered by activity;
   * with others behind them, the device hands some multiprocessors half more of them than their
   * share, and these decide the time. Shared memory that nobody uses holds all to equal shares.
   *
   * @param resident blocks of the decoder that fit a multiprocessor without that
   */
  LaunchShape decode(int tiles, int resident) {
    LaunchShape shape = decode(tiles);
    long live = Math.ceilDiv(likely * tiles, shape.blockThreads() / WARP_THREADS);
    long share = Math.ceilDiv(live, (long) multiprocessors);
    if (share == 0 || share >= resident || live == shape.gridX()) {
      return shape;
    }
    int padded = (int) (sharedPerBlock / share) / RESERVED_BYTES * RESERVED_BYTES - RESERVED_BYTES;
    return padded > shape.sharedBytes() ? shape.shared(padded) : shape;
  }

  /** Blocks of the decoder, without regard to what else runs on a multiprocessor. */
  LaunchShape decode(int tiles) {
    return blocks((long) spec.layout().streams() * tiles, DECODE_WARPS, decodeBytes());
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

  /** Blocks of so many warps, or of as many as the shared memory of a block has room for. */
  private LaunchShape blocks(long warps, int wantedWarps, int bytesPerWarp) {
    int perBlock = Math.min(wantedWarps, sharedPerBlock / bytesPerWarp);
    if (perBlock == 0) {
      throw new TesseraException.Unsupported(
          "streams of %d channels do not fit this GPU's shared memory: use a smaller P"
              .formatted(CudaRansSpec.channelsPerStream(spec.layout())));
    }
    return LaunchShape.of(Math.ceilDiv(warps, perBlock), perBlock * WARP_THREADS)
        .shared(perBlock * bytesPerWarp);
  }
}
