package dev.tessera.cuda;

import static dev.tessera.cuda.RuntimeChecks.require;

import dev.tessera.cuda.RansCheckBatch.Shape;
import dev.tessera.cuda.RansCheckBatch.Streams;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/** Checks of the entropy coder on the GPU against the one on the CPU, byte for byte. */
final class RansChecks {
  /**
   * Single ones, odd ones, P and rows that divide nothing, many channels, more and more streams.
   */
  static final List<Shape> SHAPES =
      List.of(
          new Shape(1, 1, 1, 1, 1, 1),
          new Shape(3, 5, 1, 1, 2, 1),
          new Shape(2, 7, 3, 5, 3, 2),
          new Shape(5, 33, 2, 3, 8, 2),
          new Shape(9, 24, 8, 8, 24, 3),
          new Shape(2, 192, 8, 8, 64, 8),
          new Shape(1, 320, 4, 6, 400, 1),
          new Shape(111, 40, 2, 3, 4, 2),
          new Shape(33, 65, 16, 16, 1, 16),
          new Shape(700, 48, 2, 2, 3, 2));

  private RansChecks() {}

  private interface Body {
    void run(CudaContext context) throws Exception;
  }

  private record Named(String name, Body body) implements SelfTest.Check {
    @Override
    public void run(CudaContext context) throws Exception {
      body.run(context);
    }
  }

  static List<SelfTest.Check> all() {
    return List.of(
        new Named("rans: compact streams are the CPU's", c -> equalStreams(c, 1, false, false)),
        new Named("rans: compatible streams are the CPU's", c -> equalStreams(c, 2, true, false)),
        new Named("rans: compact, tables by index", c -> equalStreams(c, 3, false, true)),
        new Named("rans: compatible, tables by index", c -> equalStreams(c, 4, true, true)),
        new Named("rans: random shapes", RansChecks::randomShapes),
        new Named("rans: zeros and outliers", RansChecks::extremes),
        new Named("rans: 16-bit symbols", RansChecks::shorts),
        new Named("rans: latents of float32 and float16", RansChecks::latents),
        new Named("rans: latents are rounded as on the CPU", RansChecks::rounding),
        new Named("rans: impossible latents are refused", RansChecks::impossibleLatents),
        new Named("rans: batches of changing size", RansChecks::batches),
        new Named("rans: graph replay", RansChecks::replay),
        new Named("rans: streams among others", RansStreamChecks::interleaved),
        new Named("rans: lengths on the device", RansStreamChecks::deviceLengths),
        new Named("rans: too little room", RansStreamChecks::shortage),
        new Named("rans: damaged streams are found as on the CPU", RansStreamChecks::damage),
        new Named("rans: impossible lengths are refused", RansStreamChecks::impossibleLengths),
        new Named("rans: beyond 4 GB", RansStreamChecks::large),
        new Named("rans: mistakes are refused", RansStreamChecks::mistakes),
        new Named("rans: baseline", RansStreamChecks::baseline));
  }

  private static void equalStreams(
      CudaContext context, int seed, boolean compatible, boolean indexed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (Shape shape : SHAPES) {
      check(context, RansCheckBatch.random(shape, random, compatible, indexed));
    }
  }

  /** Encodes and decodes, with checks and guards. */
  static void check(CudaContext context, RansCheckBatch batch) {
    try (RansCheckDevice device = new RansCheckDevice(context, batch)) {
      CudaRans coder = device.coder;
      coder.encode(
          device.stream, device.symbols, device.indexes, device.streams, batch.tiles(), true);
      device.requireStreams(batch, batch.encode());
      device.requireChecks(batch, "after encoding");
      coder.decode(device.stream, device.streams, device.indexes, device.decoded, true);
      device.requireDecoded(batch);
      device.requireChecks(batch, "after decoding");
      device.requireGuards(device.symbols, batch);
      device.requireGuards(device.decoded, batch);
    }
  }

  private static void randomShapes(CudaContext context) {
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 40; i++) {
      Shape shape =
          new Shape(
              random.nextInt(1, 12),
              random.nextInt(1, 100),
              random.nextInt(1, 12),
              random.nextInt(1, 12),
              random.nextInt(1, 110),
              random.nextInt(1, 14));
      RansCheckBatch batch =
          RansCheckBatch.random(shape, random, random.nextBoolean(), random.nextInt(3) == 0);
      check(context, batch.withSpec(batch.spec().withCheckBase(random.nextInt(1 << 20))));
    }
  }

  private static void extremes(CudaContext context) {
    SplittableRandom random = new SplittableRandom(6);
    int[] edges = {
      Integer.MIN_VALUE, Integer.MIN_VALUE + 1, -32769, -1, 0, 1, 32768, Integer.MAX_VALUE
    };
    for (Shape shape : SHAPES) {
      for (boolean compatible : new boolean[] {false, true}) {
        RansCheckBatch batch =
            RansCheckBatch.random(shape, random, compatible, random.nextInt(4) == 0);
        int count = Math.min(batch.symbols().length, 40_000);
        RansCheckBatch few = batch.first(Math.max(1, count / batch.spec().layout().symbols()));
        int n = few.symbols().length;
        check(context, few.withSymbols(new int[n]));
        check(context, few.withSymbols(random.ints(n).toArray()));
        check(
            context, few.withSymbols(random.ints(n, 0, edges.length).map(i -> edges[i]).toArray()));
      }
    }
  }

  private static void shorts(CudaContext context) {
    SplittableRandom random = new SplittableRandom(7);
    for (Shape shape : SHAPES) {
      for (boolean compatible : new boolean[] {false, true}) {
        RansCheckBatch batch =
            RansCheckBatch.random(shape, random, compatible, random.nextInt(3) == 0);
        RansCheckBatch small = mapped(batch, symbol -> (int) (short) (int) symbol);
        check(context, small.withSpec(batch.spec().withShorts()));
      }
    }
    wideSymbolInShorts(context);
  }

  // a stream that 32-bit symbols gave does not always come back in 16 bits
  private static void wideSymbolInShorts(CudaContext context) {
    RansCheckBatch batch = new RansCheckBatch(2, plainSpec(), new int[2 * 24], null);
    batch.symbols()[30] = 40_000;
    Streams streams = batch.encode();
    RansCheckBatch narrow = batch.withSpec(batch.spec().withShorts());
    try (RansCheckDevice device = new RansCheckDevice(context, narrow)) {
      DeviceBuffer data = device.guarded(streams.bytes().length);
      device.upload(data, streams.bytes());
      device.streams.load(device.stream, 2, data, streams.lengths(), 2, 0);
      device.coder.decode(device.stream, device.streams, null, device.decoded, false);
      String message = failure(device, TesseraException.Corrupt.class);
      require(message.contains("tile 1") && message.contains("16 bits"), message);
    }
  }

  /** A tile of 4 channels × 2 × 3, in two streams. */
  static CudaRansSpec plainSpec() {
    return CudaRansSpec.compatible(
        new StreamLayout(4, 2, 3, 2, 2), RansCheckBatch.tables(4, new SplittableRandom(8)));
  }

  private static RansCheckBatch mapped(RansCheckBatch batch, Function<Integer, Integer> map) {
    return batch.withSymbols(Arrays.stream(batch.symbols()).map(map::apply).toArray());
  }

  private static void latents(CudaContext context) {
    SplittableRandom random = new SplittableRandom(9);
    for (Shape shape : SHAPES) {
      for (boolean compatible : new boolean[] {false, true}) {
        RansCheckBatch batch = RansCheckBatch.random(shape, random, compatible, false);
        // float16 holds these with eighths exactly
        RansCheckBatch small = mapped(batch, symbol -> Math.clamp(symbol, -200, 200));
        float[] medians = new float[shape.channels()];
        for (int c = 0; c < medians.length; c++) {
          medians[c] = random.nextInt(-3, 4) / 8f;
        }
        for (CudaRansType type : List.of(CudaRansType.FLOAT32, CudaRansType.FLOAT16)) {
          check(context, small.withSpec(batch.spec().withLatents(type, medians)));
        }
      }
    }
  }

  private static void rounding(CudaContext context) {
    SplittableRandom random = new SplittableRandom(10);
    RansCheckBatch batch = RansCheckBatch.random(SHAPES.get(5), random, false, false);
    float[] medians = new float[192];
    for (int c = 0; c < medians.length; c++) {
      medians[c] = random.nextInt(8) / 4f - 1 + (c % 3 == 0 ? 0.1f : 0);
    }
    for (CudaRansType type : List.of(CudaRansType.FLOAT32, CudaRansType.FLOAT16)) {
      float[] latents = new float[batch.symbols().length];
      int[] symbols = new int[latents.length];
      for (int i = 0; i < latents.length; i++) {
        // ties are frequent
        float latent = random.nextInt(-40, 40) / 4f + (i % 5 == 0 ? random.nextFloat() : 0);
        latents[i] =
            type == CudaRansType.FLOAT16
                ? Float.float16ToFloat(Float.floatToFloat16(latent))
                : latent;
        symbols[i] = (int) Math.rint(latents[i] - medians[i / 64 % 192]);
      }
      RansCheckBatch rounded =
          batch.withSymbols(symbols).withSpec(batch.spec().withLatents(type, medians));
      try (RansCheckDevice device = new RansCheckDevice(context, rounded)) {
        device.upload(device.symbols, bytes(latents, type));
        device.coder.encode(
            device.stream, device.symbols, null, device.streams, rounded.tiles(), true);
        device.requireStreams(rounded, rounded.encode());
        device.requireChecks(rounded, "after rounding");
        device.coder.decode(device.stream, device.streams, null, device.decoded, false);
        device.requireDecoded(rounded);
      }
    }
  }

  private static byte[] bytes(float[] latents, CudaRansType type) {
    return RansStreamChecks.bytes(
        latents.length * type.bytes(),
        buffer -> {
          for (float latent : latents) {
            if (type == CudaRansType.FLOAT32) {
              buffer.putFloat(latent);
            } else {
              buffer.putShort(Float.floatToFloat16(latent));
            }
          }
        });
  }

  private static void impossibleLatents(CudaContext context) {
    SplittableRandom random = new SplittableRandom(11);
    for (boolean compatible : new boolean[] {false, true}) {
      RansCheckBatch batch =
          RansCheckBatch.random(new Shape(3, 20, 4, 4, 6, 4), random, compatible, false)
              .withSymbols(new int[3 * 20 * 16]);
      CudaRansSpec spec = batch.spec().withLatents(CudaRansType.FLOAT32, new float[20]);
      RansCheckBatch zeros = batch.withSpec(spec);
      try (RansCheckDevice device = new RansCheckDevice(context, zeros)) {
        for (float bad :
            new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1e30f, 0x1p24f, -0x1p24f}) {
          float[] latents = new float[zeros.symbols().length];
          latents[2 * 320 + random.nextInt(320)] = bad;
          device.upload(device.symbols, bytes(latents, CudaRansType.FLOAT32));
          device.coder.encode(device.stream, device.symbols, null, device.streams, 3, true);
          String message = failure(device, TesseraException.Unsupported.class);
          require(message.contains("tile 2"), message);
        }
        device.upload(zeros);
        device.coder.encode(device.stream, device.symbols, null, device.streams, 3, true);
        device.requireStreams(zeros, zeros.encode()); // an error does not outlive its batch
      }
    }
  }

  /** The message of what finishing the batch throws. */
  static String failure(RansCheckDevice device, Class<? extends TesseraException> kind) {
    try {
      device.streams.finish(device.stream);
    } catch (TesseraException e) {
      require(kind.isInstance(e), e.toString());
      return e.getMessage();
    }
    throw new AssertionError("nothing was found wrong");
  }

  private static void batches(CudaContext context) {
    SplittableRandom random = new SplittableRandom(12);
    Shape shape = new Shape(40, 12, 4, 4, 4, 4);
    for (boolean indexed : new boolean[] {false, true}) {
      RansCheckBatch batch = RansCheckBatch.random(shape, random, false, indexed);
      try (RansCheckDevice device = new RansCheckDevice(context, batch)) {
        long allocations = device.arena.allocations();
        long pinned = device.pinned.allocations();
        long used = device.arena.used();
        for (int tiles : new int[] {40, 1, 39, 40, 7, 8, 3, 40}) {
          RansCheckBatch part = batch.first(tiles);
          device.upload(part);
          device.stream.fill(device.decoded, 0x33);
          device.coder.encode(
              device.stream, device.symbols, device.indexes, device.streams, tiles, true);
          device.requireStreams(part, part.encode());
          device.coder.decode(device.stream, device.streams, device.indexes, device.decoded, true);
          device.requireDecoded(part);
          device.requireChecks(part, "in a batch of another size");
        }
        require(
            device.arena.allocations() == allocations
                && device.pinned.allocations() == pinned
                && device.arena.used() == used,
            "coding allocates memory");
      }
    }
  }

  private static void replay(CudaContext context) {
    SplittableRandom random = new SplittableRandom(13);
    for (boolean compatible : new boolean[] {false, true}) {
      RansCheckBatch batch = RansCheckBatch.random(SHAPES.get(5), random, compatible, false);
      int tiles = batch.tiles();
      try (RansCheckDevice device = new RansCheckDevice(context, batch);
          CudaGraph graph =
              device.stream.capture(() -> {
                device.coder.encode(
                    device.stream, device.symbols, null, device.streams, tiles, true);
                device.coder.decode(device.stream, device.streams, null, device.decoded, true);
              })) {
        for (int i = 0; i < 3; i++) {
          int[] others = Arrays.copyOf(batch.symbols(), batch.symbols().length);
          others[random.nextInt(others.length)] += 1000 * i;
          RansCheckBatch changed = batch.withSymbols(others);
          device.upload(changed);
          device.stream.fill(device.decoded, i);
          device.stream.fill(device.streams.packed(), i);
          graph.launch(device.stream);
          device.requireStreams(changed, changed.encode());
          device.requireDecoded(changed);
          device.requireChecks(changed, "after a replay");
        }
      }
    }
  }
}
