package dev.tessera.cuda.backend;

import dev.tessera.codec.Backend;
import dev.tessera.codec.FieldValues;
import dev.tessera.codec.LaneFormat;
import dev.tessera.codec.PackedBatch;
import dev.tessera.codec.TileFormat;
import dev.tessera.container.StreamPlan;
import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.SelfTest;
import dev.tessera.cuda.network.CheckModels;
import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ForkJoinPool;

/**
 * Checks that lanes which normalize give the bytes of lanes whose tiles core has normalized, and
 * the values that core restores of what these give.
 */
public final class TileValueChecks {
  private static final int TILES = 3;
  private static final int CHANNELS = 3;
  private static final int HEIGHT = 64;
  private static final int WIDTH = 128;
  private static final int PLACES = HEIGHT * WIDTH;

  private static final String[] NORMALIZERS = {
    "minmax:slice",
    "log10,minmax:slice",
    "meanstd:slice",
    "meanstd:field",
    "asinh:0.5,minmax:field",
    "log1p,asinh:2",
    "range",
    "none"
  };

  private static final DataType[] SOME_TYPES = {DataType.FLOAT32, DataType.FLOAT64, DataType.INT16};

  private TileValueChecks() {}

  private record TileValueCheck(Architecture architecture, Precision precision)
      implements SelfTest.Check {
    @Override
    public String name() {
      return "models: tiles of a field's own values, %s in %s"
          .formatted(architecture.id(), precision.name().toLowerCase(Locale.ROOT));
    }

    @Override
    public void run(CudaContext context) {
      Model model = CheckModels.of(architecture, 16, 24, CHANNELS, 6);
      try (ForkJoinPool workers = new ForkJoinPool(2);
          CudaBackend backend =
              new CudaBackend(new Backend.Settings(model, Precisions.of(precision), 2, workers))) {
        if (!backend.takesFieldValues(Network.G_A) || !backend.takesFieldValues(Network.G_S)) {
          return;
        }
        boolean first = precision == Precision.FP32 && architecture == Architecture.FACTORIZED;
        for (String normalizer : NORMALIZERS) {
          for (DataType type : first ? DataType.values() : SOME_TYPES) {
            Case.of(normalizer, type, format(model)).compare(backend);
          }
        }
      }
    }
  }

  /** All checks. */
  public static List<SelfTest.Check> all() {
    List<SelfTest.Check> checks = new ArrayList<>();
    for (Architecture architecture : Architecture.values()) {
      for (Precision precision : new Precision[] {Precision.FP32, Precision.FP16}) {
        checks.add(new TileValueCheck(architecture, precision));
      }
    }
    return checks;
  }

  private static TileFormat format(Model model) {
    Architecture architecture = model.architecture();
    StreamLayout side = null;
    if (architecture.hasHyperprior()) {
      int stride = architecture.sideStride();
      side = new StreamLayout(model.n(), HEIGHT / stride, WIDTH / stride, 8, HEIGHT / stride);
    }
    int stride = architecture.latentStride();
    return new TileFormat(
        CHANNELS,
        HEIGHT,
        WIDTH,
        side,
        new StreamLayout(model.m(), HEIGHT / stride, WIDTH / stride, 8, HEIGHT / stride),
        StreamPlan.Profile.COMPATIBLE,
        ChannelOrder.identity(model.m()),
        ZeroFlags.DERIVED);
  }

  /**
   * Tiles of a field, each of three slices.
   *
   * @param values the field's own
   * @param normalized what core makes of them
   */
  private record Case(
      String name, TileFormat format, Normalizer normalizer, Field values, float[] normalized) {
    static Case of(String stages, DataType type, TileFormat format) {
      NormalizerSpec spec = NormalizerSpec.parse(stages);
      Field field = CheckFields.smooth(type, TILES * CHANNELS, HEIGHT, WIDTH);
      Normalizer.Fit fit = spec.fit(type, TILES * CHANNELS);
      double[] row = new double[PLACES];
      long ordinary = type.bitsOf(1);
      for (int slice = 0; slice < TILES * CHANNELS; slice++) {
        for (int i = 0; i < PLACES; i++) {
          long at = (long) slice * PLACES + i;
          // slices of one value, and values that the normalizer takes alone
          if (slice == 4 || !fit.inDomain(field.get(at))) {
            type.setBits(field.data(), at, ordinary);
          }
        }
        type.read(field.data(), (long) slice * PLACES, row, PLACES);
        fit.accept(slice, row, PLACES);
      }
      Normalizer normalizer = fit.finish();
      float[] normalized = new float[TILES * CHANNELS * PLACES];
      for (int slice = 0; slice < TILES * CHANNELS; slice++) {
        type.read(field.data(), (long) slice * PLACES, row, PLACES);
        normalizer.forward(slice, row, PLACES);
        for (int i = 0; i < PLACES; i++) {
          normalized[slice * PLACES + i] = (float) row[i];
        }
      }
      return new Case(stages + " of " + type, format, normalizer, field, normalized);
    }

    DataType type() {
      return values.info().type();
    }

    /** Tiles 1 and 2 have a plane that comes normalized, where its values have room for that. */
    private boolean isNormalized(int slice) {
      return type().bytes() >= Float.BYTES && (slice == 5 || slice == 6);
    }

    void compare(CudaBackend backend) {
      LaneFormat own = new LaneFormat(format, null, new FieldValues(type(), normalizer));
      try (Arena arena = Arena.ofConfined();
          Backend.Lane plain = backend.openLane(new LaneFormat(format, null, null), TILES);
          Backend.Lane lane = backend.openLane(own, TILES)) {
        MemorySegment.copy(
            normalized, 0, plain.tiles(), ValueLayout.JAVA_FLOAT, 0, normalized.length);
        PackedBatch expected = plain.encode(TILES);
        // more often than once: launched one by one, and as a graph
        for (int time = 0; time < 3; time++) {
          fill(lane);
          PackedBatch found = lane.encode(TILES);
          BackendChecks.require(
              Arrays.equals(found.streamBytes(), expected.streamBytes())
                  && Arrays.equals(found.checks(), expected.checks())
                  && bytes(found).mismatch(bytes(expected)) < 0,
              "%s: normalized on the device it becomes other streams",
              name);
        }
        MemorySegment streams =
            arena.allocate(bytes(expected).byteSize()).copyFrom(bytes(expected));
        PackedBatch batch =
            new PackedBatch(TILES, expected.streamBytes(), expected.checks(), streams);
        plain.decode(batch);
        MemorySegment restored = restore(plain.tiles());
        for (int time = 0; time < 3; time++) {
          lane.tiles().fill((byte) 0x55);
          for (int slice = 0; slice < TILES * CHANNELS; slice++) {
            lane.plane(slice / CHANNELS, slice % CHANNELS, slice, false);
          }
          lane.decode(batch);
          long place = lane.tiles().asSlice(0, restored.byteSize()).mismatch(restored);
          BackendChecks.require(
              place < 0, "%s: byte %d is restored otherwise on the device", name, place);
        }
      }
    }

    private static MemorySegment bytes(PackedBatch batch) {
      return batch.streams().asSlice(0, Arrays.stream(batch.streamBytes()).sum());
    }

    private void fill(Backend.Lane lane) {
      lane.tiles().asSlice(0, values.data().byteSize()).copyFrom(values.data());
      for (int slice = 0; slice < TILES * CHANNELS; slice++) {
        boolean isNormalized = isNormalized(slice);
        lane.plane(slice / CHANNELS, slice % CHANNELS, slice, isNormalized);
        if (isNormalized) {
          MemorySegment.copy(
              normalized,
              slice * PLACES,
              lane.tiles(),
              ValueLayout.JAVA_FLOAT,
              (long) slice * PLACES * type().bytes(),
              PLACES);
        }
      }
    }

    private MemorySegment restore(MemorySegment tiles) {
      MemorySegment restored = MemorySegment.ofArray(new byte[(int) values.data().byteSize()]);
      double[] row = new double[PLACES];
      for (int slice = 0; slice < TILES * CHANNELS; slice++) {
        for (int i = 0; i < PLACES; i++) {
          row[i] = tiles.getAtIndex(ValueLayout.JAVA_FLOAT, (long) slice * PLACES + i);
        }
        normalizer.inverse(slice, row, PLACES);
        type().write(restored, (long) slice * PLACES, row, PLACES);
      }
      return restored;
    }
  }
}
