package dev.tessera.cuda;

/** What stands in device memory for a symbol, in the order of {@code RansType}. */
public enum CudaRansType {
  /** A 32-bit integer. */
  INT32(4),
  /** A 16-bit integer; decoding a symbol that needs more is an error. */
  INT16(2),
  /**
   * A float32 latent of a channel with a median: the symbol is {@code rint(latent − median)}, and
   * back the latent is {@code symbol + median}.
   */
  FLOAT32(4),
  /** The same as a float16, computed with in float32. */
  FLOAT16(2);

  private final int bytes;

  CudaRansType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one symbol. */
  public int bytes() {
    return bytes;
  }

  boolean isLatent() {
    return this == FLOAT32 || this == FLOAT16;
  }
}
