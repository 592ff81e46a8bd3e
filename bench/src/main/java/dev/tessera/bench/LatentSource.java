package dev.tessera.bench;

import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where latents come from: files of symbols, else random numbers, else the model itself.
 *
 * @param model name, id or file
 * @param files files of symbols as {@link LatentFiles} reads them
 * @param synthetic descriptions as {@link SyntheticLatents} takes them
 * @param quantity what field the model is given where there are neither
 * @param tiles tiles of a batch; 0 for all of a file
 */
public record LatentSource(
    String model, List<Path> files, List<String> synthetic, String quantity, int tiles) {
  private static final int TILES = 512;

  /** Reads, draws or makes them. */
  public List<LatentSet> load() throws IOException {
    List<LatentSet> sets = new ArrayList<>();
    int count = tiles == 0 ? TILES : tiles;
    for (String spec : synthetic) {
      sets.add(SyntheticLatents.draw(spec, count));
    }
    if (files.isEmpty() && !synthetic.isEmpty()) {
      return sets;
    }
    Model found = ModelStore.user().find(model);
    for (Path file : files) {
      sets.add(
          LatentFiles.read(
              file,
              found.bottleneckTables(),
              tiles,
              found.inputChannels(),
              found.architecture().latentStride()));
    }
    if (sets.isEmpty()) {
      sets.add(ModelLatents.make(found, quantity, count, cache()));
    }
    return sets;
  }

  /** As the kernels' cache, by the XDG Base Directory Specification. */
  private static Path cache() {
    String stated = System.getenv("XDG_CACHE_HOME");
    Path base =
        stated != null && stated.startsWith("/")
            ? Path.of(stated)
            : Path.of(System.getProperty("user.home"), ".cache");
    return base.resolve("tessera").resolve("bench");
  }
}
