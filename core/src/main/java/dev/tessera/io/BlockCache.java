package dev.tessera.io;

import dev.tessera.field.TesseraException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Unpacked blocks (chunks, strips, tiles) of a file, the longest unused ones dropped first when
 * they take more than a fixed number of bytes. Used by one thread at a time.
 */
final class BlockCache<K> {
  /** What an entry takes besides its bytes, roughly: millions of empty blocks count too. */
  private static final long OVERHEAD = 128;

  private final long capacity;
  private final Map<K, byte[]> blocks = new LinkedHashMap<>(16, 0.75f, true);
  private long held;

  /**
   * @param capacity bytes that are kept; a single block may take up to four times as many, but is
   *     then kept alone
   */
  BlockCache(long capacity) {
    this.capacity = capacity;
  }

  /** A cache of at most an eighth of what the heap may grow to. */
  static <K> BlockCache<K> ofHeapShare() {
    return new BlockCache<>(Runtime.getRuntime().maxMemory() / 8);
  }

  /** Unpacks a block. */
  @FunctionalInterface
  interface Loader {
    byte[] load();
  }

  /**
   * The block of a key.
   *
   * @param size bytes it takes, known beforehand
   * @throws TesseraException.Unsupported if it is too large for memory
   */
  byte[] get(K key, long size, Loader loader) {
    byte[] block = blocks.get(key);
    if (block != null) {
      return block;
    }
    if (size > Integer.MAX_VALUE - 64 || size > 4 * capacity) {
      throw new TesseraException.Unsupported(
          "the file is packed in blocks of "
              + size
              + " bytes, too large for this memory: give Java"
              + " a larger -Xmx or save the file with smaller chunks, strips or tiles");
    }
    // Room is made first, so that the old and the new blocks are never held together.
    Iterator<byte[]> oldest = blocks.values().iterator();
    while (held + size + OVERHEAD > capacity && oldest.hasNext()) {
      held -= oldest.next().length + OVERHEAD;
      oldest.remove();
    }
    block = loader.load();
    blocks.put(key, block);
    held += block.length + OVERHEAD;
    return block;
  }
}
