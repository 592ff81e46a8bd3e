package dev.tessera.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.container.StreamPlan.Profile;
import dev.tessera.field.TesseraException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class StreamLengthsTest {
  private static byte[] write(Profile profile, long... streamBytes) {
    ByteWriter out = new ByteWriter();
    StreamLengths.write(out, profile, streamBytes);
    assertThat(StreamLengths.size(profile, streamBytes, streamBytes.length)).isEqualTo(out.size());
    return out.toByteArray();
  }

  private static long[] read(Profile profile, int streams, byte... bytes) {
    ByteReader in = new ByteReader(bytes, "it");
    long[] read = StreamLengths.read(in, profile, streams);
    in.expectEnd();
    return read;
  }

  @Test
  void fewStreamsAreAllListed() {
    byte[] bytes = write(Profile.COMPACT, 0, 2, 300, 0, 0, 0, 0, 0);
    assertThat(bytes).containsExactly(0, 1, 0x96, 1, 0, 0, 0, 0, 0);
    assertThat(read(Profile.COMPACT, 8, bytes)).containsExactly(0, 2, 300, 0, 0, 0, 0, 0);
    assertThat(write(Profile.COMPATIBLE, 8, 12)).containsExactly(0, 1);
  }

  @Test
  void ofManyTheEmptyOnesAtTheEndAreLeftOut() {
    byte[] bytes = write(Profile.COMPACT, 0, 2, 0, 6, 0, 0, 0, 0, 0);
    assertThat(bytes).containsExactly(4, 0, 1, 0, 3);
    assertThat(read(Profile.COMPACT, 9, bytes)).containsExactly(0, 2, 0, 6);
    assertThat(StreamLengths.size(Profile.COMPACT, new long[] {0, 2, 0, 6}, 9)).isEqualTo(5);
    assertThat(write(Profile.COMPACT, new long[400])).containsExactly(0);
    assertThat(read(Profile.COMPACT, 400, (byte) 0)).isEmpty();
    long[] full = new long[200];
    Arrays.fill(full, 8);
    assertThat(read(Profile.COMPACT, 200, write(Profile.COMPACT, full))).isEqualTo(full);
    // the compatible profile has no empty streams
    long[] eight = new long[9];
    Arrays.fill(eight, 8);
    assertThat(write(Profile.COMPATIBLE, eight)).containsExactly(new byte[9]);
  }

  @Test
  void listsThatCannotBeAreRefused() {
    assertThatThrownBy(() -> read(Profile.COMPACT, 9, new byte[] {2, 1, 0}))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("empty stream");
    assertThatThrownBy(() -> read(Profile.COMPACT, 9, new byte[] {10, 1, 1}))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("at most 9");
    for (int streams : new int[] {3, 1 << 30}) {
      assertThatThrownBy(() -> read(Profile.COMPATIBLE, streams, new byte[] {1, 1}))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("too short for a tile of " + streams);
    }
    byte[] claim = new ByteWriter().varint(1 << 29).u8(1).toByteArray();
    assertThatThrownBy(() -> read(Profile.COMPACT, 1 << 30, claim))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("too short");
  }
}
