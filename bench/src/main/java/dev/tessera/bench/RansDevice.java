package dev.tessera.bench;

import java.util.Map;

/** Something that codes latents: a processor with one way of doing it. */
public interface RansDevice extends AutoCloseable {
  /** Name in tables, such as {@code cpu, 1 thread}. */
  String name();

  /** Whether it codes streams of P channels; other coders are measured once and give no streams. */
  boolean codesStreams();

  /** Whether it knows a profile; asked only of those that code streams. */
  boolean offers(RansProfile profile);

  /** How often it is to be measured where the user does not say. */
  int usualRuns();

  /** What it is made of: keys and values for the report. */
  Map<String, String> properties();

  /**
   * Encodes and decodes, in turn over several orders of the latents' tiles, and compares what comes
   * back on every run.
   *
   * @throws dev.tessera.field.TesseraException.Corrupt if something else comes back
   */
  RansTimes measure(RansCase what, Repetitions repetitions);

  @Override
  void close();
}
