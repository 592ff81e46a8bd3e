package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.TesseraException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes the header of a NetCDF classic file with one variable of fixed size, the mirror of {@link
 * NetCdf3Header}. The oldest version that can hold the variable is chosen: CDF-1 below 2 GiB, CDF-2
 * above (its only, hence last, variable may be of any size), CDF-5 for unsigned and 64-bit integers
 * and for axes of 2^31 and more.
 */
final class NetCdf3Writer {
  private static final long MAX_CLASSIC_AXIS = Integer.MAX_VALUE - 3;
  private static final long MAX_CLASSIC_VARIABLE = 0xffff_ffffL - 3;

  private final FieldInfo info;
  private final String name;
  private final NetCdfType type;
  private final List<NetCdfAttribute> attributes = new ArrayList<>();
  private final List<NetCdfAttribute> globals = new ArrayList<>();
  private final String[] axisNames;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private int version;

  NetCdf3Writer(FieldInfo info, String name) {
    this.info = info;
    this.name = legalName(name, "data");
    this.type = type(info);
    this.axisNames = axisNames(info);
    collectAttributes();
  }

  /** Unsigned data that came marked as such is stored signed again, as the classic format must. */
  private static NetCdfType type(FieldInfo info) {
    if (markedUnsigned(info)) {
      return switch (info.type()) {
        case UINT8 -> NetCdfType.BYTE;
        case UINT16 -> NetCdfType.SHORT;
        default -> NetCdfType.INT;
      };
    }
    return NetCdfType.of(info.type());
  }

  private static boolean markedUnsigned(FieldInfo info) {
    String mark = info.attributes().getOrDefault(NetCdf3Format.UNSIGNED, "").strip();
    DataType type = info.type();
    boolean unsigned = type == DataType.UINT8 || type == DataType.UINT16 || type == DataType.UINT32;
    return unsigned && mark.equalsIgnoreCase("true");
  }

  private void collectAttributes() {
    Map<String, NetCdfAttribute> own = new LinkedHashMap<>();
    Map<String, NetCdfAttribute> global = new LinkedHashMap<>();
    info.attributes()
        .forEach((key, text) -> {
          boolean isGlobal = key.startsWith(NetCdf3Format.GLOBAL);
          String bare = isGlobal ? key.substring(NetCdf3Format.GLOBAL.length()) : key;
          if (isGlobal || !isStructural(bare)) {
            String legal = legalName(bare, "attribute");
            (isGlobal ? global : own).put(legal, NetCdfAttribute.parse(legal, text));
          }
        });
    if (info.fillBits().isPresent()) {
      long bits = info.fillBits().getAsLong();
      NetCdfAttribute fill = NetCdfAttribute.ofBits(NetCdf3Format.FILL_VALUE, type, bits);
      NetCdfAttribute missing = own.get(NetCdf3Format.MISSING_VALUE);
      boolean declared =
          missing != null
              && missing.type() == type
              && missing.count() > 0
              && missing.bits(0) == fill.bits(0);
      if (!declared || own.containsKey(NetCdf3Format.FILL_VALUE)) {
        own.put(NetCdf3Format.FILL_VALUE, fill);
      }
    } else {
      own.remove(NetCdf3Format.FILL_VALUE);
    }
    attributes.addAll(own.values());
    globals.addAll(global.values());
  }

  private boolean isStructural(String key) {
    return key.equals(NetCdf3Format.DIMENSION_NAMES)
        || (key.equals(NetCdf3Format.UNSIGNED) && !markedUnsigned(info));
  }

  /** The dimensions' names of the source, where they fit; axes of one name have one length. */
  private static String[] axisNames(FieldInfo info) {
    int rank = info.shape().rank();
    String kept = info.attributes().get(NetCdf3Format.DIMENSION_NAMES);
    String[] names = kept == null ? new String[0] : kept.split("/", -1);
    Map<String, Long> lengths = new LinkedHashMap<>();
    boolean usable = names.length == rank;
    for (int axis = 0; axis < rank && usable; axis++) {
      names[axis] = legalName(names[axis], "dim" + axis);
      Long other = lengths.put(names[axis], info.shape().dim(axis));
      usable = other == null || other == info.shape().dim(axis);
    }
    if (!usable) {
      names = new String[rank];
      for (int axis = 0; axis < rank; axis++) {
        names[axis] = "dim" + axis;
      }
    }
    return names;
  }

  /** Names hold no slash and no control character, and begin with a letter, digit or underscore. */
  private static String legalName(String name, String fallback) {
    String stripped = name.startsWith("/") ? name.substring(1) : name;
    String legal = stripped.replaceAll("[/\\p{Cntrl}]", "_").stripTrailing();
    if (legal.isEmpty()) {
      return fallback;
    }
    char first = legal.charAt(0);
    return Character.isLetterOrDigit(first) || first == '_' || first > 127 ? legal : "_" + legal;
  }

  /** The whole header; the values follow it at once. */
  byte[] header() {
    long dataBytes;
    try {
      dataBytes = Math.multiplyExact(Math.ceilDiv(info.bytes(), 4L), 4L);
    } catch (ArithmeticException e) {
      throw new TesseraException.Unsupported(
          "a field of " + info.shape() + " takes more than 2^63 bytes, which no file holds");
    }
    if (needsCdf5()) {
      return write(5, dataBytes);
    }
    byte[] classic = write(1, dataBytes);
    return classic.length + dataBytes <= Integer.MAX_VALUE ? classic : write(2, dataBytes);
  }

  private boolean needsCdf5() {
    boolean longAxis = false;
    for (long dim : info.shape().dims()) {
      longAxis |= dim > MAX_CLASSIC_AXIS;
    }
    return longAxis
        || type.onlyCdf5()
        || attributes.stream().anyMatch(a -> a.type().onlyCdf5())
        || globals.stream().anyMatch(a -> a.type().onlyCdf5());
  }

  private byte[] write(int chosenVersion, long dataBytes) {
    version = chosenVersion;
    out.reset();
    out.writeBytes(new byte[] {'C', 'D', 'F', (byte) version});
    size(0);
    int[] ids = writeDimensions();
    writeAttributes(globals);
    int32(NetCdf3Header.TAG_VARIABLE);
    size(1);
    name(name);
    size(ids.length);
    for (int id : ids) {
      size(id);
    }
    writeAttributes(attributes);
    int32(type.code());
    // Larger variables than the field can state are marked by all bits set.
    size(version == 5 || dataBytes <= MAX_CLASSIC_VARIABLE ? dataBytes : 0xffff_ffffL);
    if (version == 1) {
      int32(out.size() + 4);
    } else {
      out.writeBytes(ByteBuffer.allocate(8).putLong(out.size() + 8L).array());
    }
    return out.toByteArray();
  }

  private int[] writeDimensions() {
    List<String> distinct = List.of(axisNames).stream().distinct().toList();
    int32(distinct.isEmpty() ? 0 : NetCdf3Header.TAG_DIMENSION);
    size(distinct.size());
    int[] ids = new int[axisNames.length];
    for (String axisName : distinct) {
      name(axisName);
      size(info.shape().dim(List.of(axisNames).indexOf(axisName)));
    }
    for (int axis = 0; axis < ids.length; axis++) {
      ids[axis] = distinct.indexOf(axisNames[axis]);
    }
    return ids;
  }

  private void writeAttributes(List<NetCdfAttribute> list) {
    int32(list.isEmpty() ? 0 : NetCdf3Header.TAG_ATTRIBUTE);
    size(list.size());
    for (NetCdfAttribute attribute : list) {
      name(attribute.name());
      int32(attribute.type().code());
      size(attribute.count());
      padded(attribute.values());
    }
  }

  private void name(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    size(bytes.length);
    padded(bytes);
  }

  private void padded(byte[] bytes) {
    out.writeBytes(bytes);
    out.writeBytes(new byte[-bytes.length & 3]);
  }

  private void size(long value) {
    if (version == 5) {
      out.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
    } else {
      int32((int) value);
    }
  }

  private void int32(int value) {
    out.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
  }
}
