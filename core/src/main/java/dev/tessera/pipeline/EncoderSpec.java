package dev.tessera.pipeline;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What packs the residuals: {@code bitpack}, {@code rans[:BLOCKS]}, {@code zstd}, {@code raw},
 * nvCOMP's {@code bitcomp} and {@code ans}, or {@code best}.
 *
 * @param kind the encoder
 * @param blocksPerStream blocks of 4096 values in a stream of {@code rans}; 0 for the others
 */
public record EncoderSpec(Kind kind, int blocksPerStream) {
  /** Blocks per stream of {@code rans} where none are named. */
  public static final int DEFAULT_BLOCKS = 4;

  private static final int MAX_BLOCKS = 1 << 16;

  public static final EncoderSpec BITPACK = new EncoderSpec(Kind.BITPACK, 0);
  public static final EncoderSpec RANS = new EncoderSpec(Kind.RANS, DEFAULT_BLOCKS);
  public static final EncoderSpec ZSTD = new EncoderSpec(Kind.ZSTD, 0);
  public static final EncoderSpec RAW = new EncoderSpec(Kind.RAW, 0);

  /** The one that a sample of the data takes the fewest bytes with; never in a file. */
  public static final EncoderSpec BEST = new EncoderSpec(Kind.BEST, 0);

  /** Kinds of encoders, with their numbers in files. */
  public enum Kind {
    BITPACK(0),
    RANS(1),
    ZSTD(2),
    RAW(3),
    BITCOMP(16),
    ANS(17),
    BEST(-1);

    private final int id;

    Kind(int id) {
      this.id = id;
    }

    /** The number that stands for this kind in files. */
    public int id() {
      return id;
    }

    /** Whether only a GPU with nvCOMP has it. */
    public boolean isNvcomp() {
      return this == BITCOMP || this == ANS;
    }

    static Kind ofId(int id) {
      for (Kind kind : values()) {
        if (kind.id == id && kind != BEST) {
          return kind;
        }
      }
      throw new TesseraException.Corrupt(
          "the stored pipeline has an encoder of unknown kind "
              + id
              + ": the file is damaged or newer",
          -1);
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Checks the number of blocks.
   *
   * @throws TesseraException.Invalid if it makes no sense
   */
  public EncoderSpec {
    if (kind == Kind.RANS
        ? blocksPerStream < 1 || blocksPerStream > MAX_BLOCKS
        : blocksPerStream != 0) {
      throw new TesseraException.Invalid(
          kind == Kind.RANS
              ? "rans:%d must have 1 to %d blocks per stream".formatted(blocksPerStream, MAX_BLOCKS)
              : "the encoder " + kind + " has no number of blocks");
    }
  }

  /** Whether it says what to do, which {@link #BEST} does not. */
  public boolean isResolved() {
    return kind != Kind.BEST;
  }

  /**
   * Reads the last part of a pipeline.
   *
   * @throws TesseraException.Invalid if it names no encoder
   */
  public static EncoderSpec parse(String text) {
    String[] words = text.split(":", -1);
    for (Kind kind : Kind.values()) {
      if (kind.toString().equals(words[0]) && words.length == 1) {
        return new EncoderSpec(kind, kind == Kind.RANS ? DEFAULT_BLOCKS : 0);
      }
    }
    if (words[0].equals("rans") && words.length == 2 && words[1].matches("\\d{1,9}")) {
      return new EncoderSpec(Kind.RANS, Integer.parseInt(words[1]));
    }
    throw new TesseraException.Invalid(
        "'"
            + text
            + "' is no encoder: use "
            + Arrays.stream(Kind.values()).map(Kind::toString).collect(Collectors.joining(", "))
            + " (rans:BLOCKS sets the blocks per stream)");
  }

  @Override
  public String toString() {
    return kind == Kind.RANS && blocksPerStream != DEFAULT_BLOCKS
        ? kind + ":" + blocksPerStream
        : kind.toString();
  }
}
