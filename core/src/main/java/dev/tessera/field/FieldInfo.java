package dev.tessera.field;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is known of a field without its values.
 *
 * @param name the field's own name inside its file (dataset path, variable); empty where the format
 *     has none
 * @param type element type
 * @param shape extents, slowest axis first
 * @param fillBits bit pattern of the declared fill value ({@code _FillValue}, {@code BLANK}), if
 *     one is declared
 * @param attributes what else the file says of the field (units, header cards), in file order; keys
 *     and values are the format's own text
 */
public record FieldInfo(
    String name,
    DataType type,
    Shape shape,
    OptionalLong fillBits,
    Map<String, String> attributes) {
  public FieldInfo {
    Objects.requireNonNull(name);
    Objects.requireNonNull(type);
    Objects.requireNonNull(shape);
    Objects.requireNonNull(fillBits);
    attributes = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
  }

  /** A field without fill value or attributes. */
  public static FieldInfo of(String name, DataType type, Shape shape) {
    return new FieldInfo(name, type, shape, OptionalLong.empty(), Map.of());
  }

  /** This field with a declared fill value. */
  public FieldInfo withFill(double value) {
    return new FieldInfo(name, type, shape, OptionalLong.of(type.bitsOf(value)), attributes);
  }

  /** This field under another shape. */
  public FieldInfo withShape(Shape newShape) {
    return new FieldInfo(name, type, newShape, fillBits, attributes);
  }

  /** The declared fill value as a number. */
  public Optional<Double> fill() {
    return fillBits.isPresent()
        ? Optional.of(type.valueOf(fillBits.getAsLong()))
        : Optional.empty();
  }

  /** Size of the values in bytes. */
  public long bytes() {
    return Math.multiplyExact(shape.elements(), (long) type.bytes());
  }
}
