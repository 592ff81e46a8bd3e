package dev.tessera.bench;

import com.google.gson.JsonObject;
import dev.tessera.field.Metrics;
import dev.tessera.transform.Precisions;

/**
 * One line of the table: a precision and an entropy coder.
 *
 * @param codec name of the coder
 * @param tileBytes bytes of the float32 tiles, on which all rates are based
 * @param encode tiles to streams
 * @param decode streams to tiles
 * @param analysis g_a alone
 * @param encoding the coder alone
 * @param synthesis g_s alone
 * @param decoding the coder alone
 * @param bytes of all streams and their lengths
 * @param quality of the restored tiles
 */
public record E2eResult(
    Precisions precisions,
    String codec,
    long tileBytes,
    Samples encode,
    Samples decode,
    Samples analysis,
    Samples encoding,
    Samples synthesis,
    Samples decoding,
    long bytes,
    Metrics quality) {
  /** Original bytes by compressed bytes. */
  double ratio() {
    return (double) tileBytes / bytes;
  }

  double rate(Samples samples) {
    return samples.giga(tileBytes);
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("precision", precisions.toString());
    json.addProperty("codec", codec);
    json.add("encode", times(encode));
    json.add("decode", times(decode));
    json.add("g_a", times(analysis));
    json.add("enc", times(encoding));
    json.add("g_s", times(synthesis));
    json.add("dec", times(decoding));
    json.addProperty("bytes", bytes);
    json.addProperty("cr", ratio());
    json.addProperty("rmse", quality.rmse());
    json.addProperty("nrmse", quality.nrmse());
    json.addProperty("psnr", quality.psnr());
    json.addProperty("max_error", quality.maxError());
    return json;
  }

  private JsonObject times(Samples samples) {
    JsonObject json = samples.toJson();
    json.addProperty("gb_per_s", rate(samples));
    return json;
  }
}
