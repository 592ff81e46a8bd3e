package dev.tessera.bench;

/** Something that codes latents: a processor with one way of doing it. */
public interface RansDevice extends BenchDevice {
  /** Whether it codes streams of P channels; other coders are measured once and give no streams. */
  boolean codesStreams();

  /** Whether it knows a profile; asked only of those that code streams. */
  boolean offers(RansProfile profile);

  /**
   * Encodes and decodes, in turn over several orders of the latents' tiles, and compares what comes
   * back on every run.
   *
   * @throws dev.tessera.field.TesseraException.Corrupt if something else comes back
   */
  RansTimes measure(RansCase what, Repetitions repetitions);
}
