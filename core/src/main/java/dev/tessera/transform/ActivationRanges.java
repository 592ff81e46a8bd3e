package dev.tessera.transform;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Calibration;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Measures what passes between the layers of g_a and g_s, tile after tile, in float32 on the CPU:
 * from it follow the scales of activations in e4m3. Each network runs in parts, from one
 * convolution to the next. For one thread at a time.
 */
public final class ActivationRanges implements AutoCloseable {
  private final Model model;
  private final List<Part> analysis = new ArrayList<>();
  private final List<Part> synthesis = new ArrayList<>();
  private final Map<String, MagnitudeHistogram> histograms = new LinkedHashMap<>();

  /**
   * A convolution and what follows it up to the next one.
   *
   * @param convolution its name
   */
  private record Part(String convolution, OnnxNetwork network) {}

  /**
   * Prepares the parts.
   *
   * @param threads that ONNX Runtime may use; 0 for all processors
   * @throws TesseraException.Invalid if the model can only decode
   */
  public ActivationRanges(Model model, int threads) {
    this.model = model;
    try {
      split(Network.G_A, threads, analysis);
      split(Network.G_S, threads, synthesis);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    for (Network network : new Network[] {Network.G_A, Network.G_S}) {
      Calibration.convolutions(model.architecture(), network)
          .forEach(name -> histograms.put(name, new MagnitudeHistogram()));
    }
  }

  private void split(Network which, int threads, List<Part> parts) {
    List<Layer> layers = model.architecture().layers(which);
    int first = 0;
    for (int i = 1; i <= layers.size(); i++) {
      if (i == layers.size() || !name(layers.get(i)).isEmpty()) {
        byte[] graph = OnnxExport.layers(model, which, layers.subList(first, i));
        parts.add(new Part(name(layers.get(first)), new OnnxNetwork(graph, threads)));
        first = i;
      }
    }
  }

  /** The name of a convolution; empty for other layers. */
  private static String name(Layer layer) {
    return switch (layer) {
      case Layer.Conv conv -> conv.name();
      case Layer.ConvTranspose conv -> conv.name();
      case Layer.Gdn _, Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ -> "";
    };
  }

  /**
   * Looks at a batch of tiles, on their way to latents and back.
   *
   * @param tiles {@code count × C_in × height × width} normalized float32 values in native memory
   * @throws TesseraException.Unsupported if ONNX Runtime fails, as it does without enough memory
   */
  public void add(MemorySegment tiles, int count, int height, int width) {
    try (Arena arena = Arena.ofShared()) {
      int stride = model.architecture().latentStride();
      MemorySegment latents = run(analysis, tiles, count, height, width, arena);
      round(latents, count);
      run(synthesis, latents, count, height / stride, width / stride, arena);
    }
  }

  private MemorySegment run(
      List<Part> parts, MemorySegment input, int count, int height, int width, Arena arena) {
    MemorySegment last = input;
    int h = height;
    int w = width;
    for (Part part : parts) {
      MagnitudeHistogram histogram = histograms.get(part.convolution());
      if (histogram != null) {
        histogram.add(last);
      }
      OnnxNetwork network = part.network();
      int outHeight = Math.toIntExact(network.outputSide(h));
      int outWidth = Math.toIntExact(network.outputSide(w));
      long bytes = 4L * count * network.outputChannels() * outHeight * outWidth;
      MemorySegment out = arena.allocate(bytes, Float.BYTES);
      network.run(last, count, network.inputChannels(), h, w, out);
      last = out;
      h = outHeight;
      w = outWidth;
    }
    return last;
  }

  /**
   * To the latents that a decoder sees. Behind a hyperprior their means are not known here;
   * rounding to integers gives the same ranges up to half a step.
   */
  private void round(MemorySegment latents, int count) {
    Architecture architecture = model.architecture();
    float[] medians = architecture.hasHyperprior() ? new float[model.m()] : model.medians();
    long plane = latents.byteSize() / Float.BYTES / count / model.m();
    for (long i = 0; i < latents.byteSize() / Float.BYTES; i++) {
      float median = medians[(int) (i / plane % model.m())];
      float value = latents.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      latents.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) Math.rint(value - median) + median);
    }
  }

  /**
   * What was found.
   *
   * @param percentile percentage of the values whose largest magnitude is told, as in 99.99
   * @param clip whether magnitudes beyond that are clipped; else none are
   * @throws TesseraException.Unsupported if the model gave values that are not finite
   */
  public Calibration finish(double percentile, boolean clip) {
    SortedMap<String, Calibration.Range> ranges = new TreeMap<>();
    histograms.forEach((name, histogram) -> {
      if (!Float.isFinite(histogram.max())) {
        throw new TesseraException.Unsupported(
            "the input of "
                + name
                + " is not finite: the model's weights or the normalizer do not suit these data");
      }
      float quantile = histogram.quantile(percentile / 100);
      float scale = Calibration.Range.scaleFor(clip ? quantile : histogram.max());
      ranges.put(
          name,
          new Calibration.Range(
              scale,
              histogram.max(),
              percentile,
              quantile,
              histogram.shareAbove(scale * Calibration.E4M3_MAX)));
    });
    return new Calibration(ranges);
  }

  @Override
  public void close() {
    analysis.forEach(part -> part.network().close());
    synthesis.forEach(part -> part.network().close());
  }
}
