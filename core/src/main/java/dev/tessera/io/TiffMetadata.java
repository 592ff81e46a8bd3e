package dev.tessera.io;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What a TIFF file says of its images besides the samples. Descriptive tags are attributes under
 * the specification's names. What has no tag of its own stands in the first page's description as
 * JSON, {@code {"shape": [48, 130, 130], …}}, which is tifffile's convention; the fill value is
 * GDAL's {@code GDAL_NODATA}.
 *
 * @param shape the shape that the description declares, or null
 * @param description the first page's description, or empty
 * @param name the field's name that the description declares, or null
 * @param noData text of the fill value, or null
 */
record TiffMetadata(
    Shape shape, String description, String name, String noData, Map<String, String> attributes) {
  static final int IMAGE_DESCRIPTION = 270;
  static final int GDAL_NODATA = 42113;
  static final int X_RESOLUTION = 282;
  static final int Y_RESOLUTION = 283;
  static final int RESOLUTION_UNIT = 296;

  /** Tags of text, by number. */
  static final Map<Integer, String> TEXT_TAGS =
      Collections.unmodifiableMap(
          new TreeMap<>(
              Map.of(
                  269, "DocumentName",
                  271, "Make",
                  272, "Model",
                  285, "PageName",
                  305, "Software",
                  306, "DateTime",
                  315, "Artist",
                  316, "HostComputer",
                  33432, "Copyright")));

  /** Tags of one rational number, by number. */
  static final Map<Integer, String> RATIONAL_TAGS =
      Collections.unmodifiableMap(
          new TreeMap<>(Map.of(X_RESOLUTION, "XResolution", Y_RESOLUTION, "YResolution")));

  static final String RESOLUTION_UNIT_NAME = "ResolutionUnit";
  private static final String DESCRIPTION_NAME = "ImageDescription";
  private static final int MAX_JSON = 1 << 24;

  static TiffMetadata read(TiffDirectory directory) {
    Map<String, String> attributes = new LinkedHashMap<>();
    Shape shape = null;
    String name = null;
    String text = directory.text(IMAGE_DESCRIPTION);
    String description = text == null ? "" : text;
    JsonObject json = json(description);
    if (json != null && json.has("shape")) {
      shape = shape(json.get("shape"));
      name = string(json.get("name"));
      if (json.get("attributes") instanceof JsonObject stored) {
        stored.asMap().forEach((key, value) -> attributes.put(key, textOf(value)));
      }
      // Whatever else a tifffile user stored beside the shape.
      json.asMap()
          .forEach((key, value) -> {
            if (!key.equals("shape") && !key.equals("name") && !key.equals("attributes")) {
              attributes.putIfAbsent(key, textOf(value));
            }
          });
    } else if (!description.isEmpty()) {
      attributes.put(DESCRIPTION_NAME, description);
    }
    TEXT_TAGS.forEach((tag, key) -> put(attributes, key, directory.text(tag)));
    RATIONAL_TAGS.forEach((tag, key) -> put(attributes, key, directory.rational(tag)));
    if (directory.has(RESOLUTION_UNIT)) {
      put(attributes, RESOLUTION_UNIT_NAME, Long.toString(directory.integer(RESOLUTION_UNIT, 2)));
    }
    return new TiffMetadata(shape, description, name, directory.text(GDAL_NODATA), attributes);
  }

  private static void put(Map<String, String> attributes, String key, String value) {
    if (value != null && !value.isBlank()) {
      attributes.put(key, value);
    }
  }

  private static JsonObject json(String description) {
    if (!description.startsWith("{") || description.length() > MAX_JSON) {
      return null;
    }
    try {
      return JsonParser.parseString(description) instanceof JsonObject object ? object : null;
    } catch (JsonParseException | StackOverflowError e) {
      return null; // somebody's own text that happens to begin with a brace
    }
  }

  private static Shape shape(JsonElement json) {
    if (!(json instanceof JsonArray array)) {
      return null;
    }
    try {
      long[] dims = new long[array.size()];
      for (int i = 0; i < dims.length; i++) {
        dims[i] = array.get(i).getAsLong();
      }
      return Shape.of(dims);
    } catch (TesseraException
        | UnsupportedOperationException
        | IllegalStateException
        | NumberFormatException e) {
      return null;
    }
  }

  private static String string(JsonElement json) {
    return json != null && json.isJsonPrimitive() ? json.getAsString() : null;
  }

  private static String textOf(JsonElement json) {
    return json.isJsonPrimitive() ? json.getAsString() : json.toString();
  }

  /** The field that these metadata describe. */
  FieldInfo info(DataType type, Shape fieldShape) {
    String fieldName = name == null ? "" : name;
    return new FieldInfo(fieldName, type, fieldShape, fillBits(type), attributes);
  }

  private OptionalLong fillBits(DataType type) {
    if (noData == null) {
      return OptionalLong.empty();
    }
    String number = noData.strip();
    try {
      if (type == DataType.INT64) {
        return OptionalLong.of(Long.parseLong(number));
      }
      double value =
          switch (number.toLowerCase(Locale.ROOT)) {
            case "nan" -> Double.NaN;
            case "inf", "infinity" -> Double.POSITIVE_INFINITY;
            case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(number);
          };
      // A fill value that the type cannot hold marks nothing.
      boolean fits =
          type.isFloat() || value == Math.rint(value) && value >= type.min() && value <= type.max();
      return fits ? OptionalLong.of(type.bitsOf(value)) : OptionalLong.empty();
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /** The description of a field's first page. */
  static String describe(FieldInfo info) {
    JsonObject json = new JsonObject();
    JsonArray dims = new JsonArray();
    for (long dim : info.shape().dims()) {
      dims.add(dim);
    }
    json.add("shape", dims);
    if (!info.name().isEmpty()) {
      json.addProperty("name", info.name());
    }
    JsonObject stored = new JsonObject();
    info.attributes()
        .forEach((key, value) -> {
          boolean hasTag =
              TEXT_TAGS.containsValue(key)
                  || RATIONAL_TAGS.containsValue(key)
                  || key.equals(RESOLUTION_UNIT_NAME);
          if (!hasTag) {
            stored.addProperty(key, value);
          }
        });
    if (!stored.isEmpty()) {
      json.add("attributes", stored);
    }
    return asciiOnly(json.toString());
  }

  /** The tag is 7-bit ASCII; JSON can write everything else as escapes. */
  private static String asciiOnly(String json) {
    StringBuilder ascii = new StringBuilder(json.length());
    for (char c : json.toCharArray()) {
      if (c < 0x7f) {
        ascii.append(c);
      } else {
        ascii.append(String.format("\\u%04x", (int) c));
      }
    }
    return ascii.toString();
  }

  /** A field's fill value as GDAL writes it, or null. */
  static String noData(FieldInfo info) {
    if (info.fillBits().isEmpty()) {
      return null;
    }
    long bits = info.fillBits().getAsLong();
    DataType type = info.type();
    double value = type.valueOf(bits);
    if (type == DataType.INT64) {
      return Long.toString(bits);
    }
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    return type.isFloat() ? Double.toString(value) : Long.toString((long) value);
  }
}
