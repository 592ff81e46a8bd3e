package dev.tessera.cuda.network;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.cuda.Arguments;
import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.KernelSource;
import dev.tessera.cuda.LaunchShape;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A layer of h_s on a device, with the activation after it: the operations of core's fixed-order
 * convolution, in their order. Images are {@code tile × height × width × channels} float32,
 * channels padded with zeros. For one thread at a time.
 */
final class FixedOrderLayer {
  private static final String FILE = "fixed_order.cu";
  private static final String KERNEL = "fixed_order";
  private static final String[] TRANSPOSED = {"-DFIXED_KERNEL=5", "-DFIXED_LAST=0"};
  private static final String[] LAST = {"-DFIXED_KERNEL=3", "-DFIXED_LAST=1"};

  /** What is compiled. */
  static final List<KernelSource> SOURCES =
      List.of(KernelSource.of(FILE, TRANSPOSED), KernelSource.of(FILE, LAST));

  /** Channels of an input are padded to a multiple of this. */
  private static final int INPUT_UNIT = 16;

  private static final int OUTPUT_UNIT = 64;
  private static final int PIXELS = 64;
  private static final int THREADS = 128;
  private static final int PHASES = 4;

  private static final int PARAMETER_BYTES = 96;
  private static final int POINTERS = 7;
  private static final int NONE = 0;
  private static final int RELU = 1;
  private static final int LEAKY_RELU = 2;

  private final boolean transposed;
  private final int inputs;
  private final int outputs;
  private final Kernel kernel;
  private final DeviceBuffer weights;
  private final DeviceBuffer bias;
  private final MemorySegment parameters = Arena.ofAuto().allocate(PARAMETER_BYTES, Long.BYTES);
  private final Arguments arguments = new Arguments();

  /**
   * Uploads a layer's weights, and waits for that.
   *
   * @param inputs channels of the input image, with their padding
   * @param layer a transposed convolution 5×5 of stride 2, or the last layer: a convolution 3×3
   * @param activation what follows it, or null
   */
  FixedOrderLayer(
      CudaStream stream,
      DeviceArena arena,
      Model model,
      int inputs,
      Layer layer,
      Layer activation) {
    CudaContext context = stream.context();
    transposed = layer instanceof Layer.ConvTranspose;
    String name =
        switch (layer) {
          case Layer.ConvTranspose conv -> conv.name();
          case Layer.Conv conv -> conv.name();
          default -> throw new IllegalArgumentException(layer + " has no fixed order");
        };
    this.inputs = inputs;
    outputs = padded(model.outputChannels(layer), OUTPUT_UNIT);
    kernel = context.kernel(FILE, KERNEL, transposed ? TRANSPOSED : LAST);
    float[] packed =
        pack(
            model.floats(name + ".weight").values(),
            model.inputChannels(layer),
            inputs,
            model.outputChannels(layer),
            transposed);
    float[] biases = new float[outputs];
    float[] stored = model.floats(name + ".bias").values();
    System.arraycopy(stored, 0, biases, 0, stored.length);
    weights = upload(stream, arena, packed);
    bias = upload(stream, arena, biases);
    parameters.set(JAVA_LONG, 8, weights.address());
    parameters.set(JAVA_LONG, 16, bias.address());
    setInt(3, inputs);
    setInt(4, outputs);
    parameters.set(
        JAVA_FLOAT,
        POINTERS * Long.BYTES + 7 * Integer.BYTES,
        activation instanceof Layer.LeakyRelu leaky ? leaky.slope() : 0);
    setInt(
        8,
        switch (activation) {
          case null -> NONE;
          case Layer.Relu _ -> RELU;
          case Layer.LeakyRelu _ -> LEAKY_RELU;
          default -> throw new IllegalArgumentException(activation + " has no fixed order");
        });
  }

  private void setInt(int number, int value) {
    parameters.set(JAVA_INT, POINTERS * Long.BYTES + (long) number * Integer.BYTES, value);
  }

  /** Channels of the first layer's input, with their padding; others have their predecessor's. */
  static int paddedInputs(int channels) {
    return padded(channels, INPUT_UNIT);
  }

  private static int padded(int channels, int unit) {
    return Math.ceilDiv(channels, unit) * unit;
  }

  /**
   * Weights as the kernel reads them: {@code [tap row][tap column][rows][outputs]}, {@code rows}
   * being the inputs with their padding, of {@code [in, out, 5, 5]} or {@code [out, in, 3, 3]}.
   */
  static float[] pack(float[] stored, int in, int rows, int out, boolean transposed) {
    int taps = transposed ? 25 : 9;
    int columns = padded(out, OUTPUT_UNIT);
    float[] packed = new float[Math.multiplyExact(taps, Math.multiplyExact(rows, columns))];
    for (int i = 0; i < in; i++) {
      for (int o = 0; o < out; o++) {
        int from = (transposed ? i * out + o : o * in + i) * taps;
        for (int t = 0; t < taps; t++) {
          float weight = stored[from + t];
          if (!Float.isFinite(weight)) {
            throw new TesseraException.Corrupt(
                "the model's h_s holds a value that is not finite: use another model", -1);
          }
          packed[(t * rows + i) * columns + o] = weight;
        }
      }
    }
    return packed;
  }

  private static DeviceBuffer upload(CudaStream stream, DeviceArena arena, float[] values) {
    DeviceBuffer to = arena.allocate((long) values.length * Float.BYTES);
    try (Arena host = Arena.ofConfined()) {
      stream.upload(to, host.allocateFrom(JAVA_FLOAT, values));
      stream.synchronize();
    }
    return to;
  }

  /** Channels of the output, with their padding. */
  int outputs() {
    return outputs;
  }

  /** How many times larger the output's sides are. */
  int upsampling() {
    return transposed ? 2 : 1;
  }

  /** Applies a transposed layer. */
  void run(
      CudaStream stream,
      DeviceBuffer input,
      int tiles,
      int height,
      int width,
      DeviceBuffer output) {
    requireRoom(output, 4L * tiles * height * width * outputs);
    parameters.set(JAVA_LONG, 24, output.address());
    launch(stream, input, tiles, height, width);
  }

  /**
   * Applies the last layer.
   *
   * @param scales the tables' standard deviations
   * @param latentChannels channels M of the latent
   * @param tables receives a u16 for each value of the latent
   * @param means receives a float32 for each; null for models without
   */
  void runLast(
      CudaStream stream,
      DeviceBuffer input,
      int tiles,
      int height,
      int width,
      DeviceBuffer scales,
      int latentChannels,
      DeviceBuffer tables,
      DeviceBuffer means) {
    long count = (long) tiles * height * width * latentChannels;
    requireRoom(tables, count * Short.BYTES);
    if (means != null) {
      requireRoom(means, count * Float.BYTES);
    }
    parameters.set(JAVA_LONG, 32, scales.address());
    parameters.set(JAVA_LONG, 40, tables.address());
    parameters.set(JAVA_LONG, 48, means == null ? 0 : means.address());
    setInt(5, latentChannels);
    setInt(6, (int) (scales.bytes() / Float.BYTES));
    launch(stream, input, tiles, height, width);
  }

  private void launch(CudaStream stream, DeviceBuffer input, int tiles, int height, int width) {
    long pixels = (long) tiles * height * width;
    if (pixels > Integer.MAX_VALUE - PIXELS) {
      throw new TesseraException.Unsupported(
          "%d tiles of side information of %d×%d are too many for the GPU: use smaller batches"
              .formatted(tiles, height, width));
    }
    requireRoom(input, pixels * inputs * Float.BYTES);
    parameters.set(JAVA_LONG, 0, input.address());
    setInt(0, (int) pixels);
    setInt(1, height);
    setInt(2, width);
    LaunchShape shape =
        new LaunchShape(
            (int) Math.ceilDiv(pixels, (long) PIXELS),
            outputs / OUTPUT_UNIT,
            transposed ? PHASES : 1,
            THREADS,
            1,
            1,
            0);
    kernel.launch(stream, shape, arguments.reset().add(parameters));
  }

  private static void requireRoom(DeviceBuffer buffer, long bytes) {
    if (buffer.bytes() < bytes) {
      throw new TesseraException.Invalid(
          "a buffer of %d bytes is too small: %d are needed".formatted(buffer.bytes(), bytes));
    }
  }
}
