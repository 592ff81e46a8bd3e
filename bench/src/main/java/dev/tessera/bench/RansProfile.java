package dev.tessera.bench;

import java.util.Locale;

/** Entropy profiles of FORMAT.md. */
public enum RansProfile {
  /** 32-bit state, zero flags, ordered channels. */
  COMPACT,
  /** CompressAI's strings. */
  COMPATIBLE;

  /** In lower case. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
