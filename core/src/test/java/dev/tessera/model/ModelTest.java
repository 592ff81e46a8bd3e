package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.entropy.CdfTables;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelTest {
  @TempDir Path folder;

  private static String idWith(SortedMap<String, Tensor> tensors, String name, int index, int bit) {
    SortedMap<String, Tensor> changed = new TreeMap<>(tensors);
    changed.put(name, TestModels.flipped(tensors.get(name), index, bit));
    return TestModels.read(changed).id();
  }

  @Test
  void idDependsOnEveryBitOfWhatDecodingNeeds() {
    SortedMap<String, Tensor> tensors =
        new TreeMap<>(TestModels.golden("bmshj2018-hyperprior").tensors());
    String id = TestModels.read(tensors).id();
    assertThat(id).matches("[0-9a-f]{64}");
    for (String name :
        new String[] {
          "g_s.0.weight",
          "g_s.6.bias",
          "g_s.1.beta",
          "g_s.5.gamma",
          "h_s.0.weight",
          "h_s.4.bias",
          "gaussian_conditional.scale_table",
          "entropy_bottleneck._offset",
          "gaussian_conditional._offset"
        }) {
      int last = tensors.get(name).size() - 1;
      assertThat(idWith(tensors, name, last, 0)).as(name).isNotEqualTo(id);
    }
    assertThat(idWith(tensors, "entropy_bottleneck.quantiles", 3 * 5 + 1, 0)).isNotEqualTo(id);
    // one count from one interval to its neighbour
    assertThat(idWith(tensors, "gaussian_conditional._quantized_cdf", 63 * 3133 + 1500, 0))
        .isNotEqualTo(id);
  }

  @Test
  void idDoesNotDependOnTheRest() {
    SortedMap<String, Tensor> tensors =
        new TreeMap<>(TestModels.golden("bmshj2018-hyperprior").tensors());
    Model model = TestModels.read(tensors);
    for (String name :
        new String[] {
          "g_a.0.weight", "g_a.1.gamma", "h_a.2.bias", "entropy_bottleneck.matrices.0"
        }) {
      assertThat(idWith(tensors, name, 3, 0)).as(name).isEqualTo(model.id());
    }
    assertThat(idWith(tensors, "entropy_bottleneck.quantiles", 3 * 5, 0)).isEqualTo(model.id());
    // the entries behind the end of a row
    int[] lengths = ((Tensor.Ints) tensors.get("gaussian_conditional._cdf_length")).values();
    assertThat(idWith(tensors, "gaussian_conditional._quantized_cdf", lengths[0] + 1, 4))
        .isEqualTo(model.id());
    byte[] described = TestModels.file(tensors, Map.of("name", "other", "fp8", "1.5"));
    assertThat(Model.read(described, "x").id()).isEqualTo(model.id());
    assertThat(Model.read(described, "x").name()).isEqualTo("other");
  }

  @Test
  void reparametrizationCountsOnlyWhereItIsUnusual() {
    SortedMap<String, Tensor> weights = TestModels.weights();
    String pedestal = "g_s.1.beta_reparam.pedestal";
    String id = TestModels.read(weights).id();
    assertThat(TestModels.read(TestModels.without(weights, "_reparam")).id()).isEqualTo(id);
    weights.put(pedestal, new Tensor.Floats(new int[] {1}, new float[] {0x1p-30f}));
    Model unusual = TestModels.read(weights);
    assertThat(unusual.id()).isNotEqualTo(id);
    assertThat(unusual.tensors()).containsKey(pedestal);
    assertThat(Model.read(unusual.decodeOnly().toBytes(), "x").id()).isEqualTo(unusual.id());
  }

  /** The definition once more, byte by byte. */
  @Test
  void idIsTheHashThatTheFormatDefines() throws Exception {
    Model model = TestModels.golden("bmshj2018-factorized-relu");
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update("tessera-model-1\n".getBytes(StandardCharsets.US_ASCII));
    int channels = model.m();
    int[] lengths = new int[channels];
    int[] offsets = new int[channels];
    int total = 0;
    for (int c = 0; c < channels; c++) {
      lengths[c] = model.bottleneckTables().length(c);
      offsets[c] = model.bottleneckTables().offset(c);
      total += lengths[c];
    }
    ByteBuffer cdfs = ByteBuffer.allocate(4 * total).order(ByteOrder.LITTLE_ENDIAN);
    for (int c = 0; c < channels; c++) {
      for (int entry : model.bottleneckTables().cdf(c)) {
        cdfs.putInt(entry);
      }
    }
    hash(digest, "entropy_bottleneck._cdf_length", 1, little(lengths), channels);
    hash(digest, "entropy_bottleneck._offset", 1, little(offsets), channels);
    hash(digest, "entropy_bottleneck._quantized_cdf", 1, cdfs.array(), total);
    hash(digest, "entropy_bottleneck.medians", 0, little(model.medians()), channels);
    for (String layer : new String[] {"g_s.0", "g_s.2", "g_s.4", "g_s.6"}) {
      for (String name : new String[] {layer + ".bias", layer + ".weight"}) {
        Tensor.Floats tensor = model.floats(name);
        hash(digest, name, 0, little(tensor.values()), tensor.shape());
      }
    }
    assertThat(model.id()).isEqualTo(HexFormat.of().formatHex(digest.digest()));
  }

  private static void hash(
      MessageDigest digest, String name, int type, byte[] values, int... shape) {
    ByteBuffer head = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    head.putShort((short) name.length()).put(name.getBytes(StandardCharsets.US_ASCII));
    head.put((byte) type).put((byte) shape.length);
    for (int extent : shape) {
      head.putInt(extent);
    }
    digest.update(head.array(), 0, head.position());
    digest.update(values);
  }

  private static byte[] little(int[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    return bytes.array();
  }

  private static byte[] little(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bmshj2018-factorized",
        "bmshj2018-factorized-relu",
        "bmshj2018-hyperprior",
        "mbt2018-mean"
      })
  void survivesWritingAndReading(String architecture) {
    Model model = TestModels.golden(architecture);
    Model back = Model.read(model.toBytes(), "other");
    TestModels.assertSameTensors(back.tensors(), model.tensors());
    assertThat(back.id()).isEqualTo(model.id());
    assertThat(back.name()).isEqualTo("checkpoint");
    assertThat(back.metadata())
        .containsEntry("arch", architecture)
        .containsEntry("id", model.id())
        .containsEntry("in_channels", "3");
    assertThat(model.toBytes()).isEqualTo(model.toBytes());

    Model decodeOnly = model.decodeOnly();
    Model small = Model.read(decodeOnly.toBytes(), "other");
    assertThat(small.id()).isEqualTo(model.id());
    assertThat(decodeOnly.toBytes().length).isLessThan(model.toBytes().length);
    assertThat(small.has(Network.G_A)).isFalse();
    assertThat(small.has(Network.H_A)).isFalse();
    assertThat(small.has(Network.G_S)).isTrue();
    assertThat(small.has(Network.H_S)).isEqualTo(model.architecture().hasHyperprior());
    assertThat(small.medians()).isEqualTo(model.medians());
    assertThatThrownBy(() -> small.floats("g_a.0.weight"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("decode-only");
  }

  @Test
  void writesTheBuffersThatCompressAiAsksFor() throws Exception {
    SortedMap<String, Tensor> weights = TestModels.weights();
    byte[] file = TestModels.read(weights).toBytes();
    SortedMap<String, Tensor> written = new TreeMap<>();
    for (Map.Entry<String, StoredTensor> entry :
        SafeTensors.open(MemorySegment.ofArray(file)).tensors().entrySet()) {
      written.put(entry.getKey(), entry.getValue().read());
    }
    TestModels.assertSameTensors(written, weights);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bmshj2018-factorized", "mbt2018-mean"})
  void halfPrecisionIsConsistent(String architecture) {
    Model model = TestModels.golden(architecture);
    Model half = model.toHalf();
    byte[] file = half.toBytes();
    Model back = Model.read(file, "x");
    TestModels.assertSameTensors(back.tensors(), half.tensors());
    assertThat(back.id()).isEqualTo(half.id()).isNotEqualTo(model.id());
    assertThat(back.toHalf().id()).isEqualTo(half.id());
    assertThat(back.toBytes()).isEqualTo(file);
    assertThat(back.decodeOnly().toBytes().length).isLessThan(model.decodeOnly().toBytes().length);
    assertThat(back.medians()).isEqualTo(model.medians());
    SafeTensors stored = SafeTensors.open(MemorySegment.ofArray(file));
    stored
        .tensors()
        .forEach((name, tensor) ->
            assertThat(tensor.type() == ScalarType.F16)
                .as(name)
                .isEqualTo(StateDict.isNetworkWeight(name)));
    float[] exact = model.floats("g_s.2.weight").values();
    float[] rounded = half.floats("g_s.2.weight").values();
    for (int i = 0; i < exact.length; i++) {
      assertThat(rounded[i]).isCloseTo(exact[i], within(Math.abs(exact[i]) * 0x1p-11f + 0x1p-25f));
    }
  }

  @Test
  void halfPrecisionRefusesWhatItCannotHold() {
    SortedMap<String, Tensor> weights = TestModels.weights();
    ((Tensor.Floats) weights.get("g_a.4.weight")).values()[7] = 65_520;
    Model model = TestModels.read(weights);
    assertThatThrownBy(model::toHalf)
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("g_a.4.weight")
        .hasMessageContaining("float32");
  }

  @ParameterizedTest
  @CsvSource({"bmshj2018-factorized, false", "bmshj2018-hyperprior, true", "mbt2018-mean, true"})
  void buildsMissingTables(String architecture, boolean hyperprior) {
    Model stored = TestModels.golden(architecture);
    SortedMap<String, Tensor> bare = new TreeMap<>(stored.tensors());
    for (String module : new String[] {"entropy_bottleneck", "gaussian_conditional"}) {
      bare.remove(module + "._quantized_cdf");
      bare.remove(module + "._cdf_length");
      bare.remove(module + "._offset");
    }
    bare.remove("gaussian_conditional.scale_table");
    SortedMap<String, Tensor> empty = new TreeMap<>(bare);
    empty.put("entropy_bottleneck._quantized_cdf", new Tensor.Ints(new int[] {0}, new int[0]));
    empty.put("entropy_bottleneck._cdf_length", new Tensor.Ints(new int[] {0}, new int[0]));
    empty.put("entropy_bottleneck._offset", new Tensor.Ints(new int[] {0}, new int[0]));
    if (hyperprior) {
      empty.put("gaussian_conditional.scale_table", TestModels.zeros(0));
      empty.put("gaussian_conditional.scale_bound", TestModels.zeros(0));
    }
    Model built = TestModels.read(bare);
    assertThat(TestModels.read(empty).id()).isEqualTo(built.id());
    assertWithinOneCount(built.bottleneckTables(), stored.bottleneckTables());
    if (hyperprior) {
      assertWithinOneCount(built.conditionalTables(), stored.conditionalTables());
      assertThat(built.scaleTable()).isEqualTo(stored.scaleTable());
    }
    // once built they are stored, and stay what they are
    Model again = Model.read(built.toBytes(), "x");
    TestModels.assertSameTensors(again.tensors(), built.tensors());
    assertThat(Model.read(built.decodeOnly().toBytes(), "x").id()).isEqualTo(built.id());
  }

  private static void assertWithinOneCount(CdfTables built, CdfTables stored) {
    assertThat(built.count()).isEqualTo(stored.count());
    for (int t = 0; t < stored.count(); t++) {
      assertThat(built.offset(t)).as("offset %d", t).isEqualTo(stored.offset(t));
      assertThat(largestDifference(built.cdf(t), stored.cdf(t))).as("table %d", t).isBetween(0, 1);
    }
  }

  private static int largestDifference(int[] one, int[] other) {
    assertThat(one).hasSameSizeAs(other);
    int largest = 0;
    for (int i = 0; i < one.length; i++) {
      largest = Math.max(largest, Math.abs(one[i] - other[i]));
    }
    return largest;
  }

  @Test
  void needsTablesOrWhatTheyAreBuiltFrom() {
    SortedMap<String, Tensor> weights = TestModels.weights();
    weights.keySet().removeIf(name -> name.matches("entropy_bottleneck\\.(_|matr|bias|fact).*"));
    assertThatThrownBy(() -> TestModels.read(weights))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("update()");
  }

  @Test
  void hugeQuantilesAreRefusedBeforeTablesAreBuilt() {
    SortedMap<String, Tensor> weights = TestModels.weights();
    weights.keySet().removeIf(name -> name.startsWith("entropy_bottleneck._"));
    float[] quantiles = ((Tensor.Floats) weights.get("entropy_bottleneck.quantiles")).values();
    quantiles[2] = 1e30f;
    assertThatThrownBy(() -> TestModels.read(weights)).isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void gdnParametersAreEffectiveValues() {
    SortedMap<String, Tensor> weights = TestModels.weights();
    float[] beta = ((Tensor.Floats) weights.get("g_s.3.beta")).values();
    float[] gamma = ((Tensor.Floats) weights.get("g_s.3.gamma")).values();
    beta[0] = -5;
    beta[1] = 1.5f;
    gamma[0] = 0;
    gamma[1] = 0.5f;
    Model model = TestModels.read(weights);
    assertThat(model.gdnBeta("g_s.3")[0]).isCloseTo(1e-6f, within(1e-12f));
    assertThat(model.gdnBeta("g_s.3")[1]).isEqualTo(1.5f * 1.5f - 0x1p-36f);
    assertThat(model.gdnGamma("g_s.3")[0]).isZero();
    assertThat(model.gdnGamma("g_s.3")[1]).isEqualTo(0.25f - 0x1p-36f);
    assertThat(model.gdnGamma("g_s.3")).hasSize(256);
    assertThat(model.toHalf().gdnGamma("g_s.3")[0]).isZero();
  }

  @Test
  void answersWhatAnArchitectureLacks() {
    Model model = TestModels.golden("bmshj2018-factorized");
    assertThatThrownBy(model::scaleTable).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(model::conditionalTables).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> model.metadata().put("a", "b"))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> model.tensors().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(model.inputChannels(new Layer.Conv("g_a.0", 5, 2))).isEqualTo(3);
    assertThat(model.outputChannels(new Layer.ConvTranspose("g_s.6", 5, 2))).isEqualTo(3);
    assertThat(model.outputChannels(new Layer.Gdn("g_a.1", false))).isEqualTo(16);
  }

  @Test
  void metadataMustNotContradictTheTensors() {
    SortedMap<String, Tensor> weights = TestModels.weights();
    Map<String, String> wrong =
        Map.of("arch", "mbt2018-mean", "n", "17", "m", "1", "in_channels", "1", "id", "0");
    wrong.forEach((key, value) ->
        assertThatThrownBy(() -> Model.read(TestModels.file(weights, Map.of(key, value)), "x"))
            .isInstanceOf(TesseraException.Corrupt.class)
            .hasMessageContaining(key + " " + value));
  }

  @Test
  void writesAFileInOneStep() throws Exception {
    Model model = TestModels.golden("bmshj2018-factorized");
    Map<String, String> metadata = Map.of("normalizer", "minmax:slice", "name", "old");
    Path file = folder.resolve("m.safetensors");
    Files.write(file, new byte[] {1});
    model.withMetadata("new", metadata).write(file);
    Model back = Model.read(file);
    assertThat(back.name()).isEqualTo("new");
    assertThat(back.normalizer()).contains("minmax:slice");
    assertThat(model.normalizer()).isEmpty();
    assertThat(folder.toFile().list()).containsExactly("m.safetensors");
  }
}
