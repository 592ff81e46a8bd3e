package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.ZipException;

/** Model files of any supported format, and Tessera's own: safetensors with metadata. */
final class ModelReader {
  private static final String FORMAT = "tessera-model";

  private ModelReader() {}

  /** See {@link Model#read(Path)}. */
  static Model read(Path file) throws IOException {
    try (FileChannel channel = open(file);
        Arena arena = Arena.ofConfined()) {
      MemorySegment contents = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      if (TorchCheckpoint.matches(contents)) {
        try (TorchCheckpoint checkpoint = TorchCheckpoint.open(file, contents)) {
          return model(checkpoint.tensors(), Map.of(), stem(file));
        } catch (ZipException | EOFException e) {
          throw new TesseraException.Corrupt("the checkpoint's zip archive is damaged", -1, e);
        }
      }
      if (!SafeTensors.matches(contents)) {
        throw new TesseraException.Unsupported(
            file.getFileName()
                + " is not a model: files of safetensors and PyTorch (.pth, .pth.tar, .pt) are"
                + " read");
      }
      return read(contents, stem(file));
    }
  }

  private static FileChannel open(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new TesseraException.Invalid(file + " is a folder: name a model file");
    }
    return FileChannel.open(file, StandardOpenOption.READ);
  }

  /** See {@link Model#read(MemorySegment, String)}. */
  static Model read(MemorySegment safetensors, String name) {
    SafeTensors file = SafeTensors.open(safetensors);
    try {
      return model(file.tensors(), file.metadata(), name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** See {@link Model#of}. */
  static Model of(Map<String, Tensor> tensors, Map<String, String> metadata, String name) {
    Map<String, StoredTensor> stored = new TreeMap<>();
    tensors.forEach((key, tensor) -> stored.put(key, new InMemory(tensor)));
    try {
      return model(stored, metadata, name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A tensor that needs no reading. */
  private record InMemory(Tensor tensor) implements StoredTensor {
    @Override
    public ScalarType type() {
      return tensor instanceof Tensor.Ints ? ScalarType.I32 : ScalarType.F32;
    }

    @Override
    public int[] shape() {
      return tensor.shape();
    }

    @Override
    public Tensor read() {
      return tensor;
    }
  }

  private static Model model(
      Map<String, StoredTensor> stored, Map<String, String> metadata, String name)
      throws IOException {
    StateDict.Canonical canonical = StateDict.canonical(stored);
    requireAgreement(canonical.dimensions(), metadata);
    Model model =
        new Model(
            metadata.getOrDefault(Model.NAME, name),
            canonical.dimensions(),
            canonical.tensors(),
            metadata);
    String stated = metadata.get(Model.ID);
    if (stated != null && !stated.equals(model.id())) {
      throw new TesseraException.Corrupt(
          "the model file states the id "
              + stated
              + " but its tensors give "
              + model.id()
              + ": it is damaged, or was edited without removing the id from its metadata",
          -1);
    }
    return model;
  }

  /** Metadata may say less than the tensors do, but nothing else. */
  static void requireAgreement(Dimensions dimensions, Map<String, String> metadata) {
    described(dimensions)
        .forEach((key, value) -> {
          String stated = metadata.get(key);
          if (stated != null && !stated.equals(value)) {
            throw new TesseraException.Corrupt(
                "the model file's metadata states "
                    + key
                    + " "
                    + stated
                    + " but its tensors give "
                    + value,
                -1);
          }
        });
  }

  private static Map<String, String> described(Dimensions dimensions) {
    return Map.of(
        "arch", dimensions.architecture().id(),
        "n", Integer.toString(dimensions.n()),
        "m", Integer.toString(dimensions.m()),
        "in_channels", Integer.toString(dimensions.inputChannels()));
  }

  /** See {@link Model#toBytes}. */
  static byte[] write(Model model) {
    Map<String, String> metadata = new TreeMap<>(model.metadata());
    metadata.putIfAbsent("format", FORMAT);
    metadata.put(Model.NAME, model.name());
    metadata.put(Model.ID, model.id());
    metadata.putAll(described(model.dimensions()));
    Map<String, Tensor> tensors = new TreeMap<>(model.tensors());
    if (model.has(Network.G_A)) {
      tensors.putAll(StateDict.constantBuffers(model.dimensions(), model.tensors()));
    }
    boolean half = StateDict.fitsHalf(model.tensors());
    return SafeTensors.write(
        tensors,
        name -> {
          if (tensors.get(name) instanceof Tensor.Ints) {
            return ScalarType.I32;
          }
          return half && StateDict.isNetworkWeight(name) ? ScalarType.F16 : ScalarType.F32;
        },
        metadata);
  }

  /** See {@link Model#write}. */
  static void write(Model model, Path file) throws IOException {
    replace(file, write(model));
  }

  /**
   * Writes a file beside its place and moves it there, so that no reader sees a part of it.
   *
   * @throws IOException that names the file
   */
  static void replace(Path file, byte[] contents) throws IOException {
    Path target = file.toAbsolutePath();
    Path partial = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
    try {
      Files.write(partial, contents, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      try {
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      // of a full disk Java tells no name
      throw new FileSystemException(file.toString(), null, e.getMessage());
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  /** The file's name without the endings that model files have. */
  static String stem(Path file) {
    return file.getFileName().toString().replaceAll("(\\.(safetensors|pth|pt|tar|ckpt))+$", "");
  }
}
