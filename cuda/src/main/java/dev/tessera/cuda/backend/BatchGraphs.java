package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaGraph;
import dev.tessera.cuda.CudaStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The same work for batches of different sizes. A size that comes for the first time is launched
 * kernel by kernel; when it comes again, the work is captured in a graph and from then on is one
 * launch. For one thread at a time.
 */
final class BatchGraphs implements AutoCloseable {
  private final CudaStream stream;
  private final Set<Integer> seen = new HashSet<>();
  private final Map<Integer, CudaGraph> graphs = new HashMap<>();

  BatchGraphs(CudaStream stream) {
    this.stream = stream;
  }

  /**
   * Launches the work of a batch.
   *
   * @param count the batch's size, on which alone the launches and their addresses depend
   * @param work puts it into the stream without waiting or allocating
   */
  void run(int count, Runnable work) {
    if (seen.add(count)) {
      work.run();
    } else {
      graphs.computeIfAbsent(count, size -> stream.capture(work)).launch(stream);
    }
  }

  /** Forgets all graphs, because addresses have changed. The stream must be idle. */
  void clear() {
    graphs.values().forEach(CudaGraph::close);
    graphs.clear();
    seen.clear();
  }

  @Override
  public void close() {
    clear();
  }
}
