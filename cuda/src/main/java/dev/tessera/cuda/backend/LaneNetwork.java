package dev.tessera.cuda.backend;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.network.CudaNetwork;
import dev.tessera.cuda.network.NetworkPlan;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * A network with a lane's memory: its activations, and a plan for every size of batch. For one
 * thread at a time.
 */
final class LaneNetwork {
  private final LaneResources resources;
  private final CudaNetwork network;
  private final DeviceBuffer in;
  private final DeviceBuffer out;
  private final DeviceBuffer errors;
  private final DeviceBuffer workspace;
  private final int height;
  private final int width;
  private final MemorySegment fieldValues;
  private final Map<Integer, NetworkPlan> plans = new HashMap<>();

  /**
   * Takes memory for batches of up to {@code capacity} tiles, which the lane keeps.
   *
   * @param in input images
   * @param out output images
   * @param errors see {@link CudaNetwork#plan}
   * @param height rows of an input image
   * @param width columns of an input image
   * @param fieldValues see {@link CudaNetwork#plan}
   */
  LaneNetwork(
      LaneResources resources,
      CudaNetwork network,
      DeviceBuffer in,
      DeviceBuffer out,
      DeviceBuffer errors,
      int capacity,
      int height,
      int width,
      MemorySegment fieldValues) {
    this.resources = resources;
    this.network = network;
    this.in = in;
    this.out = out;
    this.errors = errors;
    this.height = height;
    this.width = width;
    this.fieldValues = fieldValues;
    this.workspace = resources.keepDevice(network.workspaceBytes(capacity, height, width));
  }

  /** Makes the plan of a batch, which may allocate memory of the host. */
  void prepare(int count) {
    plan(count);
  }

  /** Launches the network. */
  void run(int count) {
    plan(count).run(resources.stream());
  }

  private NetworkPlan plan(int count) {
    return plans.computeIfAbsent(
        count,
        tiles -> network.plan(in, out, workspace, errors, tiles, height, width, fieldValues));
  }
}
