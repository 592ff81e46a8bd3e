package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * NumPy's {@code .npy}, versions 1.0 to 3.0 (NEP 1). Booleans read as u8 and half precision as f32;
 * arrays in Fortran order read as the logical array. Files are written as version 1.0, C order,
 * little-endian, byte for byte as {@code numpy.save} writes them.
 */
final class NpyFormat implements FieldFormat {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int ALIGNMENT = 64;

  /** NumPy leaves room for the first axis to grow to this many digits. */
  private static final int GROWTH_DIGITS = 21;

  @Override
  public String name() {
    return "npy";
  }

  @Override
  public List<String> extensions() {
    return List.of("npy");
  }

  @Override
  public boolean recognizes(byte[] head) {
    return head.length >= MAGIC.length
        && Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
  }

  @Override
  public FieldSource open(Path file, String inner, OpenOptions options) throws IOException {
    refuseInner(inner);
    NpyHeader header = NpyHeader.read(file);
    StoredElements elements = elements(file, header.descr());
    FieldInfo info = FieldInfo.of("", elements.type(), shape(file, header));
    info = FillValues.override(info, options);
    long[] strides =
        header.fortranOrder()
            ? MappedSource.fortranStrides(file, info.shape(), elements.bytes())
            : MappedSource.cStrides(file, info.shape(), elements.bytes());
    return MappedSource.strided(file, info, elements, header.dataOffset(), strides);
  }

  private static Shape shape(Path file, NpyHeader header) {
    long[] dims = header.shape();
    if (Arrays.stream(dims).anyMatch(dim -> dim == 0)) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' holds an empty array, of shape "
              + Arrays.toString(dims)
              + ": there is nothing to read");
    }
    try {
      return Shape.of(dims);
    } catch (TesseraException.Invalid e) {
      throw new TesseraException.Corrupt("'" + file + "' has a bad header: " + e.getMessage(), 0);
    }
  }

  private static StoredElements elements(Path file, String descr) {
    ByteOrder order = descr.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    String code =
        descr.isEmpty() || "<>|=".indexOf(descr.charAt(0)) < 0 ? descr : descr.substring(1);
    return switch (code) {
      case "b1", "?", "u1" -> StoredElements.plain(DataType.UINT8, order);
      case "i1" -> StoredElements.plain(DataType.INT8, order);
      case "i2" -> StoredElements.plain(DataType.INT16, order);
      case "i4" -> StoredElements.plain(DataType.INT32, order);
      case "i8" -> StoredElements.plain(DataType.INT64, order);
      case "u2" -> StoredElements.plain(DataType.UINT16, order);
      case "u4" -> StoredElements.plain(DataType.UINT32, order);
      case "f2" -> new StoredElements(DataType.FLOAT32, order, StoredElements.Form.HALF);
      case "f4" -> StoredElements.plain(DataType.FLOAT32, order);
      case "f8" -> StoredElements.plain(DataType.FLOAT64, order);
      default ->
          throw new TesseraException.Unsupported(
              "'"
                  + file
                  + "' holds "
                  + kind(code)
                  + " values ("
                  + shorten(descr)
                  + "), which no field can have: convert them in NumPy to one of i1, i2, i4, i8, "
                  + "u1, u2, u4, f4, f8");
    };
  }

  private static String kind(String code) {
    return switch (code.isEmpty() ? ' ' : code.charAt(0)) {
      case 'c' -> "complex";
      case 'S', 'a' -> "byte string";
      case 'U' -> "string";
      case 'O' -> "Python object";
      case 'V' -> "void";
      case '[' -> "structured";
      case 'M' -> "date";
      case 'm' -> "time difference";
      case 'f' -> "extended precision";
      case 'u' -> "unsigned 64-bit";
      default -> "unknown";
    };
  }

  private static String shorten(String text) {
    return text.length() <= 60 ? text : text.substring(0, 57) + "...";
  }

  @Override
  public FieldSink create(Path file, String inner, FieldInfo info) throws IOException {
    refuseInner(inner);
    StoredElements elements = StoredElements.plain(info.type(), ByteOrder.LITTLE_ENDIAN);
    byte[] header = header(info);
    return ArraySink.create(PendingFile.create(file), info, elements, header, 1);
  }

  private static byte[] header(FieldInfo info) {
    long[] dims = info.shape().dims();
    String shape =
        Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", "))
            + (dims.length == 1 ? "," : "");
    String text =
        "{'descr': '"
            + descr(info.type())
            + "', 'fortran_order': False, 'shape': ("
            + shape
            + "), }";
    if (dims.length > 0) {
      text += " ".repeat(GROWTH_DIGITS - Long.toString(dims[0]).length());
    }
    int unpadded = MAGIC.length + 4 + text.length() + 1;
    int size = Math.ceilDiv(unpadded, ALIGNMENT) * ALIGNMENT;
    if (size - MAGIC.length - 4 > 0xffff) {
      throw new TesseraException.Unsupported(
          "a field with " + dims.length + " axes does not fit into an npy header");
    }
    int textSize = size - MAGIC.length - 4;
    byte[] header = Arrays.copyOf(MAGIC, size);
    header[MAGIC.length] = 1;
    header[MAGIC.length + 2] = (byte) textSize;
    header[MAGIC.length + 3] = (byte) (textSize >> 8);
    Arrays.fill(header, MAGIC.length + 4, size - 1, (byte) ' ');
    byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(ascii, 0, header, MAGIC.length + 4, ascii.length);
    header[size - 1] = '\n';
    return header;
  }

  private static String descr(DataType type) {
    String letter = type.isFloat() ? "f" : type.code().substring(0, 1);
    return (type.bytes() == 1 ? "|" : "<") + letter + type.bytes();
  }

  private static void refuseInner(String inner) {
    if (!inner.isEmpty()) {
      throw new TesseraException.Invalid("an npy file holds one array: leave out ':" + inner + "'");
    }
  }
}
