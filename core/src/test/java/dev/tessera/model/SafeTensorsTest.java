package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafeTensorsTest {
  private static SafeTensors open(byte[] file) {
    return SafeTensors.open(MemorySegment.ofArray(file));
  }

  private static byte[] file(String header, byte... data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = TorchFixture.little(8 + text.length + data.length);
    return file.putLong(text.length).put(text).put(data).array();
  }

  private static Tensor one(String type, String shape, byte... data) throws Exception {
    String header =
        "{\"t\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[0,%d]}}"
            .formatted(type, shape, data.length);
    return open(file(header, data)).tensors().get("t").read();
  }

  private static float real(String type, byte... data) throws Exception {
    return ((Tensor.Floats) one(type, "[1]", data)).values()[0];
  }

  private static int integer(String type, byte... data) throws Exception {
    return ((Tensor.Ints) one(type, "[]", data)).values()[0];
  }

  @Test
  void readsEveryType() throws Exception {
    assertThat(real("F64", TorchFixture.little(8).putDouble(1.1).array())).isEqualTo(1.1f);
    assertThat(real("F32", TorchFixture.little(4).putFloat(-3.25f).array())).isEqualTo(-3.25f);
    assertThat(real("F16", (byte) 0x00, (byte) 0xc2)).isEqualTo(-3f);
    assertThat(real("BF16", (byte) 0x40, (byte) 0xc0)).isEqualTo(-3f);
    assertThat(integer("I64", TorchFixture.little(8).putLong(-7).array())).isEqualTo(-7);
    assertThat(integer("I32", TorchFixture.little(4).putInt(1 << 30).array())).isEqualTo(1 << 30);
    assertThat(integer("I16", (byte) 0xfe, (byte) 0xff)).isEqualTo(-2);
    assertThat(integer("I8", (byte) 0xff)).isEqualTo(-1);
    assertThat(integer("U8", (byte) 0xff)).isEqualTo(255);
    assertThat(integer("BOOL", (byte) 1)).isEqualTo(1);
  }

  @Test
  void refusesIntegersBeyond32Bits() {
    assertThatThrownBy(() -> integer("I64", TorchFixture.little(8).putLong(1L << 31).array()))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("2147483648");
  }

  @Test
  void writesWhatItReads() throws Exception {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("odd \"name\" é", new Tensor.Floats(new int[] {2, 1}, new float[] {0.5f, -0f}));
    tensors.put("b", new Tensor.Ints(new int[] {3}, new int[] {1, -2, Integer.MIN_VALUE}));
    tensors.put("half", new Tensor.Floats(new int[] {1}, new float[] {65504}));
    tensors.put("empty", TestModels.zeros(4, 0));
    tensors.put("scalar", new Tensor.Floats(new int[0], new float[] {7}));
    Map<String, ScalarType> types = Map.of("b", ScalarType.I32, "half", ScalarType.F16);
    byte[] file =
        SafeTensors.write(
            tensors, name -> types.getOrDefault(name, ScalarType.F32), Map.of("k", "\n\u2028<"));
    SafeTensors read = open(file);
    assertThat(read.metadata()).isEqualTo(Map.of("k", "\n\u2028<"));
    Map<String, Tensor> back = new LinkedHashMap<>();
    for (Map.Entry<String, StoredTensor> entry : read.tensors().entrySet()) {
      back.put(entry.getKey(), entry.getValue().read());
    }
    TestModels.assertSameTensors(back, tensors);
    assertThat(read.tensors().get("half").type()).isEqualTo(ScalarType.F16);
    assertThat(TorchFixture.little(8).put(file, 0, 8).getLong(0) % 8).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'t':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},"
            + "'u':{'dtype':'U8','shape':[4],'data_offsets':[2,6]}}",
        "{'t':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},"
            + "'u':{'dtype':'U8','shape':[3],'data_offsets':[5,8]}}",
        "{'t':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},"
            + "'t':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}}",
        "{'t':{'dtype':'U8','shape':[4],'data_offsets':[0,4]}}",
        "{'t':{'dtype':'U8','shape':[9],'data_offsets':[0,9]}}",
        "{'t':{'dtype':'U8','shape':[8],'data_offsets':[8,0]}}",
        "{'t':{'dtype':'U8','shape':[8],'data_offsets':[-8,0]}}",
        "{'t':{'dtype':'U8','shape':[-8],'data_offsets':[0,8]}}",
        "{'t':{'dtype':'U8','shape':[8],'data_offsets':[0,8,8]}}",
        "{'t':{'dtype':'U8','shape':[8],'data_offsets':[0,9223372036854775807]}}",
        "{'t':{'dtype':'U8','shape':[8.5],'data_offsets':[0,8]}}",
        "{'t':{'dtype':'U8','shape':['8'],'data_offsets':[0,8]}}",
        "{'t':{'dtype':'U8','shape':[1e99],'data_offsets':[0,8]}}",
        "{'t':{'dtype':'U8','shape':[4294967296,4294967296],'data_offsets':[0,8]}}",
        "{'t':{'dtype':'U8','shape':[67108864,67108864,67108864],'data_offsets':[0,8]}}",
        "{'t':{'dtype':'U8','shape':[1,1,1,1,1,1,1,1,8],'data_offsets':[0,8]}}",
        "{'t':{'dtype':'U8','dtype':'U8','shape':[8],'data_offsets':[0,8]}}",
        "{'t':{'dtype':8,'shape':[8],'data_offsets':[0,8]}}",
        "{'t':{'dtype':'U8','shape':[8]}}",
        "{'t':{'dtype':'U8','shape':[8],'data_offsets':[0,8],'x':1}}",
        "{'t':[]}",
        "{'t':null}",
        "[]",
        "{} {}",
        "{'__metadata__':{'a':1}}",
        "{'__metadata__':{'a':'b','a':'b'}}",
        "{'__metadata__':{},'__metadata__':{}}",
        "{'t':"
      })
  void refusesHostileHeaders(String header) {
    assertThatThrownBy(() -> open(file(header.replace('\'', '"'), new byte[8])))
        .isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void refusesUnknownTypesByName() {
    String header = "{\"t\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}";
    assertThatThrownBy(() -> open(file(header, new byte[8])))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("F8_E4M3");
  }

  @Test
  void refusesDeepJson() {
    String header = "{\"t\":" + "[".repeat(1_000_000);
    assertThatThrownBy(() -> open(file(header))).isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void refusesInvalidUtf8() {
    byte[] file = file("{\"__metadata__\":{\"a\":\"bb\"}}");
    file[file.length - 5] = (byte) 0xff;
    assertThatThrownBy(() -> open(file)).isInstanceOf(TesseraException.Corrupt.class);
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "9", "9223372036854775807", "-1", "-9223372036854775808"})
  void refusesImpossibleHeaderLengths(long length) {
    byte[] file = TorchFixture.little(16).putLong(length).put((byte) '{').array();
    assertThatThrownBy(() -> open(file)).isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void refusesEveryTruncation() {
    byte[] file = TestModels.file(TestModels.weights(), Map.of("name", "x"));
    for (int length = 0; length < file.length; length += 1 + length / 8) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> Model.read(cut, "cut"))
          .as("%d bytes", length)
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void survivesFlippedHeaderBytes() {
    byte[] file = TestModels.file(TestModels.weights(), Map.of("name", "x"));
    Random random = new Random(5);
    int refused = 0;
    for (int i = 0; i < 400; i++) {
      byte[] damaged = file.clone();
      damaged[random.nextInt(6000)] ^= (byte) (1 << random.nextInt(8));
      try {
        Model.read(damaged, "damaged");
      } catch (TesseraException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(300);
  }
}
