package dev.tessera.testing;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.model.Architecture;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Models of any width with random weights, scaled so that values keep their size through a network.
 */
public final class SyntheticModel {
  private final Random random;
  private final JsonObject header = new JsonObject();
  private final List<ByteBuffer> tensors = new ArrayList<>();
  private int bytes;

  private SyntheticModel(long seed) {
    random = new Random(seed);
  }

  /** A complete model. */
  public static Model of(Architecture architecture, int n, int m, int inputChannels, long seed) {
    SyntheticModel builder = new SyntheticModel(seed);
    for (Network network : architecture.networks()) {
      int[] widths =
          switch (network) {
            case G_A -> new int[] {inputChannels, n, n, n, m};
            case G_S -> new int[] {m, n, n, n, inputChannels};
            case H_A -> new int[] {m, n, n, n};
            case H_S ->
                architecture.hasMeans()
                    ? new int[] {n, m, m * 3 / 2, 2 * m}
                    : new int[] {n, n, n, m};
          };
      int next = 0;
      for (Layer layer : architecture.layers(network)) {
        switch (layer) {
          case Layer.Conv c -> {
            builder.convolution(
                c.name(), new int[] {widths[next + 1], widths[next], c.kernel(), c.kernel()}, 1);
            next++;
          }
          case Layer.ConvTranspose c -> {
            builder.convolution(
                c.name(), new int[] {widths[next], widths[next + 1], c.kernel(), c.kernel()}, 2);
            next++;
          }
          case Layer.Gdn gdn -> {
            int width = widths[next];
            builder.add(gdn.name() + ".beta", builder.uniform(width, 0.9, 1.1), width);
            builder.add(
                gdn.name() + ".gamma", builder.uniform(width * width, 0, 0.1), width, width);
          }
          default -> {}
        }
      }
    }
    int side = architecture.hasHyperprior() ? n : m;
    builder.add("entropy_bottleneck.quantiles", builder.uniform(side * 3, -1, 1), side, 1, 3);
    int[] cdf = new int[side * 3];
    for (int i = 0; i < side; i++) {
      cdf[3 * i + 1] = 65535;
      cdf[3 * i + 2] = 65536;
    }
    int[] lengths = new int[side];
    Arrays.fill(lengths, 3);
    builder.add("entropy_bottleneck._quantized_cdf", cdf, side, 3);
    builder.add("entropy_bottleneck._cdf_length", lengths, side);
    builder.add("entropy_bottleneck._offset", new int[side], side);
    return Model.read(builder.safetensors(), "synthetic");
  }

  private void convolution(String name, int[] shape, int upsampling) {
    int inputs = shape[upsampling > 1 ? 0 : 1];
    int outputs = shape[upsampling > 1 ? 1 : 0];
    double spread =
        Math.sqrt(3.0 * upsampling * upsampling / (inputs * shape[2] * (double) shape[3]));
    int size = shape[0] * shape[1] * shape[2] * shape[3];
    add(name + ".weight", uniform(size, -spread, spread), shape);
    add(name + ".bias", uniform(outputs, -0.1, 0.1), outputs);
  }

  private float[] uniform(int size, double low, double high) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (low + (high - low) * random.nextFloat());
    }
    return values;
  }

  private void add(String name, float[] values, int... shape) {
    ByteBuffer buffer = buffer(values.length);
    buffer.asFloatBuffer().put(values);
    add(name, "F32", buffer, shape);
  }

  private void add(String name, int[] values, int... shape) {
    ByteBuffer buffer = buffer(values.length);
    buffer.asIntBuffer().put(values);
    add(name, "I32", buffer, shape);
  }

  private static ByteBuffer buffer(int values) {
    return ByteBuffer.allocate(values * 4).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void add(String name, String type, ByteBuffer values, int... shape) {
    JsonObject entry = new JsonObject();
    entry.addProperty("dtype", type);
    JsonArray extents = new JsonArray();
    Arrays.stream(shape).forEach(extents::add);
    entry.add("shape", extents);
    JsonArray offsets = new JsonArray();
    offsets.add(bytes);
    bytes += values.capacity();
    offsets.add(bytes);
    entry.add("data_offsets", offsets);
    header.add(name, entry);
    tensors.add(values);
  }

  private byte[] safetensors() {
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + json.length + bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(json.length).put(json);
    tensors.forEach(file::put);
    return file.array();
  }
}
