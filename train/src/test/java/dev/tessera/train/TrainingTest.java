package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.codec.Codec;
import dev.tessera.container.ContainerReader;
import dev.tessera.field.Field;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.model.Model;
import dev.tessera.model.Tensor;
import dev.tessera.model.TensorFile;
import dev.tessera.synth.CosmologySynth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tiny model is trained end to end: the whole way from files to a model that compresses. */
class TrainingTest {
  private static final int SIDE = 64;

  @TempDir static Path folder;

  /** Remembers what it is told, and stops a training by interrupting it. */
  private static final class Recorder implements TrainingListener {
    private final SortedMap<Long, Losses> measured = new TreeMap<>();
    private final long stopAfter;

    Recorder(long stopAfter) {
      this.stopAfter = stopAfter;
    }

    @Override
    public void message(String line) {}

    @Override
    public void progress(TrainingProgress progress, Losses validation) {}

    @Override
    public void stepped(long step) {
      if (step == stopAfter) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void measured(long step, Losses losses) {
      measured.put(step, losses);
    }
  }

  @BeforeAll
  static void fields() throws IOException {
    for (long seed = 1; seed <= 3; seed++) {
      Field field = new CosmologySynth(SIDE, seed).generate(CosmologySynth.Quantity.TEMPERATURE);
      write(field, folder.resolve("temperature" + seed + ".npy"));
    }
  }

  private static void write(Field field, Path file) throws IOException {
    try (FieldSink sink = FieldFiles.create(file.toString(), field.info())) {
      Shape shape = field.info().shape();
      long plane = shape.height() * shape.width() * field.info().type().bytes();
      for (long slice = 0; slice < shape.slices(); slice++) {
        sink.write(
            slice, 0, shape.height(), 0, shape.width(), field.data().asSlice(slice * plane, plane));
      }
      sink.commit();
    }
  }

  private static Map<Setting, String> settings(int steps) {
    Map<Setting, String> settings = new EnumMap<>(Setting.class);
    settings.put(Setting.DATA, folder.resolve("temperature*.npy").toString());
    settings.put(Setting.CACHE, folder.resolve("cache").toString());
    settings.put(Setting.N, "8");
    settings.put(Setting.M, "12");
    settings.put(Setting.LAMBDA, "0.01");
    settings.put(Setting.BATCH, "4");
    settings.put(Setting.PATCH, Integer.toString(SIDE));
    settings.put(Setting.LEARNING_RATE, "2e-3");
    settings.put(Setting.COOL_DOWN, "0.4");
    settings.put(Setting.VALIDATION_TILES, "16");
    settings.put(Setting.STEPS, Integer.toString(steps));
    settings.put(Setting.DEVICE, "cpu");
    return settings;
  }

  @Test
  void tinyTrainingLearnsAndItsModelCompresses() throws IOException {
    Path out = folder.resolve("tiny.safetensors");

    TrainingResult result = Training.run(settings(200), out, false, new Recorder(Long.MAX_VALUE));

    // it begins above 60; the fields' own variance alone, as of a model that gives their mean, is
    // 13
    assertThat(result.finished()).isTrue();
    assertThat(result.validation().loss()).isLessThan(9);
    Model model = Model.read(out);
    assertThat(model.normalizer()).isPresent();
    assertThat(model.metadata()).containsEntry("lambda", "0.01").containsKey("training");
    assertThat(Files.readString(result.page()))
        .contains("tiny", "<img class=\"chart\"", "Restored");
    assertThat(Files.readAllLines(MetricsLog.beside(out)))
        .filteredOn(line -> line.contains("\"training\""))
        .hasSize(4);

    assertThat(psnr(model)).isGreaterThan(30);
  }

  /** Of a field that no training saw, compressed with a model and restored. */
  private static double psnr(Model model) throws IOException {
    Path packed = folder.resolve("unseen.tsr");
    Path unseen = folder.resolve("unseen.npy");
    write(new CosmologySynth(SIDE, 9).generate(CosmologySynth.Quantity.TEMPERATURE), unseen);
    try (Codec codec = Codec.open(model);
        FieldSource source = FieldFiles.open(unseen.toString(), OpenOptions.NONE)) {
      codec.compress(source, packed);
      try (ContainerReader container = ContainerReader.open(packed)) {
        Metrics quality = codec.verify(source, container).total();
        return quality.psnr();
      }
    }
  }

  @Test
  void resumedTrainingGivesTheLossesOfAnUninterruptedOne() throws IOException {
    Map<Setting, String> settings = settings(150);
    settings.put(Setting.LAMBDA_FROM, "0.04"); // down to 0.01 after 60 steps
    Path whole = folder.resolve("whole.safetensors");
    Path halves = folder.resolve("halves.safetensors");
    Recorder expected = new Recorder(Long.MAX_VALUE);
    // between two measurements, so that the sums in between must be restored too
    Recorder first = new Recorder(41);
    Recorder second = new Recorder(Long.MAX_VALUE);

    Training.run(settings, whole, false, expected);
    TrainingResult stopped = Training.run(settings, halves, false, first);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(stopped.finished()).isFalse();
    assertThat(stopped.steps()).isEqualTo(41);
    assertThat(halves).doesNotExist();
    TrainingResult resumed = Training.run(Map.of(), halves, true, second);

    assertThat(resumed.finished()).isTrue();
    SortedMap<Long, Losses> both = new TreeMap<>(first.measured);
    both.putAll(second.measured);
    assertThat(both).isEqualTo(expected.measured).hasSize(3);
    assertThat(Model.read(halves).id()).isEqualTo(Model.read(whole).id());
    assertThat(losses(halves)).isEqualTo(losses(whole));

    assertThatThrownBy(
            () -> Training.run(Map.of(Setting.LAMBDA, "0.02"), halves, true, new Recorder(1)))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("made with --lambda 0.01, not 0.02");
  }

  /** The log without its clock. */
  private static String losses(Path model) throws IOException {
    return Files.readString(MetricsLog.beside(model)).replaceAll("\"seconds\":[^,]*,", "");
  }

  /** Makes the next step's loss infinite. */
  private static void poison(Path checkpoint) throws IOException {
    TensorFile state = TensorFile.read(checkpoint);
    state.floats("main.values/g_s.6.bias").values()[0] = 1e30f;
    state.metadata().remove("crc32c");
    state.write(checkpoint);
  }

  @Test
  void divergedTrainingKeepsItsCheckpointAndSaysWhatToChange() throws IOException {
    Path out = folder.resolve("diverged.safetensors");
    Map<Setting, String> settings = settings(100);
    Training.run(settings, out, false, new Recorder(1));
    assertThat(Thread.interrupted()).isTrue();
    poison(CheckpointState.beside(out));
    byte[] kept = Files.readAllBytes(CheckpointState.beside(out));

    assertThatThrownBy(() -> Training.run(Map.of(), out, true, new Recorder(Long.MAX_VALUE)))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("no longer a number")
        .hasMessageContaining("is kept")
        .hasMessageContaining("--learning-rate below 0.002");
    assertThat(CheckpointState.beside(out)).hasBinaryContent(kept);
    assertThat(out).doesNotExist();
  }

  @Test
  void newTrainingLeavesTheCheckpointOfAnUnfinishedOne() throws IOException {
    Path out = folder.resolve("unfinished.safetensors");
    Training.run(settings(100), out, false, new Recorder(1));
    assertThat(Thread.interrupted()).isTrue();
    byte[] kept = Files.readAllBytes(CheckpointState.beside(out));

    assertThatThrownBy(() -> Training.run(settings(1), out, false, new Recorder(1)))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("not finished")
        .hasMessageContaining("--resume");
    assertThat(CheckpointState.beside(out)).hasBinaryContent(kept);
  }

  @Test
  void finishedTrainingMayBeDoneAgain() throws IOException {
    Path out = folder.resolve("again.safetensors");

    Training.run(settings(2), out, false, new Recorder(Long.MAX_VALUE));

    assertThat(Training.run(settings(1), out, false, new Recorder(Long.MAX_VALUE)).steps())
        .isEqualTo(1);
  }

  @Test
  void aHyperpriorMayHaveSmallerTables() throws IOException {
    Map<Setting, String> settings = settings(2);
    settings.put(Setting.ARCH, "bmshj2018-hyperprior");
    settings.put(Setting.MAX_SCALE, "20");
    Path small = folder.resolve("small.safetensors");
    Training.run(settings, small, false, new Recorder(Long.MAX_VALUE));
    settings.remove(Setting.MAX_SCALE);
    Path usual = folder.resolve("usual.safetensors");
    Training.run(settings, usual, false, new Recorder(Long.MAX_VALUE));

    Model model = Model.read(small);
    assertThat(model.scaleTable()).hasSize(64).startsWith(0.11f).endsWith(20f);
    assertThat(Model.read(usual).scaleTable()).endsWith(256f);
    assertThat(Files.size(small)).isLessThan(Files.size(usual) - 600_000);
    assertThat(psnr(model)).isGreaterThan(5);
  }

  @Test
  void fineTuningNeverEndsWorseThanItBegan() throws IOException {
    Path first = folder.resolve("first.safetensors");
    Training.run(settings(2), first, false, new Recorder(Long.MAX_VALUE));
    Map<Setting, String> settings = settings(3);
    settings.remove(Setting.ARCH);
    settings.remove(Setting.N);
    settings.remove(Setting.M);
    settings.put(Setting.INIT, first.toString());
    settings.put(Setting.LEARNING_RATE, "0.05");
    settings.put(Setting.WARM_UP, "0");
    Path tuned = folder.resolve("tuned.safetensors");
    Training.run(settings, tuned, false, new Recorder(Long.MAX_VALUE));

    Model before = Model.read(first);
    Model after = Model.read(tuned);
    assertThat(after.floats("g_s.0.weight").values())
        .isEqualTo(before.floats("g_s.0.weight").values());
    assertThat(after.metadata().get("training")).contains("weights of step 0");
  }

  @Test
  void damagedCheckpointIsRefusedAndNothingStaysOpen() throws IOException {
    Path out = folder.resolve("damaged.safetensors");
    Training.run(settings(100), out, false, new Recorder(1));
    assertThat(Thread.interrupted()).isTrue();
    TensorFile state = TensorFile.read(CheckpointState.beside(out));
    SortedMap<String, Tensor> tensors = new TreeMap<>(state.tensors());
    tensors.remove("main.best/g_s.6.bias");
    state.metadata().remove("crc32c");
    new TensorFile(tensors, state.metadata()).write(CheckpointState.beside(out));

    assertThatThrownBy(() -> Training.run(Map.of(), out, true, new Recorder(Long.MAX_VALUE)))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("main.best/g_s.6.bias");
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("batches-"));
  }

  @Test
  void whatIsLeftOfADamagedCheckpointIsNeitherUsedNorReplaced() throws IOException {
    Path out = folder.resolve("cut.safetensors");
    Training.run(settings(100), out, false, new Recorder(1));
    assertThat(Thread.interrupted()).isTrue();
    Path checkpoint = CheckpointState.beside(out);
    byte[] good = Files.readAllBytes(checkpoint);
    byte[] flipped = good.clone();
    flipped[good.length - 100] ^= 4;
    byte[] cut = Arrays.copyOf(good, good.length / 2);

    for (byte[] damaged : new byte[][] {flipped, cut, {}}) {
      Files.write(checkpoint, damaged);
      assertThatThrownBy(() -> Training.run(Map.of(), out, true, new Recorder(1)))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("the checkpoint " + checkpoint)
          .hasMessageContaining("damaged");
      assertThatThrownBy(() -> Training.run(settings(100), out, false, new Recorder(1)))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("remove it, or name another file");
      assertThat(checkpoint).hasBinaryContent(damaged);
    }
  }

  @Test
  void aTrainingGoesOnWithItsOwnDataOnly() throws IOException {
    Path data = Files.createDirectory(folder.resolve("changing"));
    for (int seed = 1; seed <= 3; seed++) {
      String name = "temperature" + seed + ".npy";
      Files.copy(folder.resolve(name), data.resolve(name));
    }
    Map<Setting, String> settings = settings(100);
    settings.put(Setting.DATA, data.resolve("*.npy").toString());
    Path out = folder.resolve("changing.safetensors");
    Training.run(settings, out, false, new Recorder(1));
    assertThat(Thread.interrupted()).isTrue();

    Path first = data.resolve("temperature1.npy");
    byte[] values = Files.readAllBytes(first);
    Files.copy(data.resolve("temperature2.npy"), first, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> Training.run(Map.of(), out, true, new Recorder(1)))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("the data are not those that the training began with (3 fields, ");
    Files.delete(first);
    assertThatThrownBy(() -> Training.run(Map.of(), out, true, new Recorder(1)))
        .hasMessageContaining("; now 2 fields, ");
    Files.write(first, values);
    Training.run(Map.of(), out, true, new Recorder(2));
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void aModelReplacesModelsOnly() throws IOException {
    Path out = folder.resolve("precious.safetensors");
    Files.writeString(out, "not a model");

    assertThatThrownBy(() -> Training.check(settings(1), out, false))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("exists and is no model");
    assertThat(out).hasContent("not a model");
  }

  @Test
  void whereNothingCanBeWrittenIsSaidAtOnce() {
    Path out = folder.resolve("x".repeat(250) + ".safetensors");

    assertThatThrownBy(() -> Training.check(settings(1), out, false))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("too long");
  }
}
