package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Tensors that need not be a model, with strings beside them: a file in the safetensors format, in
 * which every float32 keeps its bits. A training's state is one.
 *
 * @param tensors by name
 * @param metadata strings by name
 */
public record TensorFile(SortedMap<String, Tensor> tensors, SortedMap<String, String> metadata) {
  /** Copies the maps; the tensors' arrays stay the caller's. */
  public TensorFile {
    tensors = new TreeMap<>(tensors);
    metadata = new TreeMap<>(metadata);
  }

  /**
   * Reads a file whole.
   *
   * @throws TesseraException.Corrupt if it is damaged, cut off, or of another format
   */
  public static TensorFile read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        Arena arena = Arena.ofConfined()) {
      MemorySegment contents = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      SafeTensors stored = SafeTensors.open(contents);
      SortedMap<String, Tensor> tensors = new TreeMap<>();
      for (Map.Entry<String, StoredTensor> entry : stored.tensors().entrySet()) {
        tensors.put(entry.getKey(), entry.getValue().read());
      }
      return new TensorFile(tensors, new TreeMap<>(stored.metadata()));
    }
  }

  /** Writes the file, replacing an older one in one step. */
  public void write(Path file) throws IOException {
    byte[] bytes =
        SafeTensors.write(
            tensors,
            name -> tensors.get(name) instanceof Tensor.Ints ? ScalarType.I32 : ScalarType.F32,
            metadata);
    ModelReader.replace(file, bytes);
  }

  /**
   * A tensor of real values.
   *
   * @throws TesseraException.Corrupt if there is none of that name
   */
  public Tensor.Floats floats(String name) {
    if (tensors.get(name) instanceof Tensor.Floats floats) {
      return floats;
    }
    throw new TesseraException.Corrupt("the file has no tensor '" + name + "'", -1);
  }
}
