package dev.tessera.cuda.backend;

import dev.tessera.codec.ChunkBox;
import dev.tessera.cuda.CudaPipelineGeometry;
import dev.tessera.pipeline.ChunkFormat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Chunks of a batch that one launch codes: of one format and one shape. On the device they lie one
 * after the other, {@code stride} bytes apart; the groups of a batch likewise.
 *
 * @param format what they are coded with
 * @param box their extents; that of the first of them, where slices differ
 * @param first place of the first of them among all chunks of the batch on the device
 * @param jobs their numbers in the batch
 */
record ChunkGroup(ChunkFormat format, ChunkBox box, int first, List<Integer> jobs) {
  private record Key(ChunkFormat format, int depth, int height, int width) {}

  /**
   * Sorts the jobs of a batch.
   *
   * @param included the numbers of those that the device codes
   */
  static List<ChunkGroup> of(List<ChunkJob> jobs, List<Integer> included) {
    Map<Key, List<Integer>> sorted = new LinkedHashMap<>();
    for (int i : included) {
      ChunkJob job = jobs.get(i);
      ChunkBox box = job.box();
      sorted
          .computeIfAbsent(
              new Key(job.format(), box.depth(), box.height(), box.width()),
              key -> new ArrayList<>())
          .add(i);
    }
    List<ChunkGroup> groups = new ArrayList<>();
    int first = 0;
    for (Map.Entry<Key, List<Integer>> entry : sorted.entrySet()) {
      List<Integer> numbers = entry.getValue();
      groups.add(
          new ChunkGroup(
              entry.getKey().format(), jobs.get(numbers.getFirst()).box(), first, numbers));
      first += numbers.size();
    }
    return groups;
  }

  /** Number of chunks. */
  int count() {
    return jobs.size();
  }

  /**
   * How they lie on the device.
   *
   * @param stride bytes from one chunk's values to the next chunk's
   */
  CudaPipelineGeometry geometry(long stride) {
    return CudaPipelineGeometry.chunks(
        count(), stride / format.type().bytes(), box.depth(), box.height(), box.width());
  }

  /** Bytes of each chunk's values. */
  long chunkBytes() {
    return (long) box.values() * format.type().bytes();
  }
}
