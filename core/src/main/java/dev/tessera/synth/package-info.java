/**
 * Deterministic synthetic fields for demonstrations, tests and the training of shipped models:
 * universes ({@link dev.tessera.synth.CosmologySynth}), other families ({@link
 * dev.tessera.synth.SyntheticFamily}) and whole sets of both ({@link
 * dev.tessera.synth.TrainingSet}). Strict arithmetic and numbered random values make the same bytes
 * everywhere. Uses {@code field} only, so that data and compressor cannot know each other.
 */
package dev.tessera.synth;
