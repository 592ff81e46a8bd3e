package dev.tessera.cuda.backend;

import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.container.ContainerReader;
import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.NvComp;
import dev.tessera.cuda.SelfTest;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.pipeline.PipelineSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Checks of whole files without a model: the device's are those of the CPU, and each reads the
 * other's.
 */
public final class BackendChecks {
  private static final CodecOptions CPU = CodecOptions.DEFAULTS.withDevice("cpu");
  private static final CodecOptions CUDA = CodecOptions.DEFAULTS.withDevice("cuda");

  static final long[][] SHAPES = {
    {1}, {5000}, {3, 1500}, {150, 70}, {37, 45, 53}, {3, 2, 17, 40, 33}, {2, 130, 300}
  };
  private static final String[] NORMALIZERS = {
    "log10",
    "log1p",
    "asinh:0.1",
    "minmax:slice",
    "meanstd:slice",
    "meanstd:field",
    "log10,minmax:slice",
    "asinh,log1p,log1p,meanstd:slice"
  };
  private static final String[] PREDICTORS = {"none", "lorenzo1", "lorenzo2", "lorenzo3"};

  private BackendChecks() {}

  /** What a check does. */
  interface Body {
    void run() throws IOException;
  }

  private record BackendCheck(String name, Body body) implements SelfTest.Check {
    @Override
    public void run(CudaContext context) throws IOException {
      body.run();
    }
  }

  /** All checks; those of nvCOMP only where it is. */
  public static List<SelfTest.Check> all() {
    List<SelfTest.Check> checks = new ArrayList<>();
    add(checks, "every type", BackendChecks::types);
    add(checks, "every shape and predictor", BackendChecks::shapes);
    add(checks, "every quantizer", BackendChecks::quantizers);
    add(checks, "every normalizer", BackendChecks::normalizers);
    add(checks, "encoders of the CPU", BackendChecks::encodersOfTheCpu);
    add(checks, "special values and fill values", BackendChecks::holes);
    add(checks, "values that stay as they are", BackendChecks::noise);
    add(checks, "many batches", BackendChecks::batches);
    add(checks, "damaged chunks", () -> DamageChecks.run("bitpack"));
    RansFieldChecks.addTo(checks);
    if (NvComp.find().isPresent()) {
      add(checks, "nvcomp pipelines", BackendChecks::nvcomp);
    }
    return checks;
  }

  static void add(List<SelfTest.Check> checks, String name, Body body) {
    checks.add(new BackendCheck("backend: " + name, body));
  }

  private static void types() throws IOException {
    for (DataType type : DataType.values()) {
      for (String bound : new String[] {"eb=rel:1e-3", "eb=abs:0.4", "eb=pwrel:1e-2", "round"}) {
        same(CheckFields.smooth(type, 5, 70, 50), bound + ",lorenzo3,bitpack", CUDA);
      }
    }
  }

  private static void shapes() throws IOException {
    for (long[] shape : SHAPES) {
      for (String predictor : PREDICTORS) {
        same(
            CheckFields.smooth(DataType.FLOAT32, shape),
            "eb=rel:1e-3," + predictor + ",bitpack",
            CUDA);
      }
    }
  }

  private static void quantizers() throws IOException {
    for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64, DataType.INT64)) {
      Field field = CheckFields.wide(type, 9, 40, 70);
      same(field, "eb=pwrel:1e-3,lorenzo1,bitpack", CUDA);
      same(field, "eb=pwrel:0.1,none,bitpack", CUDA);
      same(field, "eb=rel:1e-5,lorenzo2,bitpack", CUDA);
      same(field, "minmax:8,reference-eb=0.8,none,bitpack", CUDA);
    }
    same(
        CheckFields.smooth(DataType.FLOAT32, 40, 64, 64),
        "minmax,eb=rel:1e-6,lorenzo,bitpack",
        CUDA);
  }

  private static void normalizers() throws IOException {
    for (String normalizer : NORMALIZERS) {
      for (DataType type : DataType.values()) {
        Field field = CheckFields.slices(type, Double.NaN, 9, 40, 70);
        for (String encoder : new String[] {"bitpack", "rans", "zstd", "raw"}) {
          same(field, normalizer + ",eb=1e-3,lorenzo3," + encoder, CUDA);
        }
      }
      // logarithms refuse fields of which they take too few values
      if (!normalizer.contains("log")) {
        Field holes = CheckFields.holes(DataType.FLOAT32, 0.5, 6, 90, 80);
        same(CheckFields.wide(DataType.FLOAT64, 2, 3, 33, 50), normalizer + ",eb=1e-4", CUDA);
        same(holes, normalizer + ",eb=abs:1e-3,lorenzo1,bitpack", CUDA);
      }
      // several batches, in which chunks have planes of their own
      same(
          CheckFields.slices(DataType.FLOAT32, 1, 70, 60, 90),
          normalizer + ",eb=1e-3,none,bitpack",
          CUDA.withWork(0, 3, 3).withTile(32, 48));
    }
  }

  private static void encodersOfTheCpu() throws IOException {
    for (String encoder : new String[] {"zstd", "raw", "best"}) {
      for (long[] shape : SHAPES) {
        same(CheckFields.smooth(DataType.FLOAT32, shape), "eb=rel:1e-3,lorenzo3," + encoder, CUDA);
      }
      same(CheckFields.holes(DataType.FLOAT64, 7, 6, 90, 80), "eb=abs:1e-3,none," + encoder, CUDA);
      same(CheckFields.noise(DataType.INT16, 5, 30, 40), "eb=abs:1,lorenzo1," + encoder, CUDA);
      same(CheckFields.wide(DataType.INT64, 5, 30, 40), "eb=pwrel:1e-2,none," + encoder, CUDA);
    }
  }

  private static void holes() throws IOException {
    for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64)) {
      for (double fill : new double[] {-999, 0.5}) {
        Field field = CheckFields.holes(type, fill, 6, 90, 80);
        same(field, "eb=abs:1e-3,lorenzo3,bitpack", CUDA);
        same(field, "eb=pwrel:1e-2,lorenzo1,bitpack", CUDA);
      }
    }
    same(CheckFields.holes(DataType.INT16, 7, 6, 90, 80), "eb=abs:3,lorenzo3,bitpack", CUDA);
  }

  private static void noise() throws IOException {
    for (DataType type : DataType.values()) {
      same(CheckFields.noise(type, 3, 50, 60), "eb=abs:1e-3,lorenzo3,bitpack", CUDA);
    }
  }

  private static void batches() throws IOException {
    Field field = CheckFields.smooth(DataType.FLOAT32, 70, 300, 290);
    for (CodecOptions options :
        List.of(CUDA.withWork(0, 1, 1), CUDA.withWork(0, 3, 3), CUDA.withTile(32, 48))) {
      same(field, "eb=rel:1e-4,lorenzo3,bitpack", options);
    }
  }

  /** Compresses on both backends and restores either's file on both. */
  static void same(Field field, String pipeline, CodecOptions cudaOptions) throws IOException {
    PipelineSpec spec = PipelineSpec.parse(pipeline);
    CodecOptions cpuOptions = cudaOptions.withDevice("cpu");
    try (Codec cpu = Codec.open(spec, cpuOptions);
        Codec cuda = Codec.open(spec, cudaOptions)) {
      same(field, cpu, cuda, pipeline);
    }
  }

  private static void same(Field field, Codec cpu, Codec cuda, String what) throws IOException {
    String where = field.info().type() + " " + field.info().shape() + " with " + what;
    byte[] expected = compress(field, cpu);
    byte[] found = compress(field, cuda);
    int difference = Arrays.mismatch(expected, found);
    require(
        difference < 0,
        "the file of %s differs from the CPU's at byte %d of %d and %d",
        where,
        difference,
        found.length,
        expected.length);
    long value = decompress(expected, cpu).data().mismatch(decompress(expected, cuda).data());
    require(value < 0, "%s is restored differently from byte %d on", where, value);
  }

  static byte[] compress(Field field, Codec codec) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    codec.compress(field, out);
    return out.toByteArray();
  }

  static Field decompress(byte[] file, Codec codec) throws IOException {
    ContainerReader container = ContainerReader.of(MemorySegment.ofArray(file));
    Field restored = Field.allocate(container.header().field());
    codec.decompress(container, restored);
    return restored;
  }

  static void require(boolean condition, String otherwise, Object... arguments) {
    if (!condition) {
      throw new AssertionError(otherwise.formatted(arguments));
    }
  }

  private static void nvcomp() throws IOException {
    for (String encoder : new String[] {"bitcomp", "ans"}) {
      for (DataType type : DataType.values()) {
        viaNvcomp(CheckFields.smooth(type, 5, 70, 50), "eb=rel:1e-3,lorenzo3,", encoder);
        viaNvcomp(CheckFields.noise(type, 3, 50, 60), "eb=abs:1e-3,lorenzo1,", encoder);
      }
      for (long[] shape : SHAPES) {
        Field field = CheckFields.smooth(DataType.FLOAT32, shape);
        viaNvcomp(field, "eb=rel:1e-3,lorenzo2,", encoder);
        viaNvcomp(field, "minmax:12,reference-eb=0.8,lorenzo1,", encoder);
      }
      for (String normalizer : NORMALIZERS) {
        Field field = CheckFields.slices(DataType.FLOAT32, Double.NaN, 9, 40, 70);
        viaNvcomp(field, normalizer + ",eb=1e-3,lorenzo3,", encoder);
      }
      viaNvcomp(
          CheckFields.holes(DataType.FLOAT32, -999, 6, 90, 80), "eb=abs:1e-3,lorenzo3,", encoder);
      viaNvcomp(CheckFields.smooth(DataType.FLOAT32, 70, 300, 290), "eb=rel:1e-4,", encoder);
    }
  }

  /**
   * The same integers through another encoder restore the same values, or the field's own where one
   * of the encoders stores values as they are.
   */
  private static void viaNvcomp(Field field, String stages, String encoder) throws IOException {
    try (Codec cpu = Codec.open(PipelineSpec.parse(stages + "bitpack"), CPU);
        Codec cuda = Codec.open(PipelineSpec.parse(stages + encoder), CUDA)) {
      Field expected = decompress(compress(field, cpu), cpu);
      Field found = decompress(compress(field, cuda), cuda);
      DataType type = field.info().type();
      for (long i = 0; i < field.info().shape().elements(); i++) {
        long bits = type.getBits(found.data(), i);
        boolean same = bits == type.getBits(expected.data(), i);
        require(
            same || bits == type.getBits(field.data(), i),
            "value %d of %s %s is restored differently through %s",
            i,
            type,
            field.info().shape(),
            stages + encoder);
      }
    }
  }
}
