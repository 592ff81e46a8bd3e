package dev.tessera.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.bench.Machine;
import dev.tessera.cuda.Doctor;
import dev.tessera.model.ModelStore;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tessera doctor}. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description =
        "Tell what this machine offers Tessera, what is missing, and what to do about it.")
final class DoctorCommand implements Callable<Integer> {
  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    Map<String, String> machine = machine();
    List<Doctor.Finding> findings = Doctor.examine();
    if (json) {
      System.out.println(toJson(machine, findings));
      return 0;
    }
    int width = findings.stream().mapToInt(finding -> finding.name().length()).max().orElse(0);
    for (String name : machine.keySet()) {
      width = Math.max(width, name.length());
    }
    String line = "  %-8s  %-" + width + "s  %s%n";
    for (Map.Entry<String, String> property : machine.entrySet()) {
      System.out.printf(line, "", property.getKey(), property.getValue());
    }
    for (Doctor.Finding finding : findings) {
      System.out.printf(line, word(finding.status()), finding.name(), finding.detail());
      if (!finding.advice().isEmpty()) {
        System.out.printf(line, "", "", "-> " + finding.advice());
      }
    }
    boolean cuda =
        findings.stream().noneMatch(finding -> finding.status() == Doctor.Status.PROBLEM);
    System.out.printf("%n%s%n", cuda ? "CUDA can be used here." : "Tessera runs on the CPU here.");
    return 0;
  }

  private static String word(Doctor.Status status) {
    return switch (status) {
      case FOUND -> "ok";
      case ABSENT -> "absent";
      case PROBLEM -> "missing";
    };
  }

  private static Map<String, String> machine() throws IOException {
    Map<String, String> properties = Machine.properties();
    ModelStore store = ModelStore.user();
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("version", new Main.Version().getVersion()[0]);
    lines.put("processor", properties.get("cpu") + ", " + properties.get("cores") + " cores");
    lines.put(
        "memory",
        Text.bytes(Long.parseLong(properties.get("memory_bytes")))
            + ", of which Java takes up to "
            + Text.bytes(Long.parseLong(properties.get("heap_bytes"))));
    lines.put("system", properties.get("system"));
    lines.put("Java", properties.get("java"));
    lines.put(
        "models",
        store.list().stream().map(ModelStore.Entry::name).collect(Collectors.joining(", ")));
    lines.put("model folder", store.folder().toString());
    return lines;
  }

  private static String toJson(Map<String, String> machine, List<Doctor.Finding> findings) {
    JsonObject report = new JsonObject();
    JsonObject properties = new JsonObject();
    machine.forEach(properties::addProperty);
    report.add("machine", properties);
    JsonArray list = new JsonArray();
    for (Doctor.Finding finding : findings) {
      JsonObject entry = new JsonObject();
      entry.addProperty("name", finding.name());
      entry.addProperty("status", finding.status().name().toLowerCase(Locale.ROOT));
      entry.addProperty("detail", finding.detail());
      entry.addProperty("advice", finding.advice());
      list.add(entry);
    }
    report.add("findings", list);
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(report);
  }
}
