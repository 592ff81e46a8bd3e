package dev.tessera.model;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The safetensors format of Hugging Face: the length of the header (64 bits, little-endian), the
 * header in JSON (per tensor its type, shape and place; strings under {@code __metadata__}), and
 * the values, little-endian in C order, without gaps or overlaps.
 */
final class SafeTensors {
  private static final String METADATA = "__metadata__";
  private static final int LENGTH_BYTES = 8;

  /** A model has about a hundred tensors of about a hundred bytes in the header each. */
  private static final long MAX_HEADER = 16L << 20;

  private static final ValueLayout.OfLong LITTLE_LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Map<String, String> metadata = new TreeMap<>();
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  private SafeTensors() {}

  /** One entry of the header; {@code begin} and {@code end} count from the end of the header. */
  private record Entry(
      String name,
      ScalarType type,
      int[] shape,
      long begin,
      long end,
      MemorySegment file,
      long base)
      implements StoredTensor {
    @Override
    public Tensor read() {
      MemorySegment data = file.asSlice(base + begin, end - begin);
      return type.read(data, ByteOrder.LITTLE_ENDIAN, shape, TensorShape.contiguousStrides(shape));
    }
  }

  /** Whether a file could be of this format, by its first 9 bytes and its length. */
  static boolean matches(MemorySegment file) {
    if (file.byteSize() <= LENGTH_BYTES || file.get(ValueLayout.JAVA_BYTE, LENGTH_BYTES) != '{') {
      return false;
    }
    long header = file.get(LITTLE_LONG, 0);
    return header > 0 && header <= Integer.MAX_VALUE;
  }

  /**
   * Reads the header of a file; the tensors stay in {@code file} until they are read.
   *
   * @throws TesseraException.Corrupt if header and length of the file contradict each other
   */
  static SafeTensors open(MemorySegment file) {
    return open(file, file.byteSize());
  }

  /**
   * As {@link #open(MemorySegment)}, of the beginning of a file, whose tensors cannot be read then.
   *
   * @param start at least the whole header, as {@link #headerBytes} counts it
   * @param fileBytes length of the file
   */
  static SafeTensors open(MemorySegment start, long fileBytes) {
    if (start.byteSize() < LENGTH_BYTES) {
      throw new TesseraException.Corrupt(
          "the model file is cut off: it has " + fileBytes + " bytes", fileBytes);
    }
    long length = start.get(LITTLE_LONG, 0);
    if (length < 2 || length > start.byteSize() - LENGTH_BYTES) {
      throw new TesseraException.Corrupt(
          "the model file is cut off or damaged: its header claims "
              + Long.toUnsignedString(length)
              + " of "
              + fileBytes
              + " bytes",
          0);
    }
    if (length > MAX_HEADER) {
      throw new TesseraException.Corrupt(
          "the model file claims a header of " + length + " bytes, which no model needs", 0);
    }
    SafeTensors parsed = new SafeTensors();
    List<Entry> entries =
        parsed.parse(start, fileBytes, LENGTH_BYTES + length, header(start, length));
    requireExactCover(entries, fileBytes - LENGTH_BYTES - length);
    return parsed;
  }

  /** Bytes from the beginning to the end of the header, by the first eight of them. */
  static long headerBytes(MemorySegment start) {
    return LENGTH_BYTES + Math.clamp(start.get(LITTLE_LONG, 0), 0, MAX_HEADER);
  }

  private static String header(MemorySegment file, long length) {
    byte[] bytes = file.asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new TesseraException.Corrupt("the model file's header is not UTF-8 text", 8, e);
    }
  }

  private List<Entry> parse(MemorySegment file, long fileBytes, long base, String header) {
    List<Entry> entries = new ArrayList<>();
    try (JsonReader json = new JsonReader(new StringReader(header))) {
      json.setStrictness(Strictness.STRICT);
      json.beginObject();
      boolean metadataSeen = false;
      while (json.hasNext()) {
        String name = json.nextName();
        if (name.equals(METADATA)) {
          if (metadataSeen) {
            throw twice(name);
          }
          metadataSeen = true;
          readMetadata(json);
        } else {
          Entry entry = readEntry(json, name, file, fileBytes, base);
          if (tensors.put(name, entry) != null) {
            throw twice(name);
          }
          entries.add(entry);
        }
      }
      json.endObject();
      if (json.peek() != JsonToken.END_DOCUMENT) {
        throw new TesseraException.Corrupt("the model file's header has a second part", 8);
      }
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw new TesseraException.Corrupt(
          "the model file's header is not the JSON of a safetensors file", 8, e);
    }
    return entries;
  }

  private void readMetadata(JsonReader json) throws IOException {
    json.beginObject();
    while (json.hasNext()) {
      String key = json.nextName();
      if (metadata.put(key, string(json)) != null) {
        throw twice(key);
      }
    }
    json.endObject();
  }

  private static Entry readEntry(
      JsonReader json, String name, MemorySegment file, long fileBytes, long base)
      throws IOException {
    ScalarType type = null;
    int[] shape = null;
    long[] offsets = null;
    json.beginObject();
    for (int keys = 0; json.hasNext(); keys++) {
      String key = json.nextName();
      switch (key) {
        case "dtype" -> type = type(name, string(json));
        case "shape" -> shape = TensorShape.checked(name, numbers(json, name));
        case "data_offsets" -> offsets = numbers(json, name);
        default ->
            throw new TesseraException.Corrupt(
                "the tensor '" + name + "' has the unknown property '" + key + "'", 8);
      }
      if (keys >= 3) {
        throw twice(key);
      }
    }
    json.endObject();
    if (type == null || shape == null || offsets == null || offsets.length != 2) {
      throw new TesseraException.Corrupt(
          "the tensor '" + name + "' lacks dtype, shape or two data_offsets", 8);
    }
    long available = fileBytes - base;
    if (offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > available) {
      throw new TesseraException.Corrupt(
          "the tensor '" + name + "' lies outside the model file, which may be cut off", base);
    }
    if (offsets[1] - offsets[0] != TensorShape.size(shape) * type.bytes()) {
      throw new TesseraException.Corrupt(
          "the tensor '" + name + "' has more or fewer bytes than its shape needs", base);
    }
    return new Entry(name, type, shape, offsets[0], offsets[1], file, base);
  }

  private static ScalarType type(String name, String dtype) {
    for (ScalarType type : ScalarType.values()) {
      if (type.name().equals(dtype)) {
        return type;
      }
    }
    throw new TesseraException.Unsupported(
        "the tensor '" + name + "' is of type " + dtype + ": convert it to F32");
  }

  /** Unlike the reader's own method, takes no number for a string. */
  private static String string(JsonReader json) throws IOException {
    if (json.peek() != JsonToken.STRING) {
      throw new IllegalStateException("a string is expected");
    }
    return json.nextString();
  }

  private static long[] numbers(JsonReader json, String name) throws IOException {
    List<Long> numbers = new ArrayList<>();
    json.beginArray();
    while (json.hasNext()) {
      if (json.peek() != JsonToken.NUMBER || numbers.size() > TensorShape.MAX_RANK) {
        throw new TesseraException.Corrupt(
            "the tensor '" + name + "' has a shape or place that is not a short list of numbers",
            8);
      }
      numbers.add(json.nextLong());
    }
    json.endArray();
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  private static TesseraException.Corrupt twice(String name) {
    return new TesseraException.Corrupt("the model file's header states '" + name + "' twice", 8);
  }

  private static void requireExactCover(List<Entry> entries, long bytes) {
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long end = 0;
    for (Entry entry : entries) {
      if (entry.begin() != end) {
        throw new TesseraException.Corrupt(
            "the tensor '"
                + entry.name()
                + "' does not begin where the one before it ends: they overlap or leave a gap",
            8);
      }
      end = entry.end();
    }
    if (end != bytes) {
      throw new TesseraException.Corrupt(
          "the model file has " + (bytes - end) + " bytes after its last tensor", 8);
    }
  }

  /** The strings under {@code __metadata__}, sorted. */
  Map<String, String> metadata() {
    return metadata;
  }

  /** The tensors in the order of the header. */
  Map<String, StoredTensor> tensors() {
    return tensors;
  }

  /**
   * Writes a file: types of the widest values first, names in order among those, the header padded
   * with spaces to a multiple of 8 bytes. Equal content gives equal bytes.
   *
   * @param type F32 or F16 for real values, I32 for integers
   */
  static byte[] write(
      Map<String, Tensor> tensors,
      Function<String, ScalarType> type,
      Map<String, String> metadata) {
    List<String> names = new ArrayList<>(tensors.keySet());
    names.sort(
        Comparator.comparingInt((String name) -> -type.apply(name).bytes())
            .thenComparing(Comparator.naturalOrder()));
    StringWriter text = new StringWriter();
    long end = 0;
    try (JsonWriter json = new JsonWriter(text)) {
      json.beginObject();
      json.name(METADATA).beginObject();
      for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
        json.name(entry.getKey()).value(entry.getValue());
      }
      json.endObject();
      for (String name : names) {
        Tensor tensor = tensors.get(name);
        long begin = end;
        end += (long) tensor.size() * type.apply(name).bytes();
        json.name(name).beginObject().name("dtype").value(type.apply(name).name());
        json.name("shape").beginArray();
        for (int extent : tensor.shape()) {
          json.value(extent);
        }
        json.endArray().name("data_offsets").beginArray().value(begin).value(end).endArray();
        json.endObject();
      }
      json.endObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    byte[] header = text.toString().getBytes(StandardCharsets.UTF_8);
    int headerBytes = (header.length + 7) & ~7;
    byte[] file = new byte[Math.toIntExact(LENGTH_BYTES + headerBytes + end)];
    MemorySegment segment = MemorySegment.ofArray(file);
    segment.set(LITTLE_LONG, 0, headerBytes);
    Arrays.fill(file, LENGTH_BYTES, LENGTH_BYTES + headerBytes, (byte) ' ');
    System.arraycopy(header, 0, file, LENGTH_BYTES, header.length);
    long at = LENGTH_BYTES + headerBytes;
    for (String name : names) {
      type.apply(name).write(tensors.get(name), segment, at);
      at += (long) tensors.get(name).size() * type.apply(name).bytes();
    }
    return file;
  }
}
