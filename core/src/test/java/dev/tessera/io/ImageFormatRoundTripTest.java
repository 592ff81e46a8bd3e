package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every format must do that writes through {@link Hdf5Format} and its neighbours. */
class ImageFormatRoundTripTest {
  @TempDir Path folder;

  static Stream<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    List<String> shapes = List.of("1x1", "1x17", "63x65", "3x7x9", "2x3x1x5x11", "1x4x4", "5x1");
    for (DataType type : DataType.values()) {
      for (String shape : shapes) {
        cases.add(Arguments.of(new Hdf5Format(), "field.h5", type, Shape.parse(shape)));
        cases.add(Arguments.of(new TiffFormat(), "field.tif", type, Shape.parse(shape)));
      }
      for (Shape shape : List.of(Shape.of(), Shape.of(19), Shape.of(1))) {
        cases.add(Arguments.of(new Hdf5Format(), "field.nc4", type, shape));
        cases.add(Arguments.of(new TiffFormat(), "field.tiff", type, shape));
      }
    }
    for (DataType type : List.of(DataType.UINT8, DataType.UINT16)) {
      for (String shape : List.of("1x1", "1x17", "63x65", "3x7x9", "5x1", "3x1x1")) {
        cases.add(Arguments.of(new PngFormat(), "field.png", type, Shape.parse(shape)));
      }
    }
    return cases.stream();
  }

  @ParameterizedTest(name = "{1} {2} {3}")
  @MethodSource("cases")
  void writesInAnyOrderAndReadsBackInBoxes(
      FieldFormat format, String name, DataType type, Shape shape) throws IOException {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("units", "µK / s");
    attributes.put("scale", "0.5f");
    attributes.put("Software", "a microscope");
    FieldInfo info =
        new FieldInfo("group/thing", type, shape, OptionalLong.of(type.bitsOf(7)), attributes);
    Field field = Fields.random(info, 5);
    Path file = folder.resolve(name);
    try (FieldSink sink = format.create(file, "", info)) {
      Fields.writeInTiles(sink, field, 31, 23);
      assertThat(file).doesNotExist();
      sink.commit();
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
    assertThat(format.recognizes(Fields.head(file))).isTrue();
    try (FieldSource source = format.open(file, "", OpenOptions.NONE)) {
      assertThat(source.info().type()).isEqualTo(type);
      assertThat(source.info().shape()).isEqualTo(shape);
      assertThat(source.info().fillBits()).isEqualTo(info.fillBits());
      assertThat(source.info().attributes()).containsAllEntriesOf(attributes);
      assertThat(Fields.readAll(source)).isEqualTo(Fields.bytes(field));
      Fields.assertBoxesMatch(source, field, 11);
    }
  }

  @ParameterizedTest(name = "{1} {2} {3}")
  @MethodSource("cases")
  void closingWithoutCommitLeavesNothing(
      FieldFormat format, String name, DataType type, Shape shape) throws IOException {
    FieldInfo info = FieldInfo.of("", type, shape);
    Path file = folder.resolve(name);
    Files.writeString(file, "older");
    try (FieldSink sink = format.create(file, "", info)) {
      Fields.writeInTiles(sink, Fields.random(info, 6), 64, 64);
    }
    assertThat(file).hasContent("older");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }
}
