package dev.tessera.quant;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How a quantized value is predicted from its neighbours in the same block: not at all, or by the
 * Lorenzo predictor (L. Ibarria, P. Lindstrom, J. Rossignac, A. Szymczak, "Out-of-core compression
 * and decompression of large n-dimensional scalar fields", Computer Graphics Forum 22, 2003) of one
 * to three axes. Axes that a block does not have are left out.
 */
public enum Predictor {
  NONE(0, 0),
  LORENZO1(1, 1),
  LORENZO2(2, 2),
  LORENZO3(3, 3),

  /** The one of the others that the encoder finds best; never in a file. */
  LORENZO(-1, -1);

  private final int id;
  private final int axes;

  Predictor(int id, int axes) {
    this.id = id;
    this.axes = axes;
  }

  /** The number that stands for it in files. */
  public int id() {
    return id;
  }

  /** Axes along which differences are taken, the fastest first. */
  public int axes() {
    return axes;
  }

  /** Whether it says what to do, which {@link #LORENZO} does not. */
  public boolean isResolved() {
    return this != LORENZO;
  }

  /** Whether {@code name} names a predictor. */
  public static boolean isName(String name) {
    return Arrays.stream(values()).anyMatch(p -> p.toString().equals(name));
  }

  /**
   * The predictor of a name.
   *
   * @throws TesseraException.Invalid if there is none
   */
  public static Predictor parse(String name) {
    for (Predictor predictor : values()) {
      if (predictor.toString().equals(name)) {
        return predictor;
      }
    }
    throw new TesseraException.Invalid(
        "'"
            + name
            + "' is no predictor: use "
            + Arrays.stream(values()).map(Predictor::toString).collect(Collectors.joining(", ")));
  }

  /**
   * The predictor of a number in a file.
   *
   * @throws TesseraException.Corrupt if there is none
   */
  public static Predictor ofId(int id) {
    for (Predictor predictor : values()) {
      if (predictor.id == id && predictor.isResolved()) {
        return predictor;
      }
    }
    throw new TesseraException.Corrupt(
        "the stored pipeline has a predictor of unknown kind "
            + id
            + ": the file is damaged or newer",
        -1);
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
