package dev.tessera.cuda;

import dev.tessera.field.TesseraException;

/**
 * A range of device memory. It owns nothing: an arena does.
 *
 * @param address first byte, on the device
 * @param bytes length
 */
public record DeviceBuffer(long address, long bytes) {
  /** Checks that the range has no negative length. */
  public DeviceBuffer {
    if (bytes < 0) {
      throw new TesseraException.Invalid("a device buffer cannot have " + bytes + " bytes");
    }
  }

  /** A part of this range. */
  public DeviceBuffer slice(long offset, long length) {
    if (offset < 0 || length < 0 || offset > bytes - length) {
      throw new TesseraException.Invalid(
          "bytes %d to %d are outside a device buffer of %d bytes"
              .formatted(offset, offset + length, bytes));
    }
    return new DeviceBuffer(address + offset, length);
  }
}
