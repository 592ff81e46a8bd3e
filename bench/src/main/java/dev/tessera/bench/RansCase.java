package dev.tessera.bench;

import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.TesseraException;

/**
 * What is measured: latents, a profile, and P.
 *
 * @param latents what is coded
 * @param profile how streams are coded
 * @param channelsPerStream P
 */
public record RansCase(LatentSet latents, RansProfile profile, int channelsPerStream) {
  /** From this P on, active channels are dealt evenly over the streams. */
  private static final int DEALT_FROM = 24;

  /** How each tile is cut. */
  public StreamLayout layout() {
    return latents.layout(channelsPerStream);
  }

  /** Tables, order and flags of the compact profile, as a new file gets them. */
  public CompactScheme scheme() {
    int channels = latents.channels();
    ChannelOrder order = ChannelOrder.activeFirst(latents.tables(), channels);
    int p = layout().channelsPerStream();
    return new CompactScheme(
        latents.tables(), p >= DEALT_FROM ? order.dealt(p) : order, ZeroFlags.DERIVED);
  }

  /** What a device throws that does not give back what it was given. */
  TesseraException notRestored(String device) {
    return new TesseraException.Corrupt(
        "%s does not restore the symbols of %s (%s, P = %d)"
            .formatted(device, latents.name(), profile, channelsPerStream),
        -1);
  }
}
