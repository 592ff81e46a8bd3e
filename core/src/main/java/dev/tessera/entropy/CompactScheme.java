package dev.tessera.entropy;

import dev.tessera.field.TesseraException;

/**
 * What the streams of a latent are coded with in the compact profile.
 *
 * @param tables the tables
 * @param order which channels are put together
 * @param flags how probable zero channels are
 */
public record CompactScheme(CdfTables tables, ChannelOrder order, ZeroFlags flags) {
  /** Channels in the model's order, flags by the tables: what needs no further numbers. */
  public static CompactScheme plain(CdfTables tables, int channels) {
    return new CompactScheme(tables, ChannelOrder.identity(channels), ZeroFlags.DERIVED);
  }

  void requireFit(int symbols, int base, int[] indexes, StreamLayout layout) {
    RansFormat.requireFit(symbols, base, indexes, layout, tables);
    if (order.channels() != layout.channels()) {
      throw new TesseraException.Invalid(
          "an order of %d channels is not one of a latent of %d"
              .formatted(order.channels(), layout.channels()));
    }
    flags.requireFit(layout.channels());
  }
}
