package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.pipeline.PipelineSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A damaged container gives an error that says so: never another field, a hang or an exception of
 * the wrong kind.
 */
final class DamagedFileTest {
  private static final Model MODEL = TestFields.model("mbt2018-mean");

  /** The three ways that a file is made. */
  private enum Way {
    MODEL,
    BITPACK,
    RANS;

    Codec open() {
      return switch (this) {
        case MODEL ->
            Codec.open(DamagedFileTest.MODEL, CodecOptions.DEFAULTS.withNormalizer("minmax:slice"));
        case BITPACK -> Codec.open(PipelineSpec.parse("eb=rel:1e-2,lorenzo2,bitpack"));
        case RANS -> Codec.open(PipelineSpec.parse("minmax:slice,eb=rel:0.02,lorenzo3,rans"));
      };
    }
  }

  private static byte[] container(Way way) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 1, 5, 70, 130);
    for (int i = 100; i < 160; i++) {
      DataType.FLOAT32.setBits(field.data(), i, 0x7fc00000);
    }
    try (Codec codec = way.open()) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      codec.compress(field, out);
      return out.toByteArray();
    }
  }

  private static byte[] decode(Codec codec, byte[] container) throws IOException {
    ContainerReader reader = ContainerReader.of(MemorySegment.ofArray(container));
    codec.check(reader);
    Field restored = Field.allocate(reader.header().field());
    codec.decompress(reader, restored);
    return restored.data().toArray(ValueLayout.JAVA_BYTE);
  }

  @ParameterizedTest
  @EnumSource
  void everyTruncationIsNoticed(Way way) throws IOException {
    byte[] good = container(way);
    try (Codec codec = way.open()) {
      for (int length = 0;
          length < good.length;
          length += length < 300 ? 1 : 1 + good.length / 100) {
        byte[] cut = java.util.Arrays.copyOf(good, length);
        assertThatThrownBy(() -> decode(codec, cut))
            .as("cut to %d", length)
            .isInstanceOf(TesseraException.Corrupt.class);
      }
      byte[] longer = java.util.Arrays.copyOf(good, good.length + 3);
      assertThatThrownBy(() -> decode(codec, longer)).isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyFlippedBitIsNoticed(Way way) throws IOException {
    byte[] good = container(way);
    try (Codec codec = way.open()) {
      Random random = new Random(3);
      for (int at = 0;
          at < good.length;
          at += at < 200 || at > good.length - 60 ? 1 : 1 + good.length / 300) {
        byte[] bad = good.clone();
        bad[at] ^= (byte) (1 << random.nextInt(8));
        assertThatThrownBy(() -> decode(codec, bad))
            .as("byte %d", at)
            .isInstanceOf(TesseraException.class);
      }
    }
  }

  /** With the checksums made right again, what is behind them has to hold by itself. */
  @ParameterizedTest
  @EnumSource
  void damageBehindValidChecksumsNeverEscapes(Way way) throws IOException {
    byte[] good = container(way);
    Parts parts = Parts.of(good);
    try (Codec codec = way.open()) {
      byte[] expected = decode(codec, good);
      Random random = new Random(5);
      int noticed = 0;
      for (int trial = 0; trial < 1500; trial++) {
        byte[] bad = good.clone();
        int flips = 1 + random.nextInt(3);
        for (int i = 0; i < flips; i++) {
          bad[random.nextInt(bad.length - 8)] ^= (byte) (1 << random.nextInt(8));
        }
        parts.repair(bad);
        try {
          byte[] restored = decode(codec, bad);
          // what is left may be a change of name or of the normalizer's numbers: a valid file of
          // another field
          assertThat(restored.length).isEqualTo(expected.length);
        } catch (TesseraException e) {
          noticed++;
        } catch (RuntimeException | Error e) {
          fail("trial " + trial + ": " + e, e);
        }
      }
      assertThat(noticed).isGreaterThan(1000);
    }
  }

  /**
   * Symbols that are not the encoded ones are caught by the tile's check, even where every checksum
   * is right.
   */
  @ParameterizedTest
  @EnumSource
  void aWrongSymbolCheckIsAnError(Way way) throws IOException {
    byte[] bad = container(way);
    Parts parts = Parts.of(bad);
    bad[parts.headerEnd] ^= 1;
    parts.repair(bad);
    try (Codec codec = way.open()) {
      assertThatThrownBy(() -> decode(codec, bad))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageMatching(".* other (symbols|integers) than were encoded.*");
    }
  }

  /** Where the checksums of a file with one group lie. */
  private record Parts(int headerEnd, int groupEnd, int indexEnd) {
    static Parts of(byte[] file) {
      int length = file[5] & 0x7f;
      int bodyAt = 6;
      if ((file[5] & 0x80) != 0) {
        length |= (file[6] & 0x7f) << 7;
        bodyAt = 7;
      }
      int indexLength =
          (int) DataType.UINT32.get(MemorySegment.ofArray(file).asSlice(file.length - 4), 0);
      int indexEnd = file.length - 8;
      return new Parts(bodyAt + length + 4, indexEnd - indexLength, indexEnd);
    }

    void repair(byte[] file) {
      put(file, headerEnd - 4, crc(file, 0, headerEnd - 4));
      put(file, groupEnd - 4, crc(file, headerEnd, groupEnd - 4));
      put(file, indexEnd, crc(file, groupEnd, indexEnd));
    }

    private static long crc(byte[] file, int from, int to) {
      CRC32C crc = new CRC32C();
      crc.update(file, from, to - from);
      return crc.getValue();
    }

    private static void put(byte[] file, int at, long value) {
      DataType.UINT32.set(MemorySegment.ofArray(file).asSlice(at), 0, value);
    }
  }
}
