package dev.tessera.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class BytesTest {
  @Test
  void numbersAndBlocksComeBack() {
    long[] numbers = {0, 1, 127, 128, 300, 1L << 40, Long.MAX_VALUE};
    ByteWriter out = new ByteWriter().u8(200).bits(0x0102030405060708L, 8).bits(0xabcdL, 2);
    for (long number : numbers) {
      out.varint(number);
    }
    out.text("Ωmega").block(new byte[] {1, 2, 3});
    ByteReader in = new ByteReader(out.toByteArray(), "the test");
    assertThat(in.u8()).isEqualTo(200);
    assertThat(in.bits(8)).isEqualTo(0x0102030405060708L);
    assertThat(in.bits(2)).isEqualTo(0xabcd);
    for (long number : numbers) {
      assertThat(in.varint()).isEqualTo(number);
    }
    assertThat(in.text()).isEqualTo("Ωmega");
    assertThat(in.block()).containsExactly(1, 2, 3);
    in.expectEnd();
  }

  @Test
  void whatIsNotThereIsCorrupt() {
    byte[] huge = new ByteWriter().varint(Long.MAX_VALUE).toByteArray();
    assertThatThrownBy(() -> new ByteReader(huge, "it").block())
        .isInstanceOf(TesseraException.Corrupt.class);
    byte[] endless = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    assertThatThrownBy(() -> new ByteReader(endless, "it").varint())
        .isInstanceOf(TesseraException.Corrupt.class);
    assertThatThrownBy(() -> new ByteReader(new byte[] {9}, "it").varint(8))
        .hasMessageContaining("at most 8");
    assertThatThrownBy(() -> new ByteReader(new byte[1], "it").expectEnd())
        .hasMessageContaining("too many");
  }

  @Test
  void packedBytesComeBack() {
    Random random = new Random(1);
    for (int length : new int[] {0, 1, 10, 1000, 200_000, 3_000_000}) {
      byte[] plain = new byte[length];
      for (int i = 0; i < length / 3; i++) {
        plain[random.nextInt(length)] = (byte) random.nextInt(4);
      }
      byte[] packed = Zstd.pack(plain);
      assertThat(packed.length).isLessThanOrEqualTo(length + 1);
      assertThat(Zstd.unpack(packed, length, "it")).isEqualTo(plain);
    }
    byte[] zeros = Zstd.pack(new byte[5_000_000]);
    assertThat(Zstd.unpack(zeros, 5_000_000, "it")).hasSize(5_000_000);
    assertThatThrownBy(() -> Zstd.unpack(zeros, 4_999_999, "it"))
        .isInstanceOf(TesseraException.Corrupt.class);
  }

  /** A frame of a few bytes that says it holds a gigabyte must not be believed. */
  @Test
  void anImpossibleSizeIsRefusedBeforeMemoryIsTaken() {
    // magic, frame header with a 4-byte content size of 2^30, then nothing
    byte[] bomb = {1, 0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, (byte) 0xa0, 0, 0, 0, 0x40, 1, 0, 0};
    assertThatThrownBy(() -> Zstd.unpack(bomb, 1L << 31, "it"))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("impossible size");
  }

  @Test
  void aFrameWithoutItsSizeIsDamaged() {
    // magic, a descriptor that promises no content size, a window, one empty raw block
    byte[] packed = {1, 0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0, 1, 0, 0};
    assertThatThrownBy(() -> Zstd.unpack(packed, 100, "it"))
        .isInstanceOf(TesseraException.Corrupt.class);
  }
}
