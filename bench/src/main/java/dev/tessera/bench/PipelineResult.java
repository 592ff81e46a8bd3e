package dev.tessera.bench;

import com.google.gson.JsonObject;
import dev.tessera.field.DataType;
import dev.tessera.field.Metrics;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizerSpec;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * One line of a report.
 *
 * @param device name of the device
 * @param metrics how far the restored values are from the original ones
 * @param errorShare the largest error as a share of the bound; NaN where there is no bound on it
 */
public record PipelineResult(
    String device, PipelineCase what, PipelineTimes times, Metrics metrics, double errorShare) {
  static PipelineResult of(String device, PipelineCase what, PipelineTimes times) {
    BenchField field = what.field();
    OptionalLong fill = what.format().fill();
    Metrics.Accumulator sum = new Metrics.Accumulator(field.type(), fill);
    sum.add(field.data(), times.restored(), field.info().shape().elements());
    Metrics metrics = sum.metrics();
    Quantization quantization = what.format().quantization();
    double share = Double.NaN;
    if (quantization.requested().kind() == QuantizerSpec.Kind.PWREL) {
      share = share(largestRelative(field, times.restored()), quantization.bound());
    } else if (what.format().normalizer() == null
        && quantization.requested().kind() != QuantizerSpec.Kind.REFERENCE) {
      share = share(metrics.maxError(), quantization.bound());
    }
    return new PipelineResult(device, what, times, metrics, share);
  }

  private static double share(double error, double bound) {
    return error == 0 ? 0 : error / bound;
  }

  private static double largestRelative(BenchField field, MemorySegment restored) {
    DataType type = field.type();
    double largest = 0;
    for (long i = 0; i < field.info().shape().elements(); i++) {
      double x = type.get(field.data(), i);
      if (Double.isFinite(x)) {
        double error = Math.abs(type.get(restored, i) - x);
        largest = Math.max(largest, error == 0 ? 0 : error / Math.abs(x));
      }
    }
    return largest;
  }

  /** Compression ratio, lengths and checks of chunks included. */
  public double ratio() {
    return (double) what.field().bytes() / times.bytes();
  }

  /** 10^9 bytes of the field per second. */
  public double encodeRate() {
    return times.encode().giga(what.field().bytes());
  }

  /** 10^9 bytes of the field per second. */
  public double decodeRate() {
    return times.decode().giga(what.field().bytes());
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("field", what.field().name());
    json.addProperty("device", device);
    json.addProperty("pipeline", what.spec().toString());
    json.addProperty("asked", what.asked());
    json.addProperty("chunks", what.boxes().size());
    json.addProperty("chunk_bytes", times.chunkBytes());
    json.addProperty("record_bytes", times.recordBytes());
    json.addProperty("crc32c", "%08x".formatted(times.crc()));
    json.addProperty("cr", ratio());
    if (Double.isFinite(metrics.psnr())) {
      json.addProperty("psnr_db", metrics.psnr());
    }
    json.addProperty("max_error", metrics.maxError());
    if (Double.isFinite(errorShare)) {
      json.addProperty("max_error_of_bound", errorShare);
    }
    json.add("encode", rates(times.encode()));
    json.add("decode", rates(times.decode()));
    return json;
  }

  private JsonObject rates(Samples samples) {
    JsonObject json = samples.toJson();
    json.addProperty("field_gb_per_s", samples.giga(what.field().bytes()));
    return json;
  }
}
