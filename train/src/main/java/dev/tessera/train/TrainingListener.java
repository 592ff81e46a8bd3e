package dev.tessera.train;

/** Is told how a training goes; called on the training's thread. */
public interface TrainingListener {
  /** Something worth a line of its own. */
  void message(String line);

  /**
   * How much of the data has been looked at, before the first step; called by the threads that
   * read, one at a time.
   *
   * @param share 0 to 1
   */
  default void reading(double share) {}

  /**
   * Where the training stands, about twice a second.
   *
   * @param validation the last validation, null before the first
   */
  void progress(TrainingProgress progress, Losses validation);

  /**
   * After every step. Interrupting the thread here ends the training with this step, as Ctrl-C
   * would.
   *
   * @param step steps made
   */
  default void stepped(long step) {}

  /**
   * What {@code metrics.jsonl} gets: means over the steps since the last such call.
   *
   * @param step steps made
   */
  default void measured(long step, Losses losses) {}
}
