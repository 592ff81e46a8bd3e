package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.quant.BlockGeometry;
import java.util.List;

/**
 * The first half of a pipeline on a device: values of chunks to quantized and predicted integers,
 * for an encoder of someone else's, and back. Integers stand block by block in coded order
 * (FORMAT.md, "Pipelines"), {@value BlockGeometry#PLACES} a block, those of places outside the
 * chunk are 0. Calls wait for nothing and allocate nothing. For one thread at a time.
 */
public final class CudaIntegers {
  private static final String FILE = "integers.cu";

  static final List<KernelSource> SOURCES = CudaPipelineParameters.sources(FILE).toList();

  /** How integers stand in memory. */
  public enum Form {
    /** 32 bits. */
    INT(1, Integer.BYTES),
    /** The lowest 16 bits; what comes back is taken to fit into them. */
    SHORT(2, Short.BYTES);

    /** As in the kernels, which know one more. */
    private final int code;

    private final int bytes;

    Form(int code, int bytes) {
      this.code = code;
      this.bytes = bytes;
    }

    /** Bytes of an integer. */
    public int bytes() {
      return bytes;
    }
  }

  private static final int WARPS = 4;
  private static final int THREADS = 32 * WARPS;
  private static final int MASK_BYTES = BlockGeometry.PLACES / Byte.SIZE;

  /** What is not wanted: the kernels' null pointer. */
  private static final DeviceBuffer NONE = new DeviceBuffer(0, 0);

  private final CudaPipelineParameters parameters;
  private final Kernel encode;
  private final Kernel decode;
  private final Arguments arguments = new Arguments();

  /** A coder for chunks of one format, whatever its encoder. */
  public CudaIntegers(CudaContext context, ChunkFormat format) {
    parameters = new CudaPipelineParameters(format);
    KernelModule module = context.module(CudaPipelineParameters.source(FILE, format));
    encode = module.kernel("integers_encode");
    decode = module.kernel("integers_decode");
  }

  /** Bytes that tell which values of so many blocks are exact, a bit each. */
  public static long maskBytes(long blocks) {
    return blocks * MASK_BYTES;
  }

  /** Bytes of the integers of so many blocks. */
  public static long integerBytes(long blocks, Form form) {
    return blocks * BlockGeometry.PLACES * form.bytes();
  }

  /**
   * Makes integers of values.
   *
   * @param geometry chunks of equal extents
   * @param maps as {@link CudaPlaneMaps} makes them; null where the format needs none
   * @param integers receives the integers of all blocks of all chunks
   * @param exact receives a bit for each integer: whether its value has to be kept bit by bit
   * @param counts an i32 for each chunk, zero before: how many of these it has
   * @param checks an i32 for each chunk, zero before: its check, not folded
   */
  public void encode(
      CudaStream stream,
      CudaPipelineGeometry geometry,
      DeviceBuffer values,
      DeviceBuffer maps,
      Form form,
      DeviceBuffer integers,
      DeviceBuffer exact,
      DeviceBuffer counts,
      DeviceBuffer checks) {
    encode(stream, geometry, values, maps, form, integers, exact, counts, checks, NONE, NONE);
  }

  /**
   * As the other, and finds the classes of blocks that the encoder {@code rans} asks for.
   *
   * @param classes receives a byte for each block: its class
   * @param occurring an i32 for each chunk, zero before: a bit for each class that it has
   */
  public void encode(
      CudaStream stream,
      CudaPipelineGeometry geometry,
      DeviceBuffer values,
      DeviceBuffer maps,
      Form form,
      DeviceBuffer integers,
      DeviceBuffer exact,
      DeviceBuffer counts,
      DeviceBuffer checks,
      DeviceBuffer classes,
      DeviceBuffer occurring) {
    long blocks = (long) geometry.chunks() * geometry.mostBlocks();
    require(integers, integerBytes(blocks, form));
    require(exact, maskBytes(blocks));
    require(counts, (long) geometry.chunks() * Integer.BYTES);
    require(checks, (long) geometry.chunks() * Integer.BYTES);
    arguments
        .reset()
        .add(parameters.of(geometry, tiles(geometry), values, maps, 0))
        .add(values)
        .add(integers)
        .add(form.code)
        .add(exact)
        .add(counts)
        .add(checks)
        .add(classes)
        .add(occurring);
    encode.launch(stream, shape(geometry), arguments);
  }

  /**
   * Makes values of integers; exact values are not put back.
   *
   * @param maps as for {@link #encode}
   * @param checks an i32 for each chunk, zero before: its check, not folded
   */
  public void decode(
      CudaStream stream,
      CudaPipelineGeometry geometry,
      DeviceBuffer integers,
      Form form,
      DeviceBuffer maps,
      DeviceBuffer values,
      DeviceBuffer checks) {
    decode(stream, geometry, integers, form, NONE, maps, values, checks);
  }

  /**
   * As the other, without a look at the integers of some blocks.
   *
   * @param zeros a byte for each block: not 0 where all its integers are 0
   */
  public void decode(
      CudaStream stream,
      CudaPipelineGeometry geometry,
      DeviceBuffer integers,
      Form form,
      DeviceBuffer zeros,
      DeviceBuffer maps,
      DeviceBuffer values,
      DeviceBuffer checks) {
    require(integers, integerBytes((long) geometry.chunks() * geometry.mostBlocks(), form));
    require(checks, (long) geometry.chunks() * Integer.BYTES);
    arguments
        .reset()
        .add(parameters.of(geometry, tiles(geometry), values, maps, 0))
        .add(integers)
        .add(form.code)
        .add(zeros)
        .add(values)
        .add(checks);
    decode.launch(stream, shape(geometry), arguments);
  }

  private static int tiles(CudaPipelineGeometry geometry) {
    return Math.ceilDiv(geometry.mostBlocks(), WARPS);
  }

  private static LaunchShape shape(CudaPipelineGeometry geometry) {
    return LaunchShape.of((long) geometry.chunks() * tiles(geometry), THREADS);
  }

  private static void require(DeviceBuffer buffer, long bytes) {
    if (buffer.bytes() < bytes) {
      throw new TesseraException.Invalid(
          "a buffer of %d bytes is too small: %d are needed".formatted(buffer.bytes(), bytes));
    }
  }
}
