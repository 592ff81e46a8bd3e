package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs commands in this process, with a folder for their files and an empty model folder of their
 * own.
 */
abstract class CommandTest {
  static final String FACTORIZED = model("bmshj2018-factorized/weights.safetensors");
  static final String MEAN_SCALE = model("mbt2018-mean/checkpoint.pth.tar");

  @TempDir Path folder;
  @TempDir private Path home;
  private String formerHome;

  @BeforeEach
  final void separateModelFolder() {
    assertThat(System.getenv("TESSERA_MODELS"))
        .as("unset TESSERA_MODELS: these tests install models")
        .isNullOrEmpty();
    formerHome = System.setProperty("user.home", home.toString());
  }

  @AfterEach
  final void restoreHome() {
    System.setProperty("user.home", formerHome);
  }

  /** What a command did. */
  record Run(int code, byte[] output, String errors) {
    String text() {
      return new String(output, StandardCharsets.UTF_8);
    }

    JsonObject json() {
      return JsonParser.parseString(text()).getAsJsonObject();
    }

    /** This run, which must have ended well. */
    Run expectDone() {
      assertThat(code).as(errors).isZero();
      return this;
    }

    /** Exactly one line on standard error, which says all of this, and nothing else anywhere. */
    void expectError(int expectedCode, String... parts) {
      assertThat(errors).startsWith("tessera: ").doesNotContain("\tat ").endsWith("\n");
      assertThat(errors.lines()).hasSize(1);
      assertThat(errors).contains(parts);
      assertThat(code).as(errors).isEqualTo(expectedCode);
      assertThat(output).isEmpty();
    }
  }

  static Run run(String... args) {
    return run(new byte[0], args);
  }

  static Run run(byte[] input, String... args) {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    return run(input, output, output, args);
  }

  /** Runs a command whose standard output goes to {@code sink}. */
  static Run run(byte[] input, OutputStream sink, ByteArrayOutputStream seen, String... args) {
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    InputStream formerIn = System.in;
    PrintStream formerOut = System.out;
    PrintStream formerErr = System.err;
    System.setIn(new ByteArrayInputStream(input));
    System.setOut(new PrintStream(sink, false, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
    try {
      int code = Main.run(args);
      System.out.flush();
      return new Run(code, seen.toByteArray(), errors.toString(StandardCharsets.UTF_8));
    } finally {
      System.setIn(formerIn);
      System.setOut(formerOut);
      System.setErr(formerErr);
    }
  }

  /** Path of a file in the test's folder. */
  String path(String name) {
    return folder.resolve(name).toString();
  }

  byte[] bytes(String name) throws IOException {
    return Files.readAllBytes(folder.resolve(name));
  }

  /** Names of everything in the test's folder. */
  Set<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
    }
  }

  /** Writes smooth waves as raw data, in a file whose name tells type and shape. */
  String waves(DataType type, long... dims) throws IOException {
    Shape shape = Shape.of(dims);
    Field field = Field.allocate(FieldInfo.of("", type, shape));
    for (long i = 0; i < shape.elements(); i++) {
      double x = i % shape.width() / 9.0;
      double y = i / shape.width() % shape.height() / 11.0;
      double z = i / (shape.width() * shape.height()) / 4.0;
      double wave = Math.sin(x + z) * Math.cos(y - z);
      type.set(field.data(), i, type.isFloat() ? 3 + 2 * wave : Math.rint(120 + 100 * wave));
    }
    Path file = folder.resolve("waves_" + shape + "." + type.code());
    Files.write(file, field.data().toArray(ValueLayout.JAVA_BYTE));
    return file.toString();
  }

  /** A container of waves, with the factorized model inside. */
  String container(String name, String... options) throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    String[] first = {"compress", field, path(name), "-m", FACTORIZED, "--embed-model"};
    String[] all =
        Stream.concat(
                Stream.concat(Stream.of(first), Stream.of("--normalizer", "minmax:slice")),
                Stream.of(options))
            .toArray(String[]::new);
    run(all).expectDone();
    return path(name);
  }

  /** All values of a field file as doubles. */
  static double[] values(String file) throws IOException {
    try (FieldSource source = FieldFiles.open(file, OpenOptions.NONE)) {
      Shape shape = source.info().shape();
      Field field = Field.allocate(source.info());
      long sliceBytes = shape.height() * shape.width() * source.info().type().bytes();
      for (long slice = 0; slice < shape.slices(); slice++) {
        source.read(
            slice,
            0,
            shape.height(),
            0,
            shape.width(),
            field.data().asSlice(slice * sliceBytes, sliceBytes));
      }
      double[] values = new double[Math.toIntExact(shape.elements())];
      source.info().type().read(field.data(), 0, values, values.length);
      return values;
    }
  }

  private static String model(String name) {
    Path root = Path.of("").toAbsolutePath();
    while (!Files.exists(root.resolve("testdata"))) {
      root = root.getParent();
    }
    Path file = root.resolve("testdata/golden").resolve(name);
    if (!Files.exists(file)) {
      throw new UncheckedIOException(new IOException(file + " is missing from this checkout"));
    }
    return file.toString();
  }
}
