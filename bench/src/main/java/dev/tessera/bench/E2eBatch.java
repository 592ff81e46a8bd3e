package dev.tessera.bench;

import dev.tessera.cuda.CudaDevice;
import dev.tessera.cuda.CudaEvent;
import dev.tessera.cuda.CudaGraph;
import dev.tessera.cuda.network.NetworkPlan;
import dev.tessera.cuda.network.Step;
import dev.tessera.field.DataType;
import dev.tessera.field.Metrics;
import dev.tessera.model.Network;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntConsumer;

/**
 * Times a path: as a whole, in parts, and layer by layer.
 *
 * @param original the tiles of the first input
 */
record E2eBatch(
    CudaSession session, Repetitions repetitions, MemorySegment original, Precisions precisions) {
  private static final long WARM_NANOS = 50_000_000;

  /**
   * Measures a codec, and checks that it codes.
   *
   * @param judged whether the quality of restored tiles says something
   * @throws dev.tessera.field.TesseraException.Corrupt if latents do not come back
   */
  E2eResult measure(E2ePath path, String codec, boolean judged) {
    long pinned = session.pinned.mark();
    Samples encode = timed(path.encode());
    Samples decode = timed(path.decode());
    Map<String, Samples> parts = new LinkedHashMap<>();
    for (E2ePath.Part part : path.parts()) {
      parts.put(part.name(), timed(part));
    }
    // once more on what is known, from poisoned memory
    path.poison();
    path.encode().work().accept(0);
    path.decode().work().accept(0);
    path.requireRestored();
    Optional<Metrics> quality = judged ? Optional.of(quality(path)) : Optional.empty();
    E2eResult result =
        new E2eResult(
            precisions, codec, original.byteSize(), encode, decode, parts, path.bytes(), quality);
    session.pinned.reset(pinned);
    return result;
  }

  private Metrics quality(E2ePath path) {
    Metrics.Accumulator metrics = new Metrics.Accumulator(DataType.FLOAT32, OptionalLong.empty());
    metrics.add(original, session.download(path.restored()), original.byteSize() / Float.BYTES);
    return metrics.metrics();
  }

  /** Times work for all inputs in turn; as graphs, where it can be captured. */
  private Samples timed(E2ePath.Part part) {
    List<CudaGraph> graphs = new ArrayList<>();
    try {
      List<Runnable> works = new ArrayList<>();
      for (int i = 0; i < repetitions.inputSets(); i++) {
        int input = i;
        if (part.fitsGraph()) {
          CudaGraph graph = session.stream.capture(() -> part.work().accept(input));
          graphs.add(graph);
          works.add(() -> graph.launch(session.stream));
        } else {
          works.add(() -> part.work().accept(input));
        }
      }
      warmUp(run -> works.get(run % works.size()).run());
      double[] seconds = new double[repetitions.runs()];
      for (int run = 0; run < seconds.length; run++) {
        seconds[run] = session.time(works.get(run % works.size()));
      }
      return Samples.of(seconds);
    } finally {
      session.stream.synchronize();
      graphs.forEach(CudaGraph::close);
    }
  }

  /** A GPU that has waited for this program runs at a low clock for some milliseconds. */
  private void warmUp(IntConsumer work) {
    long begun = System.nanoTime();
    for (int run = 0; run < repetitions.warmUp() || System.nanoTime() - begun < WARM_NANOS; run++) {
      int number = run;
      session.time(() -> work.accept(number));
    }
  }

  /** Times of all layers, network by network. */
  List<LayerTime> layers(E2ePath path) {
    path.encode().work().accept(0);
    path.decode().work().accept(0);
    List<LayerTime> times = new ArrayList<>();
    new EnumMap<>(path.plans()).forEach((network, plan) -> times.addAll(times(network, plan)));
    return times;
  }

  /** Each layer among its neighbours, between events. */
  private List<LayerTime> times(Network network, NetworkPlan plan) {
    List<Step> steps = plan.steps();
    double[][] seconds = new double[steps.size()][repetitions.runs()];
    List<CudaEvent> events = new ArrayList<>();
    try {
      for (int i = 0; i <= steps.size(); i++) {
        events.add(session.context.newEvent());
      }
      warmUp(_ -> plan.run(session.stream));
      for (int run = 0; run < repetitions.runs(); run++) {
        session.time(() -> {
          session.stream.record(events.getFirst());
          for (int i = 0; i < steps.size(); i++) {
            steps.get(i).run(session.stream);
            session.stream.record(events.get(i + 1));
          }
        });
        for (int i = 0; i < steps.size(); i++) {
          seconds[i][run] = events.get(i + 1).millisecondsSince(events.get(i)) / 1e3;
        }
      }
    } finally {
      events.forEach(CudaEvent::close);
    }
    double peak = peak(precisions.of(network));
    List<LayerTime> times = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      times.add(new LayerTime(step.name(), step.operations(), Samples.of(seconds[i]), peak));
    }
    return times;
  }

  /**
   * Operations a second of the matrix units at the highest clock, dense; fp32 is made of three
   * float16 products (CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions").
   */
  private double peak(Precision precision) {
    CudaDevice device = session.context.device();
    int halfPerClock =
        device.major() == 9 ? 4096 : device.architecture().equals("sm_80") ? 2048 : 0;
    double half = (double) halfPerClock * device.multiprocessors() * device.clockKilohertz() * 1e3;
    return switch (precision) {
      case FP32 -> half / 3;
      case FP16 -> half;
      case FP8 -> 2 * half;
    };
  }
}
