package dev.tessera.cuda;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The compatible profile in the mapping of earlier GPU coders, one thread per stream with tables
 * and words in global memory: something to measure {@link CudaRans} against, not for use. Streams
 * hold whole channels, and stay at the ends of their slots: nothing is packed.
 */
public final class CudaRansBaseline {
  static final String FILE = "rans_baseline.cu";
  private static final int THREADS = 128;
  private static final int STRUCT_BYTES = 88;

  private final int tiles;
  private final StreamLayout layout;
  private final long streams;
  private final DeviceBuffer counts;
  private final Kernel encode;
  private final Kernel decode;
  private final LaunchShape shape;
  private final MemorySegment parameters = Arena.ofAuto().allocate(STRUCT_BYTES, Long.BYTES);
  private final Arguments arguments = new Arguments();

  /**
   * A coder of batches.
   *
   * @param stream uploads the tables; the constructor waits for it
   * @param arena owns tables and slots
   * @param tables one for each channel
   * @param layout how a tile is cut, in groups of channels alone
   * @param tiles tiles of every batch
   */
  public CudaRansBaseline(
      CudaStream stream, DeviceArena arena, CdfTables tables, StreamLayout layout, int tiles) {
    if (layout.bands() != 1 || layout.channels() > tables.count() || tiles < 1) {
      throw new TesseraException.Invalid(
          "the baseline takes streams of whole channels, each with a table");
    }
    this.tiles = tiles;
    this.layout = layout;
    streams = (long) tiles * layout.streams();
    int channels = layout.channels();
    int plane = layout.height() * layout.width();
    int p = CudaRansSpec.channelsPerStream(layout);
    long slotWords = 2L * p * plane + 3;
    int stride = 0;
    for (int c = 0; c < channels; c++) {
      stride = Math.max(stride, tables.length(c));
    }
    int[] cdf = new int[channels * stride];
    int[] lengths = new int[channels];
    int[] offsets = new int[channels];
    for (int c = 0; c < channels; c++) {
      System.arraycopy(tables.cdf(c), 0, cdf, c * stride, tables.length(c));
      lengths[c] = tables.length(c);
      offsets[c] = tables.offset(c);
    }
    counts = arena.allocate(streams * Integer.BYTES);
    parameters.set(ValueLayout.JAVA_LONG, 16, CudaRansTables.upload(stream, arena, cdf).address());
    parameters.set(
        ValueLayout.JAVA_LONG, 24, CudaRansTables.upload(stream, arena, lengths).address());
    parameters.set(
        ValueLayout.JAVA_LONG, 32, CudaRansTables.upload(stream, arena, offsets).address());
    parameters.set(
        ValueLayout.JAVA_LONG, 40, arena.allocate(streams * slotWords * Integer.BYTES).address());
    parameters.set(ValueLayout.JAVA_LONG, 48, counts.address());
    parameters.set(ValueLayout.JAVA_LONG, 56, slotWords);
    parameters.set(ValueLayout.JAVA_INT, 64, tiles);
    parameters.set(ValueLayout.JAVA_INT, 68, channels);
    parameters.set(ValueLayout.JAVA_INT, 72, plane);
    parameters.set(ValueLayout.JAVA_INT, 76, p);
    parameters.set(ValueLayout.JAVA_INT, 80, stride);
    encode = stream.context().kernel(FILE, "rans_baseline_encode");
    decode = stream.context().kernel(FILE, "rans_baseline_decode");
    shape = LaunchShape.of(Math.ceilDiv(streams, THREADS), THREADS);
  }

  /** Encodes 32-bit symbols, tiles × channels × height × width, into the slots. */
  public void encode(CudaStream stream, DeviceBuffer symbols) {
    requireRoom(symbols);
    parameters.set(ValueLayout.JAVA_LONG, 0, symbols.address());
    encode.launch(stream, shape, arguments.reset().add(parameters));
  }

  /** Decodes what was encoded last. */
  public void decode(CudaStream stream, DeviceBuffer symbols) {
    requireRoom(symbols);
    parameters.set(ValueLayout.JAVA_LONG, 8, symbols.address());
    decode.launch(stream, shape, arguments.reset().add(parameters));
  }

  /** 32-bit numbers of words of all streams, in device memory. */
  public DeviceBuffer lengths() {
    return counts;
  }

  private void requireRoom(DeviceBuffer symbols) {
    if (symbols.bytes() < (long) layout.symbols() * tiles * Integer.BYTES) {
      throw new TesseraException.Invalid("too few symbols for a batch of " + tiles + " tiles");
    }
  }
}
