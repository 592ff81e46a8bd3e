package dev.tessera.bench;

import dev.tessera.cuda.CudaPipeline;
import dev.tessera.cuda.CudaPipelineChunks;
import dev.tessera.cuda.CudaPipelineGeometry;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The encoder {@code bitpack} over 32-bit symbols as they are, a chunk per tile. */
final class BitpackLatentCoder implements LatentCoder {
  private final CudaSession session;
  private final CudaPipeline pipeline;
  private final CudaPipelineGeometry geometry;
  private final CudaPipelineChunks chunks;

  BitpackLatentCoder(CudaSession session, int tiles, int perTile) {
    this(session, BitpackRansDevice.format(), tiles, perTile);
  }

  /**
   * Chunks of any format with the encoder {@code bitpack}.
   *
   * @param format of 32-bit values
   */
  BitpackLatentCoder(CudaSession session, ChunkFormat format, int tiles, int perTile) {
    this.session = session;
    pipeline = new CudaPipeline(session.context, format);
    geometry = CudaPipelineGeometry.chunks(tiles, perTile, 1, 1, perTile);
    long bytes = (long) tiles * perTile * Integer.BYTES;
    // incompressible symbols become a little longer
    chunks = CudaPipelineChunks.allocate(session.device, geometry, bytes + bytes / 4 + (1 << 20));
  }

  @Override
  public boolean takesSymbols() {
    return true;
  }

  @Override
  public boolean fitsGraph() {
    return true;
  }

  @Override
  public void encode(DeviceBuffer symbols) {
    pipeline.encode(session.stream, geometry, symbols, chunks);
  }

  @Override
  public void decode(DeviceBuffer symbols) {
    pipeline.decode(session.stream, geometry, chunks, symbols);
  }

  @Override
  public void requireClean() {
    long mark = session.pinned.mark();
    int error = session.download(chunks.error()).get(ValueLayout.JAVA_INT, 0);
    session.pinned.reset(mark);
    if (error != 0) {
      throw new TesseraException.Corrupt("bitpack reports error " + error, -1);
    }
  }

  @Override
  public void requireRestored(MemorySegment encoded, MemorySegment decoded) {
    RansLatentCoder.requireSame("bitpack", encoded, decoded);
  }

  @Override
  public long bytes() {
    long mark = session.pinned.mark();
    long total = 0;
    for (int words : session.download(chunks.sizes()).toArray(ValueLayout.JAVA_INT)) {
      long bytes = (long) words * Integer.BYTES;
      total += bytes + StreamLengths.varint(bytes);
    }
    session.pinned.reset(mark);
    return total;
  }
}
