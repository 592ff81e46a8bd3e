package dev.tessera.cuda.network;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaGraph;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.PinnedArena;
import dev.tessera.cuda.SelfTest;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.transform.ActivationRanges;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Checks whole networks against float64. */
public final class NetworkChecks {
  private static final int POISON = 0xff;

  private NetworkChecks() {}

  /** All checks. */
  public static List<SelfTest.Check> all() {
    List<SelfTest.Check> checks = new ArrayList<>();
    for (Precision precision : Precision.values()) {
      for (Architecture architecture : Architecture.values()) {
        checks.add(new WholeCheck(architecture, 24, 40, 2, precision, 3, 64, 64));
      }
      checks.add(new WholeCheck(Architecture.FACTORIZED, 128, 192, 3, precision, 2, 48, 80));
      checks.add(new WholeCheck(Architecture.FACTORIZED, 192, 320, 3, precision, 1, 32, 32));
      checks.add(new WholeCheck(Architecture.FACTORIZED, 32, 320, 16, precision, 1, 32, 32));
    }
    for (Precision precision : Precision.values()) {
      checks.add(new WholeCheck(Architecture.FACTORIZED, 8, 8, 1, precision, 3, 16, 16));
      checks.add(new WholeCheck(Architecture.FACTORIZED, 16, 24, 3, precision, 1, 512, 528));
    }
    // widths that are no multiples of 16, and the largest, with the precisions by turns
    checks.add(
        new WholeCheck(Architecture.FACTORIZED_RELU, 136, 200, 5, Precision.FP16, 1, 16, 48));
    checks.add(
        new WholeCheck(Architecture.FACTORIZED_RELU, 200, 136, 13, Precision.FP8, 1, 48, 16));
    checks.add(new WholeCheck(Architecture.FACTORIZED, 320, 320, 7, Precision.FP32, 1, 32, 16));
    checks.add(new WholeCheck(Architecture.FACTORIZED, 320, 320, 7, Precision.FP8, 1, 32, 16));
    checks.add(new WholeCheck(Architecture.HYPERPRIOR, 104, 312, 1, Precision.FP16, 1, 64, 128));
    checks.add(
        new WholeCheck(Architecture.MEAN_HYPERPRIOR, 320, 264, 3, Precision.FP32, 1, 64, 64));
    checks.add(new WholeCheck(Architecture.MEAN_HYPERPRIOR, 192, 320, 3, Precision.FP8, 1, 64, 64));
    checks.add(new ErrorCheck());
    return checks;
  }

  /** A random model, calibrated on random tiles. */
  private static Model calibrated(Model model, MemorySegment tiles, int count, int side) {
    try (ActivationRanges ranges = new ActivationRanges(model, 0)) {
      ranges.add(tiles, count, side, side);
      return model.withMetadata(
          model.name(), ranges.finish(99.99, false).addTo(model.metadata(), "random tiles"));
    }
  }

  /** g_a, g_s and h_a of a random model. */
  private record WholeCheck(
      Architecture architecture,
      int n,
      int m,
      int channels,
      Precision precision,
      int tiles,
      int height,
      int width)
      implements SelfTest.Check {
    @Override
    public String name() {
      return "networks: %s, N=%d, M=%d, %d channels, %d tiles of %d×%d, %s"
          .formatted(architecture.id(), n, m, channels, tiles, height, width, precision);
    }

    private double tolerance() {
      return switch (precision) {
        case FP32 -> 4e-5;
        case FP16 -> 6e-3;
        case FP8 -> 0.12;
      };
    }

    @Override
    public void run(CudaContext context) {
      if (precision == Precision.FP8 && !DeviceTraits.of(context.device()).hasE4m3()) {
        return;
      }
      Model random = CheckModels.of(architecture, n, m, channels, n + m);
      CheckImages images =
          CheckImages.random(
              tiles, channels, height, width, new LayerInput(ActivationType.FLOAT, 1), 9);
      Model model;
      try (Arena arena = Arena.ofShared()) {
        CheckImages other =
            CheckImages.random(2, channels, 64, 64, new LayerInput(ActivationType.FLOAT, 1), 8);
        MemorySegment sample = arena.allocate(other.planeBytes(), Float.BYTES);
        other.toPlanes(sample);
        model = calibrated(random, sample, 2, 64);
      }
      CheckImages latents = after(model, Network.G_A, images);
      requireClose(context, model, Network.G_A, images, latents);
      requireClose(context, model, Network.G_S, latents, after(model, Network.G_S, latents));
      if (architecture.hasHyperprior()) {
        requireClose(context, model, Network.H_A, latents, after(model, Network.H_A, latents));
      } else {
        requireSymbols(context, model, images);
      }
    }

    private static CheckImages after(Model model, Network network, CheckImages images) {
      CheckImages last = Convolution.takesAbsolutes(model, network) ? images.absolute() : images;
      for (Convolution layer : Convolution.of(model, network)) {
        last = last.after(layer);
      }
      return last;
    }

    private void requireClose(
        CudaContext context,
        Model model,
        Network network,
        CheckImages images,
        CheckImages expected) {
      Precision own = Precisions.of(precision).of(network);
      try (Run run = new Run(context, model, network, own, false)) {
        MemorySegment first = run.run(images, expected.planeBytes());
        MemorySegment second = run.run(images, expected.planeBytes());
        double distance = expected.read(first, LayerOutput.latents()).distance(expected);
        LayerChecks.require(
            distance <= tolerance(),
            "%s differs from float64 by %.2e, more than %.0e"
                .formatted(network.prefix(), distance, tolerance()));
        LayerChecks.require(
            first.mismatch(second) < 0, network.prefix() + " gives other bytes the second time");
      }
    }

    /** Symbols are the rounded latents, and g_s takes them for what they stand for. */
    private void requireSymbols(CudaContext context, Model model, CheckImages images) {
      float[] medians = model.medians();
      int plane = height / 16 * (width / 16);
      long latentBytes = 4L * tiles * m * plane;
      try (Run floats = new Run(context, model, Network.G_A, precision, false);
          Run symbols = new Run(context, model, Network.G_A, precision, true);
          Run fromFloats = new Run(context, model, Network.G_S, precision, false);
          Run fromSymbols = new Run(context, model, Network.G_S, precision, true)) {
        MemorySegment y = floats.run(images, latentBytes);
        MemorySegment q = symbols.run(images, latentBytes);
        double[] rounded = new double[tiles * m * plane];
        for (int i = 0; i < rounded.length; i++) {
          float median = medians[i / plane % m];
          int symbol = (int) Math.rint(y.getAtIndex(JAVA_FLOAT, i) - median);
          LayerChecks.require(
              q.getAtIndex(JAVA_INT, i) == symbol,
              "symbol %d is %d, not %d".formatted(i, q.getAtIndex(JAVA_INT, i), symbol));
          rounded[i] = symbol + median;
        }
        CheckImages latents = new CheckImages(tiles, m, height / 16, width / 16, rounded);
        MemorySegment expected = fromFloats.run(latents, images.planeBytes());
        MemorySegment found = fromSymbols.run(latents, q, images.planeBytes());
        LayerChecks.require(
            expected.mismatch(found) < 0, "g_s of symbols is not that of their latents");
      }
    }
  }

  /** A latent that is no number is noted, and the next batch is clean again. */
  private record ErrorCheck() implements SelfTest.Check {
    @Override
    public String name() {
      return "networks: latents that are no numbers";
    }

    @Override
    public void run(CudaContext context) {
      Model model = CheckModels.of(Architecture.FACTORIZED, 16, 24, 1, 4);
      SplittableRandom random = new SplittableRandom(2);
      double[] values = random.doubles(2 * 64 * 64).toArray();
      CheckImages good = new CheckImages(2, 1, 64, 64, values);
      double[] broken = values.clone();
      broken[64 * 64 + 77] = Double.NaN;
      try (Run run = new Run(context, model, Network.G_A, Precision.FP32, true)) {
        long bytes = 4L * 2 * 24 * 4 * 4;
        run.run(good, bytes);
        LayerChecks.require(run.errors() == 0, "good latents are refused");
        run.run(new CheckImages(2, 1, 64, 64, broken), bytes);
        LayerChecks.require(run.errors() != 0, "a latent that is no number is not noted");
        run.run(good, bytes);
        LayerChecks.require(run.errors() == 0, "an error stays");
      }
    }
  }

  /** A network on the device, run as a graph. */
  private static final class Run implements AutoCloseable {
    private final CudaStream stream;
    private final DeviceArena device;
    private final PinnedArena pinned;
    private final CudaNetwork network;
    private final MemorySegment errors;
    private final DeviceBuffer errors_dev;

    Run(CudaContext context, Model model, Network which, Precision precision, boolean symbols) {
      stream = context.newStream();
      device = context.newArena(1 << 20);
      pinned = context.newPinnedArena(1 << 20);
      network = new CudaNetwork(stream, device, model, which, precision, symbols);
      errors = pinned.allocate(Integer.BYTES);
      errors_dev = device.allocate(Integer.BYTES);
    }

    MemorySegment run(CheckImages images, long outBytes) {
      MemorySegment planes = pinned.allocate(images.planeBytes());
      images.toPlanes(planes);
      return run(images, planes, outBytes);
    }

    /** Runs the network on images of these sizes that stand in memory. */
    MemorySegment run(CheckImages sizes, MemorySegment planes, long outBytes) {
      MemorySegment from = pinned.allocate(planes.byteSize()).copyFrom(planes);
      MemorySegment to = pinned.allocate(outBytes);
      DeviceBuffer in = device.allocate(from.byteSize());
      DeviceBuffer out = device.allocate(outBytes);
      DeviceBuffer workspace =
          device.allocate(network.workspaceBytes(sizes.tiles(), sizes.height(), sizes.width()));
      NetworkPlan plan =
          network.plan(
              in, out, workspace, errors_dev, sizes.tiles(), sizes.height(), sizes.width());
      stream.fill(out, POISON);
      stream.fill(workspace, POISON);
      try (CudaGraph graph =
          stream.capture(() -> {
            stream.fillInts(errors_dev, 0);
            stream.upload(in, from);
            plan.run(stream);
            stream.download(to, out);
            stream.download(errors, errors_dev);
          })) {
        graph.launch(stream);
        stream.synchronize();
      }
      return to;
    }

    int errors() {
      return errors.get(JAVA_INT, 0);
    }

    @Override
    public void close() {
      try (stream;
          device;
          pinned) {
        stream.synchronize();
      }
    }
  }
}
