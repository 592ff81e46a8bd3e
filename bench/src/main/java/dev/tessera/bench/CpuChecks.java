package dev.tessera.bench;

import dev.tessera.codec.Codec;
import dev.tessera.container.ContainerReader;
import dev.tessera.entropy.CdfTables;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Metrics;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.model.ModelStore;
import dev.tessera.synth.CosmologySynth;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * Checks that the packaged program can run where there is no build tool, on the CPU: exact bytes
 * where the formats fix them, round trips elsewhere.
 */
public final class CpuChecks {
  private static final int CHANNELS = 24;
  private static final int SIDE = 5;
  private static final int TILES = 3;

  private CpuChecks() {}

  /**
   * A check's outcome.
   *
   * @param failure empty if it passed
   * @param seconds how long it took
   */
  public record Outcome(String name, String failure, double seconds) {}

  private record Check(String name, Body body) {}

  @FunctionalInterface
  private interface Body {
    void run() throws IOException;
  }

  private static final List<Check> CHECKS =
      List.of(
          new Check("rans compatible, bytes", () -> rans(RansProfile.COMPATIBLE, 8, 0x04e85c26L)),
          new Check(
              "rans compatible, one stream", () -> rans(RansProfile.COMPATIBLE, 24, 0xd868b1aeL)),
          new Check("rans compact, bytes", () -> rans(RansProfile.COMPACT, 8, 0x34c52966L)),
          new Check("rans compact, one stream", () -> rans(RansProfile.COMPACT, 24, 0x45bdedf8L)),
          new Check(
              "pipeline bitpack, bytes",
              () -> pipeline("eb=rel:1e-3,lorenzo3,bitpack", 0xa7139cdfL)),
          new Check(
              "pipeline rans, bytes", () -> pipeline("eb=rel:1e-3,lorenzo1,rans", 0x90b1a839L)),
          new Check(
              "pipeline pwrel, bytes",
              () -> pipeline("eb=pwrel:1e-2,lorenzo2,bitpack", 0xc43f69a2L)),
          new Check("bundled models", CpuChecks::models),
          new Check("synthetic field, bytes", CpuChecks::synth),
          new Check("learned codec, round trip", CpuChecks::learned),
          new Check("damage is noticed", CpuChecks::damage));

  /** Runs every check whose name contains {@code filter} and tells how each ended. */
  public static List<Outcome> run(String filter) {
    return CHECKS.stream()
        .filter(check -> check.name().contains(filter))
        .map(CpuChecks::run)
        .toList();
  }

  private static Outcome run(Check check) {
    long start = System.nanoTime();
    String failure = "";
    try {
      check.body().run();
    } catch (Exception | AssertionError | LinkageError e) {
      failure = e.getMessage() == null ? e.toString() : e.getMessage();
    }
    return new Outcome(check.name(), failure, (System.nanoTime() - start) / 1e9);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  private static void requireSame(long expected, long found, String what) {
    require(expected == found, "%s: %08x instead of %08x".formatted(what, found, expected));
  }

  /** Latents by integer arithmetic alone: dead channels, small symbols, values outside tables. */
  private static LatentSet latents() {
    int[][] cdfs = new int[CHANNELS][];
    int[] offsets = new int[CHANNELS];
    for (int c = 0; c < CHANNELS; c++) {
      int half = 1 + c % 5;
      offsets[c] = -half;
      int count = 2 * half + 2;
      cdfs[c] = new int[count + 1];
      int total = 1 << CdfTables.PRECISION;
      for (int s = 0; s < count; s++) {
        // a peak in the middle; the rest evenly
        int peak = s > half ? total / 2 : 0;
        cdfs[c][s] = peak + s * (total / 2 / count);
      }
      cdfs[c][count] = total;
    }
    int[] symbols = new int[TILES * CHANNELS * SIDE * SIDE];
    long state = 1;
    for (int i = 0; i < symbols.length; i++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      int channel = i / (SIDE * SIDE) % CHANNELS;
      int draw = (int) (state >>> 33) % 100;
      symbols[i] =
          channel % 3 == 0 ? 0 : draw < 60 ? 0 : draw < 97 ? draw % 5 - 2 : (int) (state >>> 40);
    }
    return new LatentSet("check", symbols, new CdfTables(cdfs, offsets), CHANNELS, SIDE, SIDE, 0);
  }

  private static void rans(RansProfile profile, int channelsPerStream, long crc) {
    try (RansDevice device = new CpuRansDevice(2)) {
      RansTimes times =
          device.measure(
              new RansCase(latents(), profile, channelsPerStream), new Repetitions(0, 2, 2));
      requireSame(crc, times.crc(), "CRC of the streams");
    }
  }

  /** A field by integer arithmetic alone; every value is held to the bound. */
  private static void pipeline(String text, long crc) {
    FieldInfo info = FieldInfo.of("check", DataType.FLOAT32, Shape.of(11, 35, 70));
    MemorySegment values = MemorySegment.ofArray(new byte[(int) info.bytes()]);
    long state = 1;
    for (int i = 0; i < info.shape().elements(); i++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      int x = i % 70 - 35;
      int y = i / 70 % 35 - 17;
      int noise = (int) (state >>> 59);
      float value = i % 997 == 0 ? 0 : 100 * (x * x + y * y) + noise;
      values.setAtIndex(DataType.LE_FLOAT, i, i % 1999 == 0 ? Float.NaN : value);
    }
    BenchField field = new BenchField("check", info, values);
    try (PipelineDevice device = new CpuPipelineDevice(2)) {
      PipelineCase what = PipelineCase.of(field, text);
      PipelineTimes times = device.measure(what, new Repetitions(0, 2, 2));
      PipelineResult result = PipelineResult.of("cpu", what, times);
      require(result.errorShare() <= 1, "a value misses its bound");
      require(result.metrics().specialsChanged() == 0, "a NaN has changed");
      requireSame(crc, times.crc(), "CRC of the chunks");
    }
  }

  private static void models() throws IOException {
    List<ModelStore.Entry> bundled =
        ModelStore.user().list().stream().filter(ModelStore.Entry::bundled).toList();
    require(!bundled.isEmpty(), "no model is bundled");
    for (ModelStore.Entry entry : bundled) {
      // its id is a hash over all tensors, checked here
      require(
          ModelStore.user().byId(entry.id()).id().equals(entry.id()),
          entry.name() + " is not the model of its id");
    }
  }

  private static Field field() {
    return new CosmologySynth(32, 1).generate(CosmologySynth.Quantity.VELOCITY_X);
  }

  private static void synth() {
    CRC32C crc = new CRC32C();
    crc.update(field().data().toArray(ValueLayout.JAVA_BYTE));
    requireSame(0x01f90259L, crc.getValue(), "CRC of the field");
  }

  private static byte[] compressed(Codec codec) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    codec.compress(field(), out);
    return out.toByteArray();
  }

  private static Codec codec() throws IOException {
    ModelStore store = ModelStore.user();
    ModelStore.Entry first = store.list().getFirst();
    return Codec.open(store.byId(first.id()));
  }

  private static void learned() throws IOException {
    try (Codec codec = codec()) {
      byte[] file = compressed(codec);
      Field original = field();
      Field restored = Field.allocate(original.info());
      try (ContainerReader container = ContainerReader.of(MemorySegment.ofArray(file))) {
        codec.decompress(container, restored);
      }
      Metrics.Accumulator sum =
          new Metrics.Accumulator(original.info().type(), OptionalLong.empty());
      sum.add(original.data(), restored.data(), original.info().shape().elements());
      double psnr = sum.metrics().psnr();
      require(psnr > 20, "PSNR is only " + Numbers.fixed(psnr, 1) + " dB");
      require(file.length < original.info().bytes() / 10, "the file has " + file.length + " bytes");
    }
  }

  private static void damage() throws IOException {
    try (Codec codec = codec()) {
      byte[] file = compressed(codec);
      for (int at : new int[] {1, file.length / 2, file.length - 2}) {
        byte[] damaged = file.clone();
        damaged[at] ^= 0x10;
        require(isRefused(codec, damaged), "a flipped bit in byte " + at + " goes unnoticed");
      }
    }
  }

  private static boolean isRefused(Codec codec, byte[] file) throws IOException {
    try (ContainerReader container = ContainerReader.of(MemorySegment.ofArray(file))) {
      codec.decompress(container, Field.allocate(container.header().field()));
      return false;
    } catch (TesseraException.Corrupt expected) {
      return true;
    }
  }
}
