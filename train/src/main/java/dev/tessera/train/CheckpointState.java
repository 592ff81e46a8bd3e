package dev.tessera.train;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Tensor;
import dev.tessera.model.TensorFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * All that a training needs to go on: one safetensors file with the weights, the optimizers'
 * moments, the averages and the best weights as tensors, and everything else as strings.
 */
final class CheckpointState {
  private static final String FORMAT = "format";
  private static final String VERSION = "tessera-training-1";
  private static final String CHECKSUM = "crc32c";

  private final SortedMap<String, Tensor> tensors;
  private final SortedMap<String, String> strings;

  CheckpointState() {
    this(new TreeMap<>(), new TreeMap<>());
    strings.put(FORMAT, VERSION);
  }

  private CheckpointState(SortedMap<String, Tensor> tensors, SortedMap<String, String> strings) {
    this.tensors = tensors;
    this.strings = strings;
  }

  /** The checkpoint of a training that writes a model. */
  static Path beside(Path model) {
    return model.resolveSibling(model.getFileName() + ".checkpoint");
  }

  /**
   * @throws TesseraException.Invalid if there is no such file
   * @throws TesseraException.Corrupt if it is no checkpoint of a training
   */
  static CheckpointState read(Path file) throws IOException {
    TensorFile stored;
    try {
      stored = TensorFile.read(file);
    } catch (NoSuchFileException e) {
      throw new TesseraException.Invalid(
          "there is nothing to resume: " + file + " does not exist, so leave out --resume");
    } catch (TesseraException.Corrupt e) {
      throw new TesseraException.Corrupt(
          "the checkpoint " + file + " is cut off or damaged", e.offset(), e);
    }
    if (!VERSION.equals(stored.metadata().get(FORMAT))) {
      throw new TesseraException.Corrupt(file + " is not a checkpoint of a training", -1);
    }
    CheckpointState state = new CheckpointState(stored.tensors(), stored.metadata());
    String checksum = state.strings.remove(CHECKSUM);
    // earlier ones have none
    if (checksum != null && !checksum.equals(state.checksum())) {
      throw new TesseraException.Corrupt(
          "the checkpoint " + file + " is damaged: its checksum is not that of its contents", -1);
    }
    return state;
  }

  void write(Path file) throws IOException {
    SortedMap<String, String> all = new TreeMap<>(strings);
    all.put(CHECKSUM, checksum());
    new TensorFile(tensors, all).write(file);
  }

  /** CRC-32C of all names and contents in their order. */
  private String checksum() {
    CRC32C crc = new CRC32C();
    strings.forEach((name, text) -> crc.update((name + '=' + text + '\n').getBytes(UTF_8)));
    tensors.forEach((name, tensor) -> {
      crc.update((name + Arrays.toString(tensor.shape())).getBytes(UTF_8));
      ByteBuffer bytes = ByteBuffer.allocate(4 * tensor.size()).order(ByteOrder.LITTLE_ENDIAN);
      switch (tensor) {
        case Tensor.Floats floats -> bytes.asFloatBuffer().put(floats.values());
        case Tensor.Ints ints -> bytes.asIntBuffer().put(ints.values());
      }
      crc.update(bytes);
    });
    return Integer.toHexString((int) crc.getValue());
  }

  void put(String name, Tensor tensor) {
    tensors.put(name, tensor);
  }

  void put(String name, String text) {
    strings.put(name, text);
  }

  void putAll(Map<String, String> texts) {
    strings.putAll(texts);
  }

  Map<String, String> strings() {
    return strings;
  }

  boolean has(String name) {
    return strings.containsKey(name);
  }

  /** Values of a tensor that must have a shape. */
  float[] floats(String name, int[] shape) {
    if (tensors.get(name) instanceof Tensor.Floats floats && Arrays.equals(floats.shape(), shape)) {
      return floats.values();
    }
    throw new TesseraException.Corrupt(
        "the checkpoint lacks the tensor '" + name + "' of shape " + Arrays.toString(shape), -1);
  }

  double real(String name) {
    try {
      return Double.parseDouble(text(name));
    } catch (NumberFormatException e) {
      throw notANumber(name);
    }
  }

  long whole(String name) {
    try {
      return Long.parseLong(text(name));
    } catch (NumberFormatException e) {
      throw notANumber(name);
    }
  }

  private String text(String name) {
    String text = strings.get(name);
    if (text == null) {
      throw new TesseraException.Corrupt("the checkpoint does not state '" + name + "'", -1);
    }
    return text;
  }

  private static TesseraException.Corrupt notANumber(String name) {
    return new TesseraException.Corrupt("the checkpoint's '" + name + "' is not a number", -1);
  }
}
