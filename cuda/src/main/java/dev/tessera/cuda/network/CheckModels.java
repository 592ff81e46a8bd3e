package dev.tessera.cuda.network;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tessera.model.Architecture;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Models of any width with random weights, scaled so that values keep their size through a network:
 * for checks that must run where no model of an architecture is at hand.
 */
public final class CheckModels {
  private final SplittableRandom random;
  private final StringBuilder header = new StringBuilder("{");
  private final List<float[]> floats = new ArrayList<>();
  private int bytes;

  private CheckModels(long seed) {
    random = new SplittableRandom(seed);
  }

  /** A complete model; its tables are built from its random density, as those of a checkpoint. */
  public static Model of(Architecture architecture, int n, int m, int inputChannels, long seed) {
    CheckModels builder = new CheckModels(seed);
    for (Network network : architecture.networks()) {
      builder.addNetwork(
          architecture.layers(network), widths(architecture, network, n, m, inputChannels));
    }
    builder.addBottleneck(architecture.hasHyperprior() ? n : m);
    return Model.read(builder.safetensors(), "check-" + architecture.id());
  }

  private static int[] widths(
      Architecture architecture, Network network, int n, int m, int inputChannels) {
    return switch (network) {
      case G_A -> new int[] {inputChannels, n, n, n, m};
      case G_S -> new int[] {m, n, n, n, inputChannels};
      case H_A -> new int[] {m, n, n, n};
      case H_S ->
          architecture.hasMeans() ? new int[] {n, m, m * 3 / 2, 2 * m} : new int[] {n, n, n, m};
    };
  }

  private void addNetwork(List<Layer> layers, int[] widths) {
    int next = 0;
    for (Layer layer : layers) {
      switch (layer) {
        case Layer.Conv conv -> {
          int[] shape = {widths[next + 1], widths[next], conv.kernel(), conv.kernel()};
          addConvolution(conv.name(), shape, widths[next], 1);
          next++;
        }
        case Layer.ConvTranspose conv -> {
          int[] shape = {widths[next], widths[next + 1], conv.kernel(), conv.kernel()};
          addConvolution(conv.name(), shape, widths[next], 2);
          next++;
        }
        case Layer.Gdn gdn -> {
          int width = widths[next];
          add(gdn.name() + ".beta", uniform(width, 0.9, 1.1), width);
          add(gdn.name() + ".gamma", uniform(width * width, 0, 0.1), width, width);
        }
        case Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ -> {}
      }
    }
  }

  private void addConvolution(String name, int[] shape, int inputs, int upsampling) {
    double spread =
        Math.sqrt(3.0 * upsampling * upsampling / (inputs * (double) shape[2] * shape[3]));
    add(
        name + ".weight",
        uniform(shape[0] * shape[1] * shape[2] * shape[3], -spread, spread),
        shape);
    int outputs = upsampling > 1 ? shape[1] : shape[0];
    add(name + ".bias", uniform(outputs, -0.1, 0.1), outputs);
  }

  /** A table per channel: the symbols −4 to 4, the ones around 0 more often, and an escape. */
  private void addBottleneck(int channels) {
    float[] quantiles = uniform(channels * 3, -0.5, 0.5);
    add("entropy_bottleneck.quantiles", quantiles, channels, 1, 3);
    int[] row = {0, 1000, 3000, 8000, 20000, 45000, 57000, 62000, 64500, 65000, 65536};
    int[] tables = new int[channels * row.length];
    for (int c = 0; c < channels; c++) {
      System.arraycopy(row, 0, tables, c * row.length, row.length);
    }
    int[] lengths = new int[channels];
    Arrays.fill(lengths, row.length);
    int[] offsets = new int[channels];
    Arrays.fill(offsets, -4);
    add("entropy_bottleneck._quantized_cdf", tables, channels, row.length);
    add("entropy_bottleneck._cdf_length", lengths, channels);
    add("entropy_bottleneck._offset", offsets, channels);
  }

  private float[] uniform(int size, double low, double high) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextDouble(low, high);
    }
    return values;
  }

  private void add(String name, int[] values, int... shape) {
    float[] bits = new float[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.intBitsToFloat(values[i]);
    }
    add(name, "I32", bits, shape);
  }

  private void add(String name, float[] values, int... shape) {
    add(name, "F32", values, shape);
  }

  private void add(String name, String type, float[] bits, int... shape) {
    int end = bytes + bits.length * Float.BYTES;
    header
        .append(header.length() > 1 ? "," : "")
        .append(
            "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, type, Arrays.toString(shape), bytes, end));
    bytes = end;
    floats.add(bits);
  }

  private byte[] safetensors() {
    byte[] json = header.append('}').toString().getBytes(UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(Long.BYTES + json.length + bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(json.length).put(json);
    for (float[] values : floats) {
      for (float value : values) {
        file.putInt(Float.floatToRawIntBits(value));
      }
    }
    return file.array();
  }
}
