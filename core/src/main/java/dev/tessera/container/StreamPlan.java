package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.TesseraException;

/**
 * How the symbols of a tile are cut into streams: the arguments of the entropy stage.
 *
 * @param profile how a stream is coded
 * @param channelsPerStream P: channels of the latent in one stream
 * @param rowsPerStream rows of the latent in one stream
 * @param sideChannelsPerStream the same for the side information of hyperpriors, 0 where there is
 *     none
 * @param sideRowsPerStream the same for the side information of hyperpriors, 0 where there is none
 */
public record StreamPlan(
    Profile profile,
    int channelsPerStream,
    int rowsPerStream,
    int sideChannelsPerStream,
    int sideRowsPerStream) {

  /** Entropy profiles of FORMAT.md. */
  public enum Profile {
    /** 64-bit rANS, byte for byte CompressAI's; channels in the model's own order. */
    COMPATIBLE(0, 4, 2);

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
    long encodeLength(long bytes) {
      if (bytes % unit != 0 || bytes < stateBytes()) {
        throw new IllegalArgumentException(
            "a stream of " + bytes + " bytes is not of profile " + this);
      }
      return bytes / unit - fixedUnits;
    }

    /** The inverse of {@link #encodeLength}. */
    long decodeLength(long stored) {
      return (stored + fixedUnits) * unit;
    }
  }

  byte[] encode() {
    return new ByteWriter()
        .u8(profile.id())
        .varint(channelsPerStream)
        .varint(rowsPerStream)
        .varint(sideChannelsPerStream)
        .varint(sideRowsPerStream)
        .toByteArray();
  }

  static StreamPlan decode(byte[] arguments) {
    ByteReader in = new ByteReader(arguments, "the entropy stage");
    int id = in.u8();
    for (Profile profile : Profile.values()) {
      if (profile.id == id) {
        int limit = 1 << 24;
        StreamPlan plan =
            new StreamPlan(
                profile, in.varint(limit), in.varint(limit), in.varint(limit), in.varint(limit));
        in.expectEnd();
        if (plan.channelsPerStream < 1 || plan.rowsPerStream < 1) {
          throw in.corrupt("has streams without channels or rows");
        }
        return plan;
      }
    }
    throw new TesseraException.Unsupported(
        "the file uses entropy profile " + id + ", which this version of Tessera does not know");
  }
}
