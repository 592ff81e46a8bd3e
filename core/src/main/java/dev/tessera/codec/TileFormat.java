package dev.tessera.codec;

import dev.tessera.container.StreamPlan;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;

/**
 * The sizes that a backend needs to know before the first tile: those of a tile and how its latent
 * is cut into streams.
 *
 * @param channels planes of a tile
 * @param height rows of a tile
 * @param width columns of a tile
 * @param side streams of the side information; null for models without
 * @param latent streams of the latent
 */
public record TileFormat(
    int channels, int height, int width, StreamLayout side, StreamLayout latent) {

  /**
   * Positions of a latent plane that one stream covers at most, unless the user asks for whole
   * streams.
   */
  static final int MAX_POSITIONS = 1024;

  /** The format of a grid's tiles under a model and a plan of streams. */
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
    return new TileFormat(grid.channels(), grid.tileHeight(), grid.tileWidth(), side, latent);
  }

  /**
   * The plan that the codec writes.
   *
   * @param channelsPerStream P; 0 for the whole latent in one stream, as CompressAI writes it
   */
  static StreamPlan plan(Model model, TileGrid grid, int channelsPerStream) {
    Architecture architecture = model.architecture();
    boolean whole = channelsPerStream == 0;
    boolean hyper = architecture.hasHyperprior();
    return new StreamPlan(
        StreamPlan.Profile.COMPATIBLE,
        whole ? model.m() : Math.min(channelsPerStream, model.m()),
        rows(grid, architecture.latentStride(), whole),
        hyper ? model.n() : 0,
        hyper ? rows(grid, architecture.sideStride(), whole) : 0);
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
