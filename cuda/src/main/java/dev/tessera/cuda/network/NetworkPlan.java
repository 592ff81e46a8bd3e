package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaStream;
import java.util.List;

/**
 * A network's launches for batches of one shape at fixed addresses. It may be captured in a graph.
 *
 * @param steps its layers, in order
 */
public record NetworkPlan(List<Step> steps) {
  /** Keeps an own list. */
  public NetworkPlan {
    steps = List.copyOf(steps);
  }

  /** Launches all layers; waits for nothing. For one thread at a time. */
  public void run(CudaStream stream) {
    for (Step step : steps) {
      step.run(stream);
    }
  }
}
