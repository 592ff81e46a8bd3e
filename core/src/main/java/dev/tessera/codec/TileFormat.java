package dev.tessera.codec;

import dev.tessera.container.StreamPlan;
import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import java.util.List;

/**
 * The sizes that a backend needs to know before the first tile: those of a tile, how its latent is
 * cut into streams, and how these are coded.
 *
 * @param channels planes of a tile
 * @param height rows of a tile
 * @param width columns of a tile
 * @param side streams of the side information; null for models without
 * @param latent streams of the latent
 * @param profile how streams are coded
 * @param order order of the latent's channels; that of the side information is the model's own
 * @param flags how probable zero channels of the latent are, where the profile has flags; those of
 *     the side information are derived
 */
public record TileFormat(
    int channels,
    int height,
    int width,
    StreamLayout side,
    StreamLayout latent,
    StreamPlan.Profile profile,
    ChannelOrder order,
    ZeroFlags flags) {

  /**
   * Positions of a latent plane that one stream covers at most, unless the user asks for whole
   * streams.
   */
  static final int MAX_POSITIONS = 1024;

  /** From this P on, channels are dealt to the streams: all have enough of them to be alike. */
  private static final int DEALT_FROM = 24;

  /** The format of CompressAI's own strings. */
  static TileFormat compatible(
      int channels, int height, int width, StreamLayout side, StreamLayout latent) {
    return new TileFormat(
        channels,
        height,
        width,
        side,
        latent,
        StreamPlan.Profile.COMPATIBLE,
        ChannelOrder.identity(latent.channels()),
        ZeroFlags.DERIVED);
  }

  /**
   * The format of a grid's tiles under a model and a plan of streams.
   *
   * @throws TesseraException.Corrupt if the plan does not suit the model
   */
  public static TileFormat of(Model model, TileGrid grid, StreamPlan plan) {
    Architecture architecture = model.architecture();
    StreamLayout side = null;
    if (architecture.hasHyperprior()) {
      side =
          new StreamLayout(
              model.n(),
              grid.tileHeight() / architecture.sideStride(),
              grid.tileWidth() / architecture.sideStride(),
              plan.sideChannelsPerStream(),
              plan.sideRowsPerStream());
    }
    StreamLayout latent =
        new StreamLayout(
            model.m(),
            grid.tileHeight() / architecture.latentStride(),
            grid.tileWidth() / architecture.latentStride(),
            plan.channelsPerStream(),
            plan.rowsPerStream());
    return new TileFormat(
        grid.channels(),
        grid.tileHeight(),
        grid.tileWidth(),
        side,
        latent,
        plan.profile(),
        order(model, plan),
        flags(model, plan.zeroFrequencies()));
  }

  private static ChannelOrder order(Model model, StreamPlan plan) {
    boolean byTables =
        plan.order() == StreamPlan.Order.ACTIVE_FIRST || plan.order() == StreamPlan.Order.DEALT;
    if (byTables && model.architecture().hasHyperprior()) {
      throw contradiction("orders channels by tables that they do not have");
    }
    return switch (plan.order()) {
      case IDENTITY -> ChannelOrder.identity(model.m());
      case ACTIVE_FIRST -> ChannelOrder.activeFirst(model.bottleneckTables(), model.m());
      case DEALT ->
          ChannelOrder.activeFirst(model.bottleneckTables(), model.m())
              .dealt(plan.channelsPerStream());
      case STORED -> ChannelOrder.of(perChannel(model, plan.storedOrder(), "an order of"));
    };
  }

  private static ZeroFlags flags(Model model, List<Integer> frequencies) {
    return frequencies.isEmpty()
        ? ZeroFlags.DERIVED
        : ZeroFlags.stored(perChannel(model, frequencies, "frequencies of"));
  }

  private static int[] perChannel(Model model, List<Integer> values, String what) {
    if (values.size() != model.m()) {
      throw contradiction(
          "has %s %d channels, but the latent has %d".formatted(what, values.size(), model.m()));
    }
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  private static TesseraException contradiction(String how) {
    return new TesseraException.Corrupt("the header contradicts the model: it " + how, -1);
  }

  /**
   * The plan that the codec writes.
   *
   * @param channelsPerStream P; 0 for the whole latent in one stream, which in the compatible
   *     profile is CompressAI's string
   */
  static StreamPlan plan(
      Model model, TileGrid grid, StreamPlan.Profile profile, int channelsPerStream) {
    Architecture architecture = model.architecture();
    boolean whole = channelsPerStream == 0;
    boolean hyper = architecture.hasHyperprior();
    int p = whole ? model.m() : Math.min(channelsPerStream, model.m());
    return new StreamPlan(
        profile,
        p,
        rows(grid, architecture.latentStride(), whole),
        hyper ? model.n() : 0,
        hyper ? rows(grid, architecture.sideStride(), whole) : 0,
        order(profile, hyper, p),
        List.of(),
        List.of());
  }

  private static StreamPlan.Order order(StreamPlan.Profile profile, boolean hyper, int p) {
    if (profile == StreamPlan.Profile.COMPATIBLE || hyper) {
      return StreamPlan.Order.IDENTITY;
    }
    return p < DEALT_FROM ? StreamPlan.Order.ACTIVE_FIRST : StreamPlan.Order.DEALT;
  }

  private static int rows(TileGrid grid, int stride, boolean whole) {
    int height = grid.tileHeight() / stride;
    return whole ? height : Math.clamp(MAX_POSITIONS / (grid.tileWidth() / stride), 1, height);
  }

  /** Values of a tile. */
  public int elements() {
    return channels * height * width;
  }

  /** Streams of a tile: first those of the side information, then those of the latent. */
  public int streams() {
    return sideStreams() + latent.streams();
  }

  /** Streams of the side information. */
  public int sideStreams() {
    return side == null ? 0 : side.streams();
  }
}
