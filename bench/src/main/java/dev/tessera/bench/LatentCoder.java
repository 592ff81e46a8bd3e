package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/**
 * What codes a batch of latents on the GPU, between g_a and g_s: an entropy coder of symbols, or a
 * pipeline over the latents themselves.
 */
interface LatentCoder {
  /** Whether it takes 32-bit symbols, else float32 latents; tiles × channels × height × width. */
  boolean takesSymbols();

  /** Whether its launches can be captured in a graph. */
  boolean fitsGraph();

  /** Queues encoding. */
  void encode(DeviceBuffer latents);

  /** Queues decoding of what was encoded last. */
  void decode(DeviceBuffer latents);

  /**
   * Waits.
   *
   * @throws dev.tessera.field.TesseraException if something went wrong
   */
  void requireClean();

  /**
   * Fails unless what was decoded is what must come back of what was encoded.
   *
   * @param encoded what went in, copied to the host
   * @param decoded what came back
   * @throws dev.tessera.field.TesseraException.Corrupt if it is something else
   */
  void requireRestored(MemorySegment encoded, MemorySegment decoded);

  /** What the batch takes in a file, lengths included. */
  long bytes();
}
