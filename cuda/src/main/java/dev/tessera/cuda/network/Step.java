package dev.tessera.cuda.network;

import dev.tessera.cuda.Arguments;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.LaunchShape;
import java.util.List;

/**
 * A layer of a {@link NetworkPlan}: launches with all their arguments.
 *
 * @param name the layer's, as in {@code g_a.2}
 * @param operations multiplications and additions that the layer's definition takes
 */
public record Step(String name, double operations, List<Launch> launches) {
  /** A kernel, ready to be launched any number of times. */
  record Launch(Kernel kernel, LaunchShape shape, Arguments arguments) {}

  /** Keeps an own list. */
  public Step {
    launches = List.copyOf(launches);
  }

  /** Launches the layer. */
  public void run(CudaStream stream) {
    for (Launch launch : launches) {
      launch.kernel().launch(stream, launch.shape(), launch.arguments());
    }
  }
}
