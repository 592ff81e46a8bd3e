package dev.tessera.cli;

import dev.tessera.bench.BenchField;
import dev.tessera.bench.PipelineBench;
import dev.tessera.bench.PipelineDevice;
import dev.tessera.bench.PipelineDevices;
import dev.tessera.bench.PipelineReport;
import dev.tessera.bench.RunInfo;
import dev.tessera.field.TesseraException;
import dev.tessera.io.OpenOptions;
import dev.tessera.synth.CosmologySynth;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tessera bench pipeline}. */
@Command(
    name = "pipeline",
    mixinStandardHelpOptions = true,
    description = "Measure pipelines without a model over fields and bounds.",
    footer = {
      "",
      "Example:",
      "  tessera bench pipeline --field rho_512x512x512.f32 --bounds rel:1e-3"
          + " --pipelines 'lorenzo3,bitpack;lorenzo3,rans'"
    })
final class BenchPipelineCommand implements Callable<Integer> {
  private static final int USUAL_POINTS = 128;

  @Option(
      names = "--field",
      paramLabel = "FILE",
      description = "A field, as for compress; may be repeated.")
  private List<String> fields = List.of();

  @Option(
      names = "--synth",
      paramLabel = "N",
      description = "Simulated fields of N points along each side (default without --field: 128).")
  private Integer synth;

  @Option(
      names = "--quantity",
      split = ",",
      defaultValue = "dark_matter_density,velocity_x",
      description = "Which simulated fields (default: ${DEFAULT-VALUE}).")
  private List<CosmologySynth.Quantity> quantities;

  @Option(
      names = "--bounds",
      paramLabel = "BOUND",
      split = ",",
      defaultValue = "rel:1e-2,rel:1e-3,rel:1e-4",
      description = "Error bounds: rel:, abs: or pwrel: and a number (default: ${DEFAULT-VALUE}).")
  private List<String> bounds;

  @Option(
      names = "--pipelines",
      paramLabel = "PIPELINE",
      split = ";",
      defaultValue = "lorenzo3,bitpack;lorenzo1,bitpack;lorenzo3,rans",
      description =
          "Pipelines, with a semicolon between them; those without a quantizer are measured with"
              + " every bound (default: ${DEFAULT-VALUE}).")
  private List<String> pipelines;

  @Mixin private BenchDevices devices;

  @Mixin private BenchOutput output;

  @Override
  public Integer call() throws IOException {
    output.requireApartFrom(fields);
    List<String> texts = PipelineBench.combine(bounds, pipelines);
    List<PipelineDevice> opened = PipelineDevices.open(devices.names());
    try {
      RunInfo info = output.info(opened);
      PipelineBench bench = new PipelineBench(opened, texts, output.runs(), output::progress);
      PipelineReport report = new PipelineReport(info, bench.run(inputs()));
      if (report.results().isEmpty()) {
        throw new TesseraException.Unsupported(
            "none of these devices can do any of these pipelines");
      }
      output.write(report.table(), report.toJson(), report.charts());
      return 0;
    } finally {
      opened.forEach(PipelineDevice::close);
    }
  }

  private List<BenchField> inputs() throws IOException {
    List<BenchField> inputs = new ArrayList<>();
    for (String field : fields) {
      inputs.add(BenchField.read(field, OpenOptions.NONE));
    }
    if (synth != null || fields.isEmpty()) {
      for (CosmologySynth.Quantity quantity : quantities) {
        inputs.add(BenchField.synthetic(synth == null ? USUAL_POINTS : synth, quantity));
      }
    }
    return inputs;
  }
}
