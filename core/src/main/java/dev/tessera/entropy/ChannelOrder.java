package dev.tessera.entropy;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The order in which the compact profile puts a latent's channels into streams: a permutation, of
 * which stream group {@code k} holds places {@code k · P} to {@code k · P + P − 1}. Immutable.
 */
public final class ChannelOrder {
  private final int[] channels;

  private ChannelOrder(int[] channels) {
    this.channels = channels;
  }

  /** Channels as the model numbers them. */
  public static ChannelOrder identity(int channels) {
    return new ChannelOrder(IntStream.range(0, channels).toArray());
  }

  /**
   * Any order.
   *
   * @param channels the channel at each place; copied
   * @throws TesseraException.Corrupt if a channel is missing
   */
  public static ChannelOrder of(int[] channels) {
    boolean[] seen = new boolean[channels.length];
    for (int channel : channels) {
      if (channel < 0 || channel >= channels.length || seen[channel]) {
        throw new TesseraException.Corrupt(
            "the order of channels does not name each of its " + channels.length + " once", -1);
      }
      seen[channel] = true;
    }
    return new ChannelOrder(channels.clone());
  }

  /**
   * Channels from the one for which the tables expect the fewest zeros to the one for which they
   * expect the most, so that with few channels per stream the last streams are empty.
   *
   * @param tables at least one table per channel
   */
  public static ChannelOrder activeFirst(CdfTables tables, int channels) {
    requireTables(tables, channels);
    return descending(tables.zeroCosts, channels);
  }

  /** Channels by descending activity, ties by number. */
  static ChannelOrder descending(int[] activity, int channels) {
    return new ChannelOrder(
        IntStream.range(0, channels)
            .boxed()
            .sorted((a, b) -> Integer.compare(activity[b], activity[a])) // stable
            .mapToInt(Integer::intValue)
            .toArray());
  }

  /**
   * This order dealt to the streams one channel at a time, like cards, so that all streams have the
   * same work: each holds {@code channelsPerStream}, the last one what is left.
   */
  public ChannelOrder dealt(int channelsPerStream) {
    int count = channels.length;
    int streams = Math.ceilDiv(count, channelsPerStream);
    int[] held = new int[streams];
    int[] dealt = new int[count];
    int stream = 0;
    for (int channel : channels) {
      while (held[stream] == Math.min(channelsPerStream, count - stream * channelsPerStream)) {
        stream = (stream + 1) % streams;
      }
      dealt[stream * channelsPerStream + held[stream]++] = channel;
      stream = (stream + 1) % streams;
    }
    return new ChannelOrder(dealt);
  }

  /** Number of channels. */
  public int channels() {
    return channels.length;
  }

  /** The channel at a place. */
  public int channel(int place) {
    return channels[place];
  }

  /** The channel at each place. */
  public int[] toArray() {
    return channels.clone();
  }

  private static void requireTables(CdfTables tables, int channels) {
    if (channels > tables.count()) {
      throw new TesseraException.Invalid(
          "%d channels cannot be sorted by the activity of %d tables"
              .formatted(channels, tables.count()));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ChannelOrder order && Arrays.equals(channels, order.channels);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(channels);
  }

  @Override
  public String toString() {
    return Arrays.toString(channels);
  }
}
