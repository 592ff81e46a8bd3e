package dev.tessera.cuda;

import static dev.tessera.cuda.RuntimeChecks.require;

import dev.tessera.cuda.RansCheckBatch.Shape;
import dev.tessera.cuda.RansCheckBatch.Streams;
import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Checks of how {@link CudaRansStreams} takes streams from elsewhere, good and bad. */
final class RansStreamChecks {
  private RansStreamChecks() {}

  static byte[] bytes(int count, Consumer<ByteBuffer> writer) {
    ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    writer.accept(buffer);
    return buffer.array();
  }

  /** Side information and latents as in a container: tile by tile, one after the other. */
  static void interleaved(CudaContext context) {
    SplittableRandom random = new SplittableRandom(21);
    for (boolean compatible : new boolean[] {false, true}) {
      RansCheckBatch side =
          RansCheckBatch.random(new Shape(6, 9, 2, 2, 4, 2), random, compatible, false);
      RansCheckBatch latent =
          RansCheckBatch.random(new Shape(6, 24, 8, 8, 8, 5), random, compatible, true);
      int perTile = side.spec().layout().streams() + latent.spec().layout().streams();
      long[] lengths = new long[6 * perTile];
      byte[] all = merge(side, latent, lengths);
      try (RansCheckDevice one = new RansCheckDevice(context, side);
          RansCheckDevice other = new RansCheckDevice(context, latent)) {
        DeviceBuffer data = one.guarded(all.length);
        one.upload(data, all);
        decodeLoaded(one, side, data, lengths, perTile, 0);
        decodeLoaded(other, latent, data, lengths, perTile, side.spec().layout().streams());
      }
    }
  }

  private static byte[] merge(RansCheckBatch first, RansCheckBatch second, long[] lengths) {
    Streams a = first.encode();
    Streams b = second.encode();
    ByteBuffer all = ByteBuffer.allocate(a.bytes().length + b.bytes().length);
    int perA = first.spec().layout().streams();
    int perB = second.spec().layout().streams();
    int fromA = 0;
    int fromB = 0;
    for (int tile = 0, i = 0; tile < first.tiles(); tile++) {
      for (int s = 0; s < perA; s++, i++) {
        lengths[i] = a.lengths()[tile * perA + s];
        all.put(a.bytes(), fromA, (int) lengths[i]);
        fromA += (int) lengths[i];
      }
      for (int s = 0; s < perB; s++, i++) {
        lengths[i] = b.lengths()[tile * perB + s];
        all.put(b.bytes(), fromB, (int) lengths[i]);
        fromB += (int) lengths[i];
      }
    }
    return all.array();
  }

  private static void decodeLoaded(
      RansCheckDevice device,
      RansCheckBatch batch,
      DeviceBuffer data,
      long[] lengths,
      int perTile,
      int first) {
    device.streams.load(device.stream, batch.tiles(), data, lengths, perTile, first);
    device.coder.decode(device.stream, device.streams, device.indexes, device.decoded, true);
    device.requireDecoded(batch);
    device.requireChecks(batch, "among other streams");
  }

  static void deviceLengths(CudaContext context) {
    SplittableRandom random = new SplittableRandom(22);
    for (Shape shape : RansChecks.SHAPES) {
      for (boolean compatible : new boolean[] {false, true}) {
        RansCheckBatch batch = RansCheckBatch.random(shape, random, compatible, false);
        Streams streams = batch.encode();
        int wordBytes = batch.spec().wordBytes();
        try (RansCheckDevice device = new RansCheckDevice(context, batch)) {
          DeviceBuffer data = device.guarded(streams.bytes().length);
          DeviceBuffer words = device.guarded(4L * batch.streams());
          device.upload(data, streams.bytes());
          device.upload(
              words,
              bytes(
                  4 * batch.streams(),
                  to ->
                      Arrays.stream(streams.lengths())
                          .forEach(length -> to.putInt((int) length / wordBytes))));
          device.streams.load(device.stream, batch.tiles(), data, words);
          device.coder.decode(device.stream, device.streams, null, device.decoded, true);
          device.requireStreams(batch, streams);
          device.requireDecoded(batch);
          device.requireChecks(batch, "with lengths on the device");
        }
      }
    }
  }

  static void shortage(CudaContext context) {
    SplittableRandom random = new SplittableRandom(23);
    for (boolean compatible : new boolean[] {false, true}) {
      RansCheckBatch batch =
          RansCheckBatch.random(new Shape(20, 24, 8, 8, 8, 8), random, compatible, false);
      Streams expected = batch.encode();
      long room = expected.bytes().length / 2 / 4 * 4;
      try (RansCheckDevice device = new RansCheckDevice(context, batch, room)) {
        device.coder.encode(device.stream, device.symbols, null, device.streams, 20, false);
        String message = RansChecks.failure(device, TesseraException.Unsupported.class);
        require(message.contains(" " + expected.bytes().length + " bytes"), message);
        require(device.streams.bytes() == expected.bytes().length, "the need is not told");
        byte[] packed = device.download(device.streams.packed());
        int held = Arrays.mismatch(packed, expected.bytes());
        require(held < 0 || held > room - expected.bytes().length / 60, "streams that fit differ");
      }
    }
  }

  /** Noise, changed words and shifted lengths: the GPU must find what the CPU finds. */
  static void damage(CudaContext context) {
    SplittableRandom random = new SplittableRandom(24);
    for (Shape shape : RansChecks.SHAPES) {
      for (int kind = 0; kind < 8; kind++) {
        RansCheckBatch batch =
            RansCheckBatch.random(shape, random, kind % 2 == 0, random.nextInt(4) == 0);
        Streams streams = batch.encode();
        byte[] bytes = streams.bytes().clone();
        long[] lengths = streams.lengths().clone();
        damage(bytes, lengths, kind / 2, batch.spec().wordBytes(), random);
        compare(context, batch, bytes, lengths);
      }
    }
  }

  private static void damage(
      byte[] bytes, long[] lengths, int kind, int wordBytes, SplittableRandom random) {
    int stream = random.nextInt(lengths.length);
    switch (kind) {
      case 0 -> random.nextBytes(bytes);
      case 1 -> {
        for (int i = 0; i < 3 && bytes.length > 0; i++) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
      }
      case 2 -> lengths[stream] -= Math.min(lengths[stream], wordBytes); // all later ones move
      default -> {
        // a word goes from one stream to the next
        if (stream + 1 < lengths.length && lengths[stream] > 0) {
          lengths[stream] -= wordBytes;
          lengths[stream + 1] += wordBytes;
        }
      }
    }
  }

  private static void compare(
      CudaContext context, RansCheckBatch batch, byte[] bytes, long[] lengths) {
    int[] expected = new int[batch.symbols().length];
    boolean[] good = batch.decode(bytes, lengths, expected);
    int firstBad = 0;
    while (firstBad < good.length && good[firstBad]) {
      firstBad++;
    }
    try (RansCheckDevice device = new RansCheckDevice(context, batch)) {
      DeviceBuffer data = device.guarded(bytes.length);
      device.upload(data, bytes);
      try {
        device.streams.load(device.stream, batch.tiles(), data, lengths, perTile(batch), 0);
      } catch (TesseraException.Corrupt e) {
        require(firstBad < good.length, "good lengths were refused: " + e.getMessage());
        return;
      }
      device.coder.decode(device.stream, device.streams, device.indexes, device.decoded, true);
      if (firstBad == good.length) {
        device.streams.finish(device.stream);
      } else {
        String message = RansChecks.failure(device, TesseraException.Corrupt.class);
        String place =
            "number %d of tile %d ".formatted(firstBad % perTile(batch), firstBad / perTile(batch));
        require(
            message.contains(place),
            "stream %s is the first bad one: %s; %s".formatted(place, message, batch));
      }
      int[] decoded = RansCheckBatch.ints(device.download(device.decoded));
      for (int i = 0; i < good.length; i++) {
        require(
            !good[i] || batch.sameStream(i, decoded, expected),
            "stream %d decodes to other symbols: %s".formatted(i, batch));
      }
      device.requireGuards(device.decoded, batch);
      decodeBeforeOtherBytes(device, data, decoded, batch);
    }
  }

  // what lies behind the streams makes no difference
  private static void decodeBeforeOtherBytes(
      RansCheckDevice device, DeviceBuffer data, int[] decoded, RansCheckBatch batch) {
    int guard = RansCheckDevice.GUARD;
    device.stream.fill(new DeviceBuffer(data.address() + data.bytes(), guard), 0);
    device.stream.fill(new DeviceBuffer(data.address() - guard, guard), 0);
    device.coder.decode(device.stream, device.streams, device.indexes, device.decoded, false);
    require(
        Arrays.equals(RansCheckBatch.ints(device.download(device.decoded)), decoded),
        "bytes outside of the streams are read: " + batch);
  }

  private static int perTile(RansCheckBatch batch) {
    return batch.spec().layout().streams();
  }

  /** Lengths on the device that no host has looked at, and data that is shorter than they say. */
  static void impossibleLengths(CudaContext context) {
    SplittableRandom random = new SplittableRandom(25);
    for (int i = 0; i < 12; i++) {
      RansCheckBatch batch =
          RansCheckBatch.random(new Shape(5, 24, 4, 4, 7, 3), random, i % 2 == 0, i % 3 == 0);
      Streams streams = batch.encode();
      int wordBytes = batch.spec().wordBytes();
      int victim = random.nextInt(batch.streams());
      int wrong =
          switch (i % 4) {
            case 0 -> -1;
            case 1 -> random.nextInt(1 << 30, Integer.MAX_VALUE);
            case 2 -> (int) batch.spec().wordsBound() + 1;
            default -> streams.bytes().length / wordBytes + 1;
          };
      try (RansCheckDevice device = new RansCheckDevice(context, batch)) {
        DeviceBuffer data = device.guarded(streams.bytes().length);
        DeviceBuffer words = device.guarded(4L * batch.streams());
        device.upload(data, streams.bytes());
        device.upload(
            words,
            bytes(
                4 * batch.streams(),
                to -> {
                  for (int s = 0; s < batch.streams(); s++) {
                    to.putInt(s == victim ? wrong : (int) streams.lengths()[s] / wordBytes);
                  }
                }));
        device.streams.load(device.stream, batch.tiles(), data, words);
        device.coder.decode(device.stream, device.streams, device.indexes, device.decoded, true);
        String message = RansChecks.failure(device, TesseraException.Corrupt.class);
        String place =
            "number %d of tile %d ".formatted(victim % perTile(batch), victim / perTile(batch));
        require(message.contains(place), "stream %s has no length: %s".formatted(place, message));
        device.requireGuards(device.decoded, batch);
      }
    }
  }

  /** More than 2^32 symbols, bytes of slots, and offsets; as far as there is memory for it. */
  static void large(CudaContext context) {
    StreamLayout layout = new StreamLayout(192, 16, 16, 64, 16);
    CdfTables tables = RansCheckBatch.tables(192, new SplittableRandom(26));
    CudaRansSpec spec = CudaRansSpec.compact(layout, CompactScheme.plain(tables, 192)).withShorts();
    int tiles = (int) ((1L << 32) / layout.symbols()) + 3;
    RansCheckBatch last =
        RansCheckBatch.random(
            new Shape(1, 192, 16, 16, 64, 16), new SplittableRandom(26), false, false);
    int[] shorts = Arrays.stream(last.symbols()).map(s -> (short) s).toArray();
    RansCheckBatch tail = new RansCheckBatch(1, spec, shorts, null);
    long symbolBytes = 2L * layout.symbols() * tiles;
    long gap = 5L << 30;
    if (context.freeMemory() < 5 * symbolBytes + gap) {
      return;
    }
    try (CudaStream stream = context.newStream();
        DeviceArena arena = context.newArena(1 << 20);
        PinnedArena pinned = context.newPinnedArena(1 << 20)) {
      CudaRans coder = new CudaRans(stream, arena, new CudaRansTables(stream, arena, tables), spec);
      CudaRansStreams streams = coder.allocate(stream, arena, pinned, tiles, 1 << 24);
      DeviceBuffer symbols = arena.allocate(symbolBytes);
      stream.fill(symbols, 0);
      byte[] tailBytes = tail.deviceSymbols();
      DeviceBuffer tail_dev = symbols.slice(symbolBytes - tailBytes.length, tailBytes.length);
      var host = pinned.allocate(tailBytes.length);
      host.copyFrom(MemorySegment.ofArray(tailBytes));
      stream.upload(tail_dev, host);
      coder.encode(stream, symbols, null, streams, tiles, true);
      streams.finish(stream);
      Streams expected = tail.encode();
      long bytes = streams.bytes();
      require(streams.check(tiles - 1) == tail.check(0), "the last tile's check is wrong");
      requireTail(stream, pinned, streams, expected, tiles);
      // the same streams 5 GB further on
      DeviceBuffer data = arena.allocate(gap + bytes);
      stream.copy(data.slice(gap, bytes), streams.packed().slice(0, bytes));
      long[] lengths = new long[4 * tiles];
      lengths[0] = gap;
      for (int i = 0; i < 3 * tiles; i++) {
        lengths[i / 3 * 4 + i % 3 + 1] = streams.streamBytes(i);
      }
      streams.load(stream, tiles, data, lengths, 4, 1);
      stream.fill(symbols, 0x77);
      coder.decode(stream, streams, null, symbols, true);
      streams.finish(stream);
      require(streams.check(tiles - 1) == tail.check(0), "the last tile's check is wrong");
      stream.download(host, tail_dev);
      stream.synchronize();
      require(
          Arrays.equals(host.toArray(ValueLayout.JAVA_BYTE), tailBytes),
          "the last tile comes back with other symbols");
    }
  }

  private static void requireTail(
      CudaStream stream, PinnedArena pinned, CudaRansStreams streams, Streams expected, int tiles) {
    for (int s = 0; s < 3; s++) {
      require(
          streams.streamBytes(3L * (tiles - 1) + s) == expected.lengths()[s],
          "a stream of the last tile has another length");
    }
    int count = expected.bytes().length;
    var packed = pinned.allocate(count);
    stream.download(packed, streams.packed().slice(streams.bytes() - count, count));
    stream.synchronize();
    require(
        Arrays.equals(packed.toArray(ValueLayout.JAVA_BYTE), expected.bytes()),
        "the last tile's streams differ");
  }

  static void mistakes(CudaContext context) {
    RansCheckBatch batch = new RansCheckBatch(2, RansChecks.plainSpec(), new int[48], null);
    try (RansCheckDevice device = new RansCheckDevice(context, batch);
        RansCheckDevice other = new RansCheckDevice(context, batch)) {
      CudaRans coder = device.coder;
      DeviceBuffer good = device.symbols;
      refuse(() -> coder.encode(device.stream, good, null, other.streams, 2, false));
      refuse(() -> coder.encode(device.stream, good, null, device.streams, 3, false));
      refuse(() -> coder.encode(device.stream, good, null, device.streams, 0, false));
      refuse(() -> coder.encode(device.stream, good.slice(0, 188), null, device.streams, 2, false));
      refuse(() -> coder.encode(device.stream, good, good, device.streams, 2, false));
      refuse(() -> coder.decode(device.stream, device.streams, null, good.slice(4, 188), false));
      refuse(() -> device.streams.load(device.stream, 2, good, new long[3], 2, 0));
      refuse(() -> device.streams.load(device.stream, 2, good, new long[4], 2, 1));
      refuse(() -> device.streams.load(device.stream, 2, good.slice(2, 8), new long[4], 2, 0));
      CudaRansStreams decoding =
          coder.allocateForDecoding(device.stream, device.arena, device.pinned, 2);
      refuse(() -> coder.encode(device.stream, good, null, decoding, 2, false));
      for (long[] wrong :
          new long[][] {{8, 8, 8, -4}, {8, 8, 8, 9}, {8, 8, 8, 1L << 40}, {1000, 8, 8, 8}}) {
        try {
          device.streams.load(device.stream, 2, good, wrong, 2, 0);
        } catch (TesseraException.Corrupt e) {
          continue;
        }
        throw new AssertionError("lengths were taken: " + Arrays.toString(wrong));
      }
    }
  }

  private static void refuse(Runnable mistake) {
    try {
      mistake.run();
    } catch (TesseraException.Invalid e) {
      return;
    }
    throw new AssertionError("a mistake was taken");
  }

  static void baseline(CudaContext context) {
    RansCheckBatch batch =
        RansCheckBatch.random(new Shape(7, 24, 8, 8, 5, 8), new SplittableRandom(27), true, false);
    Streams expected = batch.encode();
    try (RansCheckDevice device = new RansCheckDevice(context, batch)) {
      CudaRansBaseline baseline =
          new CudaRansBaseline(
              device.stream, device.arena, batch.spec().tables(), batch.spec().layout(), 7);
      baseline.encode(device.stream, device.symbols);
      baseline.decode(device.stream, device.decoded);
      device.requireDecoded(batch);
      int[] words = RansCheckBatch.ints(device.download(baseline.lengths()));
      for (int i = 0; i < words.length; i++) {
        require(4L * words[i] == expected.lengths()[i], "stream " + i + " has another length");
      }
    }
  }
}
