package dev.tessera.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.model.ModelStore;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tessera models}. */
@Command(
    name = "models",
    mixinStandardHelpOptions = true,
    description =
        "List the models that are bundled or lie in the model folder (TESSERA_MODELS, else ~/.tessera/models).")
final class ModelsCommand implements Callable<Integer> {
  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    ModelStore store = ModelStore.user();
    if (json) {
      System.out.println(toJson(store));
      return 0;
    }
    System.out.printf(
        "%-24s  %-26s %4s %4s %3s  %-16s  %9s  %s%n",
        "name", "architecture", "N", "M", "in", "id", "size", "normalizer");
    for (ModelStore.Entry e : store.list()) {
      System.out.printf(
          "%-24s  %-26s %4d %4d %3d  %-16s  %9s  %s%n",
          e.name(),
          e.architecture().id(),
          e.n(),
          e.m(),
          e.inputChannels(),
          e.id().substring(0, 16),
          Text.bytes(e.bytes()),
          e.normalizer().orElse("range") + (e.bundled() ? "  (bundled)" : ""));
    }
    store
        .unreadable()
        .forEach((file, reason) -> System.err.println("tessera: warning: " + file + ": " + reason));
    return 0;
  }

  private static String toJson(ModelStore store) throws IOException {
    JsonArray models = new JsonArray();
    Gson gson = new GsonBuilder().serializeNulls().setPrettyPrinting().create();
    for (ModelStore.Entry e : store.list()) {
      JsonObject model = new JsonObject();
      model.addProperty("name", e.name());
      model.addProperty("architecture", e.architecture().id());
      model.addProperty("n", e.n());
      model.addProperty("m", e.m());
      model.addProperty("input_channels", e.inputChannels());
      model.addProperty("id", e.id());
      model.addProperty("bytes", e.bytes());
      model.addProperty("file", e.file().map(Object::toString).orElse(null));
      model.add("metadata", gson.toJsonTree(e.metadata()));
      models.add(model);
    }
    return gson.toJson(models);
  }
}
