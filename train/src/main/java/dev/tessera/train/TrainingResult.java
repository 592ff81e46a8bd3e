package dev.tessera.train;

import java.nio.file.Path;

/**
 * What became of a training.
 *
 * @param finished whether the budget was used up; else a checkpoint waits to be resumed
 * @param steps steps made in all
 * @param seconds time spent in all
 * @param validation losses of the model as written, or of the last validation; null where there was
 *     none
 * @param model the model file; written only where the training has finished
 * @param page the page about it, likewise
 */
public record TrainingResult(
    boolean finished, long steps, double seconds, Losses validation, Path model, Path page) {}
