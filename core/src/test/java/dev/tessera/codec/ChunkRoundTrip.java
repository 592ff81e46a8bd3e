package dev.tessera.codec;

import static dev.tessera.codec.RoundTrip.reader;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.pipeline.PipelineSpec;
import java.io.IOException;
import java.math.BigDecimal;

/** What the tests of codecs of pipelines need to restore and to compare. */
final class ChunkRoundTrip {
  static final CodecOptions SMALL_TILES = CodecOptions.DEFAULTS.withTile(32, 48);

  private ChunkRoundTrip() {}

  static Codec open(String pipeline, CodecOptions options) {
    return Codec.open(PipelineSpec.parse(pipeline), options);
  }

  static Codec open(String pipeline) {
    return open(pipeline, CodecOptions.DEFAULTS);
  }

  static Field decompress(Codec codec, byte[] container) throws IOException {
    ContainerReader reader = reader(container);
    codec.check(reader);
    Field restored = Field.allocate(reader.header().field());
    codec.decompress(reader, restored);
    return restored;
  }

  /** The largest error, in exact arithmetic. */
  static BigDecimal largestError(Field was, Field is) {
    BigDecimal largest = BigDecimal.ZERO;
    for (long i = 0; i < was.info().shape().elements(); i++) {
      if (Double.isFinite(was.get(i))) {
        largest = largest.max(exact(was, i).subtract(exact(is, i)).abs());
      }
    }
    return largest;
  }

  private static BigDecimal exact(Field field, long i) {
    return field.info().type() == DataType.INT64
        ? BigDecimal.valueOf(DataType.INT64.getBits(field.data(), i))
        : new BigDecimal(field.get(i));
  }
}
