package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.tessera.entropy.BlockRans;
import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The encoder {@code rans} of pipelines on a device: residuals of chunks to tables and streams,
 * word for word those of {@link dev.tessera.pipeline.ChunkCoder} (FORMAT.md, "rANS of residuals"),
 * and streams back to residuals. {@link CudaIntegers} makes and takes the residuals, {@link
 * dev.tessera.pipeline.RansChunk} writes and reads what stands around the streams. Calls wait for
 * nothing and allocate nothing on the device. For one thread at a time.
 */
public final class CudaResidualRans {
  private static final String TABLES = "residual_tables.cu";
  private static final String ENCODE = "residual_encode.cu";
  private static final String DECODE = "residual_decode.cu";

  static final List<KernelSource> SOURCES =
      List.of(KernelSource.of(TABLES), KernelSource.of(ENCODE), KernelSource.of(DECODE));

  // as in the kernels
  private static final int HISTOGRAM_THREADS = 256;
  private static final int HISTOGRAM_BLOCKS = 16;
  private static final int TABLE_THREADS = 256;
  private static final int PACK_THREADS = 512;
  private static final int PACK_BLOCKS_PER_MULTIPROCESSOR = 4;
  private static final int RING_BYTES = 128;
  private static final int STATIC_SHARED = 1024;

  private static final int WARP = 32;
  private static final int WARPS = 4;

  /** A stream waits for itself: warps that can be busy at once are worth more than full ones. */
  private static final int SCHEDULERS = 4;

  private static final int FLAG_SHIFTS = 16;
  private static final MemorySegment FLAGS = flags();

  private final CudaDevice device;
  private final Kernel histograms;
  private final Kernel tables;
  private final Kernel encode;
  private final Kernel pack;
  private final Kernel decode;
  private final Arguments arguments = new Arguments();

  /** A coder with its kernels. */
  public CudaResidualRans(CudaContext context) {
    device = context.device();
    histograms = context.kernel(TABLES, "residual_histograms");
    tables = context.kernel(TABLES, "residual_tables");
    encode = context.kernel(ENCODE, "residual_encode");
    pack = context.kernel(ENCODE, "residual_pack");
    decode = context.kernel(DECODE, "residual_decode");
  }

  /** The structure {@code ResidualFlags}: from which frequency of 0 on a flag costs so little. */
  private static MemorySegment flags() {
    MemorySegment least = Arena.ofAuto().allocate(FLAG_SHIFTS * Short.BYTES, Long.BYTES);
    int frequency = 65535;
    for (int shift = 0; shift < FLAG_SHIFTS; shift++) {
      int dead = Math.min(1 << 16 >> shift, 65535);
      while (frequency > 1 && BlockRans.deadFrequency(frequency - 1) >= dead) {
        frequency--;
      }
      least.setAtIndex(JAVA_SHORT, shift, (short) frequency);
    }
    return least;
  }

  /** Shared memory that the decoder has for the tables of a chunk. */
  public int mostTableBytes() {
    return device.sharedPerBlock() - STATIC_SHARED - WARPS * WARP * RING_BYTES;
  }

  /**
   * Encodes residuals.
   *
   * @param residuals an i32 for each place of all blocks, in coded order; what stands there
   *     afterwards is undefined
   * @param classes a byte for each block
   * @param occurring an i32 for each chunk, with a bit for each class that it has
   * @param streams receives tables and streams
   */
  public void encode(
      CudaStream stream,
      DeviceBuffer residuals,
      DeviceBuffer classes,
      DeviceBuffer occurring,
      CudaResidualStreams streams) {
    CudaResidualLayout layout = streams.layout();
    requireResiduals(layout, residuals, classes);
    MemorySegment struct = layout.struct();
    long histogramBlocks = (long) layout.chunks() * Math.ceilDiv(layout.blocks(), HISTOGRAM_BLOCKS);
    stream.fill(streams.counts(), 0);
    stream.fill(streams.overflows(), 0);
    arguments.reset().add(struct).add(residuals).add(classes).add(occurring).add(streams.counts());
    histograms.launch(stream, LaunchShape.of(histogramBlocks, HISTOGRAM_THREADS), arguments);
    arguments
        .reset()
        .add(struct)
        .add(FLAGS)
        .add(streams.counts())
        .add(occurring)
        .add(streams.tables())
        .add(streams.frequencies())
        .add(streams.entries())
        .add(streams.lengths());
    tables.launch(stream, LaunchShape.of(layout.allSlots(), TABLE_THREADS), arguments);
    int lanes = lanes(layout);
    arguments
        .reset()
        .add(struct)
        .add(lanes)
        .add(residuals)
        .add(classes)
        .add(occurring)
        .add(streams.tables())
        .add(streams.entries())
        .add(streams.lengths().address() + (long) layout.allSlots() * Integer.BYTES)
        .add(streams.overflows());
    encode.launch(
        stream,
        LaunchShape.of(Math.ceilDiv(layout.allStreams(), lanes * WARPS), WARPS * WARP),
        arguments);
    arguments
        .reset()
        .add(struct)
        .add(streams.frequencies())
        .add(residuals)
        .add(streams.lengths())
        .add(streams.offsets())
        .add(streams.packed());
    pack.launch(
        stream,
        LaunchShape.of(
            (long) device.multiprocessors() * PACK_BLOCKS_PER_MULTIPROCESSOR, PACK_THREADS),
        arguments);
  }

  /**
   * Decodes streams. They may hold anything, but lie within the words; classes and tables are those
   * of heads that were checked.
   *
   * @param words words of all streams, at a multiple of 16 bytes and with room up to one
   * @param input a {@link CudaResidualInput} in device memory; its tables need {@link
   *     #mostTableBytes} at most
   * @param residuals receives an i32 for each place of all blocks that are not zero
   * @param zeros receives a byte for each block: not 0 where all its residuals are 0, and are not
   *     written
   * @param errors receives an i32 for each chunk: not 0 where a stream is damaged
   */
  public void decode(
      CudaStream stream,
      CudaResidualLayout layout,
      DeviceBuffer words,
      Input input,
      DeviceBuffer residuals,
      DeviceBuffer zeros,
      DeviceBuffer errors) {
    requireResiduals(layout, residuals, zeros);
    if (words.address() % CudaResidualStreams.WORDS_ALIGNMENT != 0
        || words.bytes() % CudaResidualStreams.WORDS_ALIGNMENT != 0) {
      throw new TesseraException.Invalid("words must begin and end at a multiple of 16 bytes");
    }
    int lanes = lanes(layout);
    int perBlock = lanes * WARPS;
    stream.fill(errors, 0);
    arguments
        .reset()
        .add(layout.struct())
        .add(lanes)
        .add(words)
        .add(input.starts())
        .add(input.lengths())
        .add(input.classes())
        .add(input.tables())
        .add(input.lasts())
        .add(residuals)
        .add(zeros)
        .add(errors);
    decode.launch(
        stream,
        LaunchShape.of(
                (long) layout.chunks() * Math.ceilDiv(layout.streams(), perBlock), WARPS * WARP)
            .shared(perBlock * RING_BYTES + input.tableBytes()),
        arguments);
  }

  /** A {@link CudaResidualInput} in device memory. */
  public record Input(
      DeviceBuffer starts,
      DeviceBuffer lengths,
      DeviceBuffer classes,
      DeviceBuffer tables,
      DeviceBuffer lasts,
      int tableBytes) {}

  /** Working lanes of a warp: few where there are few streams, so that all warps are busy. */
  private int lanes(CudaResidualLayout layout) {
    long warps = (long) device.multiprocessors() * SCHEDULERS;
    int lanes = 1;
    while (lanes < WARP && layout.allStreams() > lanes * warps) {
      lanes *= 2;
    }
    return lanes;
  }

  private static void requireResiduals(
      CudaResidualLayout layout, DeviceBuffer residuals, DeviceBuffer bytes) {
    if (residuals.bytes() < CudaIntegers.integerBytes(layout.allBlocks(), CudaIntegers.Form.INT)
        || bytes.bytes() < layout.allBlocks()) {
      throw new TesseraException.Invalid(
          "memory for residuals is too small for %d blocks".formatted(layout.allBlocks()));
    }
  }
}
