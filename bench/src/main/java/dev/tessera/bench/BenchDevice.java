package dev.tessera.bench;

import java.util.Map;

/** Something that is measured. */
public interface BenchDevice extends AutoCloseable {
  /** Name in tables, such as {@code cpu, 1 thread}. */
  String name();

  /** How often it is to be measured where the user does not say. */
  int usualRuns();

  /** What it is made of: keys and values for the report. */
  Map<String, String> properties();

  @Override
  void close();
}
