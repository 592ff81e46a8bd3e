package dev.tessera.bench;

import java.util.Optional;

/** Something that codes fields by pipelines. */
public interface PipelineDevice extends BenchDevice {
  /** Why it cannot do a pipeline; empty where it can. */
  Optional<String> unable(PipelineCase what);

  /**
   * Encodes and decodes, in turn over several copies of the field, and checks that every run
   * restores the same values.
   *
   * @throws dev.tessera.field.TesseraException.Corrupt if runs differ
   */
  PipelineTimes measure(PipelineCase what, Repetitions repetitions);
}
