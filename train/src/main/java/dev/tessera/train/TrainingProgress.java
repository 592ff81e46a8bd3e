package dev.tessera.train;

/**
 * Where a training stands.
 *
 * @param step steps made
 * @param share of the budget that is used up, 0 to 1
 * @param losses means over the last steps
 * @param learningRate of the networks
 * @param cropsPerSecond of late
 * @param secondsLeft an estimate
 */
public record TrainingProgress(
    long step,
    double share,
    Losses losses,
    double learningRate,
    double cropsPerSecond,
    double secondsLeft) {}
