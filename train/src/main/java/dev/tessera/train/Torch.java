package dev.tessera.train;

import dev.tessera.field.TesseraException;
import org.bytedeco.pytorch.MemoryFormatOptional;

/** How libtorch is used here. */
final class Torch {
  /** For calls that leave the memory format as it is; outlives every scope. */
  static final MemoryFormatOptional ANY_FORMAT = new MemoryFormatOptional().retainReference();

  private Torch() {}

  /**
   * What a failure inside libtorch means to a user: its own texts are pages of C++.
   *
   * @return the exception itself where it is none of libtorch's
   */
  static RuntimeException explained(RuntimeException failure) {
    String text = failure.getMessage();
    if (failure.getClass() != RuntimeException.class || text == null) {
      return failure;
    }
    if (text.contains("out of memory") || text.contains("not enough memory")) {
      return new TesseraException.Unsupported(
          "the device's memory does not hold a training step: take a smaller --batch or --patch,"
              + " and go on with --resume if there is a checkpoint");
    }
    return new TesseraException.Unsupported("libtorch failed: " + summary(failure));
  }

  /** The first line of what a failure says: behind it come libtorch's stacks. */
  static String summary(RuntimeException failure) {
    return String.valueOf(failure.getMessage()).lines().findFirst().orElse("").strip();
  }
}
