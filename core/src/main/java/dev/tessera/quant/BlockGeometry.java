package dev.tessera.quant;

import dev.tessera.field.TesseraException;
import java.util.Arrays;

/**
 * How a chunk of values is cut into blocks of {@value #PLACES} places that are predicted alone, and
 * in which order a block's places are coded.
 *
 * <p>A place has two numbers: its *natural* one, in C order over the block, and its *coded* one,
 * {@code 1024 · step + 32 · group + place in the group}. In every mode, four places that follow
 * each other naturally from a multiple of four on, a quad, do so in coded order as well.
 */
public final class BlockGeometry {
  /** Places of a block. */
  public static final int PLACES = 4096;

  /** Places of a group, which share one width. */
  public static final int GROUP = 32;

  /** Places of a quad. */
  public static final int QUAD = 4;

  /** Most blocks of a chunk. */
  public static final int MAX_BLOCKS = 1 << 14;

  private static final int MAX_VALUES = MAX_BLOCKS * PLACES;

  /** Shapes of blocks. */
  public enum Mode {
    VECTOR(1, 1, PLACES),
    PLANE(1, 128, 32),
    VOLUME(8, 16, 32);

    private final int depth;
    private final int height;
    private final int width;
    private final int[] quads = new int[PLACES / QUAD];

    Mode(int depth, int height, int width) {
      this.depth = depth;
      this.height = height;
      this.width = width;
      for (int i = 0; i < quads.length; i++) {
        quads[i] = naturalQuad(i / 256, i / 8 % 32, i % 8);
      }
    }

    /** Where quad {@code i} of a group begins in natural order. */
    private int naturalQuad(int step, int group, int i) {
      return switch (ordinal()) {
        case 0 -> step * 1024 + group * GROUP + i * QUAD;
        case 1 -> (step * 32 + group / 8 * 8 + i) * 32 + group % 8 * QUAD;
        default -> ((2 * step + i / 4) * 16 + group / 8 * 4 + i % 4) * 32 + group % 8 * QUAD;
      };
    }

    /** Planes of a block. */
    public int depth() {
      return depth;
    }

    /** Rows of a plane. */
    public int height() {
      return height;
    }

    /** Columns of a row. */
    public int width() {
      return width;
    }

    /** Places in which an exact value takes its neighbour's number: those of a group's row. */
    public int run() {
      return this == VECTOR ? GROUP : QUAD;
    }

    /** The natural number of a coded place. */
    public int natural(int coded) {
      return quads[coded / QUAD] + coded % QUAD;
    }

    /** Puts zigzag-coded values of natural order into coded order. */
    public void toCoded(int[] natural, int[] coded) {
      for (int i = 0; i < PLACES / QUAD; i++) {
        int from = quads[i];
        int to = QUAD * i;
        coded[to] = zigzag(natural[from]);
        coded[to + 1] = zigzag(natural[from + 1]);
        coded[to + 2] = zigzag(natural[from + 2]);
        coded[to + 3] = zigzag(natural[from + 3]);
      }
    }

    /** The inverse of {@link #toCoded}. */
    public void toNatural(int[] coded, int[] natural) {
      for (int i = 0; i < PLACES / QUAD; i++) {
        int to = quads[i];
        int from = QUAD * i;
        natural[to] = signed(coded[from]);
        natural[to + 1] = signed(coded[from + 1]);
        natural[to + 2] = signed(coded[from + 2]);
        natural[to + 3] = signed(coded[from + 3]);
      }
    }

    private static int zigzag(int value) {
      return value << 1 ^ value >> 31;
    }

    private static int signed(int zigzag) {
      return zigzag >>> 1 ^ -(zigzag & 1);
    }
  }

  /**
   * One block of a chunk.
   *
   * @param z first plane in the chunk
   * @param y first row
   * @param x first column
   * @param depth planes inside the chunk
   * @param height rows inside the chunk
   * @param width columns inside the chunk
   */
  public record Block(int z, int y, int x, int depth, int height, int width) {}

  private final Mode mode;
  private final int depth;
  private final int height;
  private final int width;
  private final int rowsOfBlocks;
  private final int columnsOfBlocks;
  private final int blocks;

  /**
   * Cuts a chunk of {@code depth × height × width} values.
   *
   * @throws TesseraException.Invalid if an extent is not positive
   * @throws TesseraException.Unsupported if there are more than {@value #MAX_BLOCKS} blocks
   */
  public BlockGeometry(int depth, int height, int width) {
    requireChunk(depth, height, width);
    mode = depth >= 2 ? Mode.VOLUME : height >= 4 ? Mode.PLANE : Mode.VECTOR;
    this.depth = depth;
    this.height = mode == Mode.VECTOR ? 1 : height;
    this.width = mode == Mode.VECTOR ? height * width : width;
    rowsOfBlocks = Math.ceilDiv(this.height, mode.height);
    columnsOfBlocks = Math.ceilDiv(this.width, mode.width);
    long count = (long) Math.ceilDiv(depth, mode.depth) * rowsOfBlocks * columnsOfBlocks;
    if (count > MAX_BLOCKS) {
      throw tooLarge(depth, height, width);
    }
    blocks = (int) count;
  }

  private static void requireChunk(int depth, int height, int width) {
    if (depth < 1 || height < 1 || width < 1) {
      throw new TesseraException.Invalid(
          "a chunk of %d×%d×%d values has none: every extent must be positive"
              .formatted(depth, height, width));
    }
    if (height > MAX_VALUES / depth || width > MAX_VALUES / depth / height) {
      throw tooLarge(depth, height, width);
    }
  }

  private static TesseraException tooLarge(int depth, int height, int width) {
    return new TesseraException.Unsupported(
        "a chunk of %d×%d×%d has more than %d blocks of %d values: use smaller chunks"
            .formatted(depth, height, width, MAX_BLOCKS, PLACES));
  }

  /** Shape of the blocks. */
  public Mode mode() {
    return mode;
  }

  /** Number of blocks. */
  public int blocks() {
    return blocks;
  }

  /** Number of values of the chunk. */
  public int values() {
    return depth * height * width;
  }

  /** Where block {@code i} lies, in C order. */
  public Block block(int i) {
    int x = i % columnsOfBlocks * mode.width;
    int y = i / columnsOfBlocks % rowsOfBlocks * mode.height;
    int z = i / columnsOfBlocks / rowsOfBlocks * mode.depth;
    return new Block(
        z,
        y,
        x,
        Math.min(mode.depth, depth - z),
        Math.min(mode.height, height - y),
        Math.min(mode.width, width - x));
  }

  /** Whether a block is full, with no place outside the chunk. */
  public boolean isFull(Block block) {
    return block.depth * block.height * block.width == PLACES;
  }

  /** Whether a natural place of a block lies inside the chunk. */
  public boolean contains(Block block, int natural) {
    return natural % mode.width < block.width
        && natural / mode.width % mode.height < block.height
        && natural / mode.width / mode.height < block.depth;
  }

  /** Index in the chunk, in C order, of a natural place of a block. */
  public int index(Block block, int natural) {
    int x = block.x + natural % mode.width;
    int y = block.y + natural / mode.width % mode.height;
    int z = block.z + natural / mode.width / mode.height;
    return (z * height + y) * width + x;
  }

  /** Sets natural places of a block outside the chunk to 0. */
  public void clearOutside(Block block, int[] natural) {
    if (isFull(block)) {
      return;
    }
    for (int row = 0; row < mode.depth * mode.height; row++) {
      boolean inside = row / mode.height < block.depth && row % mode.height < block.height;
      int from = row * mode.width + (inside ? block.width : 0);
      Arrays.fill(natural, from, (row + 1) * mode.width, 0);
    }
  }
}
