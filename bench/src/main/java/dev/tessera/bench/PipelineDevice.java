package dev.tessera.bench;

import java.util.Map;
import java.util.Optional;

/** Something that codes fields by pipelines. */
public interface PipelineDevice extends AutoCloseable {
  /** Name in tables. */
  String name();

  /** Why it cannot do a pipeline; empty where it can. */
  Optional<String> unable(PipelineCase what);

  /** How often it is to be measured where the user does not say. */
  int usualRuns();

  /** What it is made of: keys and values for the report. */
  Map<String, String> properties();

  /**
   * Encodes and decodes, in turn over several copies of the field, and checks that every run
   * restores the same values.
   *
   * @throws dev.tessera.field.TesseraException.Corrupt if runs differ
   */
  PipelineTimes measure(PipelineCase what, Repetitions repetitions);

  @Override
  void close();
}
