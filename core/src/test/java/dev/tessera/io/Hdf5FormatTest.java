package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import io.jhdf.HdfFile;
import io.jhdf.WritableHdfFile;
import io.jhdf.api.Dataset;
import io.jhdf.api.DatasetCreationOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads files of other writers (see make_hdf5_fixtures.py), damaged ones, and its own. */
class Hdf5FormatTest {
  private static final int DAMAGED_COPIES = Integer.getInteger("tessera.damagedCopies", 30);
  private final Hdf5Format format = new Hdf5Format();
  @TempDir Path folder;

  private FieldSource open(Path file, String inner) throws IOException {
    return format.open(file, inner, OpenOptions.NONE);
  }

  private FieldSource fixture(String name, String inner) throws IOException {
    return open(Resources.path(name), inner);
  }

  /** Element i is (37 i + 11) mod 120, plus one half for floats. */
  private static double pattern(FieldInfo info, long index) {
    return (37 * index + 11) % 120 + (info.type().isFloat() ? 0.5 : 0);
  }

  private static Field patternField(FieldInfo info) {
    Field field = Field.allocate(info);
    for (long i = 0; i < info.shape().elements(); i++) {
      info.type().set(field.data(), i, pattern(info, i));
    }
    return field;
  }

  private static void assertHoldsPattern(FieldSource source) throws IOException {
    Field expected = patternField(source.info());
    assertThat(Fields.readAll(source)).isEqualTo(Fields.bytes(expected));
    Fields.assertBoxesMatch(source, expected, 3);
  }

  @ParameterizedTest
  @CsvSource({
    "le_i1,INT8",
    "le_i2,INT16",
    "le_i4,INT32",
    "le_i8,INT64",
    "le_u1,UINT8",
    "le_u2,UINT16",
    "le_u4,UINT32",
    "le_f4,FLOAT32",
    "le_f8,FLOAT64",
    "be_i2,INT16",
    "be_i4,INT32",
    "be_i8,INT64",
    "be_u2,UINT16",
    "be_u4,UINT32",
    "be_f4,FLOAT32",
    "be_f8,FLOAT64",
    "le_f2,FLOAT32",
    "be_f2,FLOAT32"
  })
  void readsEveryTypeContiguousAndChunked(String name, DataType type) throws IOException {
    for (String group : new String[] {"contiguous", "chunked"}) {
      try (FieldSource source = fixture("types.h5", "/" + group + "/" + name)) {
        assertThat(source.info().type()).isEqualTo(type);
        assertThat(source.info().shape()).isEqualTo(Shape.of(5, 7));
        assertThat(source.info().name()).isEqualTo(group + "/" + name);
        assertHoldsPattern(source);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "layouts.h5,gzip,5x33x40", "layouts.h5,lzf,33x40", "layouts.h5,fletcher,33x40",
    "layouts.h5,plain,2x3x2x9x11", "layouts.h5,vector,1000", "layouts.h5,compact,4x6",
    "latest.h5,single,10x12", "latest.h5,fixed,33x40", "latest.h5,fixed_plain,33x40",
    "latest.h5,extensible,33x40", "latest.h5,btree,33x40", "latest.h5,implicit,33x40",
    "userblock.h5,contiguous,9x11", "userblock.h5,chunked,9x11", "layouts.h5,group/link,2x3x2x9x11",
    "layouts.h5,group,3x4"
  })
  void readsEveryLayoutAndFilter(String file, String inner, String shape) throws IOException {
    try (FieldSource source = fixture(file, inner)) {
      assertThat(source.info().shape()).isEqualTo(Shape.parse(shape));
      assertHoldsPattern(source);
    }
  }

  @Test
  void readsChunksThatFiltersCouldNotShrink() throws IOException {
    try (FieldSource plain = fixture("layouts.h5", "noise_contiguous");
        FieldSource gzip = fixture("layouts.h5", "noise");
        FieldSource lzf = fixture("layouts.h5", "noise_lzf")) {
      byte[] expected = Fields.readAll(plain);
      assertThat(Fields.readAll(gzip)).isEqualTo(expected);
      assertThat(Fields.readAll(lzf)).isEqualTo(expected);
    }
  }

  @Test
  void unwrittenChunksReadAsTheFillValueWhichIsNotDeclared() throws IOException {
    try (FieldSource source = fixture("layouts.h5", "sparse")) {
      double[] values = Fields.values(source);
      assertThat(values[0]).isEqualTo(-7);
      assertThat(values[8]).isEqualTo(11);
      assertThat(values[399]).isEqualTo(-7);
      assertThat(source.info().fill()).isEmpty();
    }
    try (FieldSource source = fixture("layouts.h5", "unwritten")) {
      assertThat(Fields.values(source)).hasSize(30).containsOnly(1.5);
    }
  }

  @Test
  void readsBooleansAsIntegersAndScalarsByName() throws IOException {
    try (FieldSource source = fixture("types.h5", "enumeration")) {
      assertThat(source.info().type()).isEqualTo(DataType.INT8);
      assertThat(Fields.values(source)).containsOnly(0, 1).startsWith(0, 0, 1, 0);
    }
    try (FieldSource source = fixture("types.h5", "scalar")) {
      assertThat(source.info().shape()).isEqualTo(Shape.of());
      assertThat(Fields.values(source)).containsExactly(2.5);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "u8,unsigned 64-bit integer",
    "string,string",
    "compound,compound",
    "complex,compound"
  })
  void refusesOtherTypesByName(String inner, String name) {
    assertThatThrownBy(() -> fixture("types.h5", "refused/" + inner))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining(name);
  }

  @Test
  void refusesDatasetsWithoutValues() {
    for (String inner : new String[] {"refused/empty", "refused/null"}) {
      assertThatThrownBy(() -> fixture("types.h5", inner))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("no values");
    }
  }

  @Test
  void listsTheCandidatesWhereAChoiceIsToBeMade() {
    assertThatThrownBy(() -> fixture("layouts.h5", ""))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("/gzip (5x33x40 i16)")
        .hasMessageContaining("/group/only (3x4 u8)");
    assertThatThrownBy(() -> fixture("layouts.h5", "/nothing/here"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("nothing/here")
        .hasMessageContaining("/lzf (33x40 f32)");
  }

  @Test
  void refusesVirtualDatasets() {
    assertThatThrownBy(() -> fixture("virtual.h5", "virtual"))
        .isInstanceOf(TesseraException.Unsupported.class);
  }

  @Test
  void netCdf4SkipsCoordinatesAndKeepsAttributesWithTheirTypes() throws IOException {
    try (FieldSource source = fixture("climate.nc4", "")) {
      FieldInfo info = source.info();
      assertThat(info.name()).isEqualTo("tas");
      assertThat(info.shape()).isEqualTo(Shape.of(3, 6, 9));
      assertThat(info.fill()).contains((double) 1e20f);
      assertThat(info.attributes())
          .containsEntry("units", "K")
          .containsEntry("long_name", "2.5")
          .containsEntry("valid_range", "0.0f, 400.0f")
          .containsEntry("level", "2s")
          .containsEntry("missing_value", "1.0E20f")
          .containsEntry(":title", "fixture")
          .containsEntry(":version", "3")
          .containsEntry("DIMENSION_LABELS", "time/lat/lon")
          .doesNotContainKeys("_FillValue", "DIMENSION_LIST", ":_NCProperties");
      assertThat(Fields.values(source)[6 * 9 + 2 * 9 + 3]).isEqualTo(1e20f);
    }
  }

  @Test
  void honoursTheUnsignedMark() throws IOException {
    try (FieldSource source = fixture("goes.nc4", "Rad")) {
      assertThat(source.info().type()).isEqualTo(DataType.UINT16);
      assertThat(source.info().fill()).contains(65535.0);
      assertThat(Fields.values(source)).startsWith(0, 1, 40000, 65535, 5);
      assertThat(source.info().attributes()).containsEntry("scale_factor", "0.01f");
    }
  }

  @Test
  void theUsersFillValueWins() throws IOException {
    OpenOptions options = new OpenOptions(null, null, OptionalDouble.of(7));
    try (FieldSource source = format.open(Resources.path("climate.nc4"), "tas", options)) {
      assertThat(source.info().fill()).contains(7.0);
    }
  }

  @Test
  void readsWhatTheLibraryWritesCompressed() throws IOException {
    short[][] values = new short[50][70];
    for (int i = 0; i < 3500; i++) {
      values[i / 70][i % 70] = (short) ((37 * i + 11) % 120);
    }
    Path file = folder.resolve("jhdf.h5");
    try (WritableHdfFile hdf = HdfFile.write(file)) {
      DatasetCreationOptions options =
          DatasetCreationOptions.builder().chunkDimensions(16, 16).shuffle().deflate(6).build();
      hdf.putGroup("a").putDataset("b", values, options);
    }
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().name()).isEqualTo("a/b");
      assertHoldsPattern(source);
    }
  }

  @Test
  void attributesComeBackThroughAFileOfOurOwn() throws IOException {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("units", "K");
    attributes.put("text", "\"12\"");
    attributes.put("scale_factor", "0.5f");
    attributes.put("list", "1, 2, 3");
    attributes.put("small", "-3b");
    attributes.put("huge", "9007199254740993LL");
    attributes.put("empty", "");
    attributes.put("long", "é".repeat(100_000));
    attributes.put("DIMENSION_LABELS", "t//x");
    attributes.put(":title", "whole file");
    FieldInfo info =
        new FieldInfo("v", DataType.INT16, Shape.of(2, 3, 4), OptionalLong.of(0xffff), attributes);
    Path file = folder.resolve("own.h5");
    try (FieldSink sink = format.create(file, "/deep/er/path", info)) {
      Fields.writeInTiles(sink, patternField(info), 2, 3);
      sink.commit();
    }
    try (FieldSource source = open(file, "deep/er/path")) {
      assertThat(source.info().attributes()).containsExactlyEntriesOf(attributes);
      assertThat(source.info().fill()).contains(-1.0);
      assertHoldsPattern(source);
    }
    try (HdfFile hdf = new HdfFile(file)) {
      Dataset dataset = hdf.getDatasetByPath("/deep/er/path");
      assertThat(dataset.getFillValue()).isEqualTo((short) -1);
      assertThat(dataset.getAttribute("scale_factor").getData()).isEqualTo(0.5f);
      assertThat(dataset.getAttribute("text").getData()).isEqualTo("12");
    }
  }

  @Test
  void writesBeyondTheReachOfArrays() throws IOException {
    // A sparse file of 6 GB: only the boxes written take space.
    FieldInfo info = FieldInfo.of("big", DataType.FLOAT32, Shape.of(3, 25_000, 20_000));
    MemorySegment box = MemorySegment.ofArray(new float[] {1, 2, 3, 4});
    Path file = folder.resolve("big.h5");
    try (FieldSink sink = format.create(file, "", info)) {
      sink.write(2, 24_998, 2, 19_998, 2, box);
      sink.commit();
    }
    try (FieldSource source = open(file, "")) {
      float[] back = new float[4];
      source.read(2, 24_998, 2, 19_998, 2, MemorySegment.ofArray(back));
      assertThat(back).containsExactly(1, 2, 3, 4);
    }
  }

  @Test
  void refusesTooManyAxes() {
    long[] dims = new long[33];
    Arrays.fill(dims, 1);
    FieldInfo info = FieldInfo.of("x", DataType.INT8, Shape.of(dims));
    assertThatThrownBy(() -> format.create(folder.resolve("x.h5"), "", info))
        .isInstanceOf(TesseraException.Unsupported.class);
  }

  @Test
  void aCutFileIsCorrupt() throws IOException {
    FieldInfo info = FieldInfo.of("x", DataType.FLOAT64, Shape.of(40, 50));
    Path file = folder.resolve("cut.h5");
    try (FieldSink sink = format.create(file, "", info)) {
      Fields.writeInTiles(sink, Fields.random(info, 1), 64, 64);
      sink.commit();
    }
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 8));
    assertThatThrownBy(() -> open(file, "")).isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void refusesGarbage() throws IOException {
    Fields.assertRefusesGarbage(format, folder.resolve("garbage.h5"));
  }

  @ParameterizedTest
  @CsvSource({
    "climate.nc4,''",
    "goes.nc4,Rad",
    "userblock.h5,chunked",
    "latest.h5,btree",
    "latest.h5,fixed",
    "latest.h5,extensible",
    "layouts.h5,gzip",
    "layouts.h5,lzf",
    "layouts.h5,''"
  })
  void survivesDamage(String name, String inner) throws IOException {
    Path scratch = folder.resolve("damaged.h5");
    Fields.assertSurvivesDamage(format, Resources.path(name), inner, scratch, DAMAGED_COPIES);
  }
}
