package dev.tessera.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.codec.Codec;
import dev.tessera.codec.TileFormat;
import dev.tessera.container.ContainerReader;
import dev.tessera.container.Header;
import dev.tessera.container.StreamPlan;
import dev.tessera.container.TileRecord;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Model;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
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
        found = Models.forContainer(header, model).orElse(null);
      } catch (TesseraException.Invalid e) {
        if (model != null) {
          throw e;
        }
        missing = e.getMessage();
      }
      int streamsPerTile = streamsPerTile(header, found);
      if (json) {
        System.out.println(toJson(container, found, streamsPerTile));
      } else {
        System.out.println(Text.table(describe(container, found, streamsPerTile)));
        if (missing != null) {
          System.err.println("tessera: warning: " + missing);
        }
      }
    }
    return 0;
  }

  /** How many streams a tile or chunk has; 0 where that is not known without the model. */
  private static int streamsPerTile(Header header, Model model) {
    if (header.hasPipeline()) {
      return 1;
    }
    return model == null ? 0 : format(header, model).streams();
  }

  private static TileFormat format(Header header, Model model) {
    return TileFormat.of(model, header.grid(), header.streamPlan());
  }

  private static Map<String, String> describe(
      ContainerReader container, Model model, int streamsPerTile) {
    Header header = container.header();
    FieldInfo field = header.field();
    TileGrid grid = header.grid();
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
    if (header.hasModel()) {
      rows.put(
          "model",
          (model == null ? "(not here) " : model.name() + ", " + model.architecture().id() + ", ")
              + header.modelId());
    }
    Codec.pipeline(header).ifPresent(spec -> rows.putAll(PipelineText.describe(header, spec)));
    rows.put(
        header.hasModel() ? "tiles" : "chunks",
        "%d of %dx%dx%d, planes along axis %d%s"
            .formatted(
                grid.count(),
                grid.channels(),
                grid.tileHeight(),
                grid.tileWidth(),
                grid.groupAxis(),
                grid.overlap() > 0 ? ", overlap " + grid.overlap() : ""));
    if (!header.hasPipeline()) {
      rows.put("streams", streams(header.streamPlan()));
    }
    if (header.hasModel() || !header.producer().isEmpty()) {
      rows.put("made on", producer(header));
    }
    if (streamsPerTile > 0) {
      ContainerReader.Sizes sizes = container.sizes(streamsPerTile);
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
      rows.put("  what stages measured", part(sizes.parameters(), sizes.total()));
      rows.put("  header", part(sizes.header(), sizes.total()));
      rows.put("  index", part(sizes.index(), sizes.total()));
      rows.put("  checksums", part(sizes.symbolChecks() + sizes.groupChecksums(), sizes.total()));
      if (sizes.embeddedModel() > 0) {
        rows.put("  embedded model", part(sizes.embeddedModel(), sizes.total()));
      }
    }
    return rows;
  }

  private static String streams(StreamPlan plan) {
    return "profile %s, P=%d%s"
        .formatted(
            lowerCase(plan.profile()),
            plan.channelsPerStream(),
            plan.profile() == StreamPlan.Profile.COMPATIBLE
                ? ""
                : ", channels %s, zero channels %s"
                    .formatted(lowerCase(plan.order()), zeroFlags(plan)));
  }

  private static String producer(Header header) {
    return !header.producer().isEmpty() ? header.producer() : header.hasModel() ? "cpu fp32" : "";
  }

  private static String part(long bytes, long total) {
    return "%d B (%s %%)".formatted(bytes, Text.fixed(100.0 * bytes / total, 2));
  }

  private static String lowerCase(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Where the probabilities of zero channels come from. */
  private static String zeroFlags(StreamPlan plan) {
    return plan.zeroFrequencies().isEmpty() ? "derived" : "measured";
  }

  private static String normalizer(Header header) {
    return Codec.normalizer(header).toString();
  }

  private String toJson(ContainerReader container, Model model, int streamsPerTile) {
    Gson gson =
        new GsonBuilder().serializeNulls().setPrettyPrinting().disableHtmlEscaping().create();
    Header header = container.header();
    FieldInfo field = header.field();
    TileGrid grid = header.grid();
    JsonObject root = new JsonObject();
    root.addProperty("name", field.name());
    root.add("shape", gson.toJsonTree(field.shape().dims()));
    root.addProperty("type", field.type().code());
    field.fill().ifPresent(fill -> root.addProperty("fill", Double.toString(fill)));
    root.add("attributes", gson.toJsonTree(field.attributes()));
    root.addProperty("normalizer", normalizer(header));
    root.addProperty("model_id", header.hasModel() ? header.modelId() : null);
    root.addProperty("model", model == null ? null : model.name());
    root.addProperty("embedded_model", header.packedModel() != null);
    Codec.pipeline(header)
        .ifPresent(spec -> root.add("pipeline", PipelineText.toJson(header, spec)));
    JsonObject tiles = new JsonObject();
    tiles.addProperty("count", grid.count());
    tiles.addProperty("channels", grid.channels());
    tiles.addProperty("height", grid.tileHeight());
    tiles.addProperty("width", grid.tileWidth());
    tiles.addProperty("group_axis", grid.groupAxis());
    tiles.addProperty("overlap", grid.overlap());
    root.add("tiles", tiles);
    if (!header.hasPipeline()) {
      addStreams(root, header.streamPlan());
    }
    root.addProperty("producer", producer(header));
    root.addProperty("original_bytes", field.bytes());
    if (streamsPerTile > 0) {
      root.addProperty("streams_per_tile", streamsPerTile);
      if (!header.hasPipeline()) {
        root.addProperty("side_streams_per_tile", format(header, model).sideStreams());
      }
      root.add("bytes", gson.toJsonTree(container.sizes(streamsPerTile)));
      if (streams) {
        root.add("streams", listStreams(container, streamsPerTile));
      }
    }
    return gson.toJson(root);
  }

  private static void addStreams(JsonObject root, StreamPlan plan) {
    root.addProperty("profile", lowerCase(plan.profile()));
    if (plan.profile() != StreamPlan.Profile.COMPATIBLE) {
      root.addProperty("channel_order", lowerCase(plan.order()));
      root.addProperty("zero_channels", zeroFlags(plan));
    }
    root.addProperty("channels_per_stream", plan.channelsPerStream());
    root.addProperty("rows_per_stream", plan.rowsPerStream());
  }

  private static JsonArray listStreams(ContainerReader container, int streamsPerTile) {
    JsonArray all = new JsonArray();
    for (int group = 0; group < container.groups(); group++) {
      for (TileRecord tile : container.readGroup(group, streamsPerTile)) {
        JsonArray list = new JsonArray();
        long at = 0;
        for (long bytes : Arrays.copyOf(tile.streamBytes(), streamsPerTile)) {
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
