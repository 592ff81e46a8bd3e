package dev.tessera.pipeline;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.TesseraException;

/**
 * A quantizer with the numbers that follow from the data, the same for every chunk of a file.
 *
 * @param requested what was asked for
 * @param offset the value of which the quantized number is 0; for {@code eb=pwrel} the natural
 *     logarithm of the size of which it is 1
 * @param step distance of restored values; for {@code eb=pwrel} of their logarithms
 * @param bound the largest error, in the unit of what is quantized; for {@code eb=pwrel} the share
 * @param scale factor before a {@code reference-eb} quantizer; 1 for the others
 */
public record Quantization(
    QuantizerSpec requested, double offset, double step, double bound, double scale) {
  private static final double LARGEST_STEP = 0x1p1023;
  private static final double LARGEST_SCALE = 0x1p1000;

  /**
   * Checks the numbers.
   *
   * @throws TesseraException.Invalid if they are none that a quantizer can work with
   */
  public Quantization {
    boolean fits =
        Double.isFinite(offset)
            && step >= Double.MIN_NORMAL
            && step <= LARGEST_STEP
            && bound >= 0
            && Double.isFinite(bound)
            && scale >= 1 / LARGEST_SCALE
            && scale <= LARGEST_SCALE
            && (scale == 1 || requested.kind() == QuantizerSpec.Kind.REFERENCE);
    if (!fits) {
      throw new TesseraException.Invalid(
          "a quantizer cannot work with offset %s, step %s, bound %s and scale %s"
              .formatted(offset, step, bound, scale));
    }
  }

  /** One over the step. */
  double inverseStep() {
    return 1 / step;
  }

  /** The numbers as bytes, for the container: binary64 each, the scale for reference-eb only. */
  public byte[] encode() {
    ByteWriter out = new ByteWriter();
    for (double number : new double[] {offset, step, bound}) {
      out.bits(Double.doubleToRawLongBits(number), Double.BYTES);
    }
    if (requested.kind() == QuantizerSpec.Kind.REFERENCE) {
      out.bits(Double.doubleToRawLongBits(scale), Double.BYTES);
    }
    return out.toByteArray();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws TesseraException.Corrupt if the bytes are no such numbers
   */
  public static Quantization decode(QuantizerSpec requested, byte[] bytes) {
    ByteReader in = new ByteReader(bytes, "the stored quantizer");
    double offset = Double.longBitsToDouble(in.bits(Double.BYTES));
    double step = Double.longBitsToDouble(in.bits(Double.BYTES));
    double bound = Double.longBitsToDouble(in.bits(Double.BYTES));
    boolean scaled = requested.kind() == QuantizerSpec.Kind.REFERENCE;
    double scale = scaled ? Double.longBitsToDouble(in.bits(Double.BYTES)) : 1;
    in.expectEnd();
    try {
      return new Quantization(requested, offset, step, bound, scale);
    } catch (TesseraException.Invalid e) {
      throw new TesseraException.Corrupt(
          "the stored quantizer is damaged: " + e.getMessage(), -1, e);
    }
  }
}
