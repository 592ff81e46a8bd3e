package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.io.OpenOptions;
import dev.tessera.io.RawType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SettingsTest {
  private static Map<Setting, String> given(Setting setting, String text) {
    Map<Setting, String> given = new EnumMap<>(Setting.class);
    given.put(Setting.DATA, "a.npy");
    given.put(Setting.STEPS, "100");
    given.put(setting, text);
    return given;
  }

  @Test
  void defaultsAreThoseOfTheRecipe() throws IOException {
    TrainingOptions options =
        TrainingOptions.of(given(Setting.DATA, Setting.list(List.of("a.npy", "b c.h5:/x"))));

    assertThat(options.data()).containsExactly("a.npy", "b c.h5:/x");
    assertThat(options.architecture().id()).isEqualTo("bmshj2018-factorized");
    assertThat(options.learningRate()).isEqualTo(1e-4);
    assertThat(options.quantileRate()).isEqualTo(1e-3);
    assertThat(options.clip()).isEqualTo(1);
    assertThat(options.budget()).isEqualTo(new Budget.Steps(100));
    assertThat(options.normalizer()).isEmpty();
    assertThat(options.validation()).isEmpty();
  }

  @Test
  void filesAreToldOfAsForCompress() throws IOException {
    assertThat(TrainingOptions.of(given(Setting.SEED, "1")).open()).isEqualTo(OpenOptions.NONE);
    Map<Setting, String> given = given(Setting.FILL, "1e20");
    given.put(Setting.SHAPE, "24x170x180");
    given.put(Setting.DTYPE, "f32be");
    OpenOptions open = TrainingOptions.of(given).open();
    assertThat(open.shape()).isEqualTo(Shape.of(24, 170, 180));
    assertThat(open.type()).isEqualTo(RawType.parse("f32be"));
    assertThat(open.fill()).hasValue(1e20);
  }

  @Test
  void aBundledModelIsStartedFromByItsName() throws IOException {
    TrainingOptions options = TrainingOptions.of(given(Setting.INIT, "cosmo-q1-hyper"));
    assertThat(options.architecture().id()).isEqualTo("bmshj2018-hyperprior");
    assertThat(options.n()).isEqualTo(96);
    assertThat(options.channels()).isEqualTo(16);
    assertThatThrownBy(() -> TrainingOptions.of(given(Setting.INIT, "absent")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("there is no model 'absent'");
  }

  @ParameterizedTest
  @CsvSource({
    "FILL, land, '--fill takes a number'",
    "N, 0, '--n takes a whole number from 1 to 1024, not ''0'''",
    "N, many, '--n takes a whole number from 1 to 1024, not ''many'''",
    "LAMBDA, -1, '--lambda takes a number from'",
    "LAMBDA, NaN, '--lambda takes a number from'",
    "ARCH, vgg, '--arch is one of bmshj2018-factorized, '",
    "NORMALIZER, lg10, '''lg10'' is no normalizer stage'",
    "LOSS, l1, '--loss is one of mse, ms-ssim, not ''l1'''",
    "PATCH, 100, '--patch takes a multiple of 64, not 100'",
    "STEPS, 0, '--steps takes a whole number from 1 up, not ''0'''",
    "TIME, 20m, '--time and --steps contradict each other'",
    "LAMBDA_FROM, 0.001, '--lambda-from is where λ falls from: at least --lambda, 0.0067, not'",
    "MAX_SCALE, 64, '--max-scale is of architectures with a hyperprior, and --arch is'",
    "CUDA_GRAPH, maybe, '--cuda-graph is one of on, off, not ''maybe'''",
    "PRECISION, fp8, '--precision is one of auto, fp32, tf32, bf16'",
  })
  void whatMakesNoSenseIsOneSentence(Setting setting, String text, String sentence) {
    assertThatThrownBy(() -> TrainingOptions.of(given(setting, text)))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(sentence);
  }

  @Test
  void whatMustBeSaidIsAskedFor() {
    assertThatThrownBy(() -> TrainingOptions.of(Map.of(Setting.STEPS, "1")))
        .hasMessageContaining("--data is missing");
    assertThatThrownBy(() -> TrainingOptions.of(Map.of(Setting.DATA, "a.npy")))
        .hasMessageContaining("how long to train is not said");
  }

  @ParameterizedTest
  @CsvSource({"90s, 90", "20m, 1200", "1h30m, 5400", "2H, 7200", "1h1m1s, 3661"})
  void timesAreRead(String text, double seconds) {
    Settings settings = Settings.of(Map.of(Setting.TIME, text));

    assertThat(Budget.of(settings).share(7, seconds / 4)).isEqualTo(0.25);
    assertThat(Budget.of(settings).secondsLeft(7, seconds - 10, 3)).isEqualTo(10);
  }

  @ParameterizedTest
  @CsvSource({"20", "m", "0s", "-5m", "20 minutes", "1m1h", "99999999999999999999h"})
  void whatIsNoTimeIsRefused(String text) {
    assertThatThrownBy(() -> Budget.of(Settings.of(Map.of(Setting.TIME, text))))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("--time takes hours, minutes and seconds");
  }

  @ParameterizedTest
  @EnumSource(Setting.class)
  void identityIsFixedAndCourseIsNot(Setting setting) {
    Settings kept = Settings.of(given(Setting.SEED, "1")).with(setting, "1");
    Settings now = Settings.of(Map.of(setting, "2"));

    if (setting.fixedForLife()) {
      assertThatThrownBy(() -> now.resuming(kept))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("--" + setting.option() + " 1, not 2");
    } else {
      assertThat(now.resuming(kept).text(setting)).isEqualTo("2");
    }
    assertThat(Settings.of(Map.of(setting, "1.0")).resuming(kept).has(setting)).isTrue();
  }

  @Test
  void anotherBudgetReplacesTheOldOne() {
    Settings kept = Settings.of(given(Setting.STEPS, "100"));

    Settings longer = Settings.of(Map.of(Setting.TIME, "1h")).resuming(kept);

    assertThat(Budget.of(longer)).isEqualTo(new Budget.Time(3600));
    assertThat(Budget.of(Settings.of(Map.of()).resuming(kept))).isEqualTo(new Budget.Steps(100));
  }

  /** As one has that an earlier version wrote. */
  @Test
  void whatACheckpointDoesNotSayHasItsDefault() {
    Settings kept = Settings.of(given(Setting.BATCH, "3"));

    TrainingOptions options = TrainingOptions.resuming(Map.of(), kept);

    assertThat(options.batch()).isEqualTo(3);
    assertThat(options.cudaGraph()).isTrue();
  }

  @Test
  void settingsSurviveACheckpoint(@TempDir Path folder) throws IOException {
    Settings settings =
        Settings.of(given(Setting.DATA, Setting.list(List.of("a.npy", "µ*.h5:/ρ")))).withDefaults();
    CheckpointState state = new CheckpointState();
    state.putAll(settings.toMetadata());
    Path file = folder.resolve("x.checkpoint");
    state.write(file);

    Settings back = Settings.fromMetadata(CheckpointState.read(file).strings());

    assertThat(Stream.of(Setting.values()).filter(back::has))
        .allSatisfy(setting -> assertThat(back.text(setting)).isEqualTo(settings.text(setting)))
        .hasSize(Setting.values().length - 1);
    assertThatThrownBy(() -> CheckpointState.read(folder.resolve("none.checkpoint")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("there is nothing to resume");
  }
}
