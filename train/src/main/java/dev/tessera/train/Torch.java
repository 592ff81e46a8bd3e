package dev.tessera.train;

import org.bytedeco.pytorch.MemoryFormatOptional;

/** Constants that calls of libtorch take again and again; they outlive every scope. */
final class Torch {
  /** The memory format stays what it is. */
  static final MemoryFormatOptional ANY_FORMAT = new MemoryFormatOptional().retainReference();

  private Torch() {}
}
