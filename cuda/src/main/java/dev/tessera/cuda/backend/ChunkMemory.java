package dev.tessera.cuda.backend;

import dev.tessera.cuda.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Room for the values of a batch of chunks, page-locked on the host and on the device. On the host
 * chunks lie in the order of the batch, on the device in that of their groups, in both {@code
 * stride} bytes apart.
 */
final class ChunkMemory {
  private final LaneResources resources;
  private final MemorySegment host;
  private final DeviceBuffer device;
  private final long stride;

  /**
   * @param stride bytes from one chunk's values to the next chunk's, a multiple of an element's
   * @param capacity largest number of chunks
   */
  ChunkMemory(LaneResources resources, long stride, int capacity) {
    this.resources = resources;
    this.stride = stride;
    this.host = resources.pinned().allocate(stride * capacity);
    this.device = resources.device().allocate(stride * capacity);
  }

  long stride() {
    return stride;
  }

  /** All values on the host. */
  MemorySegment host() {
    return host;
  }

  /** The values of one chunk on the host. */
  MemorySegment host(int number, ChunkJob job) {
    return host.asSlice(number * stride, job.bytes());
  }

  /** The values of a group's chunks on the device. */
  DeviceBuffer device(ChunkGroup group) {
    return device.slice(group.first() * stride, group.count() * stride);
  }

  /** Brings the values of all groups to the device. */
  void upload(List<ChunkGroup> groups) {
    forEachRun(
        groups,
        (hostAt, deviceAt, bytes) ->
            resources.stream().upload(device.slice(deviceAt, bytes), host.asSlice(hostAt, bytes)));
  }

  /** Brings the values of all groups back; the caller waits for the stream. */
  void download(List<ChunkGroup> groups) {
    forEachRun(
        groups,
        (hostAt, deviceAt, bytes) ->
            resources.stream()
                .download(host.asSlice(hostAt, bytes), device.slice(deviceAt, bytes)));
  }

  private interface Copy {
    void run(long hostAt, long deviceAt, long bytes);
  }

  /** One copy for chunks that follow each other on both sides. */
  private void forEachRun(List<ChunkGroup> groups, Copy copy) {
    for (ChunkGroup group : groups) {
      List<Integer> jobs = group.jobs();
      int start = 0;
      for (int i = 1; i <= jobs.size(); i++) {
        if (i == jobs.size() || jobs.get(i) != jobs.get(i - 1) + 1) {
          long bytes = (i - 1 - start) * stride + group.chunkBytes();
          copy.run(jobs.get(start) * stride, (group.first() + start) * stride, bytes);
          start = i;
        }
      }
    }
  }
}
