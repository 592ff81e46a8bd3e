package dev.tessera.bench;

import com.google.gson.JsonObject;
import dev.tessera.field.Metrics;
import dev.tessera.transform.Precisions;
import java.util.Map;
import java.util.Optional;

/**
 * One line of the table: a precision and a codec.
 *
 * @param codec name of the coder of latents
 * @param tileBytes bytes of the float32 tiles, on which all rates are based
 * @param encode tiles to streams
 * @param decode streams to tiles
 * @param parts networks and coders alone, by the names of {@link E2ePath}
 * @param bytes of all streams and their lengths
 * @param quality of the restored tiles; empty where weights are random
 */
public record E2eResult(
    Precisions precisions,
    String codec,
    long tileBytes,
    Samples encode,
    Samples decode,
    Map<String, Samples> parts,
    long bytes,
    Optional<Metrics> quality) {
  /** Original bytes by compressed bytes. */
  double ratio() {
    return (double) tileBytes / bytes;
  }

  double rate(Samples samples) {
    return samples.giga(tileBytes);
  }

  /** Rate of a part; no number if there is no such part. */
  double rate(String part) {
    return parts.containsKey(part) ? rate(parts.get(part)) : Double.NaN;
  }

  /** A number of the quality; none where weights are random. */
  double psnr() {
    return quality.map(Metrics::psnr).orElse(Double.NaN);
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("precision", precisions.toString());
    json.addProperty("codec", codec);
    json.add("encode", times(encode));
    json.add("decode", times(decode));
    parts.forEach((name, samples) -> json.add(name, times(samples)));
    json.addProperty("bytes", bytes);
    json.addProperty("cr", ratio());
    quality.ifPresent(metrics -> {
      json.addProperty("rmse", metrics.rmse());
      json.addProperty("nrmse", metrics.nrmse());
      json.addProperty("psnr", metrics.psnr());
      json.addProperty("max_error", metrics.maxError());
    });
    return json;
  }

  private JsonObject times(Samples samples) {
    JsonObject json = samples.toJson();
    json.addProperty("gb_per_s", rate(samples));
    return json;
  }
}
