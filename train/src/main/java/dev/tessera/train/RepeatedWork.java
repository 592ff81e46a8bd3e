package dev.tessera.train;

import dev.tessera.train.network.TorchDevice;

/**
 * Does the same work for the device again and again. On CUDA it is captured as a graph after a few
 * times, which is launched in one call from then on: a step is hundreds of small kernels, and
 * launching them one by one takes the CPU longer than running them takes the GPU.
 *
 * <p>Not thread-safe; made, used and closed by one thread.
 */
interface RepeatedWork extends AutoCloseable {
  /** Does the work once; the device may still be at it on return. */
  void run();

  @Override
  void close();

  /**
   * Work on a device.
   *
   * @param work always the same launches on the same memory, without waiting for the device
   * @param captured whether to make a graph of it where the device can
   * @param listener is told where the device should, but cannot
   */
  static RepeatedWork of(
      Runnable work, TorchDevice device, boolean captured, TrainingListener listener) {
    return captured && device.isCuda()
        ? new CapturedWork(work, listener)
        : new RepeatedWork() {
          @Override
          public void run() {
            work.run();
          }

          @Override
          public void close() {}
        };
  }
}
