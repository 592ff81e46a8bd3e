package dev.tessera.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.tessera.codec.BoundReport;
import dev.tessera.codec.Codec;
import dev.tessera.container.ContainerReader;
import dev.tessera.container.Header;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera verify}. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = "Decode a .tsr file and compare it with the field that it was made of.")
final class VerifyCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "ORIGINAL", description = "The field as it was.")
  private String original;

  @Parameters(
      index = "1",
      paramLabel = "FILE",
      description = "The .tsr file, or - for standard input.")
  private String file;

  @Option(
      names = {"-m", "--model"},
      description = "Model (default: the one that the file names).")
  private String model;

  @Option(names = "--per-slice", description = "Print the figures of every slice.")
  private boolean perSlice;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Mixin private FieldOptions field;
  @Mixin private WorkOptions work;

  @Override
  public Integer call() throws IOException {
    if (original.equals("-") && file.equals("-")) {
      throw new TesseraException.Invalid(
          "standard input cannot be both: name a file for one of them");
    }
    try (FieldSource source = field.open(original);
        ContainerFiles opened = ContainerFiles.open(file)) {
      ContainerReader container = opened.reader();
      Console console = new Console(work.quiet(), false, source.info().type().bytes());
      Header header = container.header();
      try (Codec codec =
          Codec.open(header, Models.forContainer(header, model), work.options(console))) {
        Codec.Verification verification = codec.verify(source, container);
        Metrics total = verification.total();
        long bytes = opened.bytes();
        if (json) {
          System.out.println(toJson(source, verification, bytes));
        } else {
          Map<String, String> rows =
              Text.quality(total, source.info().bytes(), source.info().shape().elements(), bytes);
          verification.bound().ifPresent(bound -> rows.put("bound", Quality.bound(bound)));
          console.say(Text.table(rows));
          if (perSlice) {
            printSlices(console, verification.slices());
          }
        }
        Quality.requireKept(verification);
      }
    }
    return 0;
  }

  private static void printSlices(Console console, List<Metrics> slices) {
    console.say(
        "%8s  %12s  %12s  %12s  %12s".formatted("slice", "PSNR", "RMSE", "NRMSE", "max error"));
    for (int i = 0; i < slices.size(); i++) {
      Metrics m = slices.get(i);
      console.say(
          "%8d  %12s  %12s  %12s  %12s"
              .formatted(
                  i,
                  Text.decibels(m.psnr()),
                  Text.number(m.rmse()),
                  Text.number(m.nrmse()),
                  Text.number(m.maxError())));
    }
  }

  private String toJson(FieldSource source, Codec.Verification verification, long bytes) {
    JsonObject root = metrics(verification.total());
    root.addProperty("original_bytes", source.info().bytes());
    root.addProperty("compressed_bytes", bytes);
    root.addProperty("compression_ratio", (double) source.info().bytes() / bytes);
    root.addProperty("bits_per_value", 8.0 * bytes / source.info().shape().elements());
    verification.bound().ifPresent(bound -> root.add("bound", bound(bound)));
    if (perSlice) {
      JsonArray slices = new JsonArray();
      verification.slices().forEach(m -> slices.add(metrics(m)));
      root.add("slices", slices);
    }
    return new GsonBuilder().serializeNulls().setPrettyPrinting().create().toJson(root);
  }

  private static JsonObject bound(BoundReport bound) {
    JsonObject object = new JsonObject();
    object.addProperty("of", bound.what());
    object.addProperty("bound", bound.bound());
    object.addProperty("largest", bound.largest());
    object.addProperty("values", bound.values());
    object.addProperty("violations", bound.violations());
    object.addProperty("held", bound.held());
    return object;
  }

  private static JsonObject metrics(Metrics m) {
    JsonObject object = new JsonObject();
    object.addProperty("values", m.values());
    object.addProperty("min", m.min());
    object.addProperty("max", m.max());
    object.addProperty("rmse", m.rmse());
    object.addProperty("max_error", m.maxError());
    // JSON has no infinity: an exact field has no PSNR
    object.add("nrmse", Double.isFinite(m.nrmse()) ? new JsonPrimitive(m.nrmse()) : null);
    object.add("psnr", Double.isFinite(m.psnr()) ? new JsonPrimitive(m.psnr()) : null);
    object.addProperty("specials", m.specials());
    object.addProperty("specials_changed", m.specialsChanged());
    return object;
  }
}
