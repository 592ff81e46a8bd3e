package dev.tessera.bench;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;

/**
 * One line of a report.
 *
 * @param device name of the device
 * @param what latents, profile and P; the latter two mean nothing for coders without streams
 * @param codesStreams whether the coder has streams
 * @param idealBytes what the tables promise for these latents
 * @param times what was measured
 */
public record RansResult(
    String device, RansCase what, boolean codesStreams, double idealBytes, RansTimes times) {
  /** Compression ratio on the basis of 32-bit symbols, lengths of streams included. */
  public double ratio() {
    return (double) what.latents().int32Bytes() / times.bytes();
  }

  /** Compression ratio of the float32 tiles; NaN where there are none. */
  public double inputRatio() {
    long bytes = what.latents().inputBytes();
    return bytes == 0 ? Double.NaN : (double) bytes / times.bytes();
  }

  /** Share of the ideal ratio; above 1 where zero flags beat the tables. */
  public double share() {
    return idealBytes / times.bytes();
  }

  /** 10^9 bytes of 32-bit symbols per second. */
  public double encodeRate() {
    return times.encode().giga(what.latents().int32Bytes());
  }

  /** 10^9 bytes of 32-bit symbols per second. */
  public double decodeRate() {
    return times.decode().giga(what.latents().int32Bytes());
  }

  /** Profile or a dash. */
  String profileName() {
    return codesStreams ? what.profile().toString() : "-";
  }

  JsonObject toJson() {
    LatentSet latents = what.latents();
    JsonObject json = new JsonObject();
    json.addProperty("latents", latents.name());
    json.addProperty("device", device);
    if (codesStreams) {
      json.addProperty("profile", what.profile().toString());
      json.addProperty("P", what.channelsPerStream());
      json.addProperty("streams_per_tile", what.layout().streams());
      json.addProperty("crc32c", "%08x".formatted(times.crc()));
    } else {
      json.add("profile", JsonNull.INSTANCE);
      json.add("P", JsonNull.INSTANCE);
    }
    json.addProperty("stream_bytes", times.streamBytes());
    json.addProperty("length_bytes", times.lengthBytes());
    json.addProperty("cr_int32", ratio());
    if (latents.inputBytes() > 0) {
      json.addProperty("cr_float32_input", inputRatio());
    }
    json.addProperty("share_of_ideal_cr", share());
    json.add("encode", rates(times.encode()));
    json.add("decode", rates(times.decode()));
    return json;
  }

  private JsonObject rates(Samples samples) {
    LatentSet latents = what.latents();
    JsonObject json = samples.toJson();
    json.addProperty("int32_gb_per_s", samples.giga(latents.int32Bytes()));
    json.addProperty("symbols_per_s", latents.symbols().length / samples.median());
    if (latents.inputBytes() > 0) {
      json.addProperty("float32_input_gb_per_s", samples.giga(latents.inputBytes()));
    }
    return json;
  }
}
