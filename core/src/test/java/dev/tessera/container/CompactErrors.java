package dev.tessera.container;

import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import java.util.Arrays;
import java.util.List;

/**
 * Errors of the compact profile. The golden file is of the other one: where a reader gets as far as
 * the streams, they are replaced.
 */
final class CompactErrors {
  private static final int CHANNELS = 24;
  private static final int IDENTITY = 0;
  private static final int STORED = 3;

  private CompactErrors() {}

  static List<ErrorFile> stages() {
    return List.of(
        ErrorFile.unsupported(
            "compact-order-unknown",
            "order 4 of channels",
            "order 4 of channels",
            p -> p.arguments(Stage.ENTROPY, plan(8, 4, 0).toByteArray())),
        ErrorFile.unsupported(
            "compact-flags-unknown",
            "flags of kind 2",
            "flags of kind 2",
            p -> p.arguments(Stage.ENTROPY, plan(8, IDENTITY, 2).toByteArray())),
        ErrorFile.corrupt(
            "compact-order-twice",
            "a stored order that names channel 0 twice and channel 1 never",
            "does not name each of its 24 once",
            p -> p.arguments(Stage.ENTROPY, storedOrder(0, CHANNELS))),
        ErrorFile.corrupt(
            "compact-order-short",
            "a stored order of 23 channels",
            "an order of 23 channels, but the latent has 24",
            p -> p.arguments(Stage.ENTROPY, storedOrder(1, CHANNELS - 1))),
        ErrorFile.corrupt(
            "compact-zero-certain",
            "a stored frequency of 0",
            "must be 1 to 65535",
            p -> p.arguments(Stage.ENTROPY, storedFlags(2 * CHANNELS))),
        ErrorFile.corrupt(
            "compact-flags-short",
            "half a frequency",
            "the list of zero channels is cut short",
            p -> p.arguments(Stage.ENTROPY, storedFlags(1))),
        ErrorFile.corrupt(
            "compact-order-bomb",
            "a stored order that claims to unpack to 2^31 bytes",
            "unpacks to an impossible size",
            p ->
                p.arguments(
                    Stage.ENTROPY,
                    plan(8, STORED, 0).block(ErrorFile.zstdClaiming(1L << 31)).toByteArray())));
  }

  static List<ErrorFile> tiles() {
    return List.of(
        ErrorFile.corrupt(
            "compact-all-empty",
            "no stream has a word",
            "other symbols than were encoded",
            p -> streams(p, 2, new long[] {0}, 0)),
        ErrorFile.corrupt(
            "compact-last-stream-empty",
            "two of twelve streams are listed, the second is empty",
            "lists an empty stream as a tile's last",
            p -> streams(p, 2, new long[] {2, 1, 0}, 2)),
        ErrorFile.corrupt(
            "compact-too-many-streams",
            "13 of 12 streams are listed",
            "holds 13 where at most 12 makes sense",
            p -> streams(p, 2, new long[] {13}, 0)),
        ErrorFile.corrupt(
            "compact-state-zero",
            "the first of three streams begins with a word of 0",
            "begins with an impossible state",
            p -> streams(p, 8, new long[] {2, 0, 0}, 4)),
        ErrorFile.corrupt(
            "compact-stream-too-long",
            "a stream of 400 words for 96 symbols",
            "more than 96 symbols can take",
            p -> streams(p, 8, new long[] {400, 0, 0}, 800)));
  }

  private static ByteWriter plan(int p, int order, int flags) {
    return new ByteWriter().u8(1).varint(p).varint(3).varint(0).varint(0).u8(order).u8(flags);
  }

  private static byte[] storedOrder(int second, int count) {
    ByteWriter list = new ByteWriter();
    for (int i = 0; i < count; i++) {
      list.varint(i == 1 ? second : i);
    }
    return plan(8, STORED, 0).block(Zstd.pack(list.toByteArray())).toByteArray();
  }

  private static byte[] storedFlags(int bytes) {
    return plan(8, IDENTITY, 1).block(Zstd.pack(new byte[bytes])).toByteArray();
  }

  /** Streams of zeros, with these numbers where the lengths are. */
  private static void streams(ContainerParts parts, int p, long[] lengths, int bytes) {
    parts.arguments(Stage.ENTROPY, plan(p, IDENTITY, 0).toByteArray());
    parts.lengths = lengths;
    parts.streams = Arrays.copyOf(new byte[0], bytes);
  }
}
