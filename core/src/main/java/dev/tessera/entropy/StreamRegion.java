package dev.tessera.entropy;

/**
 * The part of a latent that one stream holds, over its whole width.
 *
 * @param firstChannel first channel
 * @param channels number of channels
 * @param firstRow first row
 * @param rows number of rows
 */
public record StreamRegion(int firstChannel, int channels, int firstRow, int rows) {}
