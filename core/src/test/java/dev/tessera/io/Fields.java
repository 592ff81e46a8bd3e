package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;

/** Random fields, and their way into sinks and out of sources. */
final class Fields {
  private Fields() {}

  /** A field of random bits, so with NaN and infinities among its floats. */
  static Field random(FieldInfo info, long seed) {
    byte[] bytes = new byte[(int) info.bytes()];
    new Random(seed).nextBytes(bytes);
    return new Field(info, MemorySegment.ofArray(bytes));
  }

  static byte[] bytes(Field field) {
    return field.data().toArray(ValueLayout.JAVA_BYTE);
  }

  static byte[] head(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(512);
    }
  }

  /** Writes a field tile by tile, in a shuffled order. */
  static void writeInTiles(FieldSink sink, Field field, long tileRows, long tileCols)
      throws IOException {
    Shape shape = field.info().shape();
    List<long[]> tiles = new ArrayList<>();
    for (long slice = 0; slice < shape.slices(); slice++) {
      for (long row = 0; row < shape.height(); row += tileRows) {
        for (long col = 0; col < shape.width(); col += tileCols) {
          tiles.add(new long[] {slice, row, col});
        }
      }
    }
    Collections.shuffle(tiles, new Random(3));
    for (long[] tile : tiles) {
      long rows = Math.min(tileRows, shape.height() - tile[1]);
      long cols = Math.min(tileCols, shape.width() - tile[2]);
      byte[] box = new byte[(int) (rows * cols * field.info().type().bytes())];
      field.read(tile[0], tile[1], rows, tile[2], cols, MemorySegment.ofArray(box));
      sink.write(tile[0], tile[1], rows, tile[2], cols, MemorySegment.ofArray(box));
    }
  }

  static byte[] readAll(FieldSource source) throws IOException {
    Shape shape = source.info().shape();
    byte[] all = new byte[(int) source.info().bytes()];
    long plane = shape.height() * shape.width() * source.info().type().bytes();
    for (long slice = 0; slice < shape.slices(); slice++) {
      MemorySegment target = MemorySegment.ofArray(all).asSlice(slice * plane, plane);
      source.read(slice, 0, shape.height(), 0, shape.width(), target);
    }
    return all;
  }

  /** All values as doubles, in C order. */
  static double[] values(FieldSource source) throws IOException {
    Field field = new Field(source.info(), MemorySegment.ofArray(readAll(source)));
    double[] values = new double[(int) source.info().shape().elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = field.get(i);
    }
    return values;
  }

  /** Boxes at random places hold what the field holds there. */
  static void assertBoxesMatch(FieldSource source, Field field, long seed) throws IOException {
    Random random = new Random(seed);
    Shape shape = field.info().shape();
    for (int i = 0; i < 20; i++) {
      long slice = random.nextLong(shape.slices());
      long row = random.nextLong(shape.height());
      long col = random.nextLong(shape.width());
      long rows = 1 + random.nextLong(shape.height() - row);
      long cols = 1 + random.nextLong(shape.width() - col);
      byte[] expected = new byte[(int) (rows * cols * field.info().type().bytes())];
      byte[] actual = new byte[expected.length];
      field.read(slice, row, rows, col, cols, MemorySegment.ofArray(expected));
      source.read(slice, row, rows, col, cols, MemorySegment.ofArray(actual));
      assertThat(actual).isEqualTo(expected);
    }
  }

  /**
   * Every cut and many damaged copies of a file are either read or refused with our own exceptions,
   * in bounded time.
   */
  static void assertSurvivesDamage(
      FieldFormat format, Path file, String inner, Path scratch, int copies) throws IOException {
    byte[] intact = Files.readAllBytes(file);
    Random random = new Random(17);
    for (int i = 0; i < copies; i++) {
      byte[] damaged = intact.clone();
      if (i % 3 == 0) {
        damaged = Arrays.copyOf(intact, random.nextInt(intact.length));
      } else {
        // Most structure stands near the beginning.
        int reach = i % 3 == 1 ? Math.min(intact.length, 600) : intact.length;
        for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
          int value = random.nextBoolean() ? random.nextInt(256) : random.nextBoolean() ? 0xff : 0;
          damaged[random.nextInt(reach)] = (byte) value;
        }
      }
      Files.write(scratch, damaged);
      int copy = i;
      Assertions.assertTimeoutPreemptively(
          Duration.ofSeconds(20), () -> readOrRefuse(format, scratch, inner), () -> "copy " + copy);
    }
  }

  private static void readOrRefuse(FieldFormat format, Path file, String inner) throws IOException {
    try (FieldSource source = format.open(file, inner, OpenOptions.NONE)) {
      if (source.info().bytes() < 1 << 26) {
        readAll(source);
      }
    } catch (TesseraException e) {
      assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
    }
  }

  /** A file of garbage and an empty one are refused. */
  static void assertRefusesGarbage(FieldFormat format, Path scratch) throws IOException {
    byte[] garbage = new byte[5000];
    new Random(1).nextBytes(garbage);
    for (byte[] content : List.of(garbage, new byte[0], new byte[3], new byte[5000])) {
      Files.write(scratch, content);
      assertThatThrownBy(() -> format.open(scratch, "", OpenOptions.NONE))
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }
}
