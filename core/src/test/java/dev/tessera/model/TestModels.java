package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.testing.TestData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Golden models and what tests do to their tensors. */
final class TestModels {
  private TestModels() {}

  static Path checkpoint(String architecture) {
    return TestData.file("golden/" + architecture + "/checkpoint.pth.tar");
  }

  /** A small model of the architecture, as CompressAI saved it. */
  static Model golden(String architecture) {
    try {
      return Model.read(checkpoint(architecture));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All tensors of the safetensors file beside a golden checkpoint, constant buffers included. */
  static SortedMap<String, Tensor> weights() {
    try {
      byte[] file =
          Files.readAllBytes(TestData.file("golden/bmshj2018-factorized/weights.safetensors"));
      SortedMap<String, Tensor> tensors = new TreeMap<>();
      for (Map.Entry<String, StoredTensor> entry :
          SafeTensors.open(MemorySegment.ofArray(file)).tensors().entrySet()) {
        tensors.put(entry.getKey(), entry.getValue().read());
      }
      return tensors;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] file(Map<String, Tensor> tensors, Map<String, String> metadata) {
    return SafeTensors.write(
        tensors,
        name -> tensors.get(name) instanceof Tensor.Ints ? ScalarType.I32 : ScalarType.F32,
        metadata);
  }

  /** Reads a model of tensors as they are, without metadata. */
  static Model read(Map<String, Tensor> tensors) {
    return Model.read(file(tensors, Map.of()), "test");
  }

  static SortedMap<String, Tensor> renamed(
      Map<String, Tensor> tensors, UnaryOperator<String> rename) {
    SortedMap<String, Tensor> renamed = new TreeMap<>();
    tensors.forEach((name, tensor) -> renamed.put(rename.apply(name), tensor));
    return renamed;
  }

  static SortedMap<String, Tensor> without(Map<String, Tensor> tensors, String fragment) {
    SortedMap<String, Tensor> kept = new TreeMap<>(tensors);
    kept.keySet().removeIf(name -> name.contains(fragment));
    return kept;
  }

  static Tensor.Floats zeros(int... shape) {
    return new Tensor.Floats(shape, new float[(int) TensorShape.size(shape)]);
  }

  /** The same tensor with one bit of one value flipped. */
  static Tensor flipped(Tensor tensor, int index, int bit) {
    return switch (tensor) {
      case Tensor.Floats floats -> {
        float[] values = floats.values().clone();
        values[index] = Float.intBitsToFloat(Float.floatToRawIntBits(values[index]) ^ 1 << bit);
        yield new Tensor.Floats(floats.shape(), values);
      }
      case Tensor.Ints ints -> {
        int[] values = ints.values().clone();
        values[index] ^= 1 << bit;
        yield new Tensor.Ints(ints.shape(), values);
      }
    };
  }

  static void assertSameTensors(Map<String, Tensor> actual, Map<String, Tensor> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    actual.forEach((name, tensor) -> {
      assertThat(tensor.shape()).as(name).isEqualTo(expected.get(name).shape());
      switch (tensor) {
        case Tensor.Floats floats ->
            assertThat(floats.values())
                .as(name)
                .isEqualTo(((Tensor.Floats) expected.get(name)).values());
        case Tensor.Ints ints ->
            assertThat(ints.values())
                .as(name)
                .isEqualTo(((Tensor.Ints) expected.get(name)).values());
      }
    });
  }
}
