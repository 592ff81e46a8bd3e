package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * Everything a container says before its first tile (FORMAT.md, "Header"): a list of entries of
 * key, length and value, by ascending key. A reader refuses an even key that it does not know and
 * skips an odd one.
 *
 * @param field the field
 * @param grid how it is cut into tiles
 * @param stages what was done to the values, in order
 * @param specials bit patterns that masks refer to, empty where the file has no masks
 * @param hasMasks whether tiles carry masks
 * @param producer device and precision that made the file, empty for {@code cpu fp32}
 * @param packedModel a model file inside the container, as {@link Zstd} packs it; null where there
 *     is none
 */
public record Header(
    FieldInfo field,
    TileGrid grid,
    List<Stage> stages,
    List<Long> specials,
    boolean hasMasks,
    String producer,
    byte[] packedModel) {

  private static final int NAME = 1;
  private static final int FIELD = 2;
  private static final int ATTRIBUTES = 3;
  private static final int GRID = 4;
  private static final int FILL = 5;
  private static final int STAGES = 6;
  private static final int PRODUCER = 7;
  private static final int SPECIALS = 8;
  private static final int MODEL = 9;

  private static final int MAX_RANK = 32;
  private static final int MAX_STAGES = 64;
  private static final List<List<Integer>> STAGE_IDS =
      List.of(
          List.of(Stage.NORMALIZER, Stage.MODEL, Stage.ENTROPY),
          List.of(Stage.NORMALIZER, Stage.QUANTIZER, Stage.PREDICTOR, Stage.ENCODER),
          List.of(
              Stage.NORMALIZER,
              Stage.MODEL,
              Stage.LATENT_NORMALIZER,
              Stage.QUANTIZER,
              Stage.PREDICTOR,
              Stage.ENCODER));
  private static final long MAX_ATTRIBUTE_BYTES = 1L << 24;
  private static final long MAX_MODEL_BYTES = 1L << 30;
  private static final int MODEL_ID_BYTES = 16;

  /** Copies the lists. */
  public Header {
    stages = List.copyOf(stages);
    specials = List.copyOf(specials);
  }

  /**
   * The only stage of an id.
   *
   * @throws TesseraException.Unsupported if there is none, or several
   */
  public Stage stage(int id) {
    List<Stage> found = stages.stream().filter(stage -> stage.id() == id).toList();
    if (found.size() != 1) {
      throw new TesseraException.Unsupported(
          "the file has "
              + found.size()
              + " stages of kind "
              + id
              + ", not one: it is of a kind that this version of Tessera cannot read");
    }
    return found.getFirst();
  }

  private boolean has(int id) {
    return stages.stream().anyMatch(stage -> stage.id() == id);
  }

  /** Whether values go through a model; those of other files are chunks of a pipeline. */
  public boolean hasModel() {
    return has(Stage.MODEL);
  }

  /** Whether a pipeline codes the values or, behind a model, its latents. */
  public boolean hasPipeline() {
    return has(Stage.QUANTIZER);
  }

  LengthUnit lengthUnit() {
    return hasPipeline() ? LengthUnit.BYTES : streamPlan().profile();
  }

  /** The first 16 bytes of the model's identity as 32 hexadecimal digits. */
  public String modelId() {
    byte[] id = stage(Stage.MODEL).arguments();
    if (id.length != MODEL_ID_BYTES) {
      throw new TesseraException.Corrupt("the model's id has " + id.length + " bytes, not 16", -1);
    }
    return HexFormat.of().formatHex(id);
  }

  /** The model file inside the container, unpacked; null where there is none. */
  public byte[] embeddedModel() {
    return packedModel == null
        ? null
        : Zstd.unpack(packedModel, MAX_MODEL_BYTES, "the embedded model");
  }

  /** The stage of a model whose identity is {@code id} (64 hexadecimal digits). */
  public static Stage modelStage(String id) {
    return new Stage(Stage.MODEL, HexFormat.of().parseHex(id.substring(0, 2 * MODEL_ID_BYTES)));
  }

  /** The stage of a plan of streams. */
  public static Stage entropyStage(StreamPlan plan) {
    return new Stage(Stage.ENTROPY, plan.encode());
  }

  /** How tiles are cut into streams. */
  public StreamPlan streamPlan() {
    return StreamPlan.decode(stage(Stage.ENTROPY).arguments());
  }

  /** Bytes of what the stages measured of the data. */
  public long parameterBytes() {
    return stages.stream().mapToLong(stage -> stage.parameters().length).sum();
  }

  byte[] encode() {
    ByteWriter out = new ByteWriter();
    if (!field.name().isEmpty()) {
      entry(out, NAME, new ByteWriter().raw(field.name().getBytes(StandardCharsets.UTF_8)));
    }
    entry(out, FIELD, encodeShape());
    if (!field.attributes().isEmpty()) {
      ByteWriter attributes = new ByteWriter().varint(field.attributes().size());
      field.attributes().forEach((key, value) -> attributes.text(key).text(value));
      entry(out, ATTRIBUTES, new ByteWriter().raw(Zstd.pack(attributes.toByteArray())));
    }
    entry(
        out,
        GRID,
        new ByteWriter()
            .varint(grid.channels())
            .varint(grid.groupAxis())
            .varint(grid.tileHeight() / TileGrid.UNIT)
            .varint(grid.tileWidth() / TileGrid.UNIT)
            .varint(grid.overlap()));
    if (field.fillBits().isPresent()) {
      entry(out, FILL, new ByteWriter().bits(field.fillBits().getAsLong(), field.type().bytes()));
    }
    ByteWriter list = new ByteWriter();
    for (Stage stage : stages) {
      list.varint(stage.id()).block(stage.arguments()).block(stage.parameters());
    }
    entry(out, STAGES, list);
    if (!producer.isEmpty()) {
      entry(out, PRODUCER, new ByteWriter().raw(producer.getBytes(StandardCharsets.UTF_8)));
    }
    if (hasMasks) {
      ByteWriter patterns = new ByteWriter();
      specials.forEach(bits -> patterns.bits(bits, field.type().bytes()));
      entry(out, SPECIALS, patterns);
    }
    if (packedModel != null) {
      entry(out, MODEL, new ByteWriter().raw(packedModel));
    }
    return out.toByteArray();
  }

  private ByteWriter encodeShape() {
    ByteWriter out = new ByteWriter().u8(typeId(field.type())).varint(field.shape().rank());
    for (long dim : field.shape().dims()) {
      out.varint(dim);
    }
    return out;
  }

  private static void entry(ByteWriter out, int key, ByteWriter value) {
    out.varint(key).block(value.toByteArray());
  }

  static Header decode(MemorySegment data, long base) {
    ByteReader in = new ByteReader(data, base, "the header");
    Map<Integer, ByteReader> entries = new LinkedHashMap<>();
    int last = 0;
    while (in.remaining() > 0) {
      int key = in.varint(Integer.MAX_VALUE);
      if (key <= last) {
        throw in.corrupt("has entries out of order");
      }
      last = key;
      long length = in.varint();
      long at = base + in.position();
      ByteReader value = new ByteReader(in.segment(length), at, "the header");
      if (key > MODEL && key % 2 == 0) {
        throw new TesseraException.Unsupported(
            "the file uses header entry "
                + key
                + ", which this version of Tessera does not know: a newer one is needed");
      }
      entries.put(key, value);
    }
    for (int required : new int[] {FIELD, GRID, STAGES}) {
      if (!entries.containsKey(required)) {
        throw in.corrupt("lacks entry " + required);
      }
    }
    FieldInfo field = decodeField(entries);
    ByteReader g = entries.get(GRID);
    TileGrid grid;
    try {
      int limit = 1 << 20;
      grid =
          new TileGrid(
              field.shape(),
              g.varint(limit),
              g.varint(MAX_RANK),
              TileGrid.UNIT * g.varint(limit),
              TileGrid.UNIT * g.varint(limit),
              g.varint(1 << 26));
      grid.count();
      grid.tileElements();
    } catch (TesseraException.Invalid | ArithmeticException e) {
      throw new TesseraException.Corrupt(
          "the header's tiles make no sense: " + e.getMessage(), base, e);
    }
    g.expectEnd();
    ByteReader s = entries.get(STAGES);
    List<Stage> stages = new ArrayList<>();
    while (s.remaining() > 0) {
      stages.add(new Stage(s.varint(Integer.MAX_VALUE), s.block(), s.block()));
      if (stages.size() > MAX_STAGES) {
        throw s.corrupt("has more than " + MAX_STAGES + " stages");
      }
    }
    for (Stage stage : stages) {
      if (stage.id() != Stage.NORMALIZER
          && stage.id() != Stage.QUANTIZER
          && stage.parameters().length > 0) {
        throw s.corrupt("has parameters for a stage that takes none");
      }
    }
    List<Integer> ids = stages.stream().map(Stage::id).toList();
    if (!STAGE_IDS.contains(ids)) {
      throw new TesseraException.Unsupported(
          "the file's values went through the stages "
              + ids
              + ", but this version of Tessera undoes "
              + STAGE_IDS.stream().map(List::toString).collect(Collectors.joining(" or "))
              + ": a newer one is needed");
    }
    List<Long> specials = new ArrayList<>();
    ByteReader p = entries.get(SPECIALS);
    if (p != null) {
      while (p.remaining() > 0) {
        specials.add(p.bits(field.type().bytes()));
      }
    }
    return new Header(
        field,
        grid,
        stages,
        specials,
        p != null,
        entries.containsKey(PRODUCER) ? rest(entries.get(PRODUCER)) : "",
        entries.containsKey(MODEL) ? entries.get(MODEL).raw(entries.get(MODEL).remaining()) : null);
  }

  private static FieldInfo decodeField(Map<Integer, ByteReader> entries) {
    ByteReader f = entries.get(FIELD);
    DataType type = type(f.u8(), f);
    int rank = f.varint(MAX_RANK);
    long[] dims = new long[rank];
    for (int axis = 0; axis < rank; axis++) {
      dims[axis] = f.varint();
    }
    f.expectEnd();
    Shape shape;
    try {
      shape = Shape.of(dims);
      Math.multiplyExact(shape.elements(), (long) type.bytes());
    } catch (TesseraException.Invalid | ArithmeticException e) {
      throw f.corrupt("describes an impossible shape");
    }
    Map<String, String> attributes = new LinkedHashMap<>();
    ByteReader packed = entries.get(ATTRIBUTES);
    if (packed != null) {
      ByteReader a =
          new ByteReader(
              Zstd.unpack(packed.raw(packed.remaining()), MAX_ATTRIBUTE_BYTES, "the attributes"),
              "the attributes");
      for (int count = a.varint(Integer.MAX_VALUE); count > 0; count--) {
        attributes.put(a.text(), a.text());
      }
      a.expectEnd();
    }
    ByteReader fill = entries.get(FILL);
    return new FieldInfo(
        entries.containsKey(NAME) ? rest(entries.get(NAME)) : "",
        type,
        shape,
        fill == null ? OptionalLong.empty() : OptionalLong.of(fill.bits(type.bytes())),
        attributes);
  }

  private static String rest(ByteReader value) {
    return new String(value.raw(value.remaining()), StandardCharsets.UTF_8);
  }

  /** Type numbers of FORMAT.md. */
  private static int typeId(DataType type) {
    return switch (type) {
      case INT8 -> 0;
      case INT16 -> 1;
      case INT32 -> 2;
      case INT64 -> 3;
      case UINT8 -> 4;
      case UINT16 -> 5;
      case UINT32 -> 6;
      case FLOAT32 -> 8;
      case FLOAT64 -> 9;
    };
  }

  private static DataType type(int id, ByteReader in) {
    for (DataType type : DataType.values()) {
      if (typeId(type) == id) {
        return type;
      }
    }
    throw in.corrupt("names element type " + id + ", which does not exist");
  }
}
