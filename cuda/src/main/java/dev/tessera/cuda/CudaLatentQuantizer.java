package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.QuantizerSpec;
import java.util.List;

/**
 * The quantizer {@code reference-eb} over latents on a device, each tile by its own range, bit for
 * bit that of {@link dev.tessera.codec.LatentFormat}: float32 latents to integers and back without
 * a look from the host. Calls wait for nothing and allocate nothing. For one thread at a time.
 */
public final class CudaLatentQuantizer {
  private static final String FILE = "latent_quantizer.cu";

  static final List<KernelSource> SOURCES = List.of(KernelSource.of(FILE));

  /** Bytes of a tile's range. */
  public static final int RANGE_BYTES = 2 * Integer.BYTES;

  // as in the kernels
  private static final int THREADS = 256;
  private static final int QUAD = 4;
  private static final int VALUES_PER_PART = THREADS * QUAD * 8;

  private static final int BLOCKS_PER_MULTIPROCESSOR = 8;

  private final double top;
  private final double step;
  private final CudaIntegers.Form form;
  private final Kernel ranges;
  private final Kernel quantize;
  private final Kernel restore;
  private final int mostBlocks;
  private final Arguments arguments = new Arguments();

  /**
   * A quantizer.
   *
   * @param spec {@code reference-eb} with its bits
   * @param form how integers stand in memory
   * @throws TesseraException.Invalid if the quantizer is another one
   */
  public CudaLatentQuantizer(CudaContext context, QuantizerSpec spec, CudaIntegers.Form form) {
    if (spec.kind() != QuantizerSpec.Kind.REFERENCE) {
      throw new TesseraException.Invalid("this quantizer is reference-eb, not " + spec);
    }
    top = Math.scalb(1.0, spec.bits());
    step = 2 * spec.value();
    this.form = form;
    KernelModule module = context.module(KernelSource.of(FILE));
    ranges = module.kernel("latent_ranges");
    boolean shorts = form == CudaIntegers.Form.SHORT;
    quantize = module.kernel(shorts ? "latent_shorts" : "latent_ints");
    restore = module.kernel(shorts ? "latents_of_shorts" : "latents_of_ints");
    mostBlocks = BLOCKS_PER_MULTIPROCESSOR * context.device().multiprocessors();
  }

  /**
   * Makes integers of latents, and tells the range of each tile.
   *
   * @param latents {@code tiles × perTile} float32, aligned to 16 bytes
   * @param perTile values of a tile's latent, a multiple of 4
   * @param ranges_dev receives {@link #RANGE_BYTES} for each tile, in a form of the kernels' own
   * @param integers receives as many integers as there are latents
   * @param error an i32, set to 1 where a latent is not finite
   * @throws TesseraException.Invalid if sizes do not fit together
   */
  public void quantize(
      CudaStream stream,
      DeviceBuffer latents,
      int tiles,
      int perTile,
      DeviceBuffer ranges_dev,
      DeviceBuffer integers,
      DeviceBuffer error) {
    requireFit(latents, tiles, perTile, ranges_dev, integers);
    stream.fillInts(ranges_dev.slice(0, (long) tiles * RANGE_BYTES), 0);
    int parts = Math.ceilDiv(perTile, VALUES_PER_PART);
    ranges.launch(
        stream,
        LaunchShape.of((long) tiles * parts, THREADS),
        arguments.reset().add(latents).add(perTile).add(parts).add(ranges_dev).add(error));
    run(quantize, stream, latents, tiles, perTile, ranges_dev, 1 / step, integers);
  }

  /**
   * Makes latents of integers.
   *
   * @param ranges_dev as {@link #quantize} gave them
   * @param latents receives as many float32 values as there are integers
   * @throws TesseraException.Invalid if sizes do not fit together
   */
  public void restore(
      CudaStream stream,
      DeviceBuffer integers,
      int tiles,
      int perTile,
      DeviceBuffer ranges_dev,
      DeviceBuffer latents) {
    requireFit(latents, tiles, perTile, ranges_dev, integers);
    run(restore, stream, integers, tiles, perTile, ranges_dev, step, latents);
  }

  private void run(
      Kernel kernel,
      CudaStream stream,
      DeviceBuffer from,
      int tiles,
      int perTile,
      DeviceBuffer ranges_dev,
      double factor,
      DeviceBuffer to) {
    long quads = (long) tiles * perTile / QUAD;
    long blocks = Math.clamp(Math.ceilDiv(quads, (long) THREADS), 1, mostBlocks);
    kernel.launch(
        stream,
        LaunchShape.of(blocks, THREADS),
        arguments
            .reset()
            .add(from)
            .add(ranges_dev)
            .add(perTile)
            .add(top)
            .add(factor)
            .add(quads)
            .add(to));
  }

  private void requireFit(
      DeviceBuffer latents,
      int tiles,
      int perTile,
      DeviceBuffer ranges_dev,
      DeviceBuffer integers) {
    long values = (long) tiles * perTile;
    boolean fits =
        perTile > 0
            && perTile % QUAD == 0
            && latents.bytes() >= values * Float.BYTES
            && integers.bytes() >= values * form.bytes()
            && ranges_dev.bytes() >= (long) tiles * RANGE_BYTES;
    if (!fits) {
      throw new TesseraException.Invalid(
          "buffers are too small for %d latents of %d values, or these are no multiple of 4"
              .formatted(tiles, perTile));
    }
  }
}
