package dev.tessera.bench;

import dev.tessera.codec.LatentFormat;
import dev.tessera.cuda.CudaIntegers;
import dev.tessera.cuda.CudaLatentQuantizer;
import dev.tessera.cuda.CudaPipelineGeometry;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The first half of a pipeline over latents: float32 values to integers and back. */
interface LatentIntegers {
  /** Queues making integers in {@link #encoded}. */
  void quantize(DeviceBuffer latents);

  /** Queues making latents of {@link #decoded}. */
  void restore(DeviceBuffer latents);

  /** Integers, tile after tile. */
  DeviceBuffer encoded();

  /** Where integers come back to. */
  DeviceBuffer decoded();

  /** Bytes of a tile's integers. */
  long bytesPerTile();

  /**
   * Waits.
   *
   * @throws TesseraException.Unsupported if a value cannot be held by an integer
   */
  void requireClean();

  /** {@code reference-eb}, by the range of each tile. */
  final class Ranged implements LatentIntegers {
    private final CudaSession session;
    private final CudaLatentQuantizer quantizer;
    private final int tiles;
    private final int perTile;
    private final DeviceBuffer ranges;
    private final DeviceBuffer error;
    private final DeviceBuffer encoded;
    private final DeviceBuffer decoded;
    private final CudaIntegers.Form form;

    Ranged(
        CudaSession session, LatentFormat format, CudaIntegers.Form form, int tiles, int perTile) {
      this.session = session;
      this.tiles = tiles;
      this.perTile = perTile;
      this.form = form;
      quantizer = new CudaLatentQuantizer(session.context, format.spec().quantizer(), form);
      ranges = session.device.allocate((long) tiles * CudaLatentQuantizer.RANGE_BYTES);
      error = session.device.allocate(Integer.BYTES);
      session.stream.fillInts(error, 0);
      encoded = session.device.allocate(tiles * bytesPerTile());
      decoded = session.device.allocate(tiles * bytesPerTile());
    }

    @Override
    public void quantize(DeviceBuffer latents) {
      quantizer.quantize(session.stream, latents, tiles, perTile, ranges, encoded, error);
    }

    @Override
    public void restore(DeviceBuffer latents) {
      quantizer.restore(session.stream, decoded, tiles, perTile, ranges, latents);
    }

    @Override
    public DeviceBuffer encoded() {
      return encoded;
    }

    @Override
    public DeviceBuffer decoded() {
      return decoded;
    }

    @Override
    public long bytesPerTile() {
      return (long) perTile * form.bytes();
    }

    @Override
    public void requireClean() {
      requireZero(session, error);
    }
  }

  /** Quantizers with the same numbers for all tiles. */
  final class Fixed implements LatentIntegers {
    private static final CudaIntegers.Form FORM = CudaIntegers.Form.INT;

    private final CudaSession session;
    private final CudaIntegers integers;
    private final CudaPipelineGeometry geometry;
    private final DeviceBuffer exact;
    private final DeviceBuffer counts;
    private final DeviceBuffer checks;
    private final DeviceBuffer encoded;
    private final DeviceBuffer decoded;
    private final long bytesPerTile;

    Fixed(CudaSession session, LatentFormat format, int tiles, int perTile) {
      this.session = session;
      integers = new CudaIntegers(session.context, format.chunkFormat(MemorySegment.NULL));
      geometry = CudaPipelineGeometry.chunks(tiles, perTile, 1, 1, perTile);
      long blocks = new BlockGeometry(1, 1, perTile).blocks();
      bytesPerTile = CudaIntegers.integerBytes(blocks, FORM);
      exact = session.device.allocate(CudaIntegers.maskBytes(tiles * blocks));
      counts = session.device.allocate((long) tiles * Integer.BYTES);
      checks = session.device.allocate((long) tiles * Integer.BYTES);
      encoded = session.device.allocate(tiles * bytesPerTile);
      decoded = session.device.allocate(tiles * bytesPerTile);
    }

    @Override
    public void quantize(DeviceBuffer latents) {
      session.stream.fillInts(counts, 0);
      session.stream.fillInts(checks, 0);
      integers.encode(
          session.stream, geometry, latents, null, FORM, encoded, exact, counts, checks);
    }

    @Override
    public void restore(DeviceBuffer latents) {
      session.stream.fillInts(checks, 0);
      integers.decode(session.stream, geometry, decoded, FORM, null, latents, checks);
    }

    @Override
    public DeviceBuffer encoded() {
      return encoded;
    }

    @Override
    public DeviceBuffer decoded() {
      return decoded;
    }

    @Override
    public long bytesPerTile() {
      return bytesPerTile;
    }

    @Override
    public void requireClean() {
      requireZero(session, counts);
    }
  }

  /** Fails unless nothing was counted that no integer holds. */
  private static void requireZero(CudaSession session, DeviceBuffer words) {
    long mark = session.pinned.mark();
    int[] found = session.download(words).toArray(ValueLayout.JAVA_INT);
    session.pinned.reset(mark);
    for (int word : found) {
      if (word != 0) {
        throw new TesseraException.Unsupported(
            "the model gives latents that the quantizer cannot hold: its weights do not suit these"
                + " tiles");
      }
    }
  }
}
