package dev.tessera.entropy;

import dev.tessera.field.TesseraException;

/**
 * How a latent of {@code channels × height × width} symbols is cut into independently decodable
 * streams: groups of channels (outer) times bands of rows (inner). Within a stream, symbols go
 * channel by channel, row by row, so that the one stream of {@link #whole} is CompressAI's string.
 *
 * @param channels channels of the latent
 * @param height rows of the latent
 * @param width columns of the latent
 * @param channelsPerStream channels of a stream, the P of the user's control; the last group may
 *     have fewer
 * @param rowsPerStream rows of a stream; the last band may have fewer
 */
public record StreamLayout(
    int channels, int height, int width, int channelsPerStream, int rowsPerStream) {
  /** Most symbols of a latent: what an array holds. */
  private static final int MAX_SYMBOLS = Integer.MAX_VALUE - 8;

  /**
   * Checks the extents.
   *
   * @throws TesseraException.Invalid if one is not positive
   * @throws TesseraException.Unsupported if the latent has more than about 2^31 symbols
   */
  public StreamLayout {
    if (channels < 1 || height < 1 || width < 1 || channelsPerStream < 1 || rowsPerStream < 1) {
      throw new TesseraException.Invalid(
          ("a latent of %d×%d×%d cannot be cut into streams of %d channels by %d rows: "
                  + "every number must be positive")
              .formatted(channels, height, width, channelsPerStream, rowsPerStream));
    }
    long plane = (long) height * width;
    if (plane > MAX_SYMBOLS / channels) {
      throw new TesseraException.Unsupported(
          "a latent of %d×%d×%d has more than 2^31 symbols: use smaller tiles"
              .formatted(channels, height, width));
    }
  }

  /** One stream that holds everything. */
  public static StreamLayout whole(int channels, int height, int width) {
    return new StreamLayout(channels, height, width, channels, height);
  }

  /** Number of channel groups. */
  public int groups() {
    return ceilDiv(channels, channelsPerStream);
  }

  /** Number of bands of rows. */
  public int bands() {
    return ceilDiv(height, rowsPerStream);
  }

  /** Number of streams: groups times bands. */
  public int streams() {
    return groups() * bands();
  }

  /** Number of symbols of the latent. */
  public int symbols() {
    return channels * height * width;
  }

  /**
   * What stream {@code i} holds.
   *
   * @throws TesseraException.Invalid if there is no such stream
   */
  public StreamRegion region(int i) {
    if (i < 0 || i >= streams()) {
      throw new TesseraException.Invalid("stream " + i + " is none of the " + streams());
    }
    // quotient times extent stays below the latent's own extent, so nothing overflows
    int firstChannel = i / bands() * channelsPerStream;
    int firstRow = i % bands() * rowsPerStream;
    return new StreamRegion(
        firstChannel,
        Math.min(channelsPerStream, channels - firstChannel),
        firstRow,
        Math.min(rowsPerStream, height - firstRow));
  }

  private static int ceilDiv(int value, int divisor) {
    return (value - 1) / divisor + 1;
  }
}
