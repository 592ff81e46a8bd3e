package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.DataType;
import dev.tessera.pipeline.ChunkCoder;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizationFit;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/** Checks that pipelines on the device make the bytes and values that the CPU makes. */
final class PipelineChecks {
  private static final int DAMAGED = 24;

  /** The form of a chunk that holds its values as they are. */
  private static final byte PLAIN = 1;

  private PipelineChecks() {}

  /** The cut of a field: its extents and a chunk's. */
  private record Cut(int depth, int height, int width, int chunkZ, int chunkY, int chunkX) {
    CudaPipelineGeometry geometry() {
      return CudaPipelineGeometry.field(depth, height, width, chunkZ, chunkY, chunkX);
    }
  }

  private static final Cut WHOLE = new Cut(32, 32, 96, 16, 32, 64);
  private static final Cut CLIPPED = new Cut(19, 37, 45, 16, 32, 32);
  private static final Cut QUADS = new Cut(17, 36, 52, 8, 32, 36);
  private static final Cut PLANE = new Cut(1, 300, 96, 1, 256, 64);
  private static final Cut PLANE_CLIPPED = new Cut(1, 131, 41, 1, 131, 33);
  private static final Cut LINE = new Cut(1, 1, 20000, 1, 1, 8192);
  private static final Cut THREE_ROWS = new Cut(1, 3, 3001, 1, 3, 2000);
  private static final Cut ONE = new Cut(1, 1, 1, 1, 1, 1);
  private static final Cut LATENT = new Cut(1, 1, 49152, 1, 1, 12288);

  static List<SelfTest.Check> all() {
    return List.of(
        field("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, WHOLE, 0),
        field("eb=rel:1e-3,lorenzo1,bitpack", DataType.FLOAT32, WHOLE, 5000),
        field("eb=rel:1e-6,lorenzo2,bitpack", DataType.FLOAT32, WHOLE, 0),
        field("eb=abs:1e-2,none,bitpack", DataType.FLOAT32, CLIPPED, 50),
        field("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, QUADS, 300),
        field("eb=rel:1e-4,lorenzo2,bitpack", DataType.FLOAT32, PLANE, 0),
        field("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, PLANE_CLIPPED, 70),
        field("eb=rel:1e-3,lorenzo1,bitpack", DataType.FLOAT32, LINE, 1000),
        field("eb=rel:1e-3,lorenzo1,bitpack", DataType.FLOAT32, THREE_ROWS, 0),
        field("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, ONE, 0),
        field("round,none,bitpack", DataType.FLOAT32, LATENT, 0),
        field("round,none,bitpack", DataType.INT32, LATENT, 0),
        field("round,lorenzo1,bitpack", DataType.INT32, CLIPPED, 90),
        field("minmax:8,reference-eb=0.8,lorenzo1,bitpack", DataType.FLOAT32, LATENT, 400),
        field("eb=pwrel:1e-3,lorenzo1,bitpack", DataType.FLOAT32, CLIPPED, 60),
        field("eb=pwrel:1e-4,lorenzo3,bitpack", DataType.FLOAT64, WHOLE, 0),
        field("eb=rel:1e-5,lorenzo3,bitpack", DataType.FLOAT64, CLIPPED, 90),
        field("eb=rel:1e-2,lorenzo3,bitpack", DataType.INT8, CLIPPED, 0),
        field("eb=abs:3,lorenzo2,bitpack", DataType.UINT8, PLANE, 0),
        field("eb=abs:20,lorenzo1,bitpack", DataType.INT16, CLIPPED, 30),
        field("eb=rel:1e-3,lorenzo1,bitpack", DataType.UINT16, THREE_ROWS, 30),
        field("eb=rel:1e-5,lorenzo3,bitpack", DataType.INT32, WHOLE, 30),
        field("eb=rel:1e-5,lorenzo3,bitpack", DataType.UINT32, CLIPPED, 30),
        field("eb=rel:1e-6,lorenzo3,bitpack", DataType.INT64, CLIPPED, 30),
        field("eb=pwrel:1e-2,lorenzo1,bitpack", DataType.INT64, CLIPPED, 0),
        new FieldCheck("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, WHOLE, 9, 1e20),
        new FieldCheck("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, WHOLE, 9, 0.25),
        new FieldCheck("eb=rel:1e-3,lorenzo2,bitpack", DataType.INT16, CLIPPED, 9, -999));
  }

  private static SelfTest.Check field(String pipeline, DataType type, Cut cut, int oddOneIn) {
    return new FieldCheck(pipeline, type, cut, oddOneIn, Double.NaN);
  }

  /**
   * A field that is coded on both.
   *
   * @param oddOneIn one value of so many is a strange one, or the fill value if there is one; 0:
   *     none
   * @param fill the fill value; NaN: none
   */
  private record FieldCheck(String pipeline, DataType type, Cut cut, int oddOneIn, double fill)
      implements SelfTest.Check {
    @Override
    public String name() {
      return "pipeline: %s of %s %d×%d×%d%s"
          .formatted(
              pipeline,
              type.code(),
              cut.depth,
              cut.height,
              cut.width,
              Double.isNaN(fill) ? "" : ", fill " + fill);
    }

    @Override
    public void run(CudaContext context) {
      try (Arena arena = Arena.ofConfined();
          CudaStream stream = context.newStream();
          DeviceArena device = context.newArena(1 << 22)) {
        new Comparison(this, context, stream, device, arena).run();
      }
    }

    OptionalLong fillBits() {
      return Double.isNaN(fill) ? OptionalLong.empty() : OptionalLong.of(type.bitsOf(fill));
    }
  }

  /** One field on both devices. */
  private static final class Comparison {
    private final FieldCheck check;
    private final CudaStream stream;
    private final Arena host;
    private final CudaPipelineGeometry geometry;
    private final MemorySegment values;
    private final ChunkFormat format;
    private final CudaPipeline pipeline;
    private final DeviceBuffer valuesDev;
    private final CudaPipelineChunks chunks;
    private final SplittableRandom random = new SplittableRandom(8);

    Comparison(
        FieldCheck check, CudaContext context, CudaStream stream, DeviceArena device, Arena host) {
      this.check = check;
      this.stream = stream;
      this.host = host;
      geometry = check.cut.geometry();
      values = field();
      format = format();
      pipeline = new CudaPipeline(context, format);
      valuesDev = device.allocate(values.byteSize());
      // the worst of chunks is a little longer than its values
      chunks = CudaPipelineChunks.allocate(device, geometry, values.byteSize() * 4 + (1 << 16));
    }

    private MemorySegment field() {
      DataType type = check.type;
      MemorySegment field = host.allocate(geometry.span() * type.bytes(), Long.BYTES);
      double amplitude = type.isFloat() ? 3 : Math.min(1e9, type.max() * 0.7);
      long i = 0;
      for (int z = 0; z < geometry.depth(); z++) {
        for (int y = 0; y < geometry.height(); y++) {
          for (int x = 0; x < geometry.width(); x++, i++) {
            double wave = Math.sin(0.05 * x) * Math.cos(0.07 * y) * Math.sin(0.11 * z + 1);
            double value = amplitude * (0.9 * wave + 0.1 * (random.nextDouble() - 0.5));
            type.setBits(field, i, type.bitsOf(type.min() < 0 ? value : Math.abs(value)));
            if (check.oddOneIn > 0 && random.nextInt(check.oddOneIn) == 0) {
              type.setBits(field, i, odd());
            }
          }
        }
      }
      return field;
    }

    private long odd() {
      if (check.fillBits().isPresent()) {
        return check.fillBits().getAsLong();
      }
      return switch (random.nextInt(4)) {
        case 0 -> check.type.bitsOf(Double.NaN);
        case 1 -> check.type.bitsOf(Double.NEGATIVE_INFINITY);
        case 2 -> check.type.bitsOf(Double.MIN_VALUE);
        default -> random.nextLong() >>> 64 - 8 * check.type.bytes();
      };
    }

    private ChunkFormat format() {
      PipelineSpec spec = PipelineSpec.parse(check.pipeline);
      QuantizationFit fit = new QuantizationFit(spec, check.type, null);
      // over values of ordinary size, so that the others are odd
      MemorySegment ordinary = host.allocate(values.byteSize(), Long.BYTES).copyFrom(values);
      for (long i = 0; i < geometry.span(); i++) {
        double size = Math.abs(check.type.valueOf(check.type.getBits(values, i)));
        if (check.type.isFloat() && !(size < 1e6)) {
          check.type.setBits(ordinary, i, check.type.bitsOf(1));
        }
      }
      check.fillBits().ifPresent(fit::exclude);
      fit.accept(ordinary, 0, geometry.span(), 0);
      Quantization numbers = fit.finish();
      return new ChunkFormat(
          check.type, null, numbers, spec.predictor(), spec.encoder(), check.fillBits());
    }

    void run() {
      stream.upload(valuesDev, values);
      stream.fill(chunks.words(), 0xA5);
      pipeline.encode(stream, geometry, valuesDev, chunks);
      MemorySegment words = download(chunks.words());
      MemorySegment starts = download(chunks.starts());
      MemorySegment sizes = download(chunks.sizes());
      int[] checks = ints(chunks.checks());
      requireNoError("encoding");
      stream.fill(valuesDev, 0x5A);
      pipeline.decode(stream, geometry, chunks, valuesDev);
      MemorySegment restored = download(valuesDev);
      requireNoError("decoding");
      RuntimeChecks.require(
          Arrays.equals(checks, ints(chunks.checks())), "the checks of decoded symbols differ");
      ChunkCoder coder = new ChunkCoder(format);
      for (int i = 0; i < geometry.chunks(); i++) {
        MemorySegment bytes =
            words.asSlice(
                starts.getAtIndex(JAVA_LONG, i) * Integer.BYTES,
                (long) sizes.getAtIndex(JAVA_INT, i) * Integer.BYTES);
        compare(i, coder, bytes, checks[i], restored);
      }
      damage(words);
    }

    private void compare(
        int i, ChunkCoder coder, MemorySegment bytes, int sum, MemorySegment restored) {
      Box box = Box.of(geometry, i);
      MemorySegment chunk = box.of(values, geometry, check.type, host);
      coder.encode(chunk, box.depth, box.height, box.width, 0);
      byte[] expected = coder.toByteArray();
      if (expected[0] == PLAIN) {
        return;
      }
      long difference = bytes.mismatch(MemorySegment.ofArray(expected));
      RuntimeChecks.require(difference < 0, "chunk %d differs at byte %d".formatted(i, difference));
      RuntimeChecks.require(
          SymbolCheck.fold(sum) == coder.check(), "the check of chunk " + i + " differs");
      MemorySegment again = host.allocate(chunk.byteSize(), Long.BYTES);
      coder.decode(MemorySegment.ofArray(expected), box.depth, box.height, box.width, 0, again);
      long wrong = again.mismatch(box.of(restored, geometry, check.type, host));
      RuntimeChecks.require(
          wrong < 0, "a value of chunk %d differs at byte %d".formatted(i, wrong));
    }

    /** Damaged words must neither crash nor hang. */
    private void damage(MemorySegment words) {
      long used = Math.min(words.byteSize(), 4096) / Integer.BYTES;
      for (int i = 0; i < DAMAGED; i++) {
        MemorySegment bad = host.allocate(words.byteSize(), Long.BYTES).copyFrom(words);
        long at = random.nextLong(used);
        bad.setAtIndex(JAVA_INT, at, bad.getAtIndex(JAVA_INT, at) ^ 1 << random.nextInt(32));
        stream.upload(chunks.words(), bad);
        pipeline.decode(stream, geometry, chunks, valuesDev);
        stream.synchronize();
      }
    }

    private void requireNoError(String what) {
      int error = ints(chunks.error())[0];
      RuntimeChecks.require(error == 0, what + " ends with error " + error);
    }

    private MemorySegment download(DeviceBuffer from) {
      MemorySegment to = host.allocate(from.bytes(), Long.BYTES);
      stream.download(to, from);
      stream.synchronize();
      return to;
    }

    private int[] ints(DeviceBuffer from) {
      return download(from).toArray(JAVA_INT);
    }
  }

  /** A chunk's place in its field. */
  private record Box(int z, int y, int x, int depth, int height, int width) {
    static Box of(CudaPipelineGeometry g, int chunk) {
      int x = chunk % g.chunksX() * g.chunkWidth();
      int y = chunk / g.chunksX() % g.chunksY() * g.chunkHeight();
      int z = chunk / g.chunksX() / g.chunksY() * g.chunkDepth();
      return new Box(
          z,
          y,
          x,
          Math.min(g.chunkDepth(), g.depth() - z),
          Math.min(g.chunkHeight(), g.height() - y),
          Math.min(g.chunkWidth(), g.width() - x));
    }

    /** A chunk's values in C order. */
    MemorySegment of(MemorySegment field, CudaPipelineGeometry g, DataType type, Arena arena) {
      long row = (long) width * type.bytes();
      MemorySegment chunk = arena.allocate(row * depth * height, Long.BYTES);
      for (int dz = 0; dz < depth; dz++) {
        for (int dy = 0; dy < height; dy++) {
          long from = ((long) (z + dz) * g.height() + y + dy) * g.width() + x;
          long to = ((long) dz * height + dy) * row;
          MemorySegment.copy(field, from * type.bytes(), chunk, to, row);
        }
      }
      return chunk;
    }
  }
}
