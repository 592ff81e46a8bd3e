package dev.tessera.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.tessera.bench.BenchDevice;
import dev.tessera.bench.RunInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where a measurement is told. */
final class BenchOutput {
  @Option(names = "--json", paramLabel = "FILE", description = "Write all numbers as JSON.")
  private Path json;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Draw a chart; with several inputs, one per input, named after it.")
  private Path svg;

  @Mixin private BenchRuns repeated;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  int runs() {
    return repeated.runs();
  }

  /**
   * Fails if a file to write is one that is read.
   *
   * @param read names of fields, models and the like
   */
  void requireApartFrom(List<String> read) throws IOException {
    Outputs.requireApart(read, json, svg);
  }

  /** What is being measured now, on standard error. */
  void progress(String line) {
    repeated.progress(line);
  }

  /** What is known of this run on some devices. */
  RunInfo info(List<? extends BenchDevice> devices) {
    Map<String, Map<String, String>> properties = new LinkedHashMap<>();
    devices.forEach(device -> properties.put(device.name(), device.properties()));
    return info(properties);
  }

  RunInfo info(Map<String, Map<String, String>> devices) {
    return RunInfo.now(commandLine(command), new Main.Version().getVersion()[0], devices);
  }

  /** How the program was called. */
  static String commandLine(CommandSpec command) {
    return "tessera " + String.join(" ", command.commandLine().getParseResult().originalArgs());
  }

  /**
   * Prints the table and writes the files.
   *
   * @param charts SVG by the input's name
   */
  void write(String table, JsonObject report, Map<String, String> charts) throws IOException {
    System.out.print(table);
    if (json != null) {
      Files.writeString(
          json,
          new GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(report) + "\n");
    }
    if (svg != null && charts.isEmpty()) {
      progress("there is nothing to draw into " + svg);
    }
    if (svg != null) {
      for (Map.Entry<String, String> chart : charts.entrySet()) {
        Files.writeString(charts.size() == 1 ? svg : named(chart.getKey()), chart.getValue());
      }
    }
  }

  private Path named(String input) {
    String file = svg.getFileName().toString();
    String stem = file.endsWith(".svg") ? file.substring(0, file.length() - 4) : file;
    return svg.resolveSibling(stem + "-" + input.replaceAll("[^A-Za-z0-9.]+", "_") + ".svg");
  }
}
