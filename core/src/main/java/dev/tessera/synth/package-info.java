/**
 * Deterministic synthetic fields for demonstrations and tests. Uses {@code field} only, so that
 * data and compressor cannot know each other.
 */
package dev.tessera.synth;
