package dev.tessera.cli;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera import}. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description =
        "Bring a CompressAI checkpoint (.pth.tar, .pth, .pt) or a .safetensors file into the model folder.",
    footer = {
      "",
      "Example:",
      "  tessera import checkpoint_best_loss.pth.tar --name climate-q4 --normalizer minmax:slice"
    })
final class ImportCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CHECKPOINT",
      description = "File to read; only tensors are ever taken from it.")
  private Path checkpoint;

  @Option(names = "--name", description = "Name of the model (default: the file's).")
  private String name;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description = "Write here, .safetensors, instead of into the model folder.")
  private Path out;

  @Option(names = "--half", description = "Store weights as float16: half the size, another id.")
  private boolean half;

  @Option(
      names = "--normalizer",
      paramLabel = "LIST",
      description = "Normalizer that the model was trained behind, or auto.")
  private String normalizer;

  @Override
  public Integer call() throws IOException {
    if (out != null) {
      ContainerFiles.requireOtherFile(checkpoint.toString(), out.toString());
      Models.requireTarget(out);
    }
    Model model = Model.read(checkpoint);
    Map<String, String> metadata = new TreeMap<>(model.metadata());
    if (normalizer != null) {
      metadata.put(Model.NORMALIZER, NormalizerChoice.parse(normalizer).toString());
    }
    if (name != null && name.isBlank()) {
      throw new TesseraException.Invalid("a model's name is not empty");
    }
    model = model.withMetadata(name == null ? model.name() : name, metadata);
    if (half) {
      model = model.toHalf();
    }
    Path file;
    if (out != null) {
      model.write(out);
      file = out;
    } else {
      file = ModelStore.user().install(model);
    }
    System.out.printf(
        "%s  %s  N=%d M=%d, %d input channels, id %s%n  %s%n",
        model.name(),
        model.architecture().id(),
        model.n(),
        model.m(),
        model.inputChannels(),
        model.id().substring(0, 32),
        file);
    return 0;
  }
}
