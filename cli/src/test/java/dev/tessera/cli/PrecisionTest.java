package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.tessera.field.DataType;
import dev.tessera.model.Calibration;
import dev.tessera.model.Model;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** --precision and calibrate. */
final class PrecisionTest extends CommandTest {
  @Test
  void theCpuKnowsOnePrecision() throws IOException {
    String field = waves(DataType.FLOAT32, 3, 40, 50);
    String[] compress = {
      "compress",
      field,
      path("a.tsr"),
      "--model",
      FACTORIZED,
      "--normalizer",
      "minmax",
      "--device",
      "cpu",
      "--precision"
    };
    run(with(compress, "fp32")).expectDone();
    run(with(compress, "fp16"))
        .expectError(Main.DATA, "the CPU computes in fp32, not in fp16", "CUDA device");
    run(with(compress, "ga=fp16,gs=fp32")).expectError(Main.DATA, "not in ga=fp16,gs=fp32");
    run(with(compress, "half")).expectError(Main.USAGE, "there is no precision 'half'", "fp16");
    run(with(compress, "fp8")).expectError(Main.USAGE, "tessera calibrate");
    run(
            "decompress",
            path("a.tsr"),
            path("b.npy"),
            "-m",
            FACTORIZED,
            "--precision",
            "fp16",
            "--device",
            "cpu")
        .expectError(Main.DATA, "fp16");
    run("compress", field, path("c.tsr"), "--precision", "fp16")
        .expectError(Main.USAGE, "name a model");
  }

  private static String[] with(String[] arguments, String last) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = last;
    return all;
  }

  @Test
  void calibrationGoesIntoTheModelFile() throws IOException {
    String field = waves(DataType.FLOAT32, 4, 70, 90);
    Run done =
        run(
                "calibrate",
                FACTORIZED,
                "--data",
                field,
                "--tiles",
                "3",
                "--normalizer",
                "minmax",
                "--out",
                path("calibrated.safetensors"))
            .expectDone();
    assertThat(done.text()).contains("g_a.2", "g_s.6", "tiles of");
    Model before = Model.read(Path.of(FACTORIZED));
    Model after = Model.read(Path.of(path("calibrated.safetensors")));
    assertThat(after.id()).isEqualTo(before.id());
    assertThat(Calibration.of(after).ranges()).hasSize(7);
    assertThat(after.metadata().get(Calibration.DATA_KEY)).contains("tiles of");
    // it is what fp8 asks for; what is missing now is the device
    run(
            "compress",
            field,
            path("a.tsr"),
            "--model",
            path("calibrated.safetensors"),
            "--normalizer",
            "minmax",
            "--device",
            "cpu",
            "--precision",
            "fp8")
        .expectError(Main.DATA, "the CPU computes in fp32, not in fp8");
  }

  @Test
  void aNamedModelIsCalibratedInTheModelFolder() throws IOException {
    String field = waves(DataType.FLOAT32, 3, 64, 64);
    run("import", FACTORIZED, "--name", "eight").expectDone();
    run("calibrate", "eight", "--data", field, "--normalizer", "minmax", "-q").expectDone();
    for (var entry : JsonParser.parseString(run("models", "--json").text()).getAsJsonArray()) {
      JsonObject model = entry.getAsJsonObject();
      if (model.get("name").getAsString().equals("eight")) {
        assertThat(model.getAsJsonObject("metadata").has("fp8.g_s.0")).isTrue();
        return;
      }
    }
    throw new AssertionError("the model has vanished");
  }

  @Test
  void calibrationNeedsValues() throws IOException {
    Path model = Files.copy(Path.of(FACTORIZED), folder.resolve("m.safetensors"));
    float[] nothing = new float[64 * 64];
    Arrays.fill(nothing, Float.NaN);
    ByteBuffer values = ByteBuffer.allocate(4 * nothing.length).order(ByteOrder.LITTLE_ENDIAN);
    values.asFloatBuffer().put(nothing);
    Files.write(folder.resolve("nan.dat"), values.array());
    String[] calibrate = {
      "calibrate",
      model.toString(),
      "--data",
      path("nan.dat"),
      "--shape",
      "64x64",
      "--dtype",
      "f32",
      "--normalizer",
      "minmax"
    };

    run(calibrate).expectError(Main.USAGE, "nan.dat' has no value to measure with");
    run(with(calibrate, "--fill=nan")).expectError(Main.USAGE, "nan.dat' has no value");
    assertThat(model).hasSameBinaryContentAs(Path.of(FACTORIZED));
    values.asFloatBuffer().put(1, 1).put(2, 2);
    Files.write(folder.resolve("nan.dat"), values.array());
    run(calibrate).expectDone();
  }

  /** A value in the first tile alone, and a look at the one in the middle. */
  @Test
  void calibrationNeedsValuesWhereItLooks() throws IOException {
    ByteBuffer values = ByteBuffer.allocate(4 * 512 * 512).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 2; i < 512 * 512; i++) {
      values.putFloat(4 * i, Float.NaN);
    }
    values.putFloat(4, 7);
    Files.write(folder.resolve("corner_512x512.f32"), values.array());
    String[] calibrate = {
      "calibrate",
      FACTORIZED,
      "--data",
      path("corner_512x512.f32"),
      "--normalizer",
      "minmax",
      "--out",
      path("m.safetensors"),
      "--tiles"
    };

    run(with(calibrate, "1")).expectError(Main.USAGE, "no tile that was looked at has a value");
    assertThat(names()).hasSize(1);
    assertThat(run(with(calibrate, "100")).expectDone().text()).contains(": 1 tiles of corner");
  }

  @Test
  void calibrationTakesSensibleNumbers() throws IOException {
    String field = waves(DataType.FLOAT32, 3, 64, 64);
    run("calibrate", FACTORIZED, "--data", field, "--tiles", "0")
        .expectError(Main.USAGE, "--tiles");
    run("calibrate", FACTORIZED).expectError(Main.USAGE, "--data");
    run("calibrate", MEAN_SCALE, "--data", field, "--normalizer", "minmax")
        .expectError(Main.USAGE, ".safetensors", "--out");
  }
}
