package dev.tessera.model;

/** The networks of a model. */
public enum Network {
  /** Analysis transform: tile to latent, 1/16 of its height and width. */
  G_A("g_a"),
  /** Hyper-analysis: latent to side information, 1/64. */
  H_A("h_a"),
  /**
   * Hyper-synthesis: side information to scales (and means) of the latent. It chooses tables, so it
   * runs bit-exactly.
   */
  H_S("h_s"),
  /** Synthesis transform: latent to tile. */
  G_S("g_s");

  private final String prefix;

  Network(String prefix) {
    this.prefix = prefix;
  }

  /** Prefix of the network's tensors in a model file. */
  public String prefix() {
    return prefix;
  }
}
