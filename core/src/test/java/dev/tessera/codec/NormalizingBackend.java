package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.Precisions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * The CPU's networks behind lanes that take a field's own values, as those of a GPU do: what tiles
 * hold is normalized and restored here, plane by plane. {@code --device normalizing}; {@code auto}
 * never takes it.
 */
final class NormalizingBackend implements Backend {
  /** Provider of the backend. */
  public static final class Provider implements Backend.Provider {
    @Override
    public String name() {
      return "normalizing";
    }

    @Override
    public int preference() {
      return 1;
    }

    @Override
    public int preferenceForModels() {
      return -1;
    }

    @Override
    public Optional<String> unavailable(Model model, Precisions precisions) {
      return new CpuBackend.CpuProvider().unavailable(model, precisions);
    }

    @Override
    public Optional<String> unavailableBehindModel(PipelineSpec pipeline) {
      return new CpuBackend.CpuProvider().unavailableBehindModel(pipeline);
    }

    @Override
    public Backend open(Settings settings) {
      return new NormalizingBackend(new CpuBackend.CpuProvider().open(settings));
    }
  }

  private final Backend cpu;

  private NormalizingBackend(Backend cpu) {
    this.cpu = cpu;
  }

  @Override
  public String description() {
    return cpu.description();
  }

  @Override
  public int preferredBatch(TileFormat format) {
    return cpu.preferredBatch(format);
  }

  @Override
  public int preferredInFlight() {
    return 3;
  }

  @Override
  public boolean takesFieldValues(Network network) {
    return true;
  }

  @Override
  public Lane openLane(LaneFormat format, int capacity) {
    Lane lane = cpu.openLane(new LaneFormat(format.tiles(), format.pipeline(), null), capacity);
    return format.values() == null ? lane : new NormalizingLane(lane, format, capacity);
  }

  @Override
  public void close() {
    cpu.close();
  }

  private static final class NormalizingLane implements Lane {
    private final Lane inner;
    private final LaneFormat format;
    private final int places;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment tiles;
    private final long[] slices;
    private final boolean[] normalized;

    NormalizingLane(Lane inner, LaneFormat format, int capacity) {
      this.inner = inner;
      this.format = format;
      this.places = format.tiles().height() * format.tiles().width();
      this.tiles = arena.allocate(capacity * format.tileBytes(), 64);
      this.slices = new long[capacity * format.tiles().channels()];
      this.normalized = new boolean[slices.length];
    }

    @Override
    public MemorySegment tiles() {
      return tiles;
    }

    @Override
    public void plane(int tile, int channel, long slice, boolean isNormalized) {
      slices[tile * format.tiles().channels() + channel] = slice;
      normalized[tile * format.tiles().channels() + channel] = isNormalized;
    }

    private MemorySegment plane(int plane) {
      return tiles.asSlice(plane * format.planeBytes(), format.planeBytes());
    }

    private void normalize(int count) {
      DataType type = format.type();
      Normalizer normalizer = format.values().normalizer();
      double[] values = new double[places];
      for (int plane = 0; plane < count * format.tiles().channels(); plane++) {
        long to = (long) plane * places;
        if (normalized[plane]) {
          MemorySegment.copy(plane(plane), 0, inner.tiles(), 4 * to, 4L * places);
          continue;
        }
        type.read(plane(plane), 0, values, places);
        normalizer.forward(slices[plane], values, places);
        for (int i = 0; i < places; i++) {
          inner.tiles().setAtIndex(ValueLayout.JAVA_FLOAT, to + i, (float) values[i]);
        }
      }
    }

    @Override
    public PackedBatch encode(int count) {
      normalize(count);
      return inner.encode(count);
    }

    @Override
    public long[] aliveChannels(int count) {
      normalize(count);
      return inner.aliveChannels(count);
    }

    @Override
    public MemorySegment streams(long bytes) {
      return inner.streams(bytes);
    }

    @Override
    public void decode(PackedBatch batch) {
      inner.decode(batch);
      double[] values = new double[places];
      for (int plane = 0; plane < batch.count() * format.tiles().channels(); plane++) {
        for (int i = 0; i < places; i++) {
          values[i] = inner.tiles().getAtIndex(ValueLayout.JAVA_FLOAT, (long) plane * places + i);
        }
        format.values().normalizer().inverse(slices[plane], values, places);
        format.type().write(plane(plane), 0, values, places);
      }
    }

    @Override
    public void close() {
      inner.close();
      arena.close();
    }
  }
}
