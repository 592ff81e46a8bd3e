package dev.tessera.entropy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Codes one stream of more than 2 GiB in each profile and decodes it. Takes 7 GB of memory and two
 * minutes, so no test does it:
 *
 * <pre>
 * java -Xmx7g -cp core/target/classes:core/target/test-classes dev.tessera.entropy.LongStreams
 * </pre>
 */
final class LongStreams {
  /** One value; whatever else is coded takes an escape and digits. */
  static final CdfTables NARROW = new CdfTables(new int[][] {{0, 65535, 65536}}, new int[] {0});

  private static final long TWO_GIB = 1L << 31;
  private static final int INTS = 334_000_000;
  private static final int SHORTS = 490_000_000;

  private LongStreams() {}

  /** Far outside the table. */
  static int symbolAt(int i) {
    int mixed = i * 0x9E3779B1;
    return (mixed ^ mixed >>> 15) | 0x40000000;
  }

  private static short shortAt(int i) {
    return (short) (0x4000 | symbolAt(i) >>> 16);
  }

  /** Takes no arguments. */
  public static void main(String[] args) {
    compatible();
    compact();
  }

  private static void compatible() {
    int[] symbols = new int[INTS];
    Arrays.setAll(symbols, LongStreams::symbolAt);
    StreamLayout layout = StreamLayout.whole(1, 1, INTS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = encode(arena, symbols, layout);
      Arrays.fill(symbols, 0);
      new Rans.Decoder().decode(data, 0, data.byteSize(), symbols, 0, null, layout, 0, NARROW);
    }
    for (int i = 0; i < INTS; i++) {
      require(symbols[i] == symbolAt(i), "the compatible profile does not restore symbol " + i);
    }
  }

  private static void compact() {
    short[] symbols = new short[SHORTS];
    for (int i = 0; i < SHORTS; i++) {
      symbols[i] = shortAt(i);
    }
    StreamLayout layout = StreamLayout.whole(1, 1, SHORTS);
    CompactScheme scheme = CompactScheme.plain(NARROW, 1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = encode(arena, symbols, layout, scheme);
      Arrays.fill(symbols, (short) 0);
      new CompactRans.Decoder()
          .decode(data, 0, data.byteSize(), symbols, 0, null, layout, 0, scheme);
    }
    for (int i = 0; i < SHORTS; i++) {
      require(symbols[i] == shortAt(i), "the compact profile does not restore symbol " + i);
    }
  }

  // in methods of their own, so that the encoders' words are free when the decoders' come
  private static MemorySegment encode(Arena arena, int[] symbols, StreamLayout layout) {
    Rans.Encoder encoder = new Rans.Encoder();
    MemorySegment data = memory(arena, encoder.encode(symbols, 0, null, layout, 0, NARROW));
    encoder.copyTo(data, 0);
    return data;
  }

  private static MemorySegment encode(
      Arena arena, short[] symbols, StreamLayout layout, CompactScheme scheme) {
    CompactRans.Encoder encoder = new CompactRans.Encoder();
    MemorySegment data = memory(arena, encoder.encode(symbols, 0, null, layout, 0, scheme));
    encoder.copyTo(data, 0);
    return data;
  }

  private static MemorySegment memory(Arena arena, long bytes) {
    System.out.println("a stream of " + bytes + " bytes");
    require(bytes > TWO_GIB, "the stream is shorter than 2 GiB");
    return arena.allocate(bytes);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }
}
