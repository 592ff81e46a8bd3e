package dev.tessera.entropy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;

/** Readers for the files that the entropy tests compare with, independent of the main code's. */
final class EntropyFiles {
  private EntropyFiles() {}

  /** The tensors of a safetensors file: 8 bytes of header length, JSON, raw little-endian data. */
  record Weights(JsonObject header, ByteBuffer data) {
    static Weights read(Path file) throws IOException {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      byte[] json = new byte[Math.toIntExact(bytes.getLong())];
      bytes.get(json);
      JsonObject header =
          JsonParser.parseString(new String(json, StandardCharsets.UTF_8)).getAsJsonObject();
      return new Weights(header, bytes.slice().order(ByteOrder.LITTLE_ENDIAN));
    }

    float[] floats(String name) {
      ByteBuffer bytes = bytes(name);
      float[] values = new float[bytes.remaining() / Float.BYTES];
      bytes.asFloatBuffer().get(values);
      return values;
    }

    int[] ints(String name) {
      ByteBuffer bytes = bytes(name);
      int[] values = new int[bytes.remaining() / Integer.BYTES];
      bytes.asIntBuffer().get(values);
      return values;
    }

    /** The stored tables of {@code entropy_bottleneck} or {@code gaussian_conditional}. */
    CdfTables tables(String module) {
      int[] lengths = ints(module + "._cdf_length");
      int[] cdf = ints(module + "._quantized_cdf");
      return CdfTables.ofPadded(
          cdf, cdf.length / lengths.length, lengths, ints(module + "._offset"));
    }

    FactorizedDensity density() {
      String prefix = "entropy_bottleneck.";
      float[][][] parameters = new float[3][][];
      String[] names = {"matrices", "biases", "factors"};
      for (int kind = 0; kind < names.length; kind++) {
        int layers = 0;
        while (header.has(prefix + names[kind] + "." + layers)) {
          layers++;
        }
        parameters[kind] = new float[layers][];
        for (int i = 0; i < layers; i++) {
          parameters[kind][i] = floats(prefix + names[kind] + "." + i);
        }
      }
      return new FactorizedDensity(
          parameters[0], parameters[1], parameters[2], floats(prefix + "quantiles"));
    }

    private ByteBuffer bytes(String name) {
      JsonArray range = header.getAsJsonObject(name).getAsJsonArray("data_offsets");
      int from = range.get(0).getAsInt();
      return data.slice(from, range.get(1).getAsInt() - from).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  static JsonElement json(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file);
        InputStream plain = file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in;
        InputStreamReader reader = new InputStreamReader(plain, StandardCharsets.UTF_8)) {
      return JsonParser.parseReader(reader);
    }
  }

  static int[] ints(JsonElement array) {
    return StreamSupport.stream(array.getAsJsonArray().spliterator(), false)
        .mapToInt(JsonElement::getAsInt)
        .toArray();
  }

  static int[][] rows(JsonElement array) {
    return StreamSupport.stream(array.getAsJsonArray().spliterator(), false)
        .map(EntropyFiles::ints)
        .toArray(int[][]::new);
  }

  /** The values of a little-endian float32 npy file of version 1. */
  static float[] npy(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int start = 10 + bytes.getShort(8);
    float[] values = new float[(bytes.capacity() - start) / Float.BYTES];
    bytes.position(start).slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  static int[] gzippedShorts(Path file) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      ByteBuffer bytes = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      int[] values = new int[bytes.capacity() / Short.BYTES];
      for (int i = 0; i < values.length; i++) {
        values[i] = bytes.getShort(i * Short.BYTES);
      }
      return values;
    }
  }
}
