package dev.tessera.bench;

import com.google.gson.JsonObject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a measurement ran on and how it was called.
 *
 * @param command the command line
 * @param version of this program
 * @param time when it began
 * @param machine processor, memory, system, Java
 * @param devices properties of each device by its name
 */
public record RunInfo(
    String command,
    String version,
    Instant time,
    Map<String, String> machine,
    Map<String, Map<String, String>> devices) {
  /** Key of a device's model among its properties. */
  public static final String DEVICE = "device";

  /** A run that begins now on this machine. */
  public static RunInfo now(
      String command, String version, Map<String, Map<String, String>> devices) {
    return new RunInfo(
        command,
        version,
        Instant.now().truncatedTo(ChronoUnit.SECONDS),
        Machine.properties(),
        new LinkedHashMap<>(devices));
  }

  /** The machine in a few words. */
  String title() {
    String cpu = machine.get("cpu") + ", " + machine.get("cores") + " cores";
    return devices.values().stream()
        .map(properties -> properties.get(DEVICE))
        .filter(gpu -> gpu != null)
        .findFirst()
        .map(gpu -> gpu + "; " + cpu)
        .orElse(cpu);
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("command", command);
    json.addProperty("version", version);
    json.addProperty("time", time.toString());
    json.add("machine", object(machine));
    JsonObject each = new JsonObject();
    devices.forEach((name, properties) -> each.add(name, object(properties)));
    json.add("devices", each);
    return json;
  }

  private static JsonObject object(Map<String, String> properties) {
    JsonObject json = new JsonObject();
    properties.forEach(json::addProperty);
    return json;
  }
}
