package dev.tessera.field;

/**
 * What Tessera throws when data, a file or a request cannot be handled. Every message is one
 * sentence that says what is wrong and, where there is something to do about it, what to do.
 *
 * <p>Failures of the file system stay {@link java.io.IOException}s.
 */
public abstract sealed class TesseraException extends RuntimeException {
  private TesseraException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Bytes that do not follow their format: truncated, flipped, or never of that format. */
  public static final class Corrupt extends TesseraException {
    private final long offset;

    /**
     * @param message what is wrong
     * @param offset byte offset in the file where it was noticed, −1 where no single place is to
     *     blame
     */
    public Corrupt(String message, long offset) {
      this(message, offset, null);
    }

    /** As {@link #Corrupt(String, long)}, with the exception that revealed it. */
    public Corrupt(String message, long offset, Throwable cause) {
      super(offset >= 0 ? message + " (at byte " + offset + ")" : message, cause);
      this.offset = offset;
    }

    /** Byte offset where the fault was noticed, or −1. */
    public long offset() {
      return offset;
    }
  }

  /** Valid input that Tessera, or this machine, cannot handle. */
  public static final class Unsupported extends TesseraException {
    /** A message that names the thing and, where there is one, the alternative. */
    public Unsupported(String message) {
      super(message, null);
    }
  }

  /**
   * A request that contradicts itself or the data: an impossible option, a shape that does not
   * match.
   */
  public static final class Invalid extends TesseraException {
    /** A message that names the option or value and what would be accepted. */
    public Invalid(String message) {
      super(message, null);
    }
  }

  /** A restored value misses the error bound that was promised. */
  public static final class BoundViolated extends TesseraException {
    /** A message with the bound, the error and the place. */
    public BoundViolated(String message) {
      super(message, null);
    }
  }

  /** A call of the GPU driver failed. */
  public static final class Gpu extends TesseraException {
    private final String call;
    private final int code;

    /**
     * @param call name of the driver function
     * @param code its result
     * @param message the driver's description of that result
     */
    public Gpu(String call, int code, String message) {
      super(call + " failed with " + code + ": " + message, null);
      this.call = call;
      this.code = code;
    }

    /** Name of the driver function that failed. */
    public String call() {
      return call;
    }

    /** The driver's result code. */
    public int code() {
      return code;
    }
  }
}
