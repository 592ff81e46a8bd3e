package dev.tessera.cli;

import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code tessera export-onnx}. */
@Command(
    name = "export-onnx",
    mixinStandardHelpOptions = true,
    description =
        "Write each network of a model as an ONNX file (opset 17; batch, height and width are free).")
final class ExportOnnxCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "MODEL", description = "Model: name, id or file.")
  private String model;

  @Parameters(index = "1", paramLabel = "OUTDIR", description = "Folder to write into.")
  private Path folder;

  @Override
  public Integer call() throws IOException {
    Model found = Models.find(model);
    OnnxExport.write(found, folder);
    for (Network network : found.architecture().networks()) {
      if (found.has(network)) {
        System.out.println(folder.resolve(network.prefix() + ".onnx"));
      }
    }
    return 0;
  }
}
