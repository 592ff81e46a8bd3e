package dev.tessera.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.Predictor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Damaged chunks give values or an error, never anything else. */
final class ChunkCorruptionTest {
  private static final int[] SHAPE = {9, 17, 40};

  @ParameterizedTest
  @CsvSource({
    "FLOAT32,bitpack",
    "FLOAT64,bitpack",
    "UINT8,bitpack",
    "FLOAT32,rans:1",
    "INT64,rans:2",
    "FLOAT32,zstd",
    "INT16,raw"
  })
  void flippedAndCutBytes(DataType type, String encoder) {
    Chunk chunk = new Chunk(type, encoder);
    Random random = new Random(1);
    int refused = 0;
    int noticed = 0;
    for (int round = 0; round < 400; round++) {
      byte[] bad = Arrays.copyOf(chunk.bytes, length(chunk.bytes.length, round, random));
      int flips = 1 + random.nextInt(3);
      for (int i = 0; i < flips && bad.length > 0; i++) {
        int at = random.nextInt(round % 2 == 0 ? Math.min(bad.length, 60) : bad.length);
        bad[at] =
            (byte) (random.nextBoolean() ? random.nextInt() : bad[at] ^ 1 << random.nextInt(8));
      }
      try {
        noticed += chunk.decode(bad) != chunk.check ? 1 : 0;
      } catch (TesseraException.Corrupt e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(50);
    assertThat(refused + noticed).isGreaterThan(180);
  }

  private static int length(int length, int round, Random random) {
    return switch (round % 5) {
      case 0 -> random.nextInt(length);
      case 1 -> length + random.nextInt(9);
      default -> length;
    };
  }

  @Test
  void noiseIsRefused() {
    Chunk chunk = new Chunk(DataType.FLOAT32, "bitpack");
    Random random = new Random(2);
    for (int round = 0; round < 300; round++) {
      byte[] noise = new byte[random.nextInt(400)];
      random.nextBytes(noise);
      if (noise.length > 4 && round % 2 == 0) {
        Arrays.fill(noise, 0, 4, (byte) 0);
      }
      assertThatExceptionOfType(TesseraException.Corrupt.class)
          .isThrownBy(() -> chunk.decode(noise));
    }
  }

  @Test
  void lengthsAreNotBelieved() {
    Chunk chunk = new Chunk(DataType.FLOAT32, "bitpack");
    byte[] large = Arrays.copyOf(chunk.bytes, 4 * 9 * 17 * 40 + 3);
    assertThatExceptionOfType(TesseraException.Corrupt.class)
        .isThrownBy(() -> chunk.decode(large))
        .withMessageContaining("impossible length");
    assertThatExceptionOfType(TesseraException.Corrupt.class)
        .isThrownBy(() -> chunk.decode(new byte[0]));
  }

  /** Every frame header, some of which state no size. */
  @Test
  void frameHeadersAreNotBelieved() {
    Chunk plain = new Chunk(DataType.FLOAT32, "bitpack");
    Chunk coded = new Chunk(DataType.FLOAT32, "zstd");
    for (int flags = 0; flags < 256; flags++) {
      String packed = "0128b52ffd%02x580000000000".formatted(flags);
      assertThatExceptionOfType(TesseraException.Corrupt.class)
          .isThrownBy(() -> plain.decode(HexFormat.of().parseHex("01" + packed)));
      assertThatExceptionOfType(TesseraException.Corrupt.class)
          .isThrownBy(() -> coded.decode(HexFormat.of().parseHex("00000000" + packed)));
    }
  }

  /** The exact values' places lie outside of the clipped chunk. */
  @Test
  void exactValuesOutsideAreRefused() {
    // one block of a vector of 3 values: description 0, an exact value at place 3
    int[] words = {0, 0x8000 | 4, 0, 1, 3, 0x12345678};
    MemorySegment bytes = MemorySegment.ofArray(words);
    Quantization numbers = new Quantization(PipelineSpec.parse("round").quantizer(), 0, 1, 0.5, 1);
    ChunkCoder coder =
        new ChunkCoder(
            new ChunkFormat(
                DataType.FLOAT64,
                null,
                numbers,
                Predictor.NONE,
                EncoderSpec.BITPACK,
                OptionalLong.empty()));
    MemorySegment values = MemorySegment.ofArray(new byte[24]);
    assertThatExceptionOfType(TesseraException.Corrupt.class)
        .isThrownBy(() -> coder.decode(bytes, 1, 1, 3, 0, values));
  }

  /** An encoded chunk with everything that decodes it. */
  private static final class Chunk {
    final byte[] bytes;
    final short check;
    private final ChunkCoder coder;
    private final MemorySegment values;

    Chunk(DataType type, String encoder) {
      values = Chunks.waves(type, SHAPE[0], SHAPE[1], SHAPE[2], 0.01, 3);
      MemorySegment calm = Chunks.waves(type, SHAPE[0], SHAPE[1], SHAPE[2], 0, 3);
      PipelineSpec spec = PipelineSpec.parse("eb=rel:0.02,lorenzo3," + encoder);
      QuantizationFit fit = new QuantizationFit(spec, type, null);
      fit.accept(calm, 0, SHAPE[0] * SHAPE[1] * SHAPE[2], 0);
      MemorySegment coded = encoder.equals("raw") ? calm : values;
      coder =
          new ChunkCoder(
              new ChunkFormat(
                  type,
                  null,
                  fit.finish(),
                  spec.predictor(),
                  spec.encoder(),
                  OptionalLong.empty()));
      coder.encode(coded, SHAPE[0], SHAPE[1], SHAPE[2], 0);
      bytes = coder.toByteArray();
      check = coder.check();
    }

    short decode(byte[] data) {
      return coder.decode(MemorySegment.ofArray(data), SHAPE[0], SHAPE[1], SHAPE[2], 0, values);
    }
  }
}
