package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.EncoderSpec;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Pipelines with the encoder {@code bitpack} on a device, byte for byte what {@link
 * dev.tessera.pipeline.ChunkCoder} makes (FORMAT.md, "Pipelines"): values in device memory to
 * chunks in device memory and back. Calls wait for nothing and allocate nothing, so a graph can
 * hold them. For one thread at a time.
 *
 * <p>Chunks are always of the form 0 (coded). One that would be longer than its values is of form 1
 * in a file; whoever stores chunks makes that one on the CPU.
 */
public final class CudaPipeline {
  private static final String ENCODE = "pipeline_encode.cu";
  private static final String DECODE = "pipeline_decode.cu";

  static final List<KernelSource> SOURCES =
      Stream.of(ENCODE, DECODE).flatMap(CudaPipelineParameters::sources).toList();

  // as in the kernels
  private static final int WARPS = 4;
  private static final int WARP_THREADS = 32;
  private static final int ENCODER_SHARED = WARPS * (28 + 128 + 1024 + 2048 + 4) * Integer.BYTES;
  private static final int DECODER_SHARED = WARPS * (1280 + 4 + 1024) * Integer.BYTES;

  private final ChunkFormat format;
  private final CudaPipelineParameters parameters;
  private final Kernel encode;
  private final Kernel decode;
  private final Arguments arguments = new Arguments();

  /**
   * A coder for chunks of one format.
   *
   * @throws TesseraException.Unsupported if {@link #unsupported} has a reason
   */
  public CudaPipeline(CudaContext context, ChunkFormat format) {
    unsupported(format)
        .ifPresent(reason -> {
          throw new TesseraException.Unsupported(reason);
        });
    this.format = format;
    parameters = new CudaPipelineParameters(format);
    encode =
        context.module(CudaPipelineParameters.source(ENCODE, format)).kernel("pipeline_encode");
    decode =
        context.module(CudaPipelineParameters.source(DECODE, format)).kernel("pipeline_decode");
  }

  /** Why this cannot code a format; empty if it can. */
  public static Optional<String> unsupported(ChunkFormat format) {
    if (format.encoder().kind() != EncoderSpec.Kind.BITPACK) {
      return Optional.of("these kernels know bitpack alone, not " + format.encoder());
    }
    return Optional.empty();
  }

  /** Thread blocks of a launch for a geometry. */
  static long threadBlocks(CudaPipelineGeometry geometry) {
    return (long) geometry.chunks() * tilesPerChunk(geometry);
  }

  private static int tilesPerChunk(CudaPipelineGeometry geometry) {
    return Math.ceilDiv(geometry.mostBlocks(), WARPS);
  }

  /**
   * Encodes all chunks of a geometry in a stream. Chunks follow each other in the words. Where
   * there is no room for all, some are missing and the error says so.
   *
   * @param values elements of the format's type
   * @param maps as {@link CudaPlaneMaps} makes them; null where the format needs none
   * @param chunks receives words, starts, sizes, checks and error
   */
  public void encode(
      CudaStream stream,
      CudaPipelineGeometry geometry,
      DeviceBuffer values,
      DeviceBuffer maps,
      CudaPipelineChunks chunks) {
    requireValues(geometry, values);
    requireChunks(geometry, chunks);
    long blocks = threadBlocks(geometry);
    DeviceBuffer counters = chunks.counters();
    if (counters.bytes() < CudaPipelineChunks.counterBytes(geometry)) {
      throw new TesseraException.Invalid(
          "counters of %d bytes are too small for encoding, which needs %d"
              .formatted(counters.bytes(), CudaPipelineChunks.counterBytes(geometry)));
    }
    stream.fill(counters, 0);
    arguments
        .reset()
        .add(
            parameters.of(
                geometry,
                tilesPerChunk(geometry),
                values,
                maps,
                chunks.words().bytes() / Integer.BYTES))
        .add(values)
        .add(chunks.words())
        .add(counters.address())
        .add(counters.address() + blocks * Long.BYTES)
        .add(chunks.checks())
        .add(chunks.starts())
        .add(chunks.sizes())
        .add(chunks.error());
    encode.launch(
        stream, LaunchShape.of(blocks, WARPS * WARP_THREADS).shared(ENCODER_SHARED), arguments);
  }

  /**
   * Decodes all chunks of a geometry in a stream. Starts and sizes are in device memory too and are
   * trusted to lie within the words; the words are not trusted.
   *
   * @param chunks words, starts and sizes; receives checks and error
   * @param maps as for {@link #encode}
   * @param values receives elements of the format's type
   */
  public void decode(
      CudaStream stream,
      CudaPipelineGeometry geometry,
      CudaPipelineChunks chunks,
      DeviceBuffer maps,
      DeviceBuffer values) {
    requireValues(geometry, values);
    requireChunks(geometry, chunks);
    stream.fill(chunks.tail(), 0);
    arguments
        .reset()
        .add(parameters.of(geometry, tilesPerChunk(geometry), values, maps, 0))
        .add(chunks.words())
        .add(chunks.starts())
        .add(chunks.sizes())
        .add(values)
        .add(chunks.checks())
        .add(chunks.error());
    decode.launch(
        stream,
        LaunchShape.of(threadBlocks(geometry), WARPS * WARP_THREADS).shared(DECODER_SHARED),
        arguments);
  }

  /** {@link #encode} for formats that need no maps of planes. */
  public void encode(
      CudaStream stream,
      CudaPipelineGeometry geometry,
      DeviceBuffer values,
      CudaPipelineChunks chunks) {
    encode(stream, geometry, values, null, chunks);
  }

  /** {@link #decode} for formats that need no maps of planes. */
  public void decode(
      CudaStream stream,
      CudaPipelineGeometry geometry,
      CudaPipelineChunks chunks,
      DeviceBuffer values) {
    decode(stream, geometry, chunks, null, values);
  }

  private void requireValues(CudaPipelineGeometry geometry, DeviceBuffer values) {
    long bytes = geometry.span() * format.type().bytes();
    if (values.bytes() < bytes || values.address() % format.type().bytes() != 0) {
      throw new TesseraException.Invalid(
          "values of %d bytes are not the %d bytes of the field".formatted(values.bytes(), bytes));
    }
  }

  private static void requireChunks(CudaPipelineGeometry geometry, CudaPipelineChunks chunks) {
    if (chunks.chunks() != geometry.chunks()) {
      throw new TesseraException.Invalid(
          "memory for %d chunks does not fit a field of %d"
              .formatted(chunks.chunks(), geometry.chunks()));
    }
  }
}
