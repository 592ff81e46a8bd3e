package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.DataType;
import dev.tessera.pipeline.ChunkCoder;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/** One field through one pipeline on both devices: the same chunks, the same values. */
final class PipelineComparison {
  private static final int DAMAGED = 24;

  /** The form of a chunk that holds its values as they are. */
  private static final byte PLAIN = 1;

  /** The cut of a field: its extents and a chunk's. */
  record Cut(int depth, int height, int width, int chunkZ, int chunkY, int chunkX) {
    CudaPipelineGeometry geometry() {
      return CudaPipelineGeometry.field(depth, height, width, chunkZ, chunkY, chunkX);
    }
  }

  /**
   * A field that is coded on both.
   *
   * @param oddOneIn one value of so many is a strange one, or the fill value if there is one; 0:
   *     none
   * @param fill the fill value; NaN: none
   * @param size factor of the values of floating-point types
   */
  record FieldCheck(String pipeline, DataType type, Cut cut, int oddOneIn, double fill, double size)
      implements SelfTest.Check {
    @Override
    public String name() {
      return "pipeline: %s of %s %d×%d×%d%s%s"
          .formatted(
              pipeline,
              type.code(),
              cut.depth,
              cut.height,
              cut.width,
              Double.isNaN(fill) ? "" : ", fill " + fill,
              size == 1 ? "" : ", times " + size);
    }

    @Override
    public void run(CudaContext context) {
      try (Arena arena = Arena.ofConfined();
          CudaStream stream = context.newStream();
          DeviceArena device = context.newArena(1 << 22)) {
        new PipelineComparison(this, context, stream, device, arena).run();
      }
    }

    OptionalLong fillBits() {
      return Double.isNaN(fill) ? OptionalLong.empty() : OptionalLong.of(type.bitsOf(fill));
    }
  }

  private final FieldCheck check;
  private final CudaStream stream;
  private final Arena host;
  private final CudaPipelineGeometry geometry;
  private final MemorySegment values;
  private final ChunkFormat format;
  private final CudaPipeline pipeline;
  private final DeviceBuffer maps;
  private final DeviceBuffer valuesDev;
  private final CudaPipelineChunks chunks;
  private final PipelineSpec spec;
  private final SplittableRandom random = new SplittableRandom(8);

  PipelineComparison(
      FieldCheck check, CudaContext context, CudaStream stream, DeviceArena device, Arena host) {
    this.check = check;
    this.stream = stream;
    this.host = host;
    geometry = check.cut.geometry();
    spec = PipelineSpec.parse(check.pipeline);
    values = field();
    format = format();
    pipeline = new CudaPipeline(context, format);
    valuesDev = device.allocate(values.byteSize());
    maps = maps(device);
    // the worst of chunks is a little longer than its values
    chunks = CudaPipelineChunks.allocate(device, geometry, values.byteSize() * 4 + (1 << 16));
  }

  private MemorySegment field() {
    DataType type = check.type;
    MemorySegment field = host.allocate(geometry.span() * type.bytes(), Long.BYTES);
    double amplitude = type.isFloat() ? 3 * check.size : Math.min(1e9, type.max() * 0.7);
    long i = 0;
    for (int z = 0; z < geometry.depth(); z++) {
      for (int y = 0; y < geometry.height(); y++) {
        for (int x = 0; x < geometry.width(); x++, i++) {
          double wave = Math.sin(0.05 * x) * Math.cos(0.07 * y) * Math.sin(0.11 * z + 1);
          double value = amplitude * (0.9 * wave + 0.1 * (random.nextDouble() - 0.5));
          value = isNormalized() ? special(z, Math.abs(value), amplitude) : value;
          type.setBits(field, i, type.bitsOf(type.min() < 0 ? value : Math.abs(value)));
          if (check.oddOneIn > 0 && random.nextInt(check.oddOneIn) == 0) {
            type.setBits(field, i, odd());
          }
        }
      }
    }
    return field;
  }

  private boolean isNormalized() {
    return !spec.appliedNormalizer().stages().isEmpty();
  }

  /** Planes of one value, and of none that logarithms take, among planes that differ in level. */
  private static double special(int z, double value, double amplitude) {
    return switch (z % 7) {
      case 3 -> amplitude / 4;
      case 5 -> -amplitude;
      default -> value * (1 + z % 7 * 0.05);
    };
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
    // over values of ordinary size, so that the others are odd
    MemorySegment ordinary = host.allocate(values.byteSize(), Long.BYTES).copyFrom(values);
    for (long i = 0; i < geometry.span(); i++) {
      double size = Math.abs(check.type.valueOf(check.type.getBits(values, i)));
      if (check.type.isFloat() && !(size < 1e6 * check.size)) {
        check.type.setBits(ordinary, i, check.type.bitsOf(check.size));
      }
    }
    Normalizer normalizer = isNormalized() ? normalizer(ordinary) : null;
    QuantizationFit fit = new QuantizationFit(spec, check.type, normalizer);
    check.fillBits().ifPresent(fit::exclude);
    for (int z = 0; z < geometry.depth(); z++) {
      fit.accept(ordinary, z * planeValues(), planeValues(), z);
    }
    return new ChunkFormat(
        check.type, normalizer, fit.finish(), spec.predictor(), spec.encoder(), check.fillBits());
  }

  private long planeValues() {
    return (long) geometry.height() * geometry.width();
  }

  private Normalizer normalizer(MemorySegment ordinary) {
    NormalizerSpec stages = spec.appliedNormalizer();
    Normalizer.Fit fit = stages.fit(check.type, geometry.depth());
    double[] plane = new double[(int) planeValues()];
    for (int z = 0; z < geometry.depth(); z++) {
      check.type.read(ordinary, z * planeValues(), plane, plane.length);
      double[] kept = Arrays.stream(plane).filter(fit::inDomain).toArray();
      fit.accept(z, kept, kept.length);
    }
    return fit.finish();
  }

  private DeviceBuffer maps(DeviceArena device) {
    if (!CudaPlaneMaps.needed(format)) {
      return null;
    }
    MemorySegment table = host.allocate(CudaPlaneMaps.bytes(geometry), Double.BYTES);
    CudaPlaneMaps.put(table, 0, format.normalizer(), 0, geometry.depth());
    DeviceBuffer buffer = device.allocate(table.byteSize());
    stream.upload(buffer, table);
    stream.synchronize();
    return buffer;
  }

  void run() {
    stream.upload(valuesDev, values);
    stream.fill(chunks.words(), 0xA5);
    pipeline.encode(stream, geometry, valuesDev, maps, chunks);
    MemorySegment words = download(chunks.words());
    MemorySegment starts = download(chunks.starts());
    MemorySegment sizes = download(chunks.sizes());
    int[] checks = ints(chunks.checks());
    requireNoError("encoding");
    stream.fill(valuesDev, 0x5A);
    pipeline.decode(stream, geometry, chunks, maps, valuesDev);
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
    coder.encode(chunk, box.depth, box.height, box.width, box.z);
    byte[] expected = coder.toByteArray();
    if (expected[0] == PLAIN) {
      return;
    }
    long difference = bytes.mismatch(MemorySegment.ofArray(expected));
    RuntimeChecks.require(difference < 0, "chunk %d differs at byte %d".formatted(i, difference));
    RuntimeChecks.require(
        SymbolCheck.fold(sum) == coder.check(), "the check of chunk " + i + " differs");
    MemorySegment again = host.allocate(chunk.byteSize(), Long.BYTES);
    coder.decode(MemorySegment.ofArray(expected), box.depth, box.height, box.width, box.z, again);
    long wrong = again.mismatch(box.of(restored, geometry, check.type, host));
    RuntimeChecks.require(wrong < 0, "a value of chunk %d differs at byte %d".formatted(i, wrong));
  }

  /** Damaged words must neither crash nor hang. */
  private void damage(MemorySegment words) {
    long used = Math.min(words.byteSize(), 4096) / Integer.BYTES;
    for (int i = 0; i < DAMAGED; i++) {
      MemorySegment bad = host.allocate(words.byteSize(), Long.BYTES).copyFrom(words);
      long at = random.nextLong(used);
      bad.setAtIndex(JAVA_INT, at, bad.getAtIndex(JAVA_INT, at) ^ 1 << random.nextInt(32));
      stream.upload(chunks.words(), bad);
      pipeline.decode(stream, geometry, chunks, maps, valuesDev);
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
