package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaContext;

/** The device that all backends of this process use, opened when it is first needed. */
final class SharedContext {
  private static CudaContext context;

  private SharedContext() {}

  /**
   * The first device that this process may see.
   *
   * @throws dev.tessera.field.TesseraException.Unsupported if CUDA cannot be used
   */
  static synchronized CudaContext get() {
    if (context == null) {
      context = CudaContext.open(0); // stays open: kernels are loaded once per process
    }
    return context;
  }
}
