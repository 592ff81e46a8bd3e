package dev.tessera.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.codec.TileFormat;
import dev.tessera.container.ContainerReader;
import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.container.StreamPlan;
import dev.tessera.container.TileRecord;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Model;
import dev.tessera.transform.NormalizerSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera info}. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = "Say what a .tsr file holds and where its bytes go.")
final class InfoCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "A .tsr file, or - for standard input.")
  private String file;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Option(
      names = "--streams",
      description = "With --json: offset and length of every stream of every tile.")
  private boolean streams;

  @Option(
      names = {"-m", "--model"},
      description = "Model (default: the one that the file names).")
  private String model;

  @Override
  public Integer call() throws IOException {
    try (ContainerFiles opened = ContainerFiles.open(file)) {
      ContainerReader container = opened.reader();
      Header header = container.header();
      Model found = null;
      String missing = null;
      try {
        found = Models.forContainer(header, model);
      } catch (TesseraException.Invalid e) {
        if (model != null) {
          throw e;
        }
        missing = e.getMessage();
      }
      TileFormat format =
          found == null ? null : TileFormat.of(found, header.grid(), header.streamPlan());
      if (json) {
        System.out.println(toJson(container, found, format));
      } else {
        System.out.println(Text.table(describe(container, found, format)));
        if (missing != null) {
          System.err.println("tessera: warning: " + missing);
        }
      }
    }
    return 0;
  }

  private static Map<String, String> describe(
      ContainerReader container, Model model, TileFormat format) {
    Header header = container.header();
    FieldInfo field = header.field();
    TileGrid grid = header.grid();
    StreamPlan plan = header.streamPlan();
    Map<String, String> rows = new LinkedHashMap<>();
    if (!field.name().isEmpty()) {
      rows.put("field", field.name());
    }
    rows.put("shape", field.shape().toString());
    rows.put("type", field.type().code());
    field.fill().ifPresent(fill -> rows.put("fill value", Double.toString(fill)));
    if (!field.attributes().isEmpty()) {
      rows.put("attributes", Integer.toString(field.attributes().size()));
    }
    rows.put("normalizer", normalizer(header));
    rows.put(
        "model",
        (model == null ? "(not here) " : model.name() + ", " + model.architecture().id() + ", ")
            + header.modelId());
    rows.put(
        "tiles",
        "%d of %dx%dx%d, planes along axis %d%s"
            .formatted(
                grid.count(),
                grid.channels(),
                grid.tileHeight(),
                grid.tileWidth(),
                grid.groupAxis(),
                grid.overlap() > 0 ? ", overlap " + grid.overlap() : ""));
    rows.put(
        "streams",
        "profile %s, P=%d"
            .formatted(
                plan.profile().toString().toLowerCase(java.util.Locale.ROOT),
                plan.channelsPerStream()));
    rows.put("made on", header.producer().isEmpty() ? "cpu fp32" : header.producer());
    if (format != null) {
      ContainerReader.Sizes sizes = container.sizes(format.streams());
      long original = field.bytes();
      rows.put("original", Text.bytes(original));
      rows.put(
          "file",
          "%s, CR %s"
              .formatted(
                  Text.bytes(sizes.total()), Text.fixed((double) original / sizes.total(), 1)));
      rows.put("  streams", part(sizes.streams(), sizes.total()));
      rows.put("  their lengths", part(sizes.streamLengths(), sizes.total()));
      rows.put("  masks", part(sizes.masks(), sizes.total()));
      rows.put("  normalizer's numbers", part(sizes.parameters(), sizes.total()));
      rows.put("  header", part(sizes.header(), sizes.total()));
      rows.put("  index", part(sizes.index(), sizes.total()));
      rows.put("  checksums", part(sizes.symbolChecks() + sizes.groupChecksums(), sizes.total()));
      if (sizes.embeddedModel() > 0) {
        rows.put("  embedded model", part(sizes.embeddedModel(), sizes.total()));
      }
    }
    return rows;
  }

  private static String part(long bytes, long total) {
    return "%d B (%s %%)".formatted(bytes, Text.fixed(100.0 * bytes / total, 2));
  }

  private static String normalizer(Header header) {
    return NormalizerSpec.decode(header.stage(Stage.NORMALIZER).arguments()).toString();
  }

  private String toJson(ContainerReader container, Model model, TileFormat format) {
    Gson gson = new GsonBuilder().serializeNulls().setPrettyPrinting().create();
    Header header = container.header();
    FieldInfo field = header.field();
    TileGrid grid = header.grid();
    StreamPlan plan = header.streamPlan();
    JsonObject root = new JsonObject();
    root.addProperty("name", field.name());
    root.add("shape", gson.toJsonTree(field.shape().dims()));
    root.addProperty("type", field.type().code());
    field.fill().ifPresent(fill -> root.addProperty("fill", Double.toString(fill)));
    root.add("attributes", gson.toJsonTree(field.attributes()));
    root.addProperty("normalizer", normalizer(header));
    root.addProperty("model_id", header.modelId());
    root.addProperty("model", model == null ? null : model.name());
    root.addProperty("embedded_model", header.packedModel() != null);
    JsonObject tiles = new JsonObject();
    tiles.addProperty("count", grid.count());
    tiles.addProperty("channels", grid.channels());
    tiles.addProperty("height", grid.tileHeight());
    tiles.addProperty("width", grid.tileWidth());
    tiles.addProperty("group_axis", grid.groupAxis());
    tiles.addProperty("overlap", grid.overlap());
    root.add("tiles", tiles);
    root.addProperty("profile", plan.profile().toString().toLowerCase(java.util.Locale.ROOT));
    root.addProperty("channels_per_stream", plan.channelsPerStream());
    root.addProperty("rows_per_stream", plan.rowsPerStream());
    root.addProperty("producer", header.producer().isEmpty() ? "cpu fp32" : header.producer());
    root.addProperty("original_bytes", field.bytes());
    if (format != null) {
      root.addProperty("streams_per_tile", format.streams());
      root.addProperty("side_streams_per_tile", format.sideStreams());
      root.add("bytes", gson.toJsonTree(container.sizes(format.streams())));
      if (streams) {
        root.add("streams", listStreams(container, format));
      }
    }
    return gson.toJson(root);
  }

  private static JsonArray listStreams(ContainerReader container, TileFormat format) {
    JsonArray all = new JsonArray();
    for (int group = 0; group < container.groups(); group++) {
      for (TileRecord tile : container.readGroup(group, format.streams())) {
        JsonArray list = new JsonArray();
        long at = 0;
        for (long bytes : tile.streamBytes()) {
          MemorySegment stream = tile.streams().asSlice(at, bytes);
          JsonObject entry = new JsonObject();
          entry.addProperty("offset", container.offsetOf(stream));
          entry.addProperty("bytes", bytes);
          list.add(entry);
          at += bytes;
        }
        all.add(list);
      }
    }
    return all;
  }
}
