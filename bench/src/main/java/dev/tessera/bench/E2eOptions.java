package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.util.List;

/**
 * What {@code bench e2e} measures of each model.
 *
 * @param shape of a batch
 * @param quantity the simulated field that tiles are cut from
 * @param precisions one after the other
 * @param codecs as {@link LatentCoders} names them
 * @param runs how often, 0 for what is usual
 */
public record E2eOptions(
    E2eShape shape, String quantity, List<Precisions> precisions, List<String> codecs, int runs) {
  private static final int USUAL_RUNS = 24;

  /**
   * Checks names.
   *
   * @throws TesseraException.Invalid if there is nothing of such a name
   */
  public E2eOptions {
    precisions = List.copyOf(precisions);
    codecs = List.copyOf(codecs);
    if (precisions.isEmpty() || codecs.isEmpty()) {
      throw new TesseraException.Invalid("name at least one precision and one codec");
    }
    codecs.forEach(LatentCoders::require);
    SyntheticTiles.quantity(quantity);
  }

  Repetitions repetitions() {
    return Repetitions.of(runs == 0 ? USUAL_RUNS : runs);
  }

  /** Whether models have to be calibrated. */
  public boolean needsCalibration() {
    return precisions.stream().anyMatch(precision -> precision.has(Precision.FP8));
  }
}
