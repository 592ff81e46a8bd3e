package dev.tessera.cuda.backend;

import dev.tessera.cuda.NvComp;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;

/** Which pipelines the device has, and what codes them. */
final class ChunkCoders {
  private ChunkCoders() {}

  /** Why the device cannot run a pipeline, and what to do; empty if it can. */
  static Optional<String> obstacle(PipelineSpec spec) {
    return spec.encoder().kind().isNvcomp() && NvComp.find().isEmpty()
        ? Optional.of(NvComp.absence())
        : Optional.empty();
  }

  /**
   * Whether the encoder runs on the device, and not on the CPU behind it. One that is left open
   * becomes one that does, unless {@code zstd} is shorter.
   */
  static boolean encodesOnDevice(EncoderSpec encoder) {
    return switch (encoder.kind()) {
      case BITPACK, RANS, BITCOMP, ANS, BEST -> true;
      case ZSTD, RAW -> false;
    };
  }

  /**
   * A coder.
   *
   * @throws TesseraException.Unsupported if the encoder is one of nvCOMP's and that is not there
   */
  static DeviceChunkCoder of(
      EncoderSpec encoder, LaneResources resources, ChunkMemory memory, ForkJoinPool workers) {
    return switch (encoder.kind()) {
      case BITPACK -> new BitpackChunkCoder(resources, memory, workers);
      case RANS -> new RansChunkCoder(resources, memory, workers);
      case BITCOMP, ANS -> new NvcompChunkCoder(encoder.kind(), resources, memory, workers);
      default -> new ResidualChunkCoder(resources, memory, workers);
    };
  }
}
