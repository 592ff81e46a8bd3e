package dev.tessera.container;

import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.model.Model;
import dev.tessera.testing.TestData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The files of testdata/golden/tsr: small fields that are known by a formula, compressed with the
 * golden models. They must keep decoding for as long as there is a version 1. {@link #main} made
 * them.
 */
final class GoldenContainers {
  private GoldenContainers() {}

  /**
   * One golden file.
   *
   * @param architecture the golden model that it was made with
   */
  record Golden(String name, String architecture, Field original, CodecOptions options) {
    Path path() {
      return TestData.file("golden/tsr/" + name + ".tsr");
    }

    Model model() throws IOException {
      return GoldenContainers.model(architecture);
    }
  }

  static final Golden FACTORIZED =
      new Golden(
          "factorized",
          "bmshj2018-factorized",
          masked(),
          CodecOptions.DEFAULTS
              .withNormalizer("minmax:slice")
              .withProfile(StreamPlan.Profile.COMPATIBLE)
              .withChannelsPerStream(8));

  static final Golden MEAN_SCALE =
      new Golden(
          "mean-scale",
          "mbt2018-mean",
          counts(),
          CodecOptions.DEFAULTS
              .withNormalizer("log1p,meanstd:field")
              .withTile(64, 64)
              .withOverlap(8)
              .withProfile(StreamPlan.Profile.COMPATIBLE)
              .withChannelsPerStream(16));

  /** The field and model of {@link #FACTORIZED}; more streams than a tile lists one by one. */
  static final Golden COMPACT =
      new Golden(
          "compact",
          FACTORIZED.architecture(),
          FACTORIZED.original(),
          FACTORIZED.options().withProfile(StreamPlan.Profile.COMPACT).withChannelsPerStream(2));

  /** The field and model of {@link #MEAN_SCALE}. */
  static final Golden COMPACT_MEAN_SCALE =
      new Golden(
          "compact-mean-scale",
          MEAN_SCALE.architecture(),
          MEAN_SCALE.original(),
          MEAN_SCALE.options().withProfile(StreamPlan.Profile.COMPACT));

  /** So many tiles that frequencies of zero channels are measured. */
  static final Golden COMPACT_MEASURED =
      new Golden(
          "compact-measured",
          FACTORIZED.architecture(),
          ramp(),
          CodecOptions.DEFAULTS.withNormalizer("range").withTile(16, 16).withChannelsPerStream(8));

  static final List<Golden> ALL =
      List.of(FACTORIZED, MEAN_SCALE, COMPACT, COMPACT_MEAN_SCALE, COMPACT_MEASURED);

  static Model model(String architecture) throws IOException {
    return Model.read(TestData.file("golden/" + architecture + "/checkpoint.pth.tar"));
  }

  /** Waves with a fill value, a patch of NaN, an infinity, a name and attributes. */
  private static Field masked() {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("units", "K");
    attributes.put("long_name", "surface temperature");
    DataType type = DataType.FLOAT32;
    FieldInfo info =
        new FieldInfo(
                "temperature",
                type,
                Shape.of(3, 40, 50),
                java.util.OptionalLong.empty(),
                attributes)
            .withFill(-9999);
    Field field = Field.allocate(info);
    for (int i = 0; i < 3 * 40 * 50; i++) {
      int slice = i / 2000;
      double x = i % 50 / 7.0;
      double y = i / 50 % 40 / 9.0;
      type.set(field.data(), i, 280 + 15 * Math.sin(x + slice) * Math.cos(y));
      if (i % 50 < 9 && i / 50 % 40 > 30) {
        type.set(field.data(), i, -9999);
      }
    }
    for (int i = 2500; i < 2512; i++) {
      type.setBits(field.data(), i, Float.floatToRawIntBits(Float.NaN));
    }
    type.setBits(field.data(), 5000, Float.floatToRawIntBits(Float.POSITIVE_INFINITY));
    return field;
  }

  /** A bump on a background, as a detector counts it; the last of two groups is padded. */
  private static Field counts() {
    DataType type = DataType.UINT16;
    Field field = Field.allocate(FieldInfo.of("counts", type, Shape.of(4, 70, 90)));
    for (int i = 0; i < 4 * 70 * 90; i++) {
      double x = i % 90 - 40;
      double y = i / 90 % 70 - 30;
      int slice = i / 6300;
      double wide = 200 + 60 * slice;
      type.set(field.data(), i, Math.rint(100 + 3000 * Math.exp(-(x * x + y * y) / wide)));
    }
    return field;
  }

  /** A slope with a fold, 256 tiles of it. */
  private static Field ramp() {
    DataType type = DataType.UINT8;
    Field field = Field.allocate(FieldInfo.of("ramp", type, Shape.of(256, 256)));
    for (int i = 0; i < 256 * 256; i++) {
      type.set(field.data(), i, Math.abs(i % 256 - i / 256));
    }
    return field;
  }

  static byte[] make(Golden golden) throws IOException {
    try (Codec codec = Codec.open(golden.model(), golden.options())) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      codec.compress(golden.original(), out);
      return out.toByteArray();
    }
  }

  /**
   * Makes the files anew. That is only right while no release has written version 1: from then on
   * these files are the promise that old files stay readable, and a change of the format gets files
   * of its own. Afterwards {@link ErrorFiles} has to run, and the numbers of {@link
   * GoldenContainersTest} are to be looked at.
   */
  public static void main(String[] args) throws IOException {
    for (Golden golden : ALL) {
      Files.write(TestData.file("golden/tsr").resolve(golden.name() + ".tsr"), make(golden));
    }
  }
}
