package dev.tessera.io;

import dev.tessera.field.DataType;
import io.jhdf.AbstractNode;
import io.jhdf.api.Attribute;
import io.jhdf.api.Node;
import io.jhdf.object.message.AttributeMessage;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Attributes of HDF5 objects as text, in the form that {@link NetCdfAttribute} defines: strings as
 * they are, numbers with CDL's suffixes, so that NetCDF-3 and HDF5 files take each other's.
 * Attributes of other types, and those with which libraries keep their own books, are left out.
 */
final class Hdf5Attributes {
  private static final int MAX_VALUES = 4096;

  /** Bookkeeping of the dimension scale and NetCDF-4 libraries: object references and the like. */
  private static final Set<String> INTERNAL =
      Set.of(
          "CLASS",
          "NAME",
          "DIMENSION_LIST",
          "REFERENCE_LIST",
          "_Netcdf4Dimid",
          "_Netcdf4Coordinates",
          "_NCProperties",
          "_nc3_strict");

  private Hdf5Attributes() {}

  /** The attributes of an object that have a text, in file order where the file tells it. */
  static Map<String, String> read(Node node) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (String name : names(node)) {
      if (INTERNAL.contains(name)) {
        continue;
      }
      String text = text(node.getAttribute(name));
      if (text != null) {
        texts.put(name, text);
      }
    }
    return texts;
  }

  private static Set<String> names(Node node) {
    Set<String> all = new TreeSet<>(node.getAttributes().keySet());
    Set<String> ordered = new LinkedHashSet<>();
    if (node instanceof AbstractNode object) {
      for (AttributeMessage message :
          object.getHeader().getMessagesOfType(AttributeMessage.class)) {
        if (all.contains(message.getName())) {
          ordered.add(message.getName());
        }
      }
    }
    ordered.addAll(all);
    return ordered;
  }

  private static String text(Attribute attribute) {
    if (attribute.isEmpty() || attribute.getSize() > MAX_VALUES) {
      return null;
    }
    NetCdfAttribute numbers = numbers(attribute);
    if (numbers != null) {
      return numbers.text();
    }
    return switch (attribute.getData()) {
      case String text -> characters(attribute.getName(), text);
      case String[] texts when texts.length == 1 -> characters(attribute.getName(), texts[0]);
      case String[] texts -> {
        boolean labels = attribute.getName().equals(NetCdf3Format.DIMENSION_NAMES);
        String joined =
            Arrays.stream(texts)
                .map(t -> t == null ? "" : t)
                .collect(Collectors.joining(labels ? "/" : ", "));
        yield characters(attribute.getName(), joined);
      }
      case null, default -> null;
    };
  }

  private static String characters(String name, String text) {
    if (text == null) {
      return null;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new NetCdfAttribute(name, NetCdfType.CHAR, bytes).text();
  }

  /** A numeric attribute of a type that NetCDF has too, or null. */
  static NetCdfAttribute numbers(Attribute attribute) {
    if (!Hdf5Type.isReadable(attribute.getDataType())) {
      return null;
    }
    StoredElements elements = Hdf5Type.elements(attribute.getName(), attribute.getDataType());
    ByteBuffer stored = attribute.getBuffer().duplicate().rewind();
    int count = Math.toIntExact(attribute.getSize());
    if (count > MAX_VALUES || stored.remaining() < count * elements.bytes()) {
      return null;
    }
    DataType type = elements.type();
    byte[] raw = new byte[count * elements.bytes()];
    stored.get(raw);
    MemorySegment values = MemorySegment.ofArray(new byte[count * type.bytes()]);
    elements.decode(MemorySegment.ofArray(raw), 0, values, 0, count);
    ByteBuffer big = ByteBuffer.allocate(count * type.bytes());
    for (int i = 0; i < count; i++) {
      long bits = type.getBits(values, i);
      switch (type.bytes()) {
        case 1 -> big.put((byte) bits);
        case 2 -> big.putShort((short) bits);
        case 4 -> big.putInt((int) bits);
        default -> big.putLong(bits);
      }
    }
    return new NetCdfAttribute(attribute.getName(), netCdfType(type), big.array());
  }

  private static NetCdfType netCdfType(DataType type) {
    return Arrays.stream(NetCdfType.values())
        .filter(t -> t.dataType() == type)
        .findFirst()
        .orElseThrow();
  }
}
