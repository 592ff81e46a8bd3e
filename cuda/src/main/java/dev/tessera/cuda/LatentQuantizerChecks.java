package dev.tessera.cuda;

import dev.tessera.codec.LatentFormat;
import dev.tessera.pipeline.ChunkCoder;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.quant.Predictor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;

/** Checks that {@link CudaLatentQuantizer} restores the latents that the CPU restores. */
final class LatentQuantizerChecks {
  private static final int TILES = 9;

  private LatentQuantizerChecks() {}

  static List<SelfTest.Check> all() {
    return List.of(
        new RestoreCheck("minmax:8,reference-eb=0.8", CudaIntegers.Form.SHORT, 12288),
        new RestoreCheck("minmax:8,reference-eb=0.8", CudaIntegers.Form.INT, 3072),
        new RestoreCheck("minmax:12,reference-eb=0.1", CudaIntegers.Form.SHORT, 20484),
        new RestoreCheck("minmax:1,reference-eb=3", CudaIntegers.Form.INT, 4));
  }

  /** Latents of several sizes: random, constant, of one sign, with zeros of both signs. */
  static float[] latents(int perTile) {
    SplittableRandom random = new SplittableRandom(perTile);
    float[] latents = new float[TILES * perTile];
    for (int i = 0; i < latents.length; i++) {
      double value = random.nextDouble(-1, 1);
      latents[i] =
          (float)
              switch (i / perTile) {
                case 0 -> 20 * value;
                case 1 -> 3.7;
                case 2 -> -5 - value;
                case 3 -> random.nextInt(3) == 0 ? -0.0 : 0.0;
                case 4 -> 3e38 * value;
                case 5 -> 1e-44 * value;
                case 6 -> 1e6 + value;
                case 7 -> 5 + value;
                default -> Math.rint(3 * value);
              };
    }
    return latents;
  }

  /** What the CPU restores of a tile's latent. */
  static MemorySegment expected(PipelineSpec spec, MemorySegment latent) {
    LatentFormat format = LatentFormat.of(spec);
    ChunkFormat chunk =
        format.chunkFormat(format.range(latent)).with(Predictor.NONE, EncoderSpec.RAW);
    int values = (int) (latent.byteSize() / Float.BYTES);
    ChunkCoder coder = new ChunkCoder(chunk);
    coder.encode(latent, 1, 1, values, 0);
    MemorySegment restored = MemorySegment.ofArray(new byte[(int) latent.byteSize()]);
    coder.decode(MemorySegment.ofArray(coder.toByteArray()), 1, 1, values, 0, restored);
    return restored;
  }

  /** There and back, from poisoned memory; then with a value that is not finite. */
  private record RestoreCheck(String pipeline, CudaIntegers.Form form, int perTile)
      implements SelfTest.Check {
    @Override
    public String name() {
      return "pipeline: latents %s to %s, %d a tile".formatted(pipeline, form, perTile);
    }

    @Override
    public void run(CudaContext context) {
      PipelineSpec spec = PipelineSpec.parse(pipeline);
      float[] latents = latents(perTile);
      long bytes = (long) latents.length * Float.BYTES;
      try (CudaStream stream = context.newStream();
          DeviceArena arena = context.newArena(1 << 20);
          Arena host = Arena.ofConfined()) {
        CudaLatentQuantizer quantizer = new CudaLatentQuantizer(context, spec.quantizer(), form);
        DeviceBuffer given = arena.allocate(bytes);
        DeviceBuffer restored = arena.allocate(bytes);
        DeviceBuffer integers = arena.allocate((long) latents.length * form.bytes());
        DeviceBuffer ranges = arena.allocate((long) TILES * CudaLatentQuantizer.RANGE_BYTES);
        DeviceBuffer error = arena.allocate(Integer.BYTES);
        MemorySegment values = host.allocateFrom(ValueLayout.JAVA_FLOAT, latents);
        MemorySegment found = host.allocate(bytes, Float.BYTES);
        MemorySegment word = host.allocate(ValueLayout.JAVA_INT);
        stream.fillInts(error, 0);
        stream.fill(integers, 0x5a);
        stream.fill(restored, 0xff);
        stream.fill(ranges, 0xff);
        stream.upload(given, values);
        quantizer.quantize(stream, given, TILES, perTile, ranges, integers, error);
        quantizer.restore(stream, integers, TILES, perTile, ranges, restored);
        stream.download(found, restored);
        stream.download(word, error);
        stream.synchronize();
        require(word.get(ValueLayout.JAVA_INT, 0) == 0, "finite latents are taken for others");
        long tileBytes = bytes / TILES;
        for (int i = 0; i < TILES; i++) {
          MemorySegment expected = expected(spec, values.asSlice(i * tileBytes, tileBytes));
          long at = expected.mismatch(found.asSlice(i * tileBytes, tileBytes));
          require(at < 0, "tile " + i + " comes back otherwise than on the CPU at byte " + at);
        }
        values.setAtIndex(ValueLayout.JAVA_FLOAT, latents.length - 1, Float.NaN);
        stream.upload(given, values);
        quantizer.quantize(stream, given, TILES, perTile, ranges, integers, error);
        stream.download(word, error);
        stream.synchronize();
        require(word.get(ValueLayout.JAVA_INT, 0) == 1, "a latent that is no number is not seen");
      }
    }

    private static void require(boolean holds, String otherwise) {
      if (!holds) {
        throw new AssertionError(otherwise);
      }
    }
  }
}
