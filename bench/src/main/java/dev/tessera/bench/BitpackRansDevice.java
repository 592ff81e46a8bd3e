package dev.tessera.bench;

import dev.tessera.cuda.CudaGraph;
import dev.tessera.cuda.CudaPipeline;
import dev.tessera.cuda.CudaPipelineChunks;
import dev.tessera.cuda.CudaPipelineGeometry;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.quant.Predictor;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.OptionalLong;

/** The encoder {@code bitpack} on the GPU over 32-bit symbols, a chunk per tile: a peer of rANS. */
final class BitpackRansDevice extends CudaLatentDevice {
  private static final int CHECK_BYTES = 2;

  @Override
  public String name() {
    return "cuda, bitpack";
  }

  @Override
  public boolean codesStreams() {
    return false;
  }

  @Override
  public boolean offers(RansProfile profile) {
    return false;
  }

  /** Symbols as they are: {@code round} of an integer is that integer. */
  static ChunkFormat format() {
    PipelineSpec spec = PipelineSpec.parse("round,none,bitpack");
    return new ChunkFormat(
        DataType.INT32,
        null,
        new QuantizationFit(spec, DataType.INT32, null).finish(),
        Predictor.NONE,
        EncoderSpec.BITPACK,
        OptionalLong.empty());
  }

  @Override
  List<? extends Coder> open(RansCase what, List<Input> from) {
    CudaPipeline pipeline = new CudaPipeline(session.context, format());
    int tiles = what.latents().tiles();
    int perTile = what.latents().symbols().length / tiles;
    CudaPipelineGeometry geometry = CudaPipelineGeometry.chunks(tiles, perTile, 1, 1, perTile);
    return from.stream().map(input -> new GraphCoder(pipeline, geometry, input)).toList();
  }

  private final class GraphCoder implements Coder {
    private final CudaPipelineChunks chunks;
    private final CudaGraph encode;
    private final CudaGraph decode;

    GraphCoder(CudaPipeline pipeline, CudaPipelineGeometry geometry, Input input) {
      long bytes = input.buffer().bytes();
      // incompressible symbols become a little longer
      chunks = CudaPipelineChunks.allocate(session.device, geometry, bytes + bytes / 4 + (1 << 20));
      encode =
          session.stream.capture(
              () -> pipeline.encode(session.stream, geometry, input.buffer(), chunks));
      decode =
          session.stream.capture(
              () -> pipeline.decode(session.stream, geometry, chunks, input.decoded()));
    }

    @Override
    public void encode() {
      encode.launch(session.stream);
    }

    @Override
    public void decode() {
      decode.launch(session.stream);
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
    public RansTimes times(Samples encoding, Samples decoding) {
      long bytes = 0;
      long lengths = 0;
      for (int words : session.download(chunks.sizes()).toArray(ValueLayout.JAVA_INT)) {
        bytes += (long) words * Integer.BYTES;
        lengths += CHECK_BYTES + StreamLengths.varint((long) words * Integer.BYTES);
      }
      return new RansTimes(encoding, decoding, bytes, lengths, 0, 0);
    }

    @Override
    public void close() {
      encode.close();
      decode.close();
    }
  }
}
