package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldFilesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"a.npy", "a.nc", "a.fits", "a_3x4.f32", "A.FITS"})
  void everyNameLeadsToItsFormat(String name) throws IOException {
    String spec = folder.resolve(name).toString();
    create(spec);
    try (FieldSource source = FieldFiles.open(spec, OpenOptions.NONE)) {
      assertThat(source.info().shape()).isEqualTo(Shape.of(3, 4));
    }
  }

  @Test
  void theFirstBytesCountMoreThanTheName() throws IOException {
    for (String name : new String[] {"a.npy", "b.nc", "c.fits"}) {
      create(folder.resolve(name).toString());
      Path disguised = Files.move(folder.resolve(name), folder.resolve(name + ".dat"));
      try (FieldSource source = FieldFiles.open(disguised.toString(), OpenOptions.NONE)) {
        assertThat(source.info().shape()).isEqualTo(Shape.of(3, 4));
      }
    }
  }

  @Test
  void aFileNamedAndSizedAsRawIsRaw() throws IOException {
    Path file = folder.resolve("a_2x2.u16");
    Files.write(file, new byte[] {'C', 'D', 'F', 1, 0, 0, 0, 0});
    try (FieldSource source = FieldFiles.open(file.toString(), OpenOptions.NONE)) {
      assertThat(source.info().type()).isEqualTo(DataType.UINT16);
    }
  }

  @Test
  void theNameOfARawFileSaysShapes() {
    assertThat(FieldFiles.shapesInName("a_8x16_run_7_2x3x4.f32"))
        .containsExactly(Shape.of(8, 16), Shape.of(2, 3, 4));
    assertThat(FieldFiles.shapesInName("a_2x3.dat:>f4")).containsExactly(Shape.of(2, 3));
    assertThat(FieldFiles.shapesInName("a_0x3.f32")).isEmpty();
    assertThat(FieldFiles.shapesInName("a_2x3.npy")).isEmpty();
    assertThat(FieldFiles.shapesInName("-")).isEmpty();
  }

  @Test
  void theInnerNameStandsBehindTheLastColonThatWorks() throws IOException {
    Path file = folder.resolve("a:b.nc");
    create(file + ":density");
    assertThat(file).exists();
    try (FieldSource source = FieldFiles.open(file + ":density", OpenOptions.NONE)) {
      assertThat(source.info().name()).isEqualTo("density");
    }
    Path whole = Files.copy(file, folder.resolve("a:b.nc:density"));
    Files.delete(file);
    try (FieldSource source = FieldFiles.open(whole.toString(), OpenOptions.NONE)) {
      assertThat(source.info().name()).isEqualTo("density");
    }
  }

  @Test
  void aFolderWithAColonIsNotSplit() throws IOException {
    Path odd = Files.createDirectory(folder.resolve("x.nc:y"));
    create(odd.resolve("b.npy").toString());
    assertThat(odd.resolve("b.npy")).exists();
  }

  @Test
  void saysWhatIsWrongWithTheFile() throws IOException {
    assertRefused(folder.resolve("nothing.npy").toString(), "there is no file");
    assertRefused(folder.resolve("nothing.h5:/a/b").toString(), "there is no file");
    assertRefused(folder.toString(), "is a folder");
    assertRefused(Files.createFile(folder.resolve("empty.f32")).toString(), "is empty");
    Path unknown = Files.write(folder.resolve("a.xyz"), new byte[100]);
    assertRefused(unknown.toString(), "--shape");
    assertRefused("a\0b", "is not a file name");
    Path gzip = Files.write(folder.resolve("a.fits.gz"), new byte[] {0x1f, (byte) 0x8b, 8, 0});
    assertThatThrownBy(() -> FieldFiles.open(gzip.toString(), OpenOptions.NONE))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("gunzip");
  }

  @Test
  void garbageUnderAKnownNameIsCorrupt() throws IOException {
    for (String name : new String[] {"a.npy", "a.nc", "a.fits"}) {
      Path file = Files.write(folder.resolve(name), new byte[5000]);
      assertThatThrownBy(() -> FieldFiles.open(file.toString(), OpenOptions.NONE))
          .as(name)
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void shapeAndTypeMayConfirmButNotContradict() throws IOException {
    String spec = folder.resolve("a.npy").toString();
    create(spec);
    OpenOptions same =
        new OpenOptions(Shape.of(3, 4), RawType.parse("f32"), OptionalDouble.empty());
    FieldFiles.open(spec, same).close();
    OpenOptions other = new OpenOptions(Shape.of(4, 3), null, OptionalDouble.empty());
    assertThatThrownBy(() -> FieldFiles.open(spec, other))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("3x4 f32");
  }

  @Test
  void streamsAreRawAndLeaveNothingBehind() throws IOException {
    OpenOptions options =
        new OpenOptions(Shape.of(2, 3), RawType.parse("i8"), OptionalDouble.empty());
    byte[] bytes = {1, 2, 3, 4, 5, 6};
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (FieldSource source = FieldFiles.openStream(new ByteArrayInputStream(bytes), options);
        FieldSink sink = FieldFiles.createStream(out, source.info())) {
      assertThat(ArrayFormatRoundTripTest.readAll(source)).isEqualTo(bytes);
      assertThat(ArrayFormatRoundTripTest.readAll(source)).isEqualTo(bytes);
      ArrayFormatRoundTripTest.write(sink, ArrayFormatRoundTripTest.random(source.info(), 1));
    }
    assertThat(out.size()).isEqualTo(6);
    assertThatThrownBy(() -> FieldFiles.openStream(new ByteArrayInputStream(new byte[7]), options))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("7 bytes");
    assertThatThrownBy(() -> FieldFiles.openStream(new ByteArrayInputStream(new byte[0]), options))
        .hasMessageContaining("empty");
    assertThatThrownBy(
            () -> FieldFiles.openStream(new ByteArrayInputStream(bytes), OpenOptions.NONE))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("--shape");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.fits.fz", "a.fits.gz"})
  void compressedNamesAreNotWrittenUncompressed(String name) {
    assertThatThrownBy(() -> create(folder.resolve(name).toString()))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining(name);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void theEndingOfCompressedFilesIsRefusedForFields() {
    assertThatThrownBy(() -> create(folder.resolve("a.tsr").toString()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(".npy or .raw");
    assertThat(folder).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"two.h5:/b", "two.nc:b"})
  void aFileThatMayHoldOtherFieldsIsNotReplaced(String name) throws IOException {
    String other = folder.resolve(name.replaceAll("b$", "a")).toString();
    create(other);
    assertThatThrownBy(() -> create(folder.resolve(name).toString()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("replace all that it holds");
    FieldFiles.open(other, OpenOptions.NONE).close();
    create(other.substring(0, other.lastIndexOf(':')));
  }

  @Test
  void listsItsFormats() {
    assertThat(FieldFiles.formats().keySet()).startsWith("npy", "NetCDF-3", "FITS").endsWith("raw");
    assertThat(FieldFiles.formats().get("raw")).contains("f32", "u16be", "d64", "raw");
  }

  private static void create(String spec) throws IOException {
    FieldInfo info = FieldInfo.of("density", DataType.FLOAT32, Shape.of(3, 4));
    try (FieldSink sink = FieldFiles.create(spec, info)) {
      ArrayFormatRoundTripTest.write(sink, ArrayFormatRoundTripTest.random(info, 1));
    }
  }

  private static void assertRefused(String spec, String words) {
    assertThatThrownBy(() -> FieldFiles.open(spec, OpenOptions.NONE))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(words);
  }
}
