package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchCheckpointTest {
  private static final String WEIGHT = "g_s.0.weight";
  private static SortedMap<String, Tensor> weights;
  private static Model expected;

  @TempDir Path folder;

  @BeforeAll
  static void readWeights() {
    weights = TestModels.weights();
    expected = TestModels.read(weights);
  }

  private Path write(byte[] file) throws IOException {
    return Files.write(folder.resolve("file.pth"), file);
  }

  private void assertSameModel(Path file) throws IOException {
    Model model = Model.read(file);
    TestModels.assertSameTensors(model.tensors(), expected.tensors());
    assertThat(model.id()).isEqualTo(expected.id());
  }

  @Test
  void goldenCheckpointEqualsItsSafetensors() throws Exception {
    assertSameModel(TestModels.checkpoint("bmshj2018-factorized"));
    assertThat(Model.read(TestModels.checkpoint("bmshj2018-factorized")).name())
        .isEqualTo("checkpoint");
  }

  @ParameterizedTest
  @CsvSource({
    "bmshj2018-factorized, FACTORIZED",
    "bmshj2018-factorized-relu, FACTORIZED_RELU",
    "bmshj2018-hyperprior, HYPERPRIOR",
    "mbt2018-mean, MEAN_HYPERPRIOR"
  })
  void recognizesEveryArchitecture(String name, Architecture architecture) {
    Model model = TestModels.golden(name);
    assertThat(model.architecture()).isEqualTo(architecture);
    assertThat(model.n()).isEqualTo(16);
    assertThat(model.m()).isEqualTo(24);
    assertThat(model.inputChannels()).isEqualTo(3);
    assertThat(model.bottleneckTables().count()).isEqualTo(architecture.hasHyperprior() ? 16 : 24);
    for (Network network : Network.values()) {
      assertThat(model.has(network)).isEqualTo(architecture.networks().contains(network));
    }
  }

  @Test
  void readsPlainAndWrappedDicts() throws Exception {
    assertSameModel(new TorchFixture().stateDict(weights).op('.').zip(folder.resolve("a.pth")));
    TorchFixture wrapped = new TorchFixture().op('}').op('(').string("epoch").integer(3);
    wrapped.string("model_state_dict").stateDict(weights).op('u').op('.');
    assertSameModel(wrapped.zip(folder.resolve("b.pt")));
  }

  @Test
  void readsDeflatedArchivesAndAnyFolder() throws Exception {
    TorchFixture fixture = new TorchFixture().stateDict(weights).op('.');
    assertSameModel(fixture.zip(folder.resolve("a"), "some/where", ZipEntry.DEFLATED, null));
  }

  @Test
  void readsTheLegacyFormat() throws Exception {
    assertSameModel(write(new TorchFixture().stateDict(weights).op('.').legacy()));
  }

  @Test
  void readsLegacyViews() throws Exception {
    Tensor.Floats bias = (Tensor.Floats) weights.get("g_s.0.bias");
    ByteBuffer data = TorchFixture.little(4 * (bias.size() + 5));
    data.asFloatBuffer().put(5, bias.values());
    TorchFixture fixture = new TorchFixture();
    fixture.stateDict(TestModels.without(weights, "g_s.0.bias")).string("g_s.0.bias");
    fixture.storage("view", data.array(), bias.size() + 5);
    fixture.global("torch._utils", "_rebuild_tensor_v2").op('(').op('(').string("storage");
    fixture.global("torch", "FloatStorage").string("view").string("cpu").integer(bias.size() + 5);
    fixture.op('(').string("key").integer(3).integer(bias.size() + 2).op('t').op('t').op('Q');
    fixture.integer(2).integers(bias.size()).integers(1).bytes(0x89).op('N').op('t').op('R');
    assertSameModel(write(fixture.op('s').op('.').legacy()));
  }

  @Test
  void readsStridesOffsetsAndSharedStorages() throws Exception {
    Tensor.Floats weight = (Tensor.Floats) weights.get(WEIGHT);
    int[] shape = weight.shape();
    // transposed in its first two axes, behind 7 other values, and shared with the bias
    Tensor.Floats bias = (Tensor.Floats) weights.get("g_s.0.bias");
    int taps = shape[2] * shape[3];
    ByteBuffer data = TorchFixture.little(4 * (7 + weight.size() + bias.size()));
    for (int in = 0; in < shape[0]; in++) {
      for (int out = 0; out < shape[1]; out++) {
        for (int tap = 0; tap < taps; tap++) {
          data.putFloat(
              4 * (7 + (out * shape[0] + in) * taps + tap),
              weight.values()[(in * shape[1] + out) * taps + tap]);
        }
      }
    }
    data.position(4 * (7 + weight.size()))
        .slice()
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .put(bias.values());
    long all = 7 + weight.size() + bias.size();
    long[] strides = {taps, (long) shape[0] * taps, shape[3], 1};
    TorchFixture fixture = new TorchFixture();
    fixture.stateDict(TestModels.without(weights, "g_s.0.")).storage("s", data.array(), all);
    fixture.op('(').string(WEIGHT);
    fixture.tensor(
        "FloatStorage", "s", all, 7, Arrays.stream(shape).asLongStream().toArray(), strides);
    fixture.string("g_s.0.bias");
    fixture.tensor(
        "FloatStorage", "s", all, 7 + weight.size(), new long[] {bias.size()}, new long[] {1});
    fixture.op('u').op('.');
    assertSameModel(fixture.zip(folder.resolve("zip.pth")));
    assertSameModel(write(fixture.legacy()));
  }

  @Test
  void convertsOtherTypesAndByteOrders() throws Exception {
    Tensor.Floats bias = (Tensor.Floats) weights.get("g_s.0.bias");
    ByteBuffer doubles = ByteBuffer.allocate(8 * bias.size());
    for (float value : bias.values()) {
      doubles.putDouble(value);
    }
    SortedMap<String, Tensor> swapped = new TreeMap<>();
    TestModels.without(weights, "g_s.0.bias")
        .forEach((name, tensor) -> swapped.put(name, byteSwapped(tensor)));
    TorchFixture fixture = new TorchFixture().stateDict(swapped).string("g_s.0.bias");
    fixture.storage("d", doubles.array(), bias.size());
    fixture.tensor("DoubleStorage", "d", bias.size(), 0, new long[] {bias.size()}, new long[] {1});
    fixture.op('s').op('.');
    assertSameModel(fixture.zip(folder.resolve("big"), "x", ZipEntry.STORED, "big"));
    assertThatThrownBy(
            () -> Model.read(fixture.zip(folder.resolve("y"), "x", ZipEntry.STORED, "middle")))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("byte order");
  }

  private static Tensor byteSwapped(Tensor tensor) {
    return switch (tensor) {
      case Tensor.Floats floats -> {
        ByteBuffer bytes = ByteBuffer.allocate(4 * floats.size());
        bytes.asFloatBuffer().put(floats.values());
        float[] swapped = new float[floats.size()];
        // kept as bits: a float that becomes a signaling NaN on the way would be changed
        int[] bits = new int[floats.size()];
        bytes.order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(bits);
        for (int i = 0; i < bits.length; i++) {
          swapped[i] = Float.intBitsToFloat(bits[i]);
        }
        yield new Tensor.Floats(floats.shape(), swapped);
      }
      case Tensor.Ints ints ->
          new Tensor.Ints(
              ints.shape(), Arrays.stream(ints.values()).map(Integer::reverseBytes).toArray());
    };
  }

  @Test
  void ignoresWhatTrainingLeavesBeside() throws Exception {
    TorchFixture fixture = new TorchFixture().op('}').op('(');
    fixture.string("epoch").integer(12).string("big").integer(1L << 40);
    fixture.string("loss").bytes('G', 0x3f, 0xf0, 0, 0, 0, 0, 0, 0).string("best").op('N');
    fixture.string("optimizer").op('}').op('(').string("state").op('}').op('(').integer(0);
    fixture.op('}').op('(').string("exp_avg").tensor(TestModels.zeros(3)).op('u').op('u');
    fixture.string("param_groups").op(']').op('(').op('}').op('e').op('u');
    fixture.string("milestones").global("collections", "Counter").op('}');
    fixture.integer(30).integer(1).op('s').bytes(0x85).op('R');
    fixture.string("numpy").global("numpy.core.multiarray", "scalar");
    fixture.global("numpy", "dtype").string("f8").bytes(0x89, 0x88, 0x87).op('R');
    fixture.op('(').integer(3).string("<").op('N').op('t').op('b');
    fixture.global("_codecs", "encode").string("abcdefgh").string("latin1").bytes(0x86).op('R');
    fixture.bytes(0x86).op('R');
    fixture.string("state_dict").stateDict(weights).op('}').string("_metadata").op('N').op('s');
    fixture.op('b').op('u').op('.');
    assertSameModel(fixture.zip(folder.resolve("training.pth.tar")));
  }

  @ParameterizedTest
  @CsvSource({
    "posix, system",
    "os, system",
    "builtins, eval",
    "builtins, getattr",
    "torch.storage, _load_from_bytes",
    "torch._utils, _rebuild_sparse_tensor",
    "compressai.models.google, FactorizedPrior",
    "java.lang, Runtime",
    "decimal, Decimal",
    "datetime, datetime",
    "array, array"
  })
  void refusesForeignObjectsByName(String module, String name) throws Exception {
    TorchFixture fixture = new TorchFixture().op('}').string("state_dict").global(module, name);
    fixture.string("touch owned").bytes(0x85).op('R').op('s').op('.');
    for (Path file :
        new Path[] {fixture.zip(folder.resolve("evil.pth")), write(fixture.legacy())}) {
      assertThatThrownBy(() -> Model.read(file))
          .isInstanceOf(TesseraException.Unsupported.class)
          .hasMessageStartingWith(
              "the checkpoint wants to build " + module + "." + name + ": only tensors are read");
    }
  }

  @Test
  void refusesEveryOtherWayToBuild() throws Exception {
    Map<String, TorchFixture> tricks = new LinkedHashMap<>();
    tricks.put(
        "INST", new TorchFixture().op('(').string("id").op('i').bytes('o', 's', 10, 's', 10));
    tricks.put("OBJ", new TorchFixture().op('(').global("torch", "Size").op('o'));
    tricks.put("NEWOBJ", new TorchFixture().global("torch", "Size").op(')').bytes(0x81));
    tricks.put("NEWOBJ_EX", new TorchFixture().global("torch", "Size").op(')').op('}').bytes(0x92));
    tricks.put("EXT1", new TorchFixture().bytes(0x82, 1));
    tricks.put("EXT4", new TorchFixture().bytes(0x84, 1, 0, 0, 0));
    tricks.put("STACK_GLOBAL", new TorchFixture().string("posix").string("system").bytes(0x93));
    tricks.put("BUFFER", new TorchFixture().bytes(0x97));
    tricks.put("PERSID", new TorchFixture().bytes('P', 'x', 10));
    TorchFixture module = new TorchFixture().op('(').string("module").op('N').op('t').op('Q');
    tricks.put("module", module);
    for (Map.Entry<String, TorchFixture> trick : tricks.entrySet()) {
      Path file = trick.getValue().op('.').zip(folder.resolve("trick.pth"));
      assertThatThrownBy(() -> Model.read(file))
          .as(trick.getKey())
          .isInstanceOf(TesseraException.Unsupported.class)
          .hasMessageContaining("only tensors are read");
    }
  }

  @Test
  void damagedPicklesAreCorrupt() throws Exception {
    Map<String, TorchFixture> damaged = new LinkedHashMap<>();
    damaged.put("empty stack", new TorchFixture().op('0'));
    damaged.put("no mark", new TorchFixture().op('N').op('t'));
    damaged.put("calls a string", new TorchFixture().string("x").op(')').op('R'));
    damaged.put(
        "calls a class", new TorchFixture().global("torch", "FloatStorage").op(')').op('R'));
    damaged.put("no such memo", new TorchFixture().bytes('h', 9));
    damaged.put("huge string", new TorchFixture().bytes('X', 0xff, 0xff, 0xff, 0x7f));
    damaged.put("negative string", new TorchFixture().bytes('X', 0xff, 0xff, 0xff, 0xff));
    damaged.put(
        "huge string of 64 bits", new TorchFixture().bytes(0x8d, 0, 0, 0, 0, 0, 0, 0, 0x40));
    damaged.put("huge integer", new TorchFixture().bytes(0x8b, 0xff, 0xff, 0xff, 0x7f));
    damaged.put("state of a number", new TorchFixture().integer(1).op('N').op('b'));
    damaged.put("odd dict", new TorchFixture().op('(').string("x").op('d'));
    damaged.put(
        "storage of no class", new TorchFixture().op('(').string("storage").op('t').op('Q'));
    TorchFixture own = new TorchFixture().op(']').bytes('q', 0).bytes('h', 0).op('a');
    damaged.put("a list that holds itself as key", own.op('}').bytes('h', 0).op('N').op('s'));
    for (Map.Entry<String, TorchFixture> entry : damaged.entrySet()) {
      Path file = entry.getValue().op('.').zip(folder.resolve("damaged.pth"));
      assertThatThrownBy(() -> Model.read(file))
          .as(entry.getKey())
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void bombsNeitherHangNorOverflow() throws Exception {
    // a pair of the same pair, a million deep: 2^1000000 leaves to whoever walks it
    TorchFixture doubling = new TorchFixture().op('N');
    TorchFixture appending = new TorchFixture().op(']');
    TorchFixture trimming = new TorchFixture();
    for (int i = 0; i < 1_000_000; i++) {
      doubling.op('2').bytes(0x86);
      appending.op('(').op('N').op('e');
      trimming.op('(').op('N').op('(').op('1');
    }
    for (TorchFixture bomb : new TorchFixture[] {doubling, appending, trimming}) {
      Path file = bomb.op('.').zip(folder.resolve("bomb.pth"));
      assertThatThrownBy(() -> Model.read(file)).isInstanceOf(TesseraException.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "9600, 1, 24 16 5 5, 400 25 5 1",
    "9600, 0, 24 16 5 5, 401 25 5 1",
    "9600, 0, 24 16 5 5, -400 25 5 1",
    "9600, -1, 24 16 5 5, 400 25 5 1",
    "9601, 0, 24 16 5 5, 400 25 5 1",
    "-9600, 0, 24 16 5 5, 400 25 5 1",
    "9600, 0, 24 16 5 5, 400 25 5",
    "9600, 0, 24 16 -5 -5, 400 25 5 1",
    "9223372036854775807, 9223372036854775807, 24 16 5 5, 400 25 5 1",
    "9600, 0, 24 16 5 5, 9223372036854775807 25 5 1",
    "9600, 0, 2000000000 2000000000 2000000000, 0 0 0"
  })
  void refusesTensorsOutsideTheirStorage(long count, long offset, String shape, String strides)
      throws Exception {
    TorchFixture fixture = new TorchFixture().stateDict(TestModels.without(weights, WEIGHT));
    fixture.string(WEIGHT).storage("s", new byte[4 * 9600], 9600);
    fixture.tensor("FloatStorage", "s", count, offset, longs(shape), longs(strides));
    fixture.op('s').op('.');
    for (Path file : new Path[] {fixture.zip(folder.resolve("a.pth")), write(fixture.legacy())}) {
      assertThatThrownBy(() -> Model.read(file)).isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  private static long[] longs(String text) {
    return Arrays.stream(text.split(" ")).mapToLong(Long::parseLong).toArray();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void survivesTruncationAndDamage(boolean legacy) throws Exception {
    TorchFixture fixture = new TorchFixture().stateDict(weights).op('.');
    byte[] file =
        legacy ? fixture.legacy() : Files.readAllBytes(fixture.zip(folder.resolve("whole.pth")));
    for (int length = 3; length < file.length; length += 1 + length / 16) {
      Path cut = write(Arrays.copyOf(file, length));
      assertThatThrownBy(() -> Model.read(cut))
          .as("%d", length)
          .isInstanceOf(TesseraException.class);
    }
    Random random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 300; i++) {
      byte[] damaged = file.clone();
      int range = i % 2 == 0 ? file.length : 12_000;
      damaged[i % 3 == 0 ? file.length - 1 - random.nextInt(range) : random.nextInt(range)] ^=
          (byte) (1 << random.nextInt(8));
      try {
        Model.read(write(damaged));
      } catch (TesseraException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(50);
  }

  @Test
  void noticesDamagedValues() throws Exception {
    byte[] file = Files.readAllBytes(TestModels.checkpoint("bmshj2018-factorized"));
    file[file.length / 2] ^= 1;
    assertThatThrownBy(() -> Model.read(write(file)))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("damaged");
  }

  @Test
  void saysWhatIsNotAModel() throws Exception {
    for (byte[] file : new byte[][] {{}, {1}, "hello, world".getBytes(), new byte[100]}) {
      assertThatThrownBy(() -> Model.read(write(file)))
          .isInstanceOf(TesseraException.Unsupported.class)
          .hasMessageContaining("file.pth is not a model");
    }
    assertThatThrownBy(() -> Model.read(folder)).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> Model.read(folder.resolve("absent"))).isInstanceOf(IOException.class);
    Path other = new TorchFixture().op('}').op('.').zip(folder.resolve("empty.pth"));
    assertThatThrownBy(() -> Model.read(other))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("no state dict");
  }
}
