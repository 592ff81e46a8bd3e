package dev.tessera.cuda.backend;

import dev.tessera.pipeline.ChunkFormat;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;

/**
 * Coders of a lane, which keep large buffers, by the format that they are for. Any thread may use
 * it.
 *
 * @param <T> a coder
 */
final class CoderPool<T> {
  /** More formats than that are those of latents, of which each may have numbers of its own. */
  private static final int MAX_FORMATS = 64;

  private final Function<ChunkFormat, T> factory;
  private final Map<ChunkFormat, Queue<T>> idle = new ConcurrentHashMap<>();

  CoderPool(Function<ChunkFormat, T> factory) {
    this.factory = factory;
  }

  /** A coder that nobody else uses. */
  T take(ChunkFormat format) {
    Queue<T> queue = idle.get(format);
    T coder = queue == null ? null : queue.poll();
    return coder != null ? coder : factory.apply(format);
  }

  void give(ChunkFormat format, T coder) {
    if (idle.size() >= MAX_FORMATS && !idle.containsKey(format)) {
      idle.clear();
    }
    idle.computeIfAbsent(format, absent -> new ConcurrentLinkedQueue<>()).add(coder);
  }
}
