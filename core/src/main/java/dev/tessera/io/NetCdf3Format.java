package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * NetCDF classic: CDF-1, CDF-2 (64-bit offsets) and CDF-5 (64-bit data). Values come as they are
 * stored: {@code scale_factor} and {@code add_offset} are kept as attributes and not applied.
 * Attributes of the file stand behind those of the variable, with a colon before their names as in
 * CDL.
 */
final class NetCdf3Format implements FieldFormat {
  /** Key of the dimensions' names, joined by the one character that no name may hold. */
  static final String DIMENSION_NAMES = "DIMENSION_LABELS";

  static final String GLOBAL = ":";
  static final String FILL_VALUE = "_FillValue";
  static final String MISSING_VALUE = "missing_value";
  static final String UNSIGNED = "_Unsigned";
  private static final int MAX_LISTED = 20;

  @Override
  public String name() {
    return "NetCDF-3";
  }

  @Override
  public List<String> extensions() {
    return List.of("nc", "nc3", "cdf");
  }

  @Override
  public boolean recognizes(byte[] head) {
    return head.length >= 4
        && head[0] == 'C'
        && head[1] == 'D'
        && head[2] == 'F'
        && (head[3] == 1 || head[3] == 2 || head[3] == 5);
  }

  @Override
  public FieldSource open(Path file, String inner, OpenOptions options) throws IOException {
    NetCdf3Header header = NetCdf3Header.read(file);
    NetCdf3Header.Variable variable = choose(file, header, inner);
    DataType type = dataType(file, variable);
    int bytes = type.bytes();
    long recordBytes = recordBytes(file, header);
    Shape shape = shape(file, header, variable, recordBytes);
    FieldInfo info =
        new FieldInfo(
            variable.name(), type, shape, fill(variable, type), attributes(header, variable));
    info = FillValues.override(info, options);
    long[] strides = MappedSource.cStrides(file, shape, bytes);
    if (header.isRecord(variable)) {
      strides[0] = recordBytes;
    }
    StoredElements elements = StoredElements.plain(type, ByteOrder.BIG_ENDIAN);
    return MappedSource.strided(file, info, elements, variable.begin(), strides);
  }

  private static NetCdf3Header.Variable choose(Path file, NetCdf3Header header, String inner) {
    String wanted = inner.startsWith("/") ? inner.substring(1) : inner;
    if (!wanted.isEmpty()) {
      return header.variables().stream()
          .filter(v -> v.name().equals(wanted))
          .findFirst()
          .orElseThrow(() ->
              new TesseraException.Invalid(
                  "'"
                      + file
                      + "' has no variable '"
                      + wanted
                      + "': it has "
                      + list(header, header.variables())));
    }
    List<NetCdf3Header.Variable> numeric =
        header.variables().stream().filter(v -> v.type() != NetCdfType.CHAR).toList();
    Set<String> helpers = helpers(header);
    List<NetCdf3Header.Variable> data =
        numeric.stream().filter(v -> !helpers.contains(v.name())).toList();
    List<NetCdf3Header.Variable> candidates = data.isEmpty() ? numeric : data;
    if (candidates.isEmpty()) {
      throw new TesseraException.Invalid("'" + file + "' has no variable with numbers");
    }
    if (candidates.size() > 1) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' has several variables, so name one like "
              + file.getFileName()
              + ":"
              + candidates.getFirst().name()
              + "; it has "
              + list(header, candidates));
    }
    return candidates.getFirst();
  }

  /** Coordinates, and the variables that the CF conventions let others refer to. */
  private static Set<String> helpers(NetCdf3Header header) {
    Set<String> helpers = new HashSet<>();
    for (NetCdf3Header.Variable variable : header.variables()) {
      int[] ids = variable.dimensionIds();
      if (ids.length == 1 && header.dimensions().get(ids[0]).name().equals(variable.name())) {
        helpers.add(variable.name());
      }
      for (String key : List.of("coordinates", "bounds", "climatology", "grid_mapping")) {
        NetCdfAttribute attribute = variable.attribute(key);
        if (attribute != null && attribute.type() == NetCdfType.CHAR) {
          helpers.addAll(List.of(attribute.characters().strip().split("[\\s:]+")));
        }
      }
    }
    return helpers;
  }

  private static String list(NetCdf3Header header, List<NetCdf3Header.Variable> variables) {
    String listed =
        variables.stream()
            .limit(MAX_LISTED)
            .map(v -> v.name() + " (" + describe(header, v) + ")")
            .collect(Collectors.joining(", "));
    int more = variables.size() - MAX_LISTED;
    return variables.isEmpty() ? "none" : more > 0 ? listed + " and " + more + " more" : listed;
  }

  private static String describe(NetCdf3Header header, NetCdf3Header.Variable variable) {
    List<String> axes = new ArrayList<>();
    for (int id : variable.dimensionIds()) {
      long length = header.dimensions().get(id).length();
      axes.add(Long.toString(length == 0 ? Math.max(0, header.records()) : length));
    }
    String type = variable.type().name().toLowerCase(java.util.Locale.ROOT);
    return axes.isEmpty() ? type : String.join("x", axes) + " " + type;
  }

  private static DataType dataType(Path file, NetCdf3Header.Variable variable) {
    NetCdfAttribute unsigned = variable.attribute(UNSIGNED);
    boolean readUnsigned = unsigned != null && unsigned.text().strip().equalsIgnoreCase("true");
    DataType type = readUnsigned ? variable.type().unsigned() : variable.type().dataType();
    if (type == null) {
      String what = variable.type() == NetCdfType.CHAR ? "characters" : "unsigned 64-bit integers";
      throw new TesseraException.Unsupported(
          "the variable '"
              + variable.name()
              + "' of '"
              + file
              + "' holds "
              + what
              + ", which no field can have: name another variable or convert it");
    }
    return type;
  }

  /** Bytes from one record to the next: all record variables, each padded unless it is alone. */
  private static long recordBytes(Path file, NetCdf3Header header) {
    List<NetCdf3Header.Variable> variables =
        header.variables().stream().filter(header::isRecord).toList();
    try {
      long sum = 0;
      for (NetCdf3Header.Variable variable : variables) {
        long bytes = variable.type().bytes();
        int[] ids = variable.dimensionIds();
        for (int axis = 1; axis < ids.length; axis++) {
          bytes = Math.multiplyExact(bytes, header.dimensions().get(ids[axis]).length());
        }
        long padded = Math.multiplyExact(Math.ceilDiv(bytes, 4L), 4L);
        sum = Math.addExact(sum, variables.size() == 1 ? bytes : padded);
      }
      return sum;
    } catch (ArithmeticException e) {
      throw new TesseraException.Corrupt("'" + file + "' has records of more than 2^63 bytes", -1);
    }
  }

  private static Shape shape(
      Path file, NetCdf3Header header, NetCdf3Header.Variable variable, long recordBytes)
      throws IOException {
    int[] ids = variable.dimensionIds();
    long[] dims = new long[ids.length];
    for (int axis = 0; axis < dims.length; axis++) {
      dims[axis] = header.dimensions().get(ids[axis]).length();
    }
    if (header.isRecord(variable)) {
      long records = header.records();
      dims[0] = records >= 0 ? records : storedRecords(file, header, recordBytes);
      if (dims[0] == 0) {
        throw new TesseraException.Invalid(
            "the variable '"
                + variable.name()
                + "' of '"
                + file
                + "' has no records yet: there is nothing to read");
      }
    }
    try {
      return Shape.of(dims);
    } catch (TesseraException.Invalid e) {
      throw new TesseraException.Corrupt("'" + file + "' has a bad header: " + e.getMessage(), -1);
    }
  }

  /** The number of records of a file whose writer left it open: as many as lie in the file. */
  private static long storedRecords(Path file, NetCdf3Header header, long recordBytes)
      throws IOException {
    long first =
        header.variables().stream()
            .filter(header::isRecord)
            .mapToLong(NetCdf3Header.Variable::begin)
            .min()
            .orElseThrow();
    return Math.max(0, (Files.size(file) - first) / recordBytes);
  }

  private static OptionalLong fill(NetCdf3Header.Variable variable, DataType type) {
    for (String key : List.of(FILL_VALUE, MISSING_VALUE)) {
      NetCdfAttribute attribute = variable.attribute(key);
      if (attribute == null || attribute.type() == NetCdfType.CHAR || attribute.count() == 0) {
        continue;
      }
      if (attribute.type() == variable.type()) {
        return OptionalLong.of(attribute.bits(0));
      }
      OptionalLong bits = FillValues.ofNumber(type, attribute.number(0));
      if (bits.isPresent()) {
        return bits;
      }
    }
    return OptionalLong.empty();
  }

  private static Map<String, String> attributes(
      NetCdf3Header header, NetCdf3Header.Variable variable) {
    Map<String, String> attributes = new LinkedHashMap<>();
    variable.attributes().forEach(a -> attributes.put(a.name(), a.text()));
    header.attributes().forEach(a -> attributes.put(GLOBAL + a.name(), a.text()));
    if (variable.dimensionIds().length > 0) {
      List<String> names = new ArrayList<>();
      for (int id : variable.dimensionIds()) {
        names.add(header.dimensions().get(id).name());
      }
      attributes.put(DIMENSION_NAMES, String.join("/", names));
    }
    return attributes;
  }

  @Override
  public FieldSink create(Path file, String inner, FieldInfo info) throws IOException {
    String name = inner.startsWith("/") ? inner.substring(1) : inner;
    NetCdf3Writer writer = new NetCdf3Writer(info, name.isEmpty() ? info.name() : name);
    StoredElements elements = StoredElements.plain(info.type(), ByteOrder.BIG_ENDIAN);
    return ArraySink.create(PendingFile.create(file), info, elements, writer.header(), 4);
  }
}
