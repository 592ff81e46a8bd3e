package dev.tessera.field;

/**
 * How a field is cut into tiles of {@code channels × tileHeight × tileWidth}. A tile's channels are
 * consecutive planes along one axis of one volume: the last group of an axis repeats its last
 * plane, and no group reaches across another axis. Tiles start every {@code tileHeight − overlap}
 * rows and {@code tileWidth − overlap} columns. Order: groups (C order over the leading axes), then
 * rows of tiles, then columns.
 */
public final class TileGrid {
  /** Sides of tiles are multiples of this; models with side information ask for multiples of 64. */
  public static final int UNIT = 16;

  private final Shape shape;
  private final int channels;
  private final int groupAxis;
  private final int tileHeight;
  private final int tileWidth;
  private final int overlap;
  private final long axisLength;
  private final long groupsPerAxis;
  private final long axisStride;
  private final long groups;
  private final long tileRows;
  private final long tileCols;

  /**
   * @param shape the field
   * @param channels planes per tile, at least 1
   * @param groupAxis axis along which a tile's planes lie, one of the axes before the last two;
   *     ignored where there is none
   * @param tileHeight rows of a tile, a positive multiple of {@link #UNIT}
   * @param tileWidth columns of a tile, a positive multiple of {@link #UNIT}
   * @param overlap rows and columns that neighbours share, below half of the tile's shorter side
   */
  public TileGrid(
      Shape shape, int channels, int groupAxis, int tileHeight, int tileWidth, int overlap) {
    if (channels < 1) {
      throw new TesseraException.Invalid("a tile needs at least one channel, not " + channels);
    }
    if (tileHeight < UNIT || tileWidth < UNIT || tileHeight % UNIT != 0 || tileWidth % UNIT != 0) {
      throw new TesseraException.Invalid(
          "a tile's sides are multiples of " + UNIT + ", not " + tileHeight + "x" + tileWidth);
    }
    if (overlap < 0 || 2 * overlap >= Math.min(tileHeight, tileWidth)) {
      throw new TesseraException.Invalid(
          "the overlap is at least 0 and less than half of the tile's shorter side, not "
              + overlap);
    }
    int leading = Math.max(0, shape.rank() - 2);
    if (groupAxis < 0 || groupAxis >= Math.max(1, leading)) {
      throw new TesseraException.Invalid(
          leading == 0
              ? "a field of rows and columns has no axis to group along: leave out the group axis"
              : "the group axis of %s is one of 0 to %d, not %d"
                  .formatted(shape, leading - 1, groupAxis));
    }
    this.shape = shape;
    this.channels = channels;
    this.groupAxis = groupAxis;
    this.tileHeight = tileHeight;
    this.tileWidth = tileWidth;
    this.overlap = overlap;
    this.axisLength = leading > 0 ? shape.dim(groupAxis) : 1;
    this.groupsPerAxis = Math.ceilDiv(axisLength, channels);
    long stride = 1;
    for (int axis = this.groupAxis + 1; axis < leading; axis++) {
      stride *= shape.dim(axis);
    }
    this.axisStride = stride;
    this.groups = shape.slices() / axisLength * groupsPerAxis;
    this.tileRows = cells(shape.height(), tileHeight - overlap);
    this.tileCols = cells(shape.width(), tileWidth - overlap);
  }

  /**
   * With overlap a last cell no wider than the overlap would lie inside its neighbour's tile, so it
   * is left out.
   */
  private long cells(long extent, int step) {
    return Math.max(1, Math.ceilDiv(extent - overlap, (long) step));
  }

  /** Number of tiles. */
  public long count() {
    return Math.multiplyExact(groups, Math.multiplyExact(tileRows, tileCols));
  }

  /** The tile of a number below {@link #count()}. */
  public Tile tile(long index) {
    return tileAt(index / (tileRows * tileCols), index / tileCols % tileRows, index % tileCols);
  }

  /** The number of the tile at a group, a row of tiles and a column of tiles. */
  public long index(long group, long tileRow, long tileCol) {
    return (group * tileRows + tileRow) * tileCols + tileCol;
  }

  private Tile tileAt(long group, long tileRow, long tileCol) {
    // group = (outer · groupsPerAxis + g) · axisStride + inner, over axes before, along and after
    // the group axis
    long inner = group % axisStride;
    long g = group / axisStride % groupsPerAxis;
    long outer = group / axisStride / groupsPerAxis;
    int planes = (int) Math.min(channels, axisLength - g * channels);
    long[] slices = new long[channels];
    for (int c = 0; c < channels; c++) {
      long plane = g * channels + Math.min(c, planes - 1);
      slices[c] = (outer * axisLength + plane) * axisStride + inner;
    }
    long row = tileRow * (tileHeight - overlap);
    long col = tileCol * (tileWidth - overlap);
    return new Tile(
        index(group, tileRow, tileCol),
        slices,
        planes,
        row,
        col,
        (int) Math.min(tileHeight, shape.height() - row),
        (int) Math.min(tileWidth, shape.width() - col));
  }

  public Shape shape() {
    return shape;
  }

  public int channels() {
    return channels;
  }

  /** The axis along which a tile's planes lie; 0 where the field has no leading axis. */
  public int groupAxis() {
    return groupAxis;
  }

  public int tileHeight() {
    return tileHeight;
  }

  public int tileWidth() {
    return tileWidth;
  }

  public int overlap() {
    return overlap;
  }

  /** Number of channel groups in the whole field. */
  public long groups() {
    return groups;
  }

  /** Rows of tiles in a plane. */
  public long tileRows() {
    return tileRows;
  }

  /** Columns of tiles in a plane. */
  public long tileCols() {
    return tileCols;
  }

  /** Values of one padded tile. */
  public int tileElements() {
    return Math.multiplyExact(channels, Math.multiplyExact(tileHeight, tileWidth));
  }
}
