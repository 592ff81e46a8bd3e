package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.tessera.cuda.RansCheckBatch.Streams;
import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.ZeroFlags;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Golden vectors through the GPU; its other checks are {@link RansChecks}. */
class CudaRansTest {
  /** A file of vectors, and what a case of it is called in JSON. */
  enum Profile {
    COMPACT("compact_vectors.json"),
    COMPATIBLE("rans_vectors.json");

    private final String file;

    Profile(String file) {
      this.file = file;
    }

    JsonArray cases() throws IOException {
      Path path = Path.of(System.getProperty("tessera.golden", "../testdata/golden"), file);
      return JsonParser.parseString(Files.readString(path))
          .getAsJsonObject()
          .getAsJsonArray("cases");
    }
  }

  private static int[] ints(JsonObject json, String key) {
    return new Gson().fromJson(json.get(key), int[].class);
  }

  private static CudaRansSpec compactSpec(JsonObject json) {
    JsonArray list = json.getAsJsonArray("tables");
    int[][] cdfs = new int[list.size()][];
    int[] offsets = new int[cdfs.length];
    for (int t = 0; t < cdfs.length; t++) {
      cdfs[t] = ints(list.get(t).getAsJsonObject(), "cdf");
      offsets[t] = list.get(t).getAsJsonObject().get("offset").getAsInt();
    }
    int[] shape =
        Arrays.stream(
                new String[] {
                  "channels", "height", "width", "channels_per_stream", "rows_per_stream"
                })
            .mapToInt(key -> json.get(key).getAsInt())
            .toArray();
    int[] flags = ints(json, "flags");
    CompactScheme scheme =
        new CompactScheme(
            new CdfTables(cdfs, offsets),
            ChannelOrder.of(ints(json, "order")),
            flags == null ? ZeroFlags.DERIVED : ZeroFlags.stored(flags));
    CudaRansSpec spec =
        CudaRansSpec.compact(
            new StreamLayout(shape[0], shape[1], shape[2], shape[3], shape[4]), scheme);
    return json.get("indexes").isJsonNull() ? spec : spec.withIndexes();
  }

  @ParameterizedTest
  @EnumSource
  void goldenVectors(Profile profile) throws IOException {
    JsonArray cases = profile.cases();
    assertThat(cases.size()).isGreaterThan(5);
    try (CudaContext context = GpuTests.contextOrSkip()) {
      for (int i = 0; i < cases.size(); i++) {
        JsonObject json = cases.get(i).getAsJsonObject();
        if (profile == Profile.COMPACT) {
          RansCheckBatch batch =
              new RansCheckBatch(
                  1, compactSpec(json), ints(json, "symbols"), ints(json, "indexes"));
          check(context, batch, json.getAsJsonArray("streams"));
        } else {
          checkCompatible(context, json);
        }
      }
    }
  }

  private static void checkCompatible(CudaContext context, JsonObject json) {
    int[] symbols = ints(json, "symbols");
    int[][] cdfs = new Gson().fromJson(json.get("cdfs"), int[][].class);
    int[] sizes = ints(json, "cdf_sizes");
    for (int t = 0; t < cdfs.length; t++) {
      cdfs[t] = Arrays.copyOf(cdfs[t], sizes[t]);
    }
    CudaRansSpec spec =
        CudaRansSpec.compatible(
                StreamLayout.whole(1, 1, symbols.length),
                new CdfTables(cdfs, ints(json, "offsets")))
            .withIndexes();
    JsonArray streams = new JsonArray();
    streams.add(json.get("bytes_hex"));
    check(context, new RansCheckBatch(1, spec, symbols, ints(json, "indexes")), streams);
  }

  private static void check(CudaContext context, RansCheckBatch batch, JsonArray streams) {
    long[] lengths = new long[streams.size()];
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < lengths.length; i++) {
      byte[] stream = HexFormat.of().parseHex(streams.get(i).getAsString());
      all.writeBytes(stream);
      lengths[i] = stream.length;
    }
    try (RansCheckDevice device = new RansCheckDevice(context, batch)) {
      device.coder.encode(device.stream, device.symbols, device.indexes, device.streams, 1, false);
      device.requireStreams(batch, new Streams(all.toByteArray(), lengths));
      device.coder.decode(device.stream, device.streams, device.indexes, device.decoded, false);
      device.requireDecoded(batch);
    }
  }

  /** What the checks compare the GPU with comes back from the CPU's own decoder. */
  @Test
  void theChecksBatchesAreSound() {
    SplittableRandom random = new SplittableRandom(3);
    for (RansCheckBatch.Shape shape : RansChecks.SHAPES.subList(0, 7)) {
      for (boolean compatible : new boolean[] {false, true}) {
        RansCheckBatch batch =
            RansCheckBatch.random(shape, random, compatible, random.nextBoolean());
        Streams streams = batch.encode();
        int[] decoded = new int[batch.symbols().length];
        Arrays.fill(decoded, 99);
        boolean[] good = batch.decode(streams.bytes(), streams.lengths(), decoded);
        assertThat(good).containsOnly(true);
        assertThat(decoded).isEqualTo(batch.symbols());
        streams.lengths()[good.length - 1] += batch.spec().wordBytes();
        byte[] longer = Arrays.copyOf(streams.bytes(), streams.bytes().length + 4);
        good = batch.decode(longer, streams.lengths(), decoded);
        assertThat(good[good.length - 1]).isFalse();
      }
    }
  }
}
