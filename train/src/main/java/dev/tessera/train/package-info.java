/**
 * Trains models: what a user asks for ({@link dev.tessera.train.TrainingOptions}), the loop,
 * optimizers and schedule, checkpoints, and what is told of a training ({@link
 * dev.tessera.train.TrainingListener}, {@code metrics.jsonl}, a page). Its public classes name no
 * class of libtorch, so that a program without libtorch can ask for the options' help.
 */
package dev.tessera.train;
