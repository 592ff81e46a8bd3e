package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;

/** An entropy coder of a batch of symbols on the GPU, between g_a and g_s. */
interface LatentCoder {
  /** Queues encoding of 32-bit symbols, tiles × channels × height × width. */
  void encode(DeviceBuffer symbols);

  /** Queues decoding of what was encoded last. */
  void decode(DeviceBuffer symbols);

  /**
   * Waits.
   *
   * @throws dev.tessera.field.TesseraException if something went wrong
   */
  void requireClean();

  /** What the batch takes in a file, lengths included. */
  long bytes();
}
