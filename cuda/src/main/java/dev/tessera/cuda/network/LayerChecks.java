package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.KernelSource;
import dev.tessera.cuda.PinnedArena;
import dev.tessera.cuda.SelfTest;
import dev.tessera.cuda.network.Convolution.Pointwise;
import dev.tessera.cuda.network.NetworkLayers.Family;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Checks every kind of layer against float64, on the operands that the kernel is given: random
 * weights and images of odd and ordinary sizes, outputs poisoned before, twice with the same bytes.
 */
public final class LayerChecks {
  private static final int POISON = 0xff;

  private LayerChecks() {}

  /** All checks; on a device that lacks what a family of kernels needs they do nothing. */
  public static List<SelfTest.Check> all() {
    List<LayerCheck> checks = new ArrayList<>();
    for (ActivationType type : ActivationType.values()) {
      for (Shape shape :
          List.of(
              new Shape("first layer", 3, 128, "gdn", 3, 32, 48),
              new Shape("first layer", 1, 24, "relu", 2, 16, 16),
              new Shape("first layer", 16, 16, "gdn", 1, 16, 32),
              new Shape("first layer", 4, 192, "gdn", 1, 32, 16),
              new Shape("first layer", 13, 136, "relu", 1, 16, 16),
              new Shape("first layer", 2, 320, "gdn", 1, 16, 16))) {
        checks.add(new LayerCheck(Family.FIRST, shape, type, type));
      }
      for (Shape shape :
          List.of(
              new Shape("last layer", 128, 3, "", 3, 16, 24),
              new Shape("last layer", 24, 1, "", 5, 8, 8),
              new Shape("last layer", 16, 16, "", 1, 8, 16),
              new Shape("last layer", 192, 5, "", 1, 8, 72),
              new Shape("last layer", 136, 13, "", 1, 8, 8),
              new Shape("last layer", 320, 2, "", 1, 8, 16))) {
        checks.add(new LayerCheck(Family.LAST, shape, type, ActivationType.FLOAT));
      }
      for (Family family : List.of(Family.PORTABLE, Family.HOPPER)) {
        for (Shape shape :
            List.of(
                new Shape("convolution", 128, 128, "gdn", 3, 16, 24),
                new Shape("convolution", 24, 40, "relu", 5, 8, 4),
                new Shape("convolution", 192, 192, "gdn", 1, 8, 8),
                new Shape("convolution", 320, 320, "gdn", 1, 4, 8),
                new Shape("convolution", 8, 8, "gdn", 7, 2, 4),
                new Shape("convolution", 200, 136, "gdn", 1, 6, 10),
                new Shape("convolution", 104, 312, "gdn", 1, 4, 4),
                new Shape("latents", 128, 192, "", 2, 4, 6),
                new Shape("latents", 192, 320, "", 1, 2, 2),
                new Shape("latents", 264, 104, "", 1, 4, 2),
                new Shape("transposed", 192, 128, "inverse", 3, 2, 2),
                new Shape("transposed", 128, 128, "inverse", 2, 8, 10),
                new Shape("transposed", 320, 192, "inverse", 1, 4, 2),
                new Shape("transposed", 312, 264, "inverse", 1, 3, 1),
                new Shape("transposed", 40, 24, "relu", 1, 1, 1),
                new Shape("side", 24, 16, "leaky", 2, 4, 4),
                new Shape("side", 192, 128, "relu", 3, 8, 5),
                new Shape("side", 320, 136, "leaky", 1, 1, 3))) {
          checks.add(new LayerCheck(family, shape, type, type));
        }
      }
    }
    for (Family family : List.of(Family.PORTABLE, Family.HOPPER)) {
      // what products of e4m3 give, before it is rounded to e4m3 again
      checks.add(
          new LayerCheck(
              family,
              new Shape("convolution", 128, 128, "gdn", 2, 16, 16),
              ActivationType.E4M3,
              ActivationType.HALF));
      checks.add(
          new LayerCheck(
              family,
              new Shape("transposed", 128, 128, "inverse", 2, 8, 8),
              ActivationType.E4M3,
              ActivationType.HALF));
    }
    List<SelfTest.Check> all = new ArrayList<>(checks);
    all.addFirst(new CompileCheck(checks));
    return all;
  }

  /** All kernels compile, side by side: layer by layer it would take minutes. */
  private record CompileCheck(List<LayerCheck> layers) implements SelfTest.Check {
    @Override
    public String name() {
      return "layers: their kernels compile";
    }

    @Override
    public void run(CudaContext context) {
      DeviceTraits device = DeviceTraits.of(context.device());
      List<KernelSource> sources =
          layers.stream().flatMap(layer -> layer.sources(device).stream()).distinct().toList();
      context.kernels().compileMissing(context.device(), sources);
    }
  }

  /** A layer's kind, channels, pointwise function and input. */
  private record Shape(
      String kind, int inputs, int outputs, String then, int tiles, int height, int width) {
    Convolution layer() {
      SplittableRandom random = new SplittableRandom(inputs * 1000L + outputs);
      boolean transposed = kind.equals("transposed") || kind.equals("last layer");
      boolean side = kind.equals("side");
      int kernel = side ? 3 : Convolution.TAPS;
      double gain = transposed ? 2 : 1;
      double spread = gain * Math.sqrt(3.0 / (inputs * kernel * (double) kernel));
      Pointwise pointwise =
          switch (then) {
            case "gdn", "inverse" ->
                new Pointwise.Gdn(
                    then.equals("inverse"),
                    uniform(random, outputs, 0.5, 1.5),
                    uniform(random, outputs * outputs, 0, 4.0 / outputs));
            case "relu" -> new Pointwise.Relu(0);
            case "leaky" -> new Pointwise.Relu(0.01f);
            default -> new Pointwise.None();
          };
      return new Convolution(
          kind,
          kernel,
          side ? 1 : 2,
          transposed,
          outputs,
          inputs,
          uniform(random, inputs * outputs * kernel * kernel, -spread, spread),
          uniform(random, outputs, -0.2, 0.2),
          pointwise);
    }

    private static float[] uniform(SplittableRandom random, int count, double low, double high) {
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        values[i] = (float) random.nextDouble(low, high);
      }
      return values;
    }
  }

  private record LayerCheck(Family family, Shape shape, ActivationType in, ActivationType out)
      implements SelfTest.Check {
    @Override
    public String name() {
      return "layers: %s %s%s %d→%d %s, %d of %d×%d, %s"
          .formatted(
              family.name().toLowerCase(Locale.ROOT),
              shape.kind(),
              shape.then().isEmpty() ? "" : " " + shape.then(),
              shape.inputs(),
              shape.outputs(),
              in == out ? "" : "to " + out,
              shape.tiles(),
              shape.height(),
              shape.width(),
              in)
          .replace("  ", " ")
          .replace(" ,", ",");
    }

    private LayerInput input() {
      if (family == Family.FIRST) {
        return new LayerInput(ActivationType.FLOAT, 1);
      }
      return new LayerInput(in, in == ActivationType.E4M3 ? 0x1p-6f : 1);
    }

    private LayerOutput output() {
      return family == Family.LAST || shape.kind().equals("latents")
          ? LayerOutput.latents()
          : LayerOutput.activations(out, out == ActivationType.E4M3 ? 0x1p-6f : 1);
    }

    /** The layer with the weights that the kernel really has. */
    private Convolution rounded(Convolution layer) {
      boolean products = in == ActivationType.E4M3 && family != Family.FIRST;
      if (!products || family == Family.LAST) {
        return layer;
      }
      float[] scales = HopperWeights.weightScales(layer, ActivationType.E4M3);
      float[] weight = layer.weight().clone();
      int taps = layer.kernel() * layer.kernel();
      for (int i = 0; i < weight.length; i++) {
        int pair = i / taps;
        int output = layer.transposed() ? pair % layer.outputs() : pair / layer.inputs();
        weight[i] = E4m3.toFloat(E4m3.of(weight[i] / scales[output])) * scales[output];
      }
      return layer.withWeight(weight);
    }

    private double tolerance() {
      if (output().form() == LayerOutput.Form.PIXELS && out == ActivationType.E4M3) {
        return 4e-2; // of rounding the output
      }
      return switch (in) {
        case FLOAT -> 1e-5;
        case HALF -> 2e-3;
        case E4M3 -> 5e-3;
      };
    }

    private boolean isPossible(DeviceTraits device, Convolution layer) {
      boolean bytes = in == ActivationType.E4M3 || out == ActivationType.E4M3;
      return (!bytes || device.hasE4m3())
          && switch (family) {
            case FIRST -> EdgeFirst.fits(layer, out, device);
            case LAST -> EdgeLast.fits(layer, in, device);
            case HOPPER -> device.hasWgmma() && HopperConvolution.fits(layer, in);
            case PORTABLE -> true;
          };
    }

    List<KernelSource> sources(DeviceTraits device) {
      Convolution layer = shape.layer();
      return isPossible(device, layer)
          ? new NetworkLayers.Chosen(family, layer, input(), output()).sources(device)
          : List.of();
    }

    @Override
    public void run(CudaContext context) {
      Convolution layer = shape.layer();
      if (!isPossible(DeviceTraits.of(context.device()), layer)) {
        return;
      }
      LayerInput stored = input();
      CheckImages images =
          CheckImages.random(
              shape.tiles(), shape.inputs(), shape.height(), shape.width(), stored, 3);
      CheckImages expected = images.after(rounded(layer));
      try (CudaStream stream = context.newStream();
          DeviceArena device = context.newArena(1 << 20);
          PinnedArena pinned = context.newPinnedArena(1 << 20)) {
        DeviceLayer built =
            new NetworkLayers.Chosen(family, layer, stored, output())
                .build(new Uploads(stream, device));
        boolean planes = family == Family.FIRST;
        MemorySegment from =
            pinned.allocate(planes ? images.planeBytes() : images.pixelBytes(stored.type()));
        if (planes) {
          images.toPlanes(from);
        } else {
          images.toPixels(from, stored);
        }
        boolean pixels = output().form() == LayerOutput.Form.PIXELS;
        DeviceBuffer in_dev = device.allocate(from.byteSize());
        DeviceBuffer out_dev =
            device.allocate(pixels ? expected.pixelBytes(out) : expected.planeBytes());
        stream.upload(in_dev, from);
        List<Step> steps =
            steps(
                built,
                new Images(in_dev, images.tiles(), images.height(), images.width()),
                new Images(out_dev, images.tiles(), expected.height(), expected.width()));
        MemorySegment first = outputOf(steps.getFirst(), stream, pinned, out_dev);
        double distance = expected.read(first, output()).distance(expected);
        require(
            distance <= tolerance(),
            "differs from float64 by %.2e, more than %.0e".formatted(distance, tolerance()));
        for (Step step : steps) {
          require(
              first.mismatch(outputOf(step, stream, pinned, out_dev)) < 0,
              step == steps.getFirst()
                  ? "gives other bytes the second time"
                  : "gives other bytes in another variant");
        }
        require(!pixels || expected.isPaddingZero(first, out), "leaves padding that is not zero");
      }
    }
  }

  /** The layer in all its variants. */
  private static List<Step> steps(DeviceLayer layer, Images in, Images out) {
    return layer instanceof HopperConvolution hopper
        ? hopper.variants().stream().map(variant -> hopper.plan(variant, in, out, null)).toList()
        : List.of(layer.plan(in, out, null));
  }

  private static MemorySegment outputOf(
      Step step, CudaStream stream, PinnedArena pinned, DeviceBuffer out_dev) {
    MemorySegment to = pinned.allocate(out_dev.bytes());
    stream.fill(out_dev, POISON);
    step.run(stream);
    stream.download(to, out_dev);
    stream.synchronize();
    return to;
  }

  static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }
}
