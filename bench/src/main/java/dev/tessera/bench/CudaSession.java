package dev.tessera.bench;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaDevice;
import dev.tessera.cuda.CudaDriver;
import dev.tessera.cuda.CudaEvent;
import dev.tessera.cuda.CudaPipelineGeometry;
import dev.tessera.cuda.CudaPlaneMaps;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.LaunchShape;
import dev.tessera.cuda.PinnedArena;
import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToLongFunction;

/** A GPU to measure on: a stream, memory that is reused, and events that tell the time. */
final class CudaSession implements AutoCloseable {
  private static final long SLAB = 64L << 20;

  /** One thread adds them one after another, for about 50 µs. */
  private static final int DELAY_WORDS = 4096;

  private static final LaunchShape DELAY_SHAPE =
      LaunchShape.of(1, 32).shared(DELAY_WORDS * Integer.BYTES);

  private static final List<String> QUERIED =
      List.of(
          "driver_version",
          "clocks.current.sm",
          "clocks.max.sm",
          "clocks.current.memory",
          "power.limit",
          "temperature.gpu");

  final CudaContext context;
  final CudaStream stream;
  final DeviceArena device;
  final PinnedArena pinned;
  private final Kernel delay;
  private final DeviceBuffer delayed;
  private final long kept;
  private final CudaEvent start;
  private final CudaEvent end;
  private final List<CudaEvent> marks = new ArrayList<>();

  /**
   * Opens the first GPU.
   *
   * @throws TesseraException.Unsupported if there is none
   */
  CudaSession() {
    Optional<String> obstacle = CudaDriver.unavailable();
    if (obstacle.isPresent()) {
      throw new TesseraException.Unsupported(obstacle.get());
    }
    context = CudaContext.open(0);
    stream = context.newStream();
    device = context.newArena(SLAB);
    pinned = context.newPinnedArena(SLAB);
    delay = context.kernel("copy.cu", "shared_sum");
    delayed = device.allocate(Integer.BYTES);
    kept = device.mark();
    start = context.newEvent();
    end = context.newEvent();
  }

  static boolean available() {
    return CudaDriver.unavailable().isEmpty();
  }

  /**
   * The time between two events around some work in the stream, in seconds. While the GPU is kept
   * busy without touching memory, all of it is queued, so that no time of this machine's counts.
   */
  double time(Runnable work) {
    delay.launch(stream, DELAY_SHAPE, delayed.address(), DELAY_WORDS);
    stream.record(start);
    work.run();
    stream.record(end);
    end.synchronize();
    return end.millisecondsSince(start) / 1e3;
  }

  /**
   * The times of works that follow each other without a gap, in seconds. They run twice and only
   * the second pass counts: what came before (the clearing of outputs, copies for checks) leaves
   * caches full of words to write back and empty of the kernels' code, which takes as long as a
   * quick kernel itself.
   */
  double[] times(List<Runnable> works) {
    while (marks.size() <= works.size()) {
      marks.add(context.newEvent());
    }
    delay.launch(stream, DELAY_SHAPE, delayed.address(), DELAY_WORDS);
    works.forEach(Runnable::run);
    stream.record(marks.getFirst());
    for (int i = 0; i < works.size(); i++) {
      works.get(i).run();
      stream.record(marks.get(i + 1));
    }
    marks.get(works.size()).synchronize();
    double[] seconds = new double[works.size()];
    for (int i = 0; i < seconds.length; i++) {
      seconds[i] = marks.get(i + 1).millisecondsSince(marks.get(i)) / 1e3;
    }
    return seconds;
  }

  /** Device memory with a copy of host memory. */
  DeviceBuffer upload(MemorySegment from) {
    long mark = pinned.mark();
    MemorySegment host = pinned.allocate(from.byteSize());
    host.copyFrom(from);
    DeviceBuffer to = device.allocate(from.byteSize());
    stream.upload(to, host);
    stream.synchronize();
    pinned.reset(mark);
    return to;
  }

  /** The normalizer's maps of all slices, which are the planes of the volumes; null without. */
  DeviceBuffer planeMaps(PipelineCase what, CudaPipelineGeometry geometry) {
    if (!CudaPlaneMaps.needed(what.format())) {
      return null;
    }
    MemorySegment table = Arena.ofAuto().allocate(CudaPlaneMaps.bytes(geometry), Double.BYTES);
    int slices = geometry.volumes() * geometry.depth();
    CudaPlaneMaps.put(table, 0, what.format().normalizer(), 0, slices);
    return upload(table);
  }

  /** A table of 64-bit numbers in device memory. */
  DeviceBuffer table(int count, IntToLongFunction entry) {
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = entry.applyAsLong(i);
    }
    return upload(MemorySegment.ofArray(values));
  }

  /** A copy of device memory, valid until the pinned arena is reset. */
  MemorySegment download(DeviceBuffer from) {
    MemorySegment host = pinned.allocate(from.bytes());
    stream.download(host, from);
    stream.synchronize();
    return host;
  }

  /** Sum of 64-bit numbers in device memory. */
  long sum(DeviceBuffer table) {
    long mark = pinned.mark();
    MemorySegment host = download(table);
    long sum = 0;
    for (long i = 0; i < host.byteSize() / Long.BYTES; i++) {
      sum += host.getAtIndex(ValueLayout.JAVA_LONG, i);
    }
    pinned.reset(mark);
    return sum;
  }

  /** Forgets all memory that was handed out. */
  void reset() {
    reset(kept);
  }

  /** Forgets what was handed out since the device arena's mark, and all pinned memory. */
  void reset(long mark) {
    stream.synchronize();
    device.reset(mark);
    pinned.reset();
  }

  /** How a field lies on the device, and its cut. */
  static CudaPipelineGeometry geometry(BenchField.Cut cut) {
    return new CudaPipelineGeometry(
        cut.volumes(),
        (long) cut.planes() * cut.rows() * cut.columns(),
        cut.planes(),
        cut.rows(),
        cut.columns(),
        cut.depth(),
        cut.height(),
        cut.width());
  }

  /** The GPU, its driver and its clocks at this moment. */
  Map<String, String> properties() {
    CudaDevice gpu = context.device();
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put(RunInfo.DEVICE, gpu.name());
    properties.put("architecture", gpu.architecture());
    properties.put("multiprocessors", Integer.toString(gpu.multiprocessors()));
    properties.put("memory_bytes", Long.toString(gpu.memoryBytes()));
    properties.put("l2_bytes", Long.toString(gpu.l2Bytes()));
    int version = CudaDriver.version();
    properties.put("driver_cuda", version / 1000 + "." + version % 1000 / 10);
    String values =
        Machine.output(
            "nvidia-smi",
            "--query-gpu=" + String.join(",", QUERIED),
            "--format=csv,noheader",
            "--id=" + gpu.pciBusId());
    String[] cells = values.split(", ");
    for (int i = 0; i < QUERIED.size() && cells.length == QUERIED.size(); i++) {
      properties.put(QUERIED.get(i), cells[i].strip());
    }
    return properties;
  }

  @Override
  public void close() {
    start.close();
    end.close();
    marks.forEach(CudaEvent::close);
    pinned.close();
    device.close();
    stream.close();
    context.close();
  }
}
