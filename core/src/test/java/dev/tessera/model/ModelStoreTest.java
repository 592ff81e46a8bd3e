package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelStoreTest {
  @TempDir Path folder;

  private static Model named(String architecture, String name) {
    return TestModels.golden(architecture).withMetadata(name, Map.of("normalizer", "zscore"));
  }

  @Test
  void bundledModelsAreThereWithoutAFolder() throws Exception {
    ModelStore store = new ModelStore(folder.resolve("absent"));
    assertThat(store.list()).isNotEmpty().allMatch(ModelStore.Entry::bundled);
    for (ModelStore.Entry entry : store.list()) {
      Model model = store.find(entry.name());
      assertThat(model.id()).isEqualTo(entry.id());
      assertThat(entry.bytes()).isLessThan(6_500_000).isEqualTo(model.toBytes().length);
      assertThat(StateDict.fitsHalf(model.tensors())).isTrue();
      assertThat(entry.metadata()).containsKeys("loss", "lambda", "training", Calibration.DATA_KEY);
      assertThat(store.byId(entry.id().substring(0, 32)).name()).isEqualTo(entry.name());
    }
    assertThat(store.unreadable()).isEmpty();
  }

  @Test
  void theBundledNyxModelSaysWhatItIs() throws Exception {
    ModelStore store = new ModelStore(folder);
    ModelStore.Entry entry = named(store, "nyx-factorized");
    assertThat(entry.architecture()).isEqualTo(Architecture.FACTORIZED);
    assertThat(entry.n()).isEqualTo(128);
    assertThat(entry.m()).isEqualTo(192);
    assertThat(entry.normalizer()).contains("minmax:slice");
    assertThat(entry.metadata()).containsKey("normalizer_note");
  }

  @ParameterizedTest
  @CsvSource({
    "cosmo-q1, 16, FACTORIZED",
    "cosmo-q2, 16, FACTORIZED",
    "cosmo-q3, 8, FACTORIZED",
    "cosmo-q1-hyper, 16, HYPERPRIOR",
    "general-q1, 3, FACTORIZED",
    "general-q2, 3, FACTORIZED"
  })
  void modelsTrainedHereChooseTheNormalizerByTheField(
      String name, int channels, Architecture architecture) throws Exception {
    ModelStore.Entry entry = named(new ModelStore(folder), name);

    assertThat(entry.inputChannels()).isEqualTo(channels);
    assertThat(entry.architecture()).isEqualTo(architecture);
    assertThat(entry.normalizer()).contains("auto");
    assertThat(entry.metadata()).containsKeys("training", "lambda");
  }

  private static ModelStore.Entry named(ModelStore store, String name) throws Exception {
    return store.list().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aCalibrationMadeHereComesBeforeTheBundledOne() throws Exception {
    ModelStore store = new ModelStore(folder);
    Model bundled = store.find("nyx-factorized");
    TreeMap<String, String> metadata = new TreeMap<>(bundled.metadata());
    metadata.put(Calibration.DATA_KEY, "mine");
    store.install(bundled.withMetadata(bundled.name(), metadata));

    assertThat(store.find("nyx-factorized").metadata()).containsEntry(Calibration.DATA_KEY, "mine");
    assertThat(store.byId(bundled.id()).metadata()).containsEntry(Calibration.DATA_KEY, "mine");
  }

  @Test
  void installsListsAndFinds() throws Exception {
    ModelStore store = new ModelStore(folder.resolve("a/b"));
    Model model = named("mbt2018-mean", "climate-1");
    Path file = store.install(model);
    assertThat(file).isEqualTo(folder.resolve("a/b/climate-1.safetensors"));
    ModelStore.Entry entry = store.list().getLast();
    assertThat(entry.name()).isEqualTo("climate-1");
    assertThat(entry.id()).isEqualTo(model.id());
    assertThat(entry.architecture()).isEqualTo(Architecture.MEAN_HYPERPRIOR);
    assertThat(entry.bytes()).isEqualTo(Files.size(file));
    assertThat(entry.file()).contains(file);
    assertThat(entry.normalizer()).contains("zscore");
    assertThat(store.find("climate-1").id()).isEqualTo(model.id());
    assertThat(store.find(model.id().substring(0, 6)).name()).isEqualTo("climate-1");
    assertThat(store.find(model.id().toUpperCase(java.util.Locale.ROOT)).name())
        .isEqualTo("climate-1");
    assertThat(store.find(file.toString()).id()).isEqualTo(model.id());
    assertThat(store.byId(model.id()).id()).isEqualTo(model.id());
    // the same again is no conflict
    assertThat(store.install(model)).isEqualTo(file);
  }

  @Test
  void findsFilesThatWerePutThereByHand() throws Exception {
    Files.copy(TestModels.checkpoint("bmshj2018-factorized"), folder.resolve("by-hand.pth.tar"));
    SortedMap<String, Tensor> weights = TestModels.weights();
    Files.write(folder.resolve("plain.safetensors"), TestModels.file(weights, Map.of()));
    ModelStore store = new ModelStore(folder);
    String id = TestModels.read(weights).id();
    assertThat(store.list())
        .filteredOn(entry -> !entry.bundled())
        .extracting(ModelStore.Entry::name, ModelStore.Entry::id)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("by-hand", id),
            org.assertj.core.groups.Tuple.tuple("plain", id));
    // two copies of one model are no ambiguity
    assertThat(store.byId(id.substring(0, 8)).id()).isEqualTo(id);
  }

  @Test
  void refusesAnotherModelOfTheSameName() throws Exception {
    ModelStore store = new ModelStore(folder);
    store.install(named("mbt2018-mean", "mine"));
    assertThatThrownBy(() -> store.install(named("bmshj2018-factorized", "mine")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("another model is called mine");
    assertThatThrownBy(() -> store.install(named("bmshj2018-factorized", "nyx-factorized")))
        .isInstanceOf(TesseraException.Invalid.class);
    for (String name : new String[] {"", "../x", "a/b", ".hidden", "a b", "x".repeat(101)}) {
      assertThatThrownBy(() -> store.install(named("mbt2018-mean", name)))
          .as(name)
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }

  @Test
  void saysWhatIsMissingOrAmbiguous() throws Exception {
    ModelStore store = new ModelStore(folder);
    assertThatThrownBy(() -> store.find("nix-factorized"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("nyx-factorized");
    assertThatThrownBy(() -> store.find("absent/model.pth"))
        .isInstanceOf(TesseraException.Invalid.class);
    // a file of the working folder, which is no model
    assertThatThrownBy(() -> store.find("pom.xml"))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageStartingWith("pom.xml is not a model");
    assertThatThrownBy(() -> store.byId("0".repeat(32)))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("is not here")
        .hasMessageContaining("tessera import");
    // three digits could be anything
    assertThatThrownBy(() -> store.byId(store.list().getFirst().id().substring(0, 3)))
        .isInstanceOf(TesseraException.Invalid.class);
    write("a", named("mbt2018-mean", "same"));
    write("b", named("bmshj2018-factorized", "same"));
    assertThatThrownBy(() -> store.find("same"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("could be any of");
  }

  private void write(String stem, Model model) throws IOException {
    model.write(folder.resolve(stem + ".safetensors"));
  }

  @Test
  void damagedFilesDoNotHideTheOthers() throws Exception {
    ModelStore store = new ModelStore(folder);
    store.install(named("mbt2018-mean", "good"));
    Files.write(folder.resolve("bad.safetensors"), new byte[100]);
    Files.write(folder.resolve("empty.pth"), new byte[0]);
    Files.writeString(folder.resolve("notes.txt"), "not a model");
    Files.createDirectory(folder.resolve("folder.pt"));
    assertThat(store.list()).extracting(ModelStore.Entry::name).contains("good");
    assertThat(store.unreadable().keySet())
        .containsExactly(folder.resolve("bad.safetensors"), folder.resolve("empty.pth"));
  }

  @Test
  void theIdOfAListIsVerifiedOnUse() throws Exception {
    ModelStore store = new ModelStore(folder);
    Model model = named("bmshj2018-factorized", "damaged");
    Path file = store.install(model);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    assertThat(store.list()).extracting(ModelStore.Entry::id).contains(model.id());
    assertThatThrownBy(() -> store.find("damaged"))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining(model.id());
  }

  @Test
  void theFolderComesFromTheEnvironment() {
    assertThat(ModelStore.folder(Map.of("TESSERA_MODELS", "/x"), "/home/u"))
        .isEqualTo(Path.of("/x"));
    assertThat(ModelStore.folder(Map.of("TESSERA_MODELS", " "), "/home/u"))
        .isEqualTo(Path.of("/home/u/.tessera/models"));
    assertThat(ModelStore.folder(Map.of(), "/home/u"))
        .isEqualTo(Path.of("/home/u/.tessera/models"));
  }
}
