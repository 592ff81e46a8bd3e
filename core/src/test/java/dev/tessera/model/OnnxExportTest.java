package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import dev.tessera.testing.SyntheticModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OnnxExportTest {
  /** A message of the Protocol Buffers wire format: the values of each field in order. */
  private static Map<Integer, List<Object>> parse(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    Map<Integer, List<Object>> fields = new TreeMap<>();
    while (in.hasRemaining()) {
      long tag = varint(in);
      Object value =
          switch ((int) tag & 7) {
            case 0 -> varint(in);
            case 2 -> {
              byte[] content = new byte[Math.toIntExact(varint(in))];
              in.get(content);
              yield content;
            }
            case 5 -> in.getFloat();
            default -> throw new AssertionError("wire type of tag " + tag);
          };
      fields.computeIfAbsent((int) (tag >>> 3), _ -> new ArrayList<>()).add(value);
    }
    return fields;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  private static List<Map<Integer, List<Object>>> messages(
      Map<Integer, List<Object>> message, int field) {
    return message.getOrDefault(field, List.of()).stream().map(m -> parse((byte[]) m)).toList();
  }

  private static List<String> texts(Map<Integer, List<Object>> message, int field) {
    return message.getOrDefault(field, List.of()).stream()
        .map(t -> new String((byte[]) t, StandardCharsets.UTF_8))
        .toList();
  }

  private static String text(Map<Integer, List<Object>> message, int field) {
    return texts(message, field).getFirst();
  }

  private static Map<Integer, List<Object>> graph(byte[] file) {
    return messages(parse(file), 7).getFirst();
  }

  private static List<String> operators(byte[] file) {
    return messages(graph(file), 1).stream().map(node -> text(node, 4)).toList();
  }

  @Test
  void writesTheLayersInOrder() {
    Model gdn = SyntheticModel.of(Architecture.FACTORIZED, 4, 6, 3, 1);
    Model relu = SyntheticModel.of(Architecture.FACTORIZED_RELU, 4, 6, 3, 1);
    Model scale = SyntheticModel.of(Architecture.HYPERPRIOR, 4, 6, 3, 1);
    Model mean = SyntheticModel.of(Architecture.MEAN_HYPERPRIOR, 4, 6, 3, 1);

    assertThat(operators(OnnxExport.network(gdn, Network.G_A)).subList(0, 6))
        .containsExactly("Conv", "Mul", "Conv", "Sqrt", "Div", "Conv");
    assertThat(operators(OnnxExport.network(gdn, Network.G_S)).subList(0, 6))
        .containsExactly("ConvTranspose", "Mul", "Conv", "Sqrt", "Mul", "ConvTranspose");
    assertThat(operators(OnnxExport.network(relu, Network.G_A)))
        .containsExactly("Conv", "Relu", "Conv", "Relu", "Conv", "Relu", "Conv");
    assertThat(operators(OnnxExport.network(scale, Network.H_A)))
        .containsExactly("Abs", "Conv", "Relu", "Conv", "Relu", "Conv");
    assertThat(operators(OnnxExport.network(mean, Network.H_S)))
        .containsExactly("ConvTranspose", "LeakyRelu", "ConvTranspose", "LeakyRelu", "Conv");
  }

  @Test
  void writesTheHeaderThatOnnxAsksFor() {
    Model model = SyntheticModel.of(Architecture.FACTORIZED, 4, 6, 3, 1);
    Map<Integer, List<Object>> file = parse(OnnxExport.network(model, Network.G_A));
    Map<Integer, List<Object>> graph = messages(file, 7).getFirst();

    assertThat(file.get(1)).containsExactly(8L);
    assertThat(text(file, 2)).isEqualTo("tessera");
    assertThat(messages(file, 8).getFirst().get(2)).containsExactly(17L);
    Map<String, String> metadata = new TreeMap<>();
    messages(file, 14).forEach(entry -> metadata.put(text(entry, 1), text(entry, 2)));
    assertThat(metadata)
        .containsEntry("arch", "bmshj2018-factorized")
        .containsEntry("network", "g_a")
        .containsEntry("downsampling", "16")
        .containsEntry("upsampling", "1");
    assertThat(axes(messages(graph, 11).getFirst()))
        .containsExactly("batch", 3L, "height", "width");
    assertThat(axes(messages(graph, 12).getFirst()))
        .containsExactly("batch", 6L, "y_height", "y_width");
  }

  private static List<Object> axes(Map<Integer, List<Object>> value) {
    Map<Integer, List<Object>> tensor = messages(messages(value, 2).getFirst(), 1).getFirst();
    assertThat(tensor.get(1)).containsExactly(1L);
    return messages(messages(tensor, 2).getFirst(), 1).stream()
        .<Object>map(axis -> axis.containsKey(1) ? axis.get(1).getFirst() : text(axis, 2))
        .toList();
  }

  @Test
  void writesAttributesAndWeights() {
    Model model = SyntheticModel.of(Architecture.FACTORIZED, 4, 6, 3, 1);
    Map<Integer, List<Object>> graph = graph(OnnxExport.network(model, Network.G_S));

    Map<String, List<Object>> attributes = new TreeMap<>();
    messages(messages(graph, 1).getFirst(), 5)
        .forEach(attribute -> attributes.put(text(attribute, 1), attribute.get(8)));
    assertThat(attributes)
        .containsEntry("kernel_shape", List.of(5L, 5L))
        .containsEntry("strides", List.of(2L, 2L))
        .containsEntry("pads", List.of(2L, 2L, 2L, 2L))
        .containsEntry("output_padding", List.of(1L, 1L));
    Map<Integer, List<Object>> weight = messages(graph, 5).getFirst();
    assertThat(text(weight, 8)).isEqualTo("g_s.0.weight");
    assertThat(weight.get(1)).containsExactly(6L, 4L, 5L, 5L);
    float[] values = new float[6 * 4 * 25];
    ByteBuffer.wrap((byte[]) weight.get(9).getFirst())
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    assertThat(values).isEqualTo(model.floats("g_s.0.weight").values());
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void everyValueIsMadeOnceAndBeforeItIsUsed(Architecture architecture) {
    Model model = SyntheticModel.of(architecture, 20, 6, 1, 1);
    for (Network network : architecture.networks()) {
      for (byte[] file :
          List.of(OnnxExport.network(model, network), OnnxExport.tuned(model, network))) {
        Map<Integer, List<Object>> graph = graph(file);
        Set<String> known = new HashSet<>(Set.of("x"));
        messages(graph, 5).forEach(tensor -> assertThat(known.add(text(tensor, 8))).isTrue());
        Set<String> used = new HashSet<>();
        for (Map<Integer, List<Object>> node : messages(graph, 1)) {
          assertThat(known).containsAll(texts(node, 1));
          used.addAll(texts(node, 1));
          assertThat(known.add(text(node, 2))).isTrue();
        }
        used.add("y");
        assertThat(used).isEqualTo(known);
      }
    }
  }

  @Test
  void theSameModelGivesTheSameBytes() {
    byte[] first =
        OnnxExport.tuned(SyntheticModel.of(Architecture.HYPERPRIOR, 8, 6, 3, 1), Network.G_S);
    byte[] second =
        OnnxExport.tuned(SyntheticModel.of(Architecture.HYPERPRIOR, 8, 6, 3, 1), Network.G_S);

    assertThat(Arrays.equals(first, second)).isTrue();
  }

  @Test
  void writesOneFileForEachNetworkThatThereIs(@TempDir Path folder) throws IOException {
    Model model = SyntheticModel.of(Architecture.HYPERPRIOR, 4, 6, 3, 1);
    OnnxExport.write(model, folder.resolve("a/all"));
    OnnxExport.write(model.decodeOnly(), folder.resolve("decoding"));

    assertThat(folder.resolve("a/all"))
        .isDirectoryContaining("glob:**/g_a.onnx")
        .isDirectoryContaining("glob:**/h_a.onnx")
        .isDirectoryContaining("glob:**/h_s.onnx");
    assertThat(Files.readAllBytes(folder.resolve("a/all/g_s.onnx")))
        .isEqualTo(OnnxExport.network(model, Network.G_S));
    assertThat(folder.resolve("decoding").toFile().list())
        .containsExactlyInAnyOrder("g_s.onnx", "h_s.onnx");
  }

  @Test
  void reportsNetworksThatTheModelLacks() {
    Model factorized = SyntheticModel.of(Architecture.FACTORIZED, 4, 6, 3, 1);

    assertThatThrownBy(() -> OnnxExport.network(factorized, Network.H_S))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("does without");
    assertThatThrownBy(() -> OnnxExport.tuned(factorized.decodeOnly(), Network.G_A))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("complete model");
  }

  @Test
  void numbersKeepTheirBitsOnTheWire() {
    byte[] bytes =
        new ProtobufWriter()
            .integer(1, -1)
            .integer(2, 1L << 62)
            .integer(2000, 128)
            .real(3, 0.01f)
            .text(4, "é")
            .toByteArray();

    Map<Integer, List<Object>> message = parse(bytes);
    assertThat(message.get(1)).containsExactly(-1L);
    assertThat(message.get(2)).containsExactly(1L << 62);
    assertThat(message.get(2000)).containsExactly(128L);
    assertThat(message.get(3)).containsExactly(0.01f);
    assertThat(texts(message, 4)).containsExactly("é");
  }
}
