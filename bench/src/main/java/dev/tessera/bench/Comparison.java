package dev.tessera.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;

/**
 * A figure of ours, and by its key those of others.
 *
 * @param key see {@link Published}
 * @param what was measured, in a few words
 * @param encode GB/s
 * @param decode GB/s
 * @param ratio compression ratio; not a number where there is none
 * @param psnr dB; not a number where there is none
 */
record Comparison(
    String key, String what, double encode, double decode, double ratio, double psnr) {
  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("what", what);
    add(json, "encode_gb_per_s", encode);
    add(json, "decode_gb_per_s", decode);
    add(json, "cr", ratio);
    add(json, "psnr_db", psnr);
    add(json, "psnr_db_as_the_reference_prints_it", psnr - Published.REFERENCE_PSNR_SHIFT);
    JsonArray others = new JsonArray();
    for (Published figure : Published.of(key)) {
      JsonObject other = new JsonObject();
      other.addProperty("who", figure.who());
      add(other, "encode_gb_per_s", figure.encode());
      add(other, "decode_gb_per_s", figure.decode());
      add(other, "cr", figure.ratio());
      others.add(other);
    }
    json.add("published", others);
    return json;
  }

  private static void add(JsonObject json, String key, double value) {
    if (Double.isFinite(value)) {
      json.addProperty(key, value);
    }
  }
}
