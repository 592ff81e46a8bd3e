package dev.tessera.cuda;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.CompactRans;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.Rans;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A batch of random symbols on the host, and what the CPU's coders make of it.
 *
 * @param tiles number of tiles
 * @param spec how it is coded, with 32-bit symbols
 * @param symbols tiles × channels × height × width
 * @param indexes table of every symbol, or null
 */
record RansCheckBatch(int tiles, CudaRansSpec spec, int[] symbols, int[] indexes) {
  private static final int TOTAL = 1 << CdfTables.PRECISION;
  private static final int[] TABLE_LENGTHS = {2, 3, 4, 9, 34, 40, 40, 40, 300, 4096};
  private static final int INDEXED_TABLES = 16;

  /**
   * Extents of a batch.
   *
   * @param p channels of a stream
   * @param rows rows of a stream
   */
  record Shape(int tiles, int channels, int height, int width, int p, int rows) {
    StreamLayout layout() {
      return new StreamLayout(channels, height, width, p, rows);
    }
  }

  /** The CPU's streams: all bytes one after the other, and the length of each. */
  record Streams(byte[] bytes, long[] lengths) {}

  /** Symbols drawn from random tables, a third of the channels all zero. */
  static RansCheckBatch random(
      Shape shape, SplittableRandom random, boolean compatible, boolean indexed) {
    CdfTables tables = tables(indexed ? INDEXED_TABLES : shape.channels, random);
    int[] symbols = new int[shape.layout().symbols() * shape.tiles];
    int[] indexes = indexed ? random.ints(symbols.length, 0, tables.count()).toArray() : null;
    int plane = shape.height * shape.width;
    for (int i = 0; i < symbols.length; i += plane) {
      if (random.nextInt(3) > 0) {
        for (int k = i; k < i + plane; k++) {
          symbols[k] = draw(tables, indexed ? indexes[k] : i / plane % shape.channels, random);
        }
      }
    }
    CudaRansSpec spec =
        compatible
            ? CudaRansSpec.compatible(shape.layout(), tables)
            : CudaRansSpec.compact(shape.layout(), scheme(shape, tables, random, indexed));
    return new RansCheckBatch(shape.tiles, indexed ? spec.withIndexes() : spec, symbols, indexes);
  }

  private static CompactScheme scheme(
      Shape shape, CdfTables tables, SplittableRandom random, boolean indexed) {
    int channels = shape.channels;
    ChannelOrder order =
        switch (random.nextInt(indexed ? 2 : 4)) {
          case 0 -> ChannelOrder.identity(channels);
          case 1 -> ChannelOrder.of(shuffled(channels, random));
          case 2 -> ChannelOrder.activeFirst(tables, channels);
          default -> ChannelOrder.activeFirst(tables, channels).dealt(shape.p);
        };
    ZeroFlags flags =
        random.nextInt(3) == 0
            ? ZeroFlags.stored(random.ints(channels, 1, TOTAL).toArray())
            : ZeroFlags.DERIVED;
    return new CompactScheme(tables, order, flags);
  }

  private static int[] shuffled(int count, SplittableRandom random) {
    int[] order = IntStream.range(0, count).toArray();
    for (int i = count - 1; i > 0; i--) {
      int k = random.nextInt(i + 1);
      int held = order[i];
      order[i] = order[k];
      order[k] = held;
    }
    return order;
  }

  /** Double-sided exponential distributions of random lengths, widths and centres. */
  static CdfTables tables(int count, SplittableRandom random) {
    int[][] cdfs = new int[count][];
    int[] offsets = new int[count];
    for (int t = 0; t < count; t++) {
      int length = TABLE_LENGTHS[random.nextInt(TABLE_LENGTHS.length)];
      offsets[t] = random.nextInt(10) == 0 ? random.nextInt() : -random.nextInt(length);
      int centre = random.nextInt(length);
      double decay = 0.3 + 10 * random.nextDouble() * random.nextDouble();
      double[] weights = new double[length - 1];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = Math.exp(-Math.abs(i - centre) / decay);
      }
      double sum = Arrays.stream(weights).sum();
      cdfs[t] = new int[length];
      for (int i = 0; i < weights.length; i++) {
        cdfs[t][i + 1] = cdfs[t][i] + 1 + (int) (weights[i] / sum * (TOTAL - 2 * length));
      }
      cdfs[t][length - 1] = TOTAL;
    }
    return new CdfTables(cdfs, offsets);
  }

  private static int draw(CdfTables tables, int table, SplittableRandom random) {
    int slot = random.nextInt(TOTAL);
    int[] cdf = tables.cdf(table);
    int found = Arrays.binarySearch(cdf, slot);
    int interval = found >= 0 ? found : -found - 2;
    return interval == cdf.length - 2
        ? random.nextInt() >> random.nextInt(32)
        : tables.offset(table) + interval;
  }

  RansCheckBatch withSymbols(int[] others) {
    return new RansCheckBatch(tiles, spec, others, indexes);
  }

  RansCheckBatch withSpec(CudaRansSpec other) {
    return new RansCheckBatch(tiles, other, symbols, indexes);
  }

  /** The first tiles of the batch. */
  RansCheckBatch first(int count) {
    int n = count * spec.layout().symbols();
    return new RansCheckBatch(
        count, spec, Arrays.copyOf(symbols, n), indexes == null ? null : Arrays.copyOf(indexes, n));
  }

  int streams() {
    return tiles * spec.layout().streams();
  }

  /** What stands in device memory for the symbols, in the spec's type. */
  byte[] deviceSymbols() {
    ByteBuffer bytes =
        ByteBuffer.allocate(symbols.length * spec.type().bytes()).order(ByteOrder.LITTLE_ENDIAN);
    float[] medians = spec.medians();
    int plane = spec.layout().height() * spec.layout().width();
    for (int i = 0; i < symbols.length; i++) {
      float latent = medians == null ? 0 : symbols[i] + medians[i / plane % medians.length];
      switch (spec.type()) {
        case INT32 -> bytes.putInt(symbols[i]);
        case INT16 -> bytes.putShort((short) symbols[i]);
        case FLOAT32 -> bytes.putFloat(latent);
        case FLOAT16 -> bytes.putShort(Float.floatToFloat16(latent));
      }
    }
    return bytes.array();
  }

  /** The indexes in 16 bits. */
  byte[] deviceIndexes() {
    ByteBuffer bytes = ByteBuffer.allocate(2 * indexes.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int index : indexes) {
      bytes.putShort((short) index);
    }
    return bytes.array();
  }

  /** What the CPU's encoder writes. */
  Streams encode() {
    CompactRans.Encoder compact = new CompactRans.Encoder();
    Rans.Encoder wide = new Rans.Encoder();
    long bound = spec.wordsBound() * spec.wordBytes() * streams();
    byte[] all = new byte[Math.toIntExact(Math.min(bound, 64L * symbols.length + 4096))];
    MemorySegment target = MemorySegment.ofArray(all);
    StreamLayout layout = spec.layout();
    long[] lengths = new long[streams()];
    int at = 0;
    for (int i = 0; i < lengths.length; i++) {
      int base = i / layout.streams() * layout.symbols();
      int stream = i % layout.streams();
      if (spec.isCompatible()) {
        lengths[i] = wide.encode(symbols, base, indexes, layout, stream, spec.tables());
        wide.copyTo(target, at);
      } else {
        lengths[i] = compact.encode(symbols, base, indexes, layout, stream, spec.scheme());
        compact.copyTo(target, at);
      }
      at += (int) lengths[i];
    }
    return new Streams(Arrays.copyOf(all, at), lengths);
  }

  /**
   * Decodes streams on the CPU.
   *
   * @param to takes the symbols; those of damaged streams are undefined
   * @return which streams are good
   */
  boolean[] decode(byte[] bytes, long[] lengths, int[] to) {
    CompactRans.Decoder compact = new CompactRans.Decoder();
    Rans.Decoder wide = new Rans.Decoder();
    MemorySegment data = MemorySegment.ofArray(bytes);
    StreamLayout layout = spec.layout();
    boolean[] good = new boolean[lengths.length];
    long at = 0;
    for (int i = 0; i < lengths.length; i++) {
      int base = i / layout.streams() * layout.symbols();
      int stream = i % layout.streams();
      try {
        if (spec.isCompatible()) {
          wide.decode(data, at, lengths[i], to, base, indexes, layout, stream, spec.tables());
        } else {
          compact.decode(data, at, lengths[i], to, base, indexes, layout, stream, spec.scheme());
        }
        good[i] = true;
      } catch (TesseraException.Corrupt e) {
        good[i] = false;
      }
      at += lengths[i];
    }
    return good;
  }

  /** The check of a tile's symbols. */
  int check(int tile) {
    int count = spec.layout().symbols();
    return SymbolCheck.of(symbols, tile * count, count, spec.checkBase());
  }

  /** Whether two batches hold the same symbols in all places of a stream. */
  boolean sameStream(int stream, int[] one, int[] other) {
    StreamLayout layout = spec.layout();
    var region = layout.region(stream % layout.streams());
    int base = stream / layout.streams() * layout.symbols();
    for (int k = 0; k < region.channels(); k++) {
      int place = region.firstChannel() + k;
      int channel = spec.isCompatible() ? place : spec.scheme().order().channel(place);
      int from = base + (channel * layout.height() + region.firstRow()) * layout.width();
      int to = from + region.rows() * layout.width();
      if (!Arrays.equals(one, from, to, other, from, to)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return "%d tiles of %s, %s, %s%s"
        .formatted(
            tiles,
            spec.layout(),
            spec.isCompatible() ? "compatible" : "compact",
            spec.type(),
            indexes == null ? "" : ", indexed");
  }

  /** Symbols from 32-bit integers as they stand in device memory. */
  static int[] ints(byte[] bytes) {
    return MemorySegment.ofArray(bytes)
        .toArray(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
  }
}
