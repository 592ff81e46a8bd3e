package dev.tessera.field;

/**
 * One cell of a {@link TileGrid}: {@code slices.length × height × width} values once padded.
 *
 * @param index number in the grid's order
 * @param slices slice of the field behind each channel; where a group is short its last slice is
 *     repeated
 * @param planes how many of the slices are not repetitions
 * @param row first row in the field
 * @param col first column in the field
 * @param rows rows inside the field, at most the grid's tile height; the others are padding
 * @param cols columns inside the field
 */
public record Tile(long index, long[] slices, int planes, long row, long col, int rows, int cols) {}
