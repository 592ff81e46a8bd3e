package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The coder against bytes that CompressAI wrote. */
class RansGoldenTest {
  static Stream<JsonObject> vectors() throws IOException {
    JsonObject file =
        EntropyFiles.json(TestData.file("golden/rans_vectors.json")).getAsJsonObject();
    return StreamSupport.stream(file.getAsJsonArray("cases").spliterator(), false)
        .map(JsonElement::getAsJsonObject);
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void vectorsAgreeInBothDirections(JsonObject vector) {
    int[] symbols = EntropyFiles.ints(vector.get("symbols"));
    int[][] cdfs = EntropyFiles.rows(vector.get("cdfs"));
    assertThat(EntropyFiles.ints(vector.get("cdf_sizes")))
        .containsExactly(Stream.of(cdfs).mapToInt(cdf -> cdf.length).toArray());
    check(
        symbols,
        EntropyFiles.ints(vector.get("indexes")),
        StreamLayout.whole(1, 1, symbols.length),
        new CdfTables(cdfs, EntropyFiles.ints(vector.get("offsets"))),
        HexFormat.of().parseHex(vector.get("bytes_hex").getAsString()));
  }

  @Test
  void realImageAgreesInBothDirections() throws IOException {
    String folder = "golden/compressai_ref/";
    JsonObject stored =
        EntropyFiles.json(TestData.shared(folder + "cdf_bmshj2018-factorized_8.json.gz"))
            .getAsJsonObject();
    int[][] rows = EntropyFiles.rows(stored.get("cdf"));
    int[] padded = Stream.of(rows).flatMapToInt(Arrays::stream).toArray();
    CdfTables tables =
        CdfTables.ofPadded(
            padded,
            rows[0].length,
            EntropyFiles.ints(stored.get("cdf_lengths")),
            EntropyFiles.ints(stored.get("offset")));
    check(
        EntropyFiles.gzippedShorts(TestData.shared(folder + "latents_q8_320x32x48.i16.gz")),
        null,
        StreamLayout.whole(320, 32, 48),
        tables,
        Files.readAllBytes(TestData.shared(folder + "stream_q8_768x512.bin")));
  }

  @ParameterizedTest
  @CsvSource({"0", "1"})
  void modelStringsAgreeInBothDirections(int image) throws IOException {
    String folder = "golden/bmshj2018-factorized/";
    EntropyFiles.Weights weights =
        EntropyFiles.Weights.read(TestData.file(folder + "weights.safetensors"));
    StreamLayout layout = StreamLayout.whole(24, 8, 12);
    float[] latents = EntropyFiles.npy(TestData.file(folder + "y.npy"));
    FactorizedDensity density = weights.density();
    int[] symbols = new int[layout.symbols()];
    for (int i = 0; i < symbols.length; i++) {
      float y = latents[image * symbols.length + i];
      symbols[i] = (int) Math.rint(y - density.median(i / 96));
    }
    check(
        symbols,
        null,
        layout,
        weights.tables("entropy_bottleneck"),
        Files.readAllBytes(TestData.file(folder + "string_0_" + image + ".bin")));
  }

  @Test
  void exampleOfTheFormatDescriptionAgrees() {
    check(
        new int[] {0, -1, 3},
        null,
        StreamLayout.whole(1, 1, 3),
        new CdfTables(new int[][] {{0, 16384, 49152, 65536}}, new int[] {-1}),
        HexFormat.of().parseHex("4140060000100000"));
  }

  private static void check(
      int[] symbols, int[] indexes, StreamLayout layout, CdfTables tables, byte[] expected) {
    Rans.Encoder encoder = new Rans.Encoder();
    byte[] bytes = new byte[(int) encoder.encode(symbols, 0, indexes, layout, 0, tables)];
    encoder.copyTo(MemorySegment.ofArray(bytes), 0);
    assertThat(bytes).isEqualTo(expected);
    int[] decoded = new int[symbols.length];
    new Rans.Decoder()
        .decode(
            MemorySegment.ofArray(expected),
            0,
            expected.length,
            decoded,
            0,
            indexes,
            layout,
            0,
            tables);
    assertThat(decoded).isEqualTo(symbols);
  }
}
