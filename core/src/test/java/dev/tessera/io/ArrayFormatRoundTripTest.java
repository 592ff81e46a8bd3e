package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What raw, npy, NetCDF-3 and FITS promise alike. */
class ArrayFormatRoundTripTest {
  /** Formats whose sinks write boxes straight into the file. */
  enum Kind {
    RAW(new RawFormat(), "f_%s.%s"),
    RAW_BIG_ENDIAN(new RawFormat(), "f_%s.%sbe"),
    NPY(new NpyFormat(), "f.npy"),
    NETCDF(new NetCdf3Format(), "f.nc"),
    FITS(new FitsFormat(), "f.fits");

    final FieldFormat format;
    final String pattern;

    Kind(FieldFormat format, String pattern) {
      this.format = format;
      this.pattern = pattern;
    }

    Path file(Path folder, FieldInfo info) {
      return folder.resolve(String.format(pattern, info.shape(), info.type().code()));
    }
  }

  private static final List<Shape> SHAPES =
      List.of(
          Shape.of(1, 1),
          Shape.of(1, 37),
          Shape.of(41),
          Shape.of(63, 65),
          Shape.of(3, 5, 7),
          Shape.of(2, 3, 1, 4, 5));

  @TempDir Path folder;

  static List<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      for (DataType type : DataType.values()) {
        if (kind == Kind.RAW_BIG_ENDIAN && type.bytes() == 1) {
          continue;
        }
        SHAPES.forEach(shape -> cases.add(Arguments.of(kind, type, shape)));
      }
    }
    return cases;
  }

  /** Every bit pattern counts, so the values are random bits: NaN, infinities, denormals. */
  static Field random(FieldInfo info, long seed) {
    byte[] bytes = new byte[(int) info.bytes()];
    new Random(seed).nextBytes(bytes);
    return new Field(info, MemorySegment.ofArray(bytes));
  }

  static byte[] read(FieldSource source, long slice, long row, long rows, long col, long cols)
      throws IOException {
    byte[] box = new byte[(int) (rows * cols * source.info().type().bytes())];
    source.read(slice, row, rows, col, cols, MemorySegment.ofArray(box));
    return box;
  }

  static byte[] readAll(FieldSource source) throws IOException {
    Shape shape = source.info().shape();
    byte[] all = new byte[(int) source.info().bytes()];
    int sliceBytes = (int) (all.length / shape.slices());
    for (int slice = 0; slice < shape.slices(); slice++) {
      byte[] plane = read(source, slice, 0, shape.height(), 0, shape.width());
      System.arraycopy(plane, 0, all, slice * sliceBytes, sliceBytes);
    }
    return all;
  }

  static void write(FieldSink sink, Field field) throws IOException {
    Shape shape = field.info().shape();
    long sliceBytes = field.info().bytes() / shape.slices();
    for (long slice = 0; slice < shape.slices(); slice++) {
      MemorySegment plane = field.data().asSlice(slice * sliceBytes, sliceBytes);
      sink.write(slice, 0, shape.height(), 0, shape.width(), plane);
    }
    sink.commit();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyBitComesBackThroughBoxesInAnyOrder(Kind kind, DataType type, Shape shape)
      throws IOException {
    FieldInfo info = FieldInfo.of("density", type, shape);
    Field field = random(info, shape.elements() + type.ordinal());
    Path file = kind.file(folder, info);
    writeInBoxes(kind, field, file);

    try (FieldSource source = kind.format.open(file, "", OpenOptions.NONE)) {
      assertThat(source.info().type()).isEqualTo(type);
      assertThat(source.info().shape()).isEqualTo(shape);
      assertThat(readAll(source)).isEqualTo(field.data().toArray(ValueLayout.JAVA_BYTE));
      Random random = new Random(7);
      for (int i = 0; i < 20; i++) {
        long slice = random.nextLong(shape.slices());
        long row = random.nextLong(shape.height());
        long rows = 1 + random.nextLong(shape.height() - row);
        long col = random.nextLong(shape.width());
        long cols = 1 + random.nextLong(shape.width() - col);
        assertThat(read(source, slice, row, rows, col, cols))
            .isEqualTo(read(field, slice, row, rows, col, cols));
      }
    }
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  private static void writeInBoxes(Kind kind, Field field, Path file) throws IOException {
    Shape shape = field.info().shape();
    try (FieldSink sink = kind.format.create(file, "", field.info())) {
      assertThat(sink.info()).isEqualTo(field.info());
      for (long slice = shape.slices() - 1; slice >= 0; slice--) {
        for (long col = 0; col < shape.width(); col += 16) {
          for (long row = 0; row < shape.height(); row += 10) {
            long rows = Math.min(10, shape.height() - row);
            long cols = Math.min(16, shape.width() - col);
            byte[] box = read(field, slice, row, rows, col, cols);
            sink.write(slice, row, rows, col, cols, MemorySegment.ofArray(box));
          }
        }
      }
      assertThat(file).doesNotExist();
      sink.commit();
    }
  }

  @ParameterizedTest
  @EnumSource
  void valuesMayComeFromAnyKindOfMemory(Kind kind) throws IOException {
    float[] values = {1, 2.5f, -3, 4, 5, 6};
    Field field = Field.of(values, 2, 3);
    Path file = kind.file(folder, field.info());
    try (FieldSink sink = kind.format.create(file, "", field.info())) {
      sink.write(0, 0, 2, 0, 3, MemorySegment.ofArray(values));
      sink.commit();
    }
    float[] back = new float[6];
    try (FieldSource source = kind.format.open(file, "", OpenOptions.NONE)) {
      source.read(0, 0, 2, 0, 3, MemorySegment.ofArray(back));
    }
    assertThat(back).isEqualTo(values);
  }

  @ParameterizedTest
  @EnumSource
  void closingWithoutCommitLeavesNothing(Kind kind) throws IOException {
    FieldInfo info = FieldInfo.of("", DataType.FLOAT32, Shape.of(4, 4));
    try (FieldSink sink = kind.format.create(kind.file(folder, info), "", info)) {
      sink.write(0, 0, 4, 0, 4, random(info, 1).data());
    }
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void committingReplacesAnExistingFile(Kind kind) throws IOException {
    FieldInfo info = FieldInfo.of("", DataType.INT16, Shape.of(3, 4));
    Path file = kind.file(folder, info);
    Files.writeString(file, "something else that is much longer than what will stand here later");
    Field field = random(info, 2);
    try (FieldSink sink = kind.format.create(file, "", info)) {
      write(sink, field);
    }
    try (FieldSource source = kind.format.open(file, "", OpenOptions.NONE)) {
      assertThat(readAll(source)).isEqualTo(field.data().toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aFileCutAnywhereIsRefusedWithASentence(Kind kind) throws IOException {
    FieldInfo info = FieldInfo.of("", DataType.FLOAT32, Shape.of(5, 6));
    Path file = kind.file(folder, info);
    try (FieldSink sink = kind.format.create(file, "", info)) {
      write(sink, random(info, 3));
    }
    byte[] whole = Files.readAllBytes(file);
    // FITS pads its data, and lost padding loses nothing.
    int dataEnd = kind == Kind.FITS ? FitsHdu.BLOCK + 120 : whole.length;
    for (int size = 0; size < dataEnd; size += size < 200 ? 1 : 37) {
      Files.write(file, java.util.Arrays.copyOf(whole, size));
      assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> open(kind, file)))
          .as("%s cut to %d bytes", kind, size)
          .isInstanceOf(dev.tessera.field.TesseraException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDamagedFileNeverEndsInAnythingButASentence(Kind kind) throws IOException {
    FieldInfo info = FieldInfo.of("v", DataType.INT16, Shape.of(5, 6)).withFill(-1);
    Path file = kind.file(folder, info);
    try (FieldSink sink = kind.format.create(file, "", info)) {
      write(sink, random(info, 3));
    }
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(11);
    int header = (int) (whole.length - info.bytes());
    for (int i = 0; i < 150; i++) {
      byte[] damaged = whole.clone();
      int flips = 1 + random.nextInt(4);
      for (int k = 0; k < flips; k++) {
        int at = random.nextInt(Math.max(60, Math.min(header, 1200)));
        damaged[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : damaged[at] ^ 0x80);
      }
      Files.write(file, damaged);
      try (FieldSource source = open(kind, file)) {
        Shape shape = source.info().shape();
        read(source, shape.slices() - 1, 0, 1, 0, 1);
      } catch (dev.tessera.field.TesseraException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }

  private static FieldSource open(Kind kind, Path file) throws IOException {
    return kind.format.open(file, "", OpenOptions.NONE);
  }
}
