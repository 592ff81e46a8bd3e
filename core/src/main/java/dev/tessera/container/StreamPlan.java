package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;

/**
 * How the symbols of a tile are cut into streams and coded: the arguments of the entropy stage.
 *
 * @param profile how a stream is coded
 * @param channelsPerStream P: channels of the latent in one stream
 * @param rowsPerStream rows of the latent in one stream
 * @param sideChannelsPerStream the same for the side information of hyperpriors, 0 where there is
 *     none
 * @param sideRowsPerStream the same for the side information of hyperpriors, 0 where there is none
 * @param order how the latent's channels are put into streams; {@link Order#IDENTITY} in the
 *     compatible profile
 * @param storedOrder the channel at each place for {@link Order#STORED}, else empty
 * @param zeroFrequencies how often each channel of the latent is zero in a stream, of 65,536; empty
 *     where that is derived from the tables, and in the compatible profile
 */
public record StreamPlan(
    Profile profile,
    int channelsPerStream,
    int rowsPerStream,
    int sideChannelsPerStream,
    int sideRowsPerStream,
    Order order,
    List<Integer> storedOrder,
    List<Integer> zeroFrequencies) {

  /** Entropy profiles of FORMAT.md. */
  public enum Profile implements LengthUnit {
    /** 64-bit rANS, byte for byte CompressAI's; channels in the model's own order. */
    COMPATIBLE(0, 4, 2),
    /** 32-bit rANS for streams of few bits, with a flag per channel for what is zero throughout. */
    COMPACT(1, 2, 0);

    private final int id;
    private final int unit;
    private final int fixedUnits;

    Profile(int id, int unit, int fixedUnits) {
      this.id = id;
      this.unit = unit;
      this.fixedUnits = fixedUnits;
    }

    /** Number of the profile in files. */
    public int id() {
      return id;
    }

    /** Bytes of a stream's state, which every stream has. */
    public int stateBytes() {
      return unit * fixedUnits;
    }

    /** A stream's length as it is stored: the number of units beyond the state. */
    @Override
    public long encodeLength(long bytes) {
      if (bytes % unit != 0 || bytes < stateBytes()) {
        throw new IllegalArgumentException(
            "a stream of " + bytes + " bytes is not of profile " + this);
      }
      return bytes / unit - fixedUnits;
    }

    /** The inverse of {@link #encodeLength}. */
    @Override
    public long decodeLength(long stored) {
      return (stored + fixedUnits) * unit;
    }
  }

  /** Orders of channels; files hold their number here. */
  public enum Order {
    /** As the model numbers them. */
    IDENTITY,
    /** Those for which the tables expect the fewest zeros first. */
    ACTIVE_FIRST,
    /** The same, dealt to the streams one by one. */
    DEALT,
    /** Listed in the file. */
    STORED
  }

  private static final int DERIVED_FLAGS = 0;
  private static final int STORED_FLAGS = 1;

  /** More channels than any model has. */
  private static final int MAX_CHANNELS = 1 << 14;

  private static final int MAX_VARINT_BYTES = 9;

  /** Copies the lists. */
  public StreamPlan {
    storedOrder = List.copyOf(storedOrder);
    zeroFrequencies = List.copyOf(zeroFrequencies);
  }

  /** A plan of the compatible profile. */
  public static StreamPlan compatible(
      int channelsPerStream, int rowsPerStream, int sideChannelsPerStream, int sideRowsPerStream) {
    return new StreamPlan(
        Profile.COMPATIBLE,
        channelsPerStream,
        rowsPerStream,
        sideChannelsPerStream,
        sideRowsPerStream,
        Order.IDENTITY,
        List.of(),
        List.of());
  }

  /** This plan with stored frequencies of zero channels. */
  public StreamPlan withZeroFrequencies(List<Integer> frequencies) {
    return new StreamPlan(
        profile,
        channelsPerStream,
        rowsPerStream,
        sideChannelsPerStream,
        sideRowsPerStream,
        order,
        storedOrder,
        frequencies);
  }

  byte[] encode() {
    ByteWriter out =
        new ByteWriter()
            .u8(profile.id())
            .varint(channelsPerStream)
            .varint(rowsPerStream)
            .varint(sideChannelsPerStream)
            .varint(sideRowsPerStream);
    if (profile == Profile.COMPACT) {
      out.u8(order.ordinal()).u8(zeroFrequencies.isEmpty() ? DERIVED_FLAGS : STORED_FLAGS);
      if (order == Order.STORED) {
        ByteWriter list = new ByteWriter();
        storedOrder.forEach(list::varint);
        out.block(Zstd.pack(list.toByteArray()));
      }
      if (!zeroFrequencies.isEmpty()) {
        ByteWriter list = new ByteWriter();
        zeroFrequencies.forEach(frequency -> list.bits(frequency, 2));
        out.block(Zstd.pack(list.toByteArray()));
      }
    }
    return out.toByteArray();
  }

  static StreamPlan decode(byte[] arguments) {
    ByteReader in = new ByteReader(arguments, "the entropy stage");
    int id = in.u8();
    for (Profile profile : Profile.values()) {
      if (profile.id == id) {
        return decode(in, profile);
      }
    }
    throw new TesseraException.Unsupported(
        "the file uses entropy profile " + id + ", which this version of Tessera does not know");
  }

  private static StreamPlan decode(ByteReader in, Profile profile) {
    int limit = 1 << 24;
    StreamPlan plan =
        compatible(in.varint(limit), in.varint(limit), in.varint(limit), in.varint(limit));
    if (plan.channelsPerStream < 1 || plan.rowsPerStream < 1) {
      throw in.corrupt("has streams without channels or rows");
    }
    if (profile == Profile.COMPACT) {
      plan = decodeCompact(in, plan);
    }
    in.expectEnd();
    return plan;
  }

  private static StreamPlan decodeCompact(ByteReader in, StreamPlan sizes) {
    int order = in.u8();
    int flags = in.u8();
    if (order >= Order.values().length || flags > STORED_FLAGS) {
      throw new TesseraException.Unsupported(
          "the file uses order "
              + order
              + " of channels and flags of kind "
              + flags
              + ", which this version of Tessera does not know");
    }
    List<Integer> storedOrder = new ArrayList<>();
    if (order == Order.STORED.ordinal()) {
      ByteReader list = unpack(in, MAX_VARINT_BYTES, "the order of channels");
      while (list.remaining() > 0) {
        storedOrder.add(list.varint(MAX_CHANNELS));
      }
    }
    List<Integer> frequencies = new ArrayList<>();
    if (flags == STORED_FLAGS) {
      ByteReader list = unpack(in, Short.BYTES, "the list of zero channels");
      while (list.remaining() > 0) {
        frequencies.add((int) list.bits(Short.BYTES));
      }
      if (frequencies.isEmpty()) {
        throw in.corrupt("stores no frequencies of zero channels where it says that it does");
      }
    }
    return new StreamPlan(
        Profile.COMPACT,
        sizes.channelsPerStream,
        sizes.rowsPerStream,
        sizes.sideChannelsPerStream,
        sizes.sideRowsPerStream,
        Order.values()[order],
        storedOrder,
        frequencies);
  }

  private static ByteReader unpack(ByteReader in, int bytesPerChannel, String what) {
    return new ByteReader(
        Zstd.unpack(in.block(), (long) MAX_CHANNELS * bytesPerChannel, what), what);
  }
}
