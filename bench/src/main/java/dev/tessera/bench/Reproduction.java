package dev.tessera.bench;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.tessera.cuda.NvComp;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Runs every table of CompressAI-Science in one go: into one folder, with a page that sets the
 * figures beside published ones. What cannot run says why, and the rest goes on.
 */
public final class Reproduction {
  /** The page's file. */
  public static final String SUMMARY = "summary.md";

  private final ReproduceOptions options;
  private final Function<Map<String, Map<String, String>>, RunInfo> info;
  private final Consumer<String> progress;

  /**
   * Prepares nothing yet.
   *
   * @param info of a run on some devices
   * @param progress told what comes next
   */
  public Reproduction(
      ReproduceOptions options,
      Function<Map<String, Map<String, String>>, RunInfo> info,
      Consumer<String> progress) {
    this.options = options;
    this.info = info;
    this.progress = progress;
  }

  /**
   * Runs all parts.
   *
   * @return the page
   * @throws TesseraException.Unsupported if no part can run
   * @throws IOException if the folder cannot be written
   */
  public String run() throws IOException {
    Files.createDirectories(options.out());
    ReproduceParts measuring = new ReproduceParts(options, info, progress);
    List<ReproducePart> parts = new ArrayList<>();
    for (String name : ReproduceParts.NAMES) {
      if (options.parts().contains(name)) {
        progress.accept("== " + name);
        parts.add(run(measuring, name));
        // what is done stands in the folder whatever comes next
        write(SUMMARY, summary(parts).markdown());
      }
    }
    ReproduceSummary summary = summary(parts);
    write("summary.json", text(summary.toJson()));
    if (parts.stream().allMatch(part -> part.failure().isPresent())) {
      throw new TesseraException.Unsupported(
          "nothing could be measured: "
              + String.join(
                  "; ", parts.stream().map(part -> part.failure().orElseThrow()).toList()));
    }
    return summary.markdown();
  }

  private ReproducePart run(ReproduceParts measuring, String name) throws IOException {
    String title = ReproduceParts.title(name);
    ReproduceParts.Measured measured;
    try {
      measured = measuring.run(name);
    } catch (TesseraException | IOException e) {
      progress.accept(name + ": " + e.getMessage());
      return ReproducePart.failed(name, title, String.valueOf(e.getMessage()));
    }
    List<String> files = new ArrayList<>();
    files.add(write(name + ".txt", measured.table()));
    files.add(write(name + ".json", text(measured.json())));
    for (Map.Entry<String, String> chart : measured.charts().entrySet()) {
      String what = chart.getKey().replaceAll("[^A-Za-z0-9.]+", "_");
      files.add(write(name + "-" + what + ".svg", chart.getValue()));
    }
    return new ReproducePart(
        name, title, files, measured.figures(), measured.notes(), Optional.empty());
  }

  private ReproduceSummary summary(List<ReproducePart> parts) {
    Map<String, String> stack = new LinkedHashMap<>();
    if (options.wantsGpu()) {
      stack.put("nvcomp", NvComp.find().map(NvComp::version).orElseGet(NvComp::absence));
    }
    if (options.peers() != null) {
      stack.putAll(options.peers().stack());
    }
    Map<String, Map<String, String>> devices = new LinkedHashMap<>();
    if (options.wantsGpu() && CudaSession.available()) {
      try (CudaSession session = new CudaSession()) {
        devices.put("cuda", session.properties());
      }
    }
    return new ReproduceSummary(info.apply(devices), stack, parts);
  }

  private static String text(JsonObject json) {
    return new GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(json) + "\n";
  }

  private String write(String name, String text) throws IOException {
    Path file = options.out().resolve(name);
    Files.writeString(file, text);
    return name;
  }
}
