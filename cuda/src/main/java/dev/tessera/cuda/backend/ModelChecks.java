package dev.tessera.cuda.backend;

import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.container.ContainerReader;
import dev.tessera.container.StreamPlan;
import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.NvComp;
import dev.tessera.cuda.SelfTest;
import dev.tessera.cuda.network.CheckModels;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Metrics;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Checks of whole files through models: what either device writes, both restore, and alike. Symbols
 * are stored, so they differ by how g_s rounds alone.
 */
public final class ModelChecks {
  private static final CodecOptions CUDA =
      CodecOptions.DEFAULTS.withDevice("cuda").withNormalizer("minmax");

  private ModelChecks() {}

  private interface Body {
    void run(CudaContext context) throws IOException;
  }

  private record ModelCheck(String name, Body body) implements SelfTest.Check {
    @Override
    public void run(CudaContext context) throws IOException {
      body.run(context);
    }
  }

  /** All checks. */
  public static List<SelfTest.Check> all() {
    List<SelfTest.Check> checks = new ArrayList<>();
    for (Architecture architecture : Architecture.values()) {
      checks.add(
          new ModelCheck(
              "models: files of " + architecture.id(),
              context -> model(CheckModels.of(architecture, 16, 24, 3, 6))));
    }
    checks.add(new ModelCheck("models: files of bundled models", context -> bundled()));
    checks.add(new ModelCheck("models: fp8 needs a calibration", context -> uncalibrated()));
    checks.add(new ModelCheck("models: one channel to sixteen", context -> channels()));
    checks.add(new ModelCheck("models: many batches of every size", context -> batches()));
    checks.add(new ModelCheck("models: types and special values", context -> values()));
    return checks;
  }

  private static void bundled() throws IOException {
    for (ModelStore.Entry entry : ModelStore.user().list()) {
      if (entry.bundled()) {
        model(ModelStore.user().find(entry.name()));
      }
    }
  }

  /** Checks a model in both profiles and two precisions, and with pipelines on its latents. */
  public static void model(Model model) throws IOException {
    Field field = CheckFields.smooth(DataType.FLOAT32, 4, 150, 200);
    for (Precision precision : new Precision[] {Precision.FP32, Precision.FP16}) {
      CodecOptions options = CUDA.withPrecisions(Precisions.of(precision));
      for (StreamPlan.Profile profile : StreamPlan.Profile.values()) {
        for (int p : new int[] {8, CodecOptions.WHOLE}) {
          alike(
              field,
              model,
              null,
              options.withProfile(profile).withChannelsPerStream(p).withTile(64, 128));
        }
      }
    }
    for (String text :
        new String[] {
          "minmax:8,reference-eb=0.8,bitpack",
          "eb=rel:1e-3,bitpack",
          "round,bitpack",
          "round,none,rans"
        }) {
      alike(field, model, PipelineSpec.parse(text), CUDA);
    }
    if (NvComp.find().isPresent()) {
      throughNvcomp(field, model, PipelineSpec.parse("minmax:8,reference-eb=0.8,none,bitcomp"));
    }
  }

  private static Codec open(Model model, PipelineSpec pipeline, CodecOptions options) {
    return pipeline == null ? Codec.open(model, options) : Codec.open(model, pipeline, options);
  }

  private static void alike(
      Field field, Model model, PipelineSpec pipeline, CodecOptions cudaOptions)
      throws IOException {
    Precisions precisions = cudaOptions.precisions();
    double tolerance = precisions.has(Precision.FP16) ? 5e-3 : 2e-5;
    CodecOptions cpuOptions = cudaOptions.withDevice("cpu").withPrecisions(Precisions.DEFAULT);
    try (Codec cpu = open(model, pipeline, cpuOptions);
        Codec cuda = open(model, pipeline, cudaOptions)) {
      byte[] fromCpu = BackendChecks.compress(field, cpu);
      byte[] fromCuda = BackendChecks.compress(field, cuda);
      BackendChecks.require(
          Arrays.equals(fromCuda, BackendChecks.compress(field, cuda)),
          "the same field gives another file the second time");
      String producer = ContainerReader.of(MemorySegment.ofArray(fromCuda)).header().producer();
      BackendChecks.require(
          producer.startsWith("cuda ") && producer.endsWith(" " + precisions),
          "the file says that '%s' made it",
          producer);
      for (byte[] file : List.of(fromCpu, fromCuda)) {
        Field expected = BackendChecks.decompress(file, cpu);
        Field found = BackendChecks.decompress(file, cuda);
        double distance = distance(found, expected);
        BackendChecks.require(
            distance <= tolerance,
            "%s in %s restores a file of %s other than the CPU: by %.2e of the range",
            model.architecture().id(),
            precisions,
            file == fromCpu ? "the CPU" : "its own",
            distance);
      }
    }
  }

  /** What nvCOMP coded restores nearly what the CPU's encoder of nearly the same integers does. */
  private static void throughNvcomp(Field field, Model model, PipelineSpec pipeline)
      throws IOException {
    PipelineSpec reference = PipelineSpec.parse("minmax:8,reference-eb=0.8,none,raw");
    try (Codec cpu = open(model, reference, CUDA.withDevice("cpu"));
        Codec cuda = open(model, pipeline, CUDA)) {
      Field expected = BackendChecks.decompress(BackendChecks.compress(field, cpu), cpu);
      Field found = BackendChecks.decompress(BackendChecks.compress(field, cuda), cuda);
      double distance = distance(found, expected);
      BackendChecks.require(distance <= 2e-3, "latents through nvCOMP differ by %.2e", distance);
    }
  }

  /** Root of the mean square of differences, as a share of the expected values' range. */
  private static double distance(Field found, Field expected) {
    long count = expected.info().shape().elements();
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    double sum = 0;
    for (long i = 0; i < count; i++) {
      double value = expected.data().getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
      double other = found.data().getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += (other - value) * (other - value);
    }
    return Math.sqrt(sum / count) / Math.max(high - low, Double.MIN_NORMAL);
  }

  private static void uncalibrated() {
    Model model = CheckModels.of(Architecture.FACTORIZED, 16, 24, 3, 6);
    try (Codec codec = Codec.open(model, CUDA.withPrecisions(Precisions.of(Precision.FP8)))) {
      throw new AssertionError("an uncalibrated model runs in fp8 on " + codec.device());
    } catch (TesseraException.Invalid expected) {
      BackendChecks.require(
          expected.getMessage().contains("tessera calibrate"),
          "no hint what to do: %s",
          expected.getMessage());
    }
  }

  /** Special values come back bit by bit, and others as the CPU restores them. */
  private static void values() throws IOException {
    Model model = CheckModels.of(Architecture.FACTORIZED, 16, 24, 3, 6);
    for (DataType type : DataType.values()) {
      for (int overlap : new int[] {0, 8}) {
        String normalizer = type.isFloat() ? "asinh,minmax:slice" : "minmax:slice";
        CodecOptions options =
            CUDA.withNormalizer(normalizer).withTile(64, 64).withOverlap(overlap);
        double fill = type.isFloat() ? 1e20 : 7;
        values(CheckFields.holes(type, fill, 5, 150, 100), model, options);
        values(CheckFields.smooth(type, 5, 150, 100), model, options);
      }
    }
  }

  private static void values(Field field, Model model, CodecOptions options) throws IOException {
    DataType type = field.info().type();
    try (Codec cpu = Codec.open(model, options.withDevice("cpu"));
        Codec cuda = Codec.open(model, options)) {
      byte[] file = BackendChecks.compress(field, cuda);
      Field found = BackendChecks.decompress(file, cuda);
      long changed = compare(field, found).specialsChanged();
      BackendChecks.require(changed == 0, "%d special values of %s are lost", changed, type);
      double distance = compare(BackendChecks.decompress(file, cpu), found).nrmse();
      // integers near a half may be rounded either way
      double tolerance = type.isFloat() ? 2e-5 : 2e-3;
      BackendChecks.require(
          distance <= tolerance, "%s is restored other than on the CPU: %.2e", type, distance);
    }
  }

  private static Metrics compare(Field original, Field restored) {
    FieldInfo info = original.info();
    Metrics.Accumulator all = new Metrics.Accumulator(info.type(), info.fillBits());
    all.add(original.data(), restored.data(), info.shape().elements());
    return all.metrics();
  }

  /** Channels of the input at both ends, in the smallest tiles and in narrow ones. */
  private static void channels() throws IOException {
    Field field = CheckFields.smooth(DataType.FLOAT32, 4, 50, 70);
    CodecOptions fp16 = CUDA.withPrecisions(Precisions.of(Precision.FP16));
    Model one = CheckModels.of(Architecture.FACTORIZED, 8, 8, 1, 6);
    alike(field, one, null, CUDA.withTile(16, 16));
    Model sixteen = CheckModels.of(Architecture.FACTORIZED_RELU, 24, 40, 16, 6);
    alike(field, sixteen, null, fp16.withTile(48, 16));
    Model five = CheckModels.of(Architecture.MEAN_HYPERPRIOR, 8, 24, 5, 6);
    alike(field, five, null, fp16.withTile(64, 128));
  }

  /** Sizes of batches that come once, and again: launched one by one, and as graphs. */
  private static void batches() throws IOException {
    Model model = CheckModels.of(Architecture.FACTORIZED, 16, 24, 3, 6);
    Field field = CheckFields.smooth(DataType.FLOAT32, 9, 200, 190);
    for (int batch : new int[] {1, 5, 7}) {
      for (int inFlight : new int[] {1, 3}) {
        alike(field, model, null, CUDA.withTile(32, 48).withWork(0, batch, inFlight));
      }
    }
    // 273 tiles: so many that the codec asks first which channels are alive
    Field large = CheckFields.smooth(DataType.FLOAT32, 9, 400, 300);
    alike(large, model, null, CUDA.withTile(32, 48));
  }
}
