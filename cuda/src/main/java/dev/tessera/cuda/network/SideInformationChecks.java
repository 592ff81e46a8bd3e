package dev.tessera.cuda.network;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.PinnedArena;
import dev.tessera.cuda.SelfTest;
import dev.tessera.entropy.GaussianTables;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.transform.HyperSynthesis;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;

/** Checks that side information leads to the same tables, means and symbols as on the CPU. */
public final class SideInformationChecks {
  private static final int POISON = 0xAB;

  private SideInformationChecks() {}

  /** All checks. */
  public static List<SelfTest.Check> all() {
    return List.of(
        new PredictCheck(Architecture.HYPERPRIOR, 16, 24, 5, 2, 3),
        new PredictCheck(Architecture.HYPERPRIOR, 128, 192, 7, 2, 2),
        new PredictCheck(Architecture.MEAN_HYPERPRIOR, 24, 40, 3, 1, 1),
        new PredictCheck(Architecture.MEAN_HYPERPRIOR, 16, 24, 33, 5, 1),
        new PredictCheck(Architecture.MEAN_HYPERPRIOR, 128, 192, 2, 4, 4),
        new PredictCheck(Architecture.HYPERPRIOR, 8, 8, 3, 1, 2),
        new PredictCheck(Architecture.HYPERPRIOR, 320, 312, 1, 2, 1),
        new PredictCheck(Architecture.MEAN_HYPERPRIOR, 136, 200, 2, 1, 3),
        new PredictCheck(Architecture.MEAN_HYPERPRIOR, 192, 320, 1, 2, 2),
        new RoundingCheck());
  }

  /** Everything that {@link CudaSideInformation#predict} gives, bit by bit. */
  private record PredictCheck(
      Architecture architecture, int n, int m, int tiles, int height, int width)
      implements SelfTest.Check {
    @Override
    public String name() {
      return "side information: h_s of %s, N=%d, M=%d, %d tiles of %d×%d"
          .formatted(architecture.id(), n, m, tiles, height, width);
    }

    @Override
    public void run(CudaContext context) {
      Model model = CheckModels.of(architecture, n, m, 1, n + m);
      int sideValues = n * height * width;
      int values = m * 16 * height * width;
      try (CudaStream stream = context.newStream();
          DeviceArena device = context.newArena(1 << 20);
          PinnedArena pinned = context.newPinnedArena(1 << 20)) {
        CudaSideInformation side = new CudaSideInformation(stream, device, model);
        MemorySegment symbols = pinned.allocate(4L * tiles * sideValues);
        SplittableRandom random = new SplittableRandom(n);
        for (long i = 0; i < (long) tiles * sideValues; i++) {
          symbols.setAtIndex(JAVA_INT, i, random.nextInt(8) == 0 ? random.nextInt(-9, 10) : 0);
        }
        DeviceBuffer sides = device.allocate(symbols.byteSize());
        DeviceBuffer first = device.allocate(side.scratchBytes(tiles, height, width));
        DeviceBuffer second = device.allocate(first.bytes());
        DeviceBuffer tables = device.allocate(2L * tiles * values);
        DeviceBuffer means = side.hasMeans() ? device.allocate(4L * tiles * values) : null;
        for (DeviceBuffer buffer : List.of(first, second, tables)) {
          stream.fill(buffer, POISON);
        }
        stream.upload(sides, symbols);
        side.predict(stream, sides, tiles, height, width, first, second, tables, means);
        MemorySegment foundTables = pinned.allocate(tables.bytes());
        stream.download(foundTables, tables);
        MemorySegment foundMeans = pinned.allocate(means == null ? 0 : means.bytes());
        if (means != null) {
          stream.download(foundMeans, means);
        }
        stream.synchronize();
        compare(model, symbols, foundTables, foundMeans);
      }
    }

    private void compare(
        Model model, MemorySegment symbols, MemorySegment tables, MemorySegment means) {
      HyperSynthesis synthesis = new HyperSynthesis(model);
      GaussianTables gaussian = new GaussianTables(model.scaleTable(), model.scaleTable()[0]);
      float[] medians = model.medians();
      int plane = height * width;
      float[] side = new float[n * plane];
      float[] scales = new float[m * 16 * plane];
      float[] expected = synthesis.hasMeans() ? new float[scales.length] : null;
      int[] used = new int[gaussian.count()];
      for (int t = 0; t < tiles; t++) {
        for (int i = 0; i < side.length; i++) {
          side[i] = symbols.getAtIndex(JAVA_INT, (long) t * side.length + i) + medians[i / plane];
        }
        synthesis.run(side, height, width, scales, expected);
        for (int i = 0; i < scales.length; i++) {
          long at = (long) t * scales.length + i;
          int table = gaussian.index(scales[i]);
          used[table]++;
          require(tables.getAtIndex(JAVA_SHORT, at) == table, "the table of symbol " + at);
          require(
              expected == null
                  || Float.floatToRawIntBits(means.getAtIndex(JAVA_FLOAT, at))
                      == Float.floatToRawIntBits(expected[i]),
              "the mean of symbol " + at);
        }
      }
      int kinds = 0;
      for (int count : used) {
        kinds += count > 0 ? 1 : 0;
      }
      require(kinds > 3, "the variety of tables");
    }
  }

  /** Rounding, its refusal of what is no symbol, and the way back. */
  private static final class RoundingCheck implements SelfTest.Check {
    private static final float[] VALUES = {
      0.5f, 1.5f, -0.5f, -2.5f, 3.49999f, 16777215f, -16777215f, 1e-30f, -0f, 1234.5f
    };

    @Override
    public String name() {
      return "side information: rounding about means and medians";
    }

    @Override
    public void run(CudaContext context) {
      Model model = CheckModels.of(Architecture.MEAN_HYPERPRIOR, 16, 24, 1, 3);
      try (CudaStream stream = context.newStream();
          DeviceArena device = context.newArena(1 << 16);
          PinnedArena pinned = context.newPinnedArena(1 << 16)) {
        CudaSideInformation side = new CudaSideInformation(stream, device, model);
        for (boolean bad : new boolean[] {false, true}) {
          int count = 16 * 30;
          MemorySegment values = pinned.allocate(4L * count);
          for (int i = 0; i < count; i++) {
            values.setAtIndex(JAVA_FLOAT, i, VALUES[i % VALUES.length]);
          }
          if (bad) {
            values.setAtIndex(JAVA_FLOAT, count / 2, Float.NaN);
          }
          DeviceBuffer from = device.allocate(values.byteSize());
          DeviceBuffer symbols = device.allocate(values.byteSize());
          DeviceBuffer back = device.allocate(values.byteSize());
          DeviceBuffer errors = device.allocate(8);
          stream.fill(errors, 0);
          stream.upload(from, values);
          side.quantizeSides(stream, from, 1, 30, symbols, errors.slice(0, 4));
          MemorySegment byMedian = pinned.allocate(values.byteSize());
          stream.download(byMedian, symbols);
          side.quantize(stream, from, null, count, symbols, errors.slice(4, 4));
          side.dequantize(stream, symbols, null, count, back);
          MemorySegment restored = pinned.allocate(values.byteSize());
          MemorySegment found = pinned.allocate(8);
          stream.download(restored, back);
          stream.download(found, errors);
          stream.synchronize();
          int expectedError = bad ? 1 : 0;
          require(found.getAtIndex(JAVA_INT, 0) == expectedError, "the refusal by medians");
          require(found.getAtIndex(JAVA_INT, 1) == expectedError, "the refusal by means");
          float[] medians = model.medians();
          for (int i = 0; i < count; i++) {
            float value = values.getAtIndex(JAVA_FLOAT, i);
            if (!Float.isNaN(value)) {
              int symbol = (int) Math.rint(value - medians[i / 30]);
              require(byMedian.getAtIndex(JAVA_INT, i) == symbol, "the symbol of value " + i);
              float rounded = (float) Math.rint(value) + 0f;
              require(restored.getAtIndex(JAVA_FLOAT, i) == rounded, "value " + i);
            }
          }
        }
      }
    }
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what + " is not as on the CPU");
    }
  }
}
