package dev.tessera.cuda.backend;

import dev.tessera.codec.ChunkBackend;
import dev.tessera.codec.ChunkBox;
import dev.tessera.codec.EncodedChunk;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkCoder;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.quant.Predictor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;

/** Checks that damaged chunks are refused on the device as on the CPU, or decode to the same. */
final class DamageChecks {
  private static final int ROUNDS = 300;
  private static final int DEPTH = 9;
  private static final int HEIGHT = 33;
  private static final int WIDTH = 40;

  private DamageChecks() {}

  /**
   * Damages chunks of a pipeline.
   *
   * @param encoder its encoder
   */
  static void run(String encoder) {
    Field field = CheckFields.holes(DataType.FLOAT32, -5, DEPTH, HEIGHT, WIDTH);
    PipelineSpec spec = PipelineSpec.parse("eb=abs:1e-3,lorenzo3," + encoder);
    QuantizationFit fit = new QuantizationFit(spec, DataType.FLOAT32, null);
    fit.accept(field.data(), 0, DEPTH * HEIGHT * WIDTH, 0);
    ChunkFormat format =
        new ChunkFormat(
            DataType.FLOAT32,
            null,
            fit.finish(),
            Predictor.LORENZO3,
            spec.encoder(),
            OptionalLong.empty());
    ChunkBox box = new ChunkBox(DEPTH, HEIGHT, WIDTH, 0);
    long bytes = field.data().byteSize();
    ChunkCoder cpu = new ChunkCoder(format);
    cpu.encode(field.data(), DEPTH, HEIGHT, WIDTH, 0);
    byte[] good = cpu.toByteArray();
    int check = cpu.check() & 0xffff;
    SplittableRandom random = new SplittableRandom(5);
    try (ForkJoinPool workers = new ForkJoinPool(2);
        CudaChunkBackend backend = new CudaChunkBackend(new ChunkBackend.Settings(2, workers));
        ChunkBackend.Lane lane = backend.openLane(format, bytes, 3)) {
      for (int round = 0; round < ROUNDS; round++) {
        byte[] bad = damage(good, random);
        MemorySegment expected = MemorySegment.ofArray(new byte[(int) bytes]);
        boolean refused = !decodes(cpu, bad, check, expected);
        List<EncodedChunk> chunks =
            List.of(chunk(good, check), chunk(bad, check), chunk(good, check));
        boolean refusedHere = false;
        try {
          lane.decode(chunks, List.of(box, box, box));
        } catch (TesseraException.Corrupt e) {
          refusedHere = true;
        }
        BackendChecks.require(
            refused == refusedHere,
            "round %d: refused %s, by the CPU %s",
            round,
            refusedHere,
            refused);
        if (!refused) {
          long value = expected.mismatch(lane.values().asSlice(lane.stride(), bytes));
          BackendChecks.require(value < 0, "round %d restores byte %d differently", round, value);
        }
      }
    }
  }

  private static byte[] damage(byte[] good, SplittableRandom random) {
    byte[] bad = good.clone();
    switch (random.nextInt(4)) {
      case 0 -> {
        return Arrays.copyOf(bad, random.nextInt(bad.length));
      }
      case 1 -> {
        return Arrays.copyOf(bad, bad.length + 1 + random.nextInt(64));
      }
      case 2 -> bad[random.nextInt(Math.min(64, bad.length))] ^= (byte) (1 << random.nextInt(8));
      default -> bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
    }
    return bad;
  }

  private static EncodedChunk chunk(byte[] bytes, int check) {
    return new EncodedChunk(MemorySegment.ofArray(bytes), check);
  }

  private static boolean decodes(ChunkCoder cpu, byte[] bytes, int check, MemorySegment values) {
    try {
      int found = cpu.decode(MemorySegment.ofArray(bytes), DEPTH, HEIGHT, WIDTH, 0, values);
      return (found & 0xffff) == check;
    } catch (TesseraException.Corrupt e) {
      values.fill((byte) 0);
      return false;
    }
  }
}
