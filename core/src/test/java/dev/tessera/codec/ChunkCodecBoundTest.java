package dev.tessera.codec;

import static dev.tessera.codec.ChunkRoundTrip.SMALL_TILES;
import static dev.tessera.codec.ChunkRoundTrip.decompress;
import static dev.tessera.codec.ChunkRoundTrip.largestError;
import static dev.tessera.codec.ChunkRoundTrip.open;
import static dev.tessera.codec.RoundTrip.compress;
import static dev.tessera.codec.RoundTrip.reader;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.Shape;
import java.io.IOException;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole fields of every shape and type come back through pipelines within the bound promised. */
final class ChunkCodecBoundTest {
  @ParameterizedTest
  @CsvSource({
    "'', 1",
    "1, 1",
    "7, 1",
    "5000, 105",
    "3x4, 1",
    "1x9, 1",
    "9x1, 1",
    "63x65, 4",
    "70x200, 15",
    "2x1x1, 1",
    "3x50x60, 12",
    "9x33x49, 4",
    "2x3x20x17, 6",
    "2x1x3x9x40, 6"
  })
  void everyShapeComesBackWithinTheBound(String dims, long chunks) throws IOException {
    Shape shape = dims.isEmpty() ? Shape.of() : Shape.parse(dims);
    Field field = TestFields.smooth(DataType.FLOAT32, 1, shape.dims());
    for (String pipeline : new String[] {"eb=abs:0.01", "eb=rel:1e-3,lorenzo3,bitpack"}) {
      try (Codec codec = open(pipeline, SMALL_TILES)) {
        byte[] container = compress(codec, field);
        assertThat(reader(container).header().grid().count()).isEqualTo(chunks);
        Field restored = decompress(codec, container);
        assertThat(restored.info()).isEqualTo(field.info());
        double bound = pipeline.startsWith("eb=abs") ? 0.01 : 1e-3 * 2.4;
        assertThat(largestError(field, restored)).isLessThanOrEqualTo(new BigDecimal(bound));
        assertThat(codec.verify(field, reader(container)).bound().get().held()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void everyTypeKeepsItsBound(DataType type) throws IOException {
    Field field = TestFields.smooth(type, 2, 5, 70, 50);
    for (String encoder : new String[] {"bitpack", "rans:2", "zstd", "raw", "best"}) {
      for (double bound : type.isFloat() ? new double[] {0.003} : new double[] {0, 1, 300}) {
        // a bound below 1 leaves integers as they are
        String asked = bound == 0 ? "0.25" : Double.toString(bound);
        try (Codec codec = open("eb=abs:" + asked + "," + encoder)) {
          Field restored = decompress(codec, compress(codec, field));
          assertThat(restored.info()).isEqualTo(field.info());
          assertThat(largestError(field, restored)).isLessThanOrEqualTo(new BigDecimal(bound));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eb=pwrel:1e-2",
        "eb=pwrel:1e-5,lorenzo1,bitpack",
        "log10,eb=abs:0.01",
        "log10,meanstd:slice,eb=abs:0.01,lorenzo2,bitpack",
        "asinh:0.1,minmax:slice,eb=rel:1e-3",
        "minmax:field,eb=rel:1e-3",
        "round",
        "round,none,raw"
      })
  void everyPromiseIsKept(String pipeline) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 3, 6, 40, 70);
    for (int i = 0; i < 6 * 40 * 70; i++) {
      DataType.FLOAT32.set(field.data(), i, Math.exp(4 * field.get(i)));
    }
    try (Codec codec = open(pipeline, SMALL_TILES)) {
      byte[] container = compress(codec, field);
      Field restored = decompress(codec, container);
      BoundReport report = codec.verify(field, reader(container)).bound().get();
      assertThat(report.held()).isTrue();
      assertThat(report.values()).isEqualTo(6 * 40 * 70);
      assertThat(report.largest()).isLessThanOrEqualTo(report.bound()).isPositive();
      for (int i = 0; i < 6 * 40 * 70; i++) {
        double x = field.get(i);
        double y = restored.get(i);
        if (pipeline.contains("pwrel")) {
          assertThat(Math.abs(x - y) / x)
              .isLessThanOrEqualTo(pipeline.contains("1e-2") ? 1e-2 : 1e-5);
        } else if (pipeline.equals("log10,eb=abs:0.01")) {
          assertThat(Math.abs(Math.log10(x) - Math.log10(y))).isLessThan(0.01 + 1e-9);
        } else if (pipeline.startsWith("round")) {
          assertThat(y).isEqualTo(Math.rint(x));
        }
      }
    }
  }

  @Test
  void theReferencesQuantizerPromisesNothing() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 4, 3, 64, 64);
    try (Codec codec = open("minmax:8,reference-eb=0.8,lorenzo3,bitpack")) {
      byte[] container = compress(codec, field);
      assertThat(codec.verify(field, reader(container)).bound()).isEmpty();
      // 256 levels in steps of 1.6
      double range = codec.verify(field, reader(container)).total().range();
      assertThat(largestError(field, decompress(codec, container)).doubleValue())
          .isBetween(0.5 * range * 0.8 / 256, 1.01 * range * 0.8 / 256);
    }
  }
}
