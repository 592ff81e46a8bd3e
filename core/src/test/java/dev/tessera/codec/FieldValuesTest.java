package dev.tessera.codec;

import static dev.tessera.codec.LearnedRoundTrip.FACTORIZED;
import static dev.tessera.codec.LearnedRoundTrip.HYPERPRIOR;
import static dev.tessera.codec.LearnedRoundTrip.MINMAX;
import static dev.tessera.codec.LearnedRoundTrip.decompress;
import static dev.tessera.codec.RoundTrip.bytes;
import static dev.tessera.codec.RoundTrip.compress;
import static dev.tessera.codec.RoundTrip.reader;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.model.Model;
import dev.tessera.pipeline.PipelineSpec;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Lanes that take a field's own values give the files and fields of those that do not. */
final class FieldValuesTest {
  private static void same(Field field, Model model, CodecOptions options) throws IOException {
    same(field, model, null, options);
  }

  private static void same(Field field, Model model, PipelineSpec pipeline, CodecOptions options)
      throws IOException {
    try (Codec cpu = open(model, pipeline, options.withDevice("cpu"));
        Codec own = open(model, pipeline, options.withDevice("normalizing"))) {
      byte[] file = compress(cpu, field);
      assertThat(compress(own, field)).isEqualTo(file);
      byte[] expected = bytes(decompress(cpu, file));
      assertThat(bytes(decompress(own, file))).isEqualTo(expected);
      Selection part = new Selection(1, 2, 3, 40, 5, 31);
      assertThat(bytes(decompress(own, file, part))).isEqualTo(bytes(decompress(cpu, file, part)));
      assertThat(own.verify(field, reader(file))).isEqualTo(cpu.verify(field, reader(file)));
    }
  }

  private static Codec open(Model model, PipelineSpec pipeline, CodecOptions options) {
    return pipeline == null ? Codec.open(model, options) : Codec.open(model, pipeline, options);
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void ofEveryType(DataType type) throws IOException {
    Field field = TestFields.smooth(type, 21, 5, 70, 66);
    for (String normalizer :
        new String[] {"minmax:slice", "meanstd:field", type.isFloat() ? "none" : "range"}) {
      same(field, FACTORIZED, MINMAX.withNormalizer(normalizer));
    }
    same(field, HYPERPRIOR, MINMAX.withTile(64, 64).withWork(2, 1, 3));
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32, 0", "FLOAT32, 16", "FLOAT64, 0", "INT16, 0", "INT32, 16", "UINT8, 0"})
  void withSpecialValues(DataType type, int overlap) throws IOException {
    Field waves = TestFields.smooth(type, 22, 5, 130, 140);
    double fill = type.isFloat() ? 1e20 : type.max();
    Field field = new Field(waves.info().withFill(fill), waves.data());
    for (int i = 0; i < 2 * 130 * 140; i += 97) {
      // slices without any as well
      type.set(field.data(), i, fill);
      if (type.isFloat()) {
        type.set(field.data(), i + 13, i % 2 == 0 ? Double.NaN : Double.NEGATIVE_INFINITY);
      }
    }
    CodecOptions options = MINMAX.withOverlap(overlap);
    same(field, FACTORIZED, options);
    String logarithms = type.isFloat() ? "asinh,minmax:slice" : "asinh:10,minmax:field";
    same(field, FACTORIZED, options.withNormalizer(logarithms));
    if (type.isFloat()) {
      // about half of the values cannot be taken, but few of them are alike
      for (int i = 0; i < 5 * 130 * 140; i++) {
        type.set(field.data(), i, i % 300 == 0 ? 0 : Math.abs(field.get(i)));
      }
      same(field, FACTORIZED, options.withNormalizer("log10,minmax:slice"));
    }
  }

  @Test
  void behindWhichThereIsAPipeline() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 23, 4, 70, 66);
    same(field, FACTORIZED, PipelineSpec.parse("minmax:8,reference-eb=0.8,bitpack"), MINMAX);
  }

  /** So many tiles that some are looked at before. */
  @Test
  void ofManyTiles() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 24, 9, 200, 230);
    same(field, FACTORIZED, MINMAX.withTile(16, 32));
  }
}
