package dev.tessera.cuda.network;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

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
import dev.tessera.model.Network;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Side information on a device: h_s, with the same bits as core's {@link
 * dev.tessera.transform.HyperSynthesis}, the table and the mean of every symbol of the latent, and
 * the quantization that they take part in. Latents, symbols, tables and means are {@code tile ×
 * channels × height × width}. Calls wait for nothing and allocate nothing. For one thread at a
 * time.
 */
public final class CudaSideInformation {
  private static final String FILE = "side_information.cu";
  private static final int THREADS = 256;
  private static final int BLOCKS_PER_MULTIPROCESSOR = 8;

  /** What is compiled. */
  public static final List<KernelSource> SOURCES =
      Stream.concat(FixedOrderLayer.SOURCES.stream(), Stream.of(KernelSource.of(FILE))).toList();

  private final List<FixedOrderLayer> layers = new ArrayList<>();
  private final int sideChannels;
  private final int latentChannels;
  private final boolean hasMeans;
  private final DeviceBuffer medians;
  private final DeviceBuffer scales;
  private final Kernel byMedian;
  private final Kernel byMean;
  private final Kernel latents;
  private final Kernel sideValues;
  private final int mostBlocks;
  private final Arguments arguments = new Arguments();

  /**
   * Uploads what h_s needs, and waits for that.
   *
   * @param arena owns the weights, which must stay as long as this is used
   * @throws TesseraException.Invalid if the model has no hyperprior
   */
  public CudaSideInformation(CudaStream stream, DeviceArena arena, Model model) {
    if (!model.has(Network.H_S)) {
      throw new TesseraException.Invalid(
          "the model has no h_s: " + model.architecture().id() + " has no hyperprior");
    }
    CudaContext context = stream.context();
    List<Layer> all = model.architecture().layers(Network.H_S);
    for (int i = 0; i < all.size(); i++) {
      Layer next = i + 1 < all.size() ? all.get(i + 1) : null;
      boolean activated = next instanceof Layer.Relu || next instanceof Layer.LeakyRelu;
      int inputs =
          layers.isEmpty() ? FixedOrderLayer.paddedInputs(model.n()) : layers.getLast().outputs();
      layers.add(
          new FixedOrderLayer(stream, arena, model, inputs, all.get(i), activated ? next : null));
      i += activated ? 1 : 0;
    }
    sideChannels = model.n();
    latentChannels = model.m();
    hasMeans = model.architecture().hasMeans();
    medians = upload(stream, arena, model.medians());
    scales = upload(stream, arena, model.scaleTable());
    byMedian = context.kernel(FILE, "symbols_by_median");
    byMean = context.kernel(FILE, "symbols_by_mean");
    latents = context.kernel(FILE, "latents_by_mean");
    sideValues = context.kernel(FILE, "side_values");
    mostBlocks = BLOCKS_PER_MULTIPROCESSOR * context.device().multiprocessors();
  }

  private static DeviceBuffer upload(CudaStream stream, DeviceArena arena, float[] values) {
    DeviceBuffer to = arena.allocate((long) values.length * Float.BYTES);
    try (Arena host = Arena.ofConfined()) {
      stream.upload(to, host.allocateFrom(JAVA_FLOAT, values));
      stream.synchronize();
    }
    return to;
  }

  /** Whether {@link #predict} gives means. */
  public boolean hasMeans() {
    return hasMeans;
  }

  /** Bytes of each of the two scratch buffers that {@link #predict} takes. */
  public long scratchBytes(int tiles, int height, int width) {
    long pixels = (long) tiles * height * width;
    long largest = pixels * FixedOrderLayer.paddedInputs(sideChannels);
    for (FixedOrderLayer layer : layers.subList(0, layers.size() - 1)) {
      pixels *= (long) layer.upsampling() * layer.upsampling();
      largest = Math.max(largest, pixels * layer.outputs());
    }
    return largest * Float.BYTES;
  }

  /**
   * Symbols of side information: the nearest integers of {@code value − median}.
   *
   * @param values {@code tiles × N × places} float32
   * @param places values of a channel of a tile
   * @param symbols receives as many int32
   * @param error an int32, set to 1 where a value is no number below 2^24
   */
  public void quantizeSides(
      CudaStream stream,
      DeviceBuffer values,
      int tiles,
      int places,
      DeviceBuffer symbols,
      DeviceBuffer error) {
    long count = (long) tiles * sideChannels * places;
    require(count * Float.BYTES, values);
    require(count * Integer.BYTES, symbols);
    launch(
        byMedian,
        stream,
        count,
        arguments
            .reset()
            .add(values)
            .add(medians)
            .add(sideChannels)
            .add(places)
            .add(count)
            .add(symbols)
            .add(error));
  }

  /**
   * From the symbols of the side information to the table, and the mean, of each symbol of the
   * latent.
   *
   * @param sides {@code tiles × N × height × width} int32
   * @param height rows of the side information
   * @param width columns of the side information
   * @param first scratch of {@link #scratchBytes}
   * @param second the same once more
   * @param tables receives {@code tiles × M × 4·height × 4·width} u16
   * @param means receives as many float32; null where the model has none
   */
  public void predict(
      CudaStream stream,
      DeviceBuffer sides,
      int tiles,
      int height,
      int width,
      DeviceBuffer first,
      DeviceBuffer second,
      DeviceBuffer tables,
      DeviceBuffer means) {
    if (hasMeans != (means != null)) {
      throw new TesseraException.Invalid(
          hasMeans ? "h_s of this model gives means" : "h_s of this model gives no means");
    }
    int places = Math.multiplyExact(height, width);
    int padded = FixedOrderLayer.paddedInputs(sideChannels);
    long count = (long) tiles * places * padded;
    require((long) tiles * places * sideChannels * Integer.BYTES, sides);
    require(count * Float.BYTES, first);
    launch(
        sideValues,
        stream,
        count,
        arguments
            .reset()
            .add(sides)
            .add(medians)
            .add(sideChannels)
            .add(padded)
            .add(places)
            .add(count)
            .add(first));
    DeviceBuffer from = first;
    DeviceBuffer to = second;
    int rows = height;
    int columns = width;
    for (FixedOrderLayer layer : layers.subList(0, layers.size() - 1)) {
      layer.run(stream, from, tiles, rows, columns, to);
      rows *= layer.upsampling();
      columns *= layer.upsampling();
      DeviceBuffer swapped = from;
      from = to;
      to = swapped;
    }
    layers
        .getLast()
        .runLast(stream, from, tiles, rows, columns, scales, latentChannels, tables, means);
  }

  /**
   * Symbols of latents: the nearest integers of {@code latent − mean}.
   *
   * @param values {@code count} float32
   * @param means as many float32; null for means of 0
   * @param symbols receives as many int32
   * @param error an int32, set to 1 where a value is no number below 2^24
   */
  public void quantize(
      CudaStream stream,
      DeviceBuffer values,
      DeviceBuffer means,
      long count,
      DeviceBuffer symbols,
      DeviceBuffer error) {
    require(count * Float.BYTES, values);
    require(count * Integer.BYTES, symbols);
    launch(
        byMean,
        stream,
        count,
        arguments
            .reset()
            .add(values)
            .add(means == null ? 0L : means.address())
            .add(count)
            .add(symbols)
            .add(error));
  }

  /**
   * Latents of symbols: {@code symbol + mean}.
   *
   * @param symbols {@code count} int32
   * @param means as many float32; null for means of 0
   * @param values receives as many float32
   */
  public void dequantize(
      CudaStream stream,
      DeviceBuffer symbols,
      DeviceBuffer means,
      long count,
      DeviceBuffer values) {
    require(count * Integer.BYTES, symbols);
    require(count * Float.BYTES, values);
    launch(
        latents,
        stream,
        count,
        arguments
            .reset()
            .add(symbols)
            .add(means == null ? 0L : means.address())
            .add(count)
            .add(values));
  }

  private void launch(Kernel kernel, CudaStream stream, long count, Arguments list) {
    long blocks = Math.clamp(Math.ceilDiv(count, (long) THREADS), 1, mostBlocks);
    kernel.launch(stream, LaunchShape.of(blocks, THREADS), list);
  }

  private static void require(long bytes, DeviceBuffer buffer) {
    if (buffer.bytes() < bytes) {
      throw new TesseraException.Invalid(
          "a buffer of %d bytes is too small: %d are needed".formatted(buffer.bytes(), bytes));
    }
  }
}
