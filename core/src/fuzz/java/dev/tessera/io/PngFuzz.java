package dev.tessera.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.field.DataType;
import dev.tessera.io.FieldFuzzing.Seed;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged PNG files, whose checksums are made right again. */
final class PngFuzz {
  static Stream<Arguments> seeds() {
    return FieldFuzzing.seeds(".png", List.of(), new Seed(DataType.UINT8, 5, 7), new Seed(DataType.UINT16, 3, 4, 5));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    FieldFuzzing.read(withChecksums(data), ".png");
  }

  /** The CRC-32 of every chunk that fits into the file. */
  private static byte[] withChecksums(byte[] data) {
    byte[] repaired = data.clone();
    ByteBuffer file = ByteBuffer.wrap(repaired);
    for (int at = 8; repaired.length - at >= 12; ) {
      int length = file.getInt(at);
      if (length < 0 || length > repaired.length - at - 12) {
        break;
      }
      CRC32 crc = new CRC32();
      crc.update(repaired, at + 4, length + 4);
      file.putInt(at + 8 + length, (int) crc.getValue());
      at += 12 + length;
    }
    return repaired;
  }
}
