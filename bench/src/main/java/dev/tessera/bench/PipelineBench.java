package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Measures pipelines over fields, bounds and devices. */
public final class PipelineBench {
  private final List<PipelineDevice> devices;
  private final List<String> pipelines;
  private final int runs;
  private final Consumer<String> progress;

  /**
   * What is to be measured.
   *
   * @param devices on what; they stay the caller's
   * @param pipelines texts as {@link dev.tessera.pipeline.PipelineSpec#parse} takes them
   * @param runs how often, 0 for what is usual on each device
   * @param progress told what comes next
   */
  public PipelineBench(
      List<PipelineDevice> devices, List<String> pipelines, int runs, Consumer<String> progress) {
    this.devices = List.copyOf(devices);
    this.pipelines = List.copyOf(pipelines);
    this.runs = runs;
    this.progress = progress;
  }

  /**
   * Pipelines for every bound.
   *
   * @param bounds such as {@code rel:1e-3}
   * @param pipelines with a quantizer of their own, or without: then every bound is put in front
   */
  public static List<String> combine(List<String> bounds, List<String> pipelines) {
    List<String> texts = new ArrayList<>();
    for (String pipeline : pipelines) {
      String text = pipeline.strip();
      if (text.contains("eb=") || text.matches("(.*,)?round(,.*)?")) {
        texts.add(text);
      } else {
        bounds.forEach(
            bound -> texts.add("eb=" + bound.strip() + (text.isEmpty() ? "" : "," + text)));
      }
    }
    return texts;
  }

  /**
   * Measures everything.
   *
   * @throws TesseraException.Corrupt if a value misses its bound, or devices give other bytes
   */
  public List<PipelineResult> run(List<BenchField> fields) {
    List<PipelineResult> results = new ArrayList<>();
    for (BenchField field : fields) {
      for (String pipeline : pipelines) {
        PipelineCase what = PipelineCase.of(field, pipeline);
        PipelineResult first = null;
        for (PipelineDevice device : devices) {
          if (device.unable(what).isPresent()) {
            progress.accept(device.name() + " skipped: " + device.unable(what).get());
            continue;
          }
          progress.accept("%s  %s  %s".formatted(field.name(), what.spec(), device.name()));
          Repetitions repetitions = Repetitions.of(runs == 0 ? device.usualRuns() : runs);
          PipelineResult result =
              PipelineResult.of(device.name(), what, device.measure(what, repetitions));
          requireBound(result);
          if (first == null) {
            first = result;
          }
          requireSame(first, result);
          results.add(result);
        }
      }
    }
    return results;
  }

  private static void requireBound(PipelineResult result) {
    if (result.errorShare() > 1 || result.metrics().specialsChanged() > 0) {
      throw new TesseraException.BoundViolated(
          "%s of %s on %s misses its bound: the largest error is %s times it"
              .formatted(
                  result.what().spec(),
                  result.what().field().name(),
                  result.device(),
                  result.errorShare()));
    }
  }

  private static void requireSame(PipelineResult reference, PipelineResult result) {
    boolean comparable = reference.times().crc() != 0 && result.times().crc() != 0;
    if (comparable && reference.times().crc() != result.times().crc()) {
      throw new TesseraException.Corrupt(
          "%s gives other bytes than %s for %s of %s"
              .formatted(
                  result.device(),
                  reference.device(),
                  result.what().spec(),
                  result.what().field().name()),
          -1);
    }
  }
}
