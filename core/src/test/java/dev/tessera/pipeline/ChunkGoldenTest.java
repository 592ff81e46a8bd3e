package dev.tessera.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Bytes of chunks and values of decoded ones, pinned: files of earlier versions must stay readable
 * and other backends must write the same. Values are made of integer arithmetic alone.
 */
final class ChunkGoldenTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "eb=abs:0.0625,none,bitpack; FLOAT32; 8; 16; 32; 5364; f7b12020; 8e947a37",
        "eb=abs:0.0625,lorenzo1,bitpack; FLOAT32; 9; 20; 40; 7324; 052159b2; 403c339e",
        "eb=abs:0.0625,lorenzo2,bitpack; FLOAT64; 1; 140; 50; 6080; c8c9a336; 5467c8e6",
        "eb=abs:0.0625,lorenzo3,bitpack; FLOAT32; 20; 20; 70; 25704; e2b20e74; 9cf22501",
        "eb=abs:0.0625,lorenzo1,bitpack; FLOAT32; 1; 1; 9000; 6956; 2469ba73; 64d77277",
        "eb=abs:2,lorenzo3,bitpack; UINT8; 9; 20; 40; 3476; 05e6094e; 88b48af5",
        "eb=abs:2,lorenzo2,bitpack; INT16; 9; 20; 40; 3640; 1f8f3ab7; 36e0cbbb",
        "eb=abs:2,lorenzo2,bitpack; INT64; 1; 1; 5000; 2540; 0f6d27fc; 02fca71d",
        "eb=pwrel:0.015625,lorenzo1,bitpack; FLOAT32; 9; 20; 40; 9676; ad8b74af; a495d224",
        "log1p,eb=abs:0.0078125,lorenzo3,bitpack; FLOAT32; 9; 20; 40; 17420; 32156d7e; cf08153f",
        "minmax:8,reference-eb=0.05,lorenzo1,bitpack; FLOAT32; 9; 20; 40; 8244; 8606f440; 8f72de50",
      })
  void bytesStayAsTheyAre(
      String pipeline,
      DataType type,
      int depth,
      int height,
      int width,
      int bytes,
      String crc,
      String restored) {
    PipelineSpec spec = PipelineSpec.parse(pipeline);
    MemorySegment chunk = chunk(type, depth, height, width);
    NormalizerSpec applied = spec.appliedNormalizer();
    Normalizer normalizer = applied.stages().isEmpty() ? null : applied.fit(type, depth).finish();
    // numbers in binary, so that they do not depend on the fit
    boolean share = spec.quantizer().kind() == QuantizerSpec.Kind.PWREL;
    boolean integer = !type.isFloat();
    Quantization numbers =
        new Quantization(
            spec.quantizer(),
            share || normalizer != null ? -3 : integer ? 3 : -40.5,
            share ? 0x1p-7 : normalizer != null ? 0x1p-6 : integer ? 5 : 0x1.8p-4,
            share ? 0x1p-6 : normalizer != null ? 0x1p-7 : integer ? 2 : 0x1p-4,
            spec.quantizer().kind() == QuantizerSpec.Kind.REFERENCE ? 1.75 : 1);
    ChunkCoder coder =
        new ChunkCoder(
            new ChunkFormat(
                type, normalizer, numbers, spec.predictor(), spec.encoder(), OptionalLong.empty()));
    coder.encode(chunk, depth, height, width, 0);
    byte[] coded = coder.toByteArray();
    MemorySegment back = MemorySegment.ofArray(new byte[(int) chunk.byteSize()]);
    coder.decode(MemorySegment.ofArray(coded), depth, height, width, 0, back);
    assertThat(new Object[] {coded.length, crc(coded), crc(back.toArray(ValueLayout.JAVA_BYTE))})
        .containsExactly(bytes, crc, restored);
  }

  /** A dead block and two others in two streams, with an exact value and an escape. */
  @Test
  void streamsStayAsTheyAre() {
    String hex =
        "0000000025000250010004effa03d001e001e0010004e0e803f008e007c0065a1701010188070100"
            + "c07f0100211fd6a0c0b6a70847d82a24408413a535c253033dbbe7cf3102e7d4a802572cec28cf49"
            + "7856f55848cf709e64f27b45daefd3b6207603bffa7ab06211dd824cb8f98c08dadefd674fd4b2fc"
            + "3c9aaba0a70824a2e71f466d933715514838a160934cab2f92a44ce21ae5ea5a034ded60af3bc924"
            + "6c3c21d4df5f7ec832ad615101884ec8223343dd2e60f2a971cf027307efab75f8c53a7c3c838f53"
            + "6e8752aafae31f629fca2df1bb9d8cb81fe5d85730822d007e0135539980ec519849a5e7b2dd82fd"
            + "35f13d95e3536ee1034d87d6e2054128df48ee772a2c1e490aeceb0f";
    MemorySegment chunk = Chunks.empty(DataType.FLOAT32, 1, 1, 9000);
    int noise = 1;
    for (int i = 0; i < 9000; i++) {
      noise = noise * 1664525 + 1013904223;
      boolean still = i < 4096 || noise >>> 28 != 0;
      DataType.FLOAT32.set(chunk, i, still ? 3 : 3 + (noise >>> 26 & 3) * 0.125);
    }
    DataType.FLOAT32.setBits(chunk, 5000, 0x7fc00001L);
    DataType.FLOAT32.set(chunk, 6000, 5000);
    PipelineSpec spec = PipelineSpec.parse("eb=abs:0.0625,none,rans:2");
    ChunkCoder coder =
        new ChunkCoder(
            new ChunkFormat(
                DataType.FLOAT32,
                null,
                new Quantization(spec.quantizer(), 3, 0.125, 0.0625, 1),
                spec.predictor(),
                spec.encoder(),
                OptionalLong.empty()));
    MemorySegment back = Chunks.empty(DataType.FLOAT32, 1, 1, 9000);
    MemorySegment stored = MemorySegment.ofArray(HexFormat.of().parseHex(hex));
    assertThat(coder.decode(stored, 1, 1, 9000, 0, back)).isEqualTo((short) -20629);
    assertThat(back.mismatch(chunk)).isEqualTo(-1);
    coder.encode(chunk, 1, 1, 9000, 0);
    assertThat(HexFormat.of().formatHex(coder.toByteArray())).isEqualTo(hex);
  }

  private static MemorySegment chunk(DataType type, int depth, int height, int width) {
    MemorySegment chunk = Chunks.empty(type, depth, height, width);
    int noise = 1;
    for (int i = 0; i < depth * height * width; i++) {
      int x = i % width;
      int y = i / width % height;
      int z = i / width / height;
      noise = noise * 1664525 + 1013904223;
      int wave = Math.abs((3 * x + 2 * y + 5 * z) % 120 - 60) + (noise >>> 29);
      type.set(chunk, i, type.isFloat() ? (wave - 20) * 0.25 : wave);
      if (i % 997 == 5) {
        type.setBits(chunk, i, type.isFloat() ? type.bitsOf(Double.NaN) : noise);
      }
    }
    return chunk;
  }

  private static String crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return "%08x".formatted(crc.getValue());
  }
}
