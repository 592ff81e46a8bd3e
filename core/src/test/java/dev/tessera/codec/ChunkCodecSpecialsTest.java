package dev.tessera.codec;

import static dev.tessera.codec.ChunkRoundTrip.SMALL_TILES;
import static dev.tessera.codec.ChunkRoundTrip.decompress;
import static dev.tessera.codec.ChunkRoundTrip.largestError;
import static dev.tessera.codec.ChunkRoundTrip.open;
import static dev.tessera.codec.RoundTrip.bytes;
import static dev.tessera.codec.RoundTrip.compress;
import static dev.tessera.codec.RoundTrip.reader;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Special and constant values come back through pipelines exactly, and at little cost. */
final class ChunkCodecSpecialsTest {
  @ParameterizedTest
  @ValueSource(strings = {"eb=rel:1e-3", "log10,eb=abs:0.01", "eb=pwrel:1e-2,lorenzo1,bitpack"})
  void specialValuesAreExactWithEveryPayload(String pipeline) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 5, 4, 80, 70);
    MemorySegment data = field.data();
    Random random = new Random(6);
    int values = 4 * 80 * 70;
    for (int i = 0; i < values; i++) {
      DataType.FLOAT32.set(data, i, 3 + field.get(i));
    }
    for (int i = 0; i < 2000; i++) {
      int bits =
          switch (i % 5) {
            case 0 -> 0x7f800000;
            case 1 -> 0xff800000;
            case 2 -> 0x7fc00000;
            case 3 -> 0xffc00000 | i % 300; // more patterns of NaN than the dictionary holds
            default -> Float.floatToRawIntBits(3.25f);
          };
      data.set(DataType.LE_INT, 4L * random.nextInt(values), bits);
    }
    // a plane without any value, rows without any
    for (int i = 0; i < 80 * 70 + 700; i++) {
      data.set(DataType.LE_INT, 4L * (2 * 80 * 70 + i), 0x7fc00000);
    }
    Field withFill = new Field(field.info().withFill(3.25), data);
    try (Codec codec = open(pipeline, SMALL_TILES)) {
      byte[] container = compress(codec, withFill);
      Field restored = decompress(codec, container);
      Codec.Verification verification = codec.verify(withFill, reader(container));
      assertThat(verification.total().specialsChanged()).isZero();
      assertThat(verification.total().specials()).isGreaterThan(7000);
      assertThat(verification.bound().get().held()).isTrue();
      for (int i = 0; i < values; i++) {
        int was = data.get(DataType.LE_INT, 4L * i);
        int is = restored.data().get(DataType.LE_INT, 4L * i);
        boolean special = !Float.isFinite(Float.intBitsToFloat(was)) || was == 0x40500000;
        assertThat(is == was || !special).as("value %d", i).isTrue();
        // no other value looks like a missing one
        assertThat(is != 0x40500000 || was == 0x40500000).as("value %d", i).isTrue();
      }
      // stand-ins cost little: not half of what the special values take by themselves
      assertThat(container.length).isLessThan(4 * values / 2);
    }
  }

  @Test
  void aMaskedMapCostsHardlyMoreThanItsValues() throws IOException {
    Field open = TestFields.smooth(DataType.FLOAT32, 7, 8, 64, 64);
    Field masked = new Field(open.info().withFill(-9999), MemorySegment.ofArray(bytes(open)));
    for (int i = 0; i < 8 * 64 * 64; i++) {
      int x = i % 64;
      int y = i / 64 % 64;
      if ((x - 20) * (x - 20) + (y - 30) * (y - 30) < 300) {
        DataType.FLOAT32.set(masked.data(), i, -9999);
      }
    }
    try (Codec codec = open("eb=rel:1e-3,lorenzo2,bitpack")) {
      int plain = compress(codec, open).length;
      byte[] container = compress(codec, masked);
      assertThat(container.length).isLessThan(plain);
      assertThat(codec.verify(masked, reader(container)).total().specialsChanged()).isZero();
    }
  }

  @Test
  void nothingButSpecialValuesComesBack() throws IOException {
    Field none = Field.of(new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NaN}, 3);
    Field zeros = Field.of(new double[2000], 20, 100);
    Field constant = Field.allocate(FieldInfo.of("", DataType.INT64, Shape.of(9, 9, 9)));
    for (int i = 0; i < 729; i++) {
      DataType.INT64.setBits(constant.data(), i, Long.MIN_VALUE);
    }
    for (String pipeline : new String[] {"eb=rel:1e-3", "eb=abs:2,none,raw", "eb=pwrel:1e-3"}) {
      try (Codec codec = open(pipeline)) {
        for (Field field : new Field[] {none, zeros, constant}) {
          Field restored = decompress(codec, compress(codec, field));
          if (field == constant && pipeline.contains("pwrel")) {
            assertThat(largestError(field, restored).doubleValue()).isLessThan(1e-3 * 0x1p63);
          } else {
            assertThat(bytes(restored)).isEqualTo(bytes(field));
          }
        }
      }
    }
  }
}
