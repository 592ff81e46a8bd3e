package dev.tessera.container;

import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.testing.TestData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The files of testdata/golden/tsr that pipelines made: small fields that are known by a formula.
 * {@link #main} made them.
 */
final class GoldenPipelines {
  /**
   * A file.
   *
   * @param name its name without extension
   * @param original the field
   * @param pipeline what coded it
   * @param options tiles
   * @param architecture golden model whose latents the pipeline codes; empty for the field itself
   */
  record Golden(
      String name,
      Field original,
      String pipeline,
      CodecOptions options,
      Optional<String> architecture) {
    Path path() {
      return TestData.file("golden/tsr/" + name + ".tsr");
    }

    Codec open() throws IOException {
      PipelineSpec spec = PipelineSpec.parse(pipeline);
      return architecture.isPresent()
          ? Codec.open(GoldenContainers.model(architecture.get()), spec, options)
          : Codec.open(spec, options);
    }

    byte[] make() throws IOException {
      try (Codec codec = open()) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        codec.compress(original, out);
        return out.toByteArray();
      }
    }
  }

  private static final CodecOptions DEFAULTS = CodecOptions.DEFAULTS;

  /** A volume with missing values; one chunk. */
  static final Golden BITPACK =
      new Golden(
          "pipeline-bitpack",
          masked(),
          "minmax,eb=abs:0.05,lorenzo3,bitpack",
          DEFAULTS,
          Optional.empty());

  /** Planes of counts; chunks clipped at both sides. */
  static final Golden RANS =
      new Golden(
          "pipeline-rans",
          counts(),
          "eb=rel:1e-3,lorenzo2,rans:2",
          DEFAULTS.withTile(64, 64),
          Optional.empty());

  /** A vector over many decades and of both signs, with zeros and an infinity. */
  static final Golden POINTWISE =
      new Golden(
          "pipeline-pointwise",
          decades(),
          "eb=pwrel:1e-3,lorenzo1,bitpack",
          DEFAULTS,
          Optional.empty());

  /** A normalizer with its numbers, slice by slice, and a value that does not fit. */
  static final Golden NORMALIZED =
      new Golden(
          "pipeline-normalized",
          positive(),
          "log10,meanstd:slice,eb=abs:0.01,none,zstd",
          DEFAULTS,
          Optional.empty());

  /** Large integers, of which many are exact. */
  static final Golden INTEGERS =
      new Golden(
          "pipeline-integers",
          integers(),
          "eb=abs:1000,lorenzo1,bitpack",
          DEFAULTS,
          Optional.empty());

  /** Latents of a model. */
  static final Golden LATENT =
      new Golden(
          "pipeline-latent",
          GoldenContainers.FACTORIZED.original(),
          "minmax:8,reference-eb=0.8,none,bitpack",
          GoldenContainers.FACTORIZED.options(),
          Optional.of(GoldenContainers.FACTORIZED.architecture()));

  static final List<Golden> ALL = List.of(BITPACK, RANS, POINTWISE, NORMALIZED, INTEGERS, LATENT);

  private GoldenPipelines() {}

  private static Field masked() {
    DataType type = DataType.FLOAT32;
    Field field =
        Field.allocate(FieldInfo.of("temperature", type, Shape.of(10, 20, 50)).withFill(-9999));
    for (int i = 0; i < 10 * 20 * 50; i++) {
      double x = i % 50 / 7.0;
      double y = i / 50 % 20 / 9.0;
      double z = i / 1000 / 3.0;
      type.set(field.data(), i, 280 + 15 * Math.sin(x + z) * Math.cos(y));
      if (i % 50 < 9 && i / 50 % 20 > 12) {
        type.set(field.data(), i, -9999);
      }
    }
    for (int i = 2500; i < 2512; i++) {
      type.setBits(field.data(), i, 0x7fc00000);
    }
    type.setBits(field.data(), 5000, 0x7f800000);
    // further from its neighbours than an integer reaches
    type.set(field.data(), 7777, 1e30);
    return field;
  }

  private static Field counts() {
    DataType type = DataType.UINT16;
    Field field = Field.allocate(FieldInfo.of("counts", type, Shape.of(3, 70, 90)));
    for (int i = 0; i < 3 * 70 * 90; i++) {
      double x = i % 90 - 40;
      double y = i / 90 % 70 - 30;
      double wide = 200 + 60 * (i / 6300);
      type.set(field.data(), i, Math.rint(100 + 3000 * Math.exp(-(x * x + y * y) / wide)));
    }
    return field;
  }

  private static Field decades() {
    DataType type = DataType.FLOAT64;
    Field field = Field.allocate(FieldInfo.of("", type, Shape.of(3000)));
    for (int i = 0; i < 3000; i++) {
      double value = Math.exp(30 * Math.sin(i / 200.0)) * (i % 7 == 0 ? -1 : 1);
      type.set(field.data(), i, i % 100 == 0 ? 0 : value);
    }
    type.set(field.data(), 50, Double.NEGATIVE_INFINITY);
    return field;
  }

  private static Field positive() {
    DataType type = DataType.FLOAT32;
    Field field = Field.allocate(FieldInfo.of("density", type, Shape.of(4, 12, 18)));
    for (int i = 0; i < 4 * 12 * 18; i++) {
      double power = 2 * Math.sin(i % 18 / 4.0) + Math.cos(i / 18 % 12 / 3.0) + i / 216;
      type.set(field.data(), i, Math.pow(10, power));
    }
    type.set(field.data(), 100, 0);
    return field;
  }

  private static Field integers() {
    DataType type = DataType.INT64;
    Field field = Field.allocate(FieldInfo.of("", type, Shape.of(5, 40)));
    for (int i = 0; i < 200; i++) {
      long wide = (1L << 53) + 12345L * i * i;
      type.setBits(field.data(), i, i % 9 == 0 ? i * 0x0123456789abcdefL : wide);
    }
    return field;
  }

  /** Makes the files anew, with the same warning as {@link GoldenContainers#main}. */
  public static void main(String[] args) throws IOException {
    for (Golden golden : ALL) {
      Files.write(TestData.file("golden/tsr").resolve(golden.name() + ".tsr"), golden.make());
    }
  }
}
