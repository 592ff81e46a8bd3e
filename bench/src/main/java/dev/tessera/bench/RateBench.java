package dev.tessera.bench;

import dev.tessera.codec.Codec;
import dev.tessera.container.ContainerReader;
import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.io.PendingFile;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.NormalizerSpec;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Compresses a field into a real file, restores it, and measures both. */
public final class RateBench {
  private RateBench() {}

  /**
   * One point of a curve. File and restored field lie in the temporary folder while it is measured.
   *
   * @param curve which points belong together
   * @param label what this point is
   */
  public static RatePoint measure(EvaluationField field, Codec codec, String curve, String label)
      throws IOException {
    FieldInfo info = field.source().info();
    try (PendingFile file = PendingFile.scratch();
        PendingFile back = PendingFile.scratch();
        Arena arena = Arena.ofShared()) {
      long start = System.nanoTime();
      long bytes;
      try (OutputStream out =
          new BufferedOutputStream(Files.newOutputStream(file.path()), 1 << 16)) {
        bytes = codec.compress(field.source(), out);
      }
      double encodeSeconds = secondsSince(start);
      back.extend(info.bytes());
      MemorySegment mapped = back.channel().map(MapMode.READ_WRITE, 0, info.bytes(), arena);
      Field restored = new Field(info, mapped);
      try (ContainerReader container = ContainerReader.open(file.path())) {
        start = System.nanoTime();
        codec.decompress(container, restored);
        double decodeSeconds = secondsSince(start);
        Map<Domain, DomainQuality> quality = field.compare(restored);
        Map<Domain, Double> psnr = new EnumMap<>(Domain.class);
        quality.forEach((domain, of) -> psnr.put(domain, of.metrics().psnr()));
        long values = info.shape().elements();
        return new RatePoint(
            curve,
            label,
            field.name(),
            8.0 * bytes / values,
            psnr,
            Optional.of(
                new RatePoint.Measured(
                    normalizer(container.header()),
                    values,
                    info.bytes(),
                    bytes,
                    container.sizes(streams(codec, container)).streams(),
                    encodeSeconds,
                    decodeSeconds,
                    quality)));
      }
    }
  }

  private static NormalizerSpec normalizer(Header header) {
    return Codec.pipeline(header)
        .map(PipelineSpec::appliedNormalizer)
        .orElseGet(() -> NormalizerSpec.decode(header.stage(Stage.NORMALIZER).arguments()));
  }

  private static int streams(Codec codec, ContainerReader container) {
    return container.header().hasPipeline() ? 1 : codec.tileFormat(container).streams();
  }

  private static double secondsSince(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
