package dev.tessera.train.data;

import dev.tessera.codec.Inpainting;
import dev.tessera.codec.Reflection;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Reads crops and normalizes them as the codec does its tiles: the same arithmetic, the same
 * stand-ins for missing values, the same reflection where a field is smaller than a crop. For one
 * thread.
 */
final class CropReader {
  private final int channels;
  private final int side;
  private final float[] box;
  private final float[][] planes;
  private final boolean[] missing;
  private final boolean[][] missingIn;
  private final int[] rowAt;
  private final int[] columnAt;
  private final int[] sourceRow;
  private final int[] sourceColumn;
  private int filled;
  private int rows;
  private int cols;

  CropReader(int channels, int side) {
    this.channels = channels;
    this.side = side;
    this.box = new float[channels * side * side];
    this.planes = new float[channels][side * side];
    this.missing = new boolean[channels];
    this.missingIn = new boolean[channels][side * side];
    this.rowAt = new int[side];
    this.columnAt = new int[side];
    this.sourceRow = new int[side];
    this.sourceColumn = new int[side];
  }

  /**
   * Reads a crop.
   *
   * @return whether there is something to learn from it: two different values, and no more missing
   *     than present
   */
  boolean load(Crop crop) {
    int[] size = crop.size();
    crop.field().read(crop.volume(), crop.from(), size, box);
    filled = crop.planes();
    rows = size[crop.rowAxis()];
    cols = size[crop.columnAxis()];
    int[] stride = {size[1] * size[2], size[2], 1};
    places(rowAt, rows, stride[crop.rowAxis()], crop.flips()[1]);
    places(columnAt, cols, stride[crop.columnAxis()], crop.flips()[2]);
    boolean straight = stride[crop.columnAxis()] == 1 && !crop.flips()[2];
    PlaneMaps maps = crop.field().maps(crop.orientation());
    boolean clamps = crop.field().description().clamps();
    int absent = 0;
    for (int c = 0; c < filled; c++) {
      int source = crop.flips()[0] ? filled - 1 - c : c;
      gather(planes[c], source * stride[crop.orientation().axis()], straight);
      absent += crop.field().description().missing() > 0 ? markMissing(c) : 0;
      normalize(planes[c], maps, crop.firstPlane() + source, clamps);
    }
    boolean varied = spread(crop.jitter(), clamps, absent > 0);
    for (int c = 0; c < filled; c++) {
      if (absent > 0 && missing[c]) {
        Inpainting.fill(planes[c], missingIn[c], rows, cols);
      }
    }
    return varied && 2L * absent <= (long) filled * rows * cols;
  }

  private static void places(int[] at, int count, int stride, boolean flipped) {
    for (int i = 0; i < count; i++) {
      at[i] = stride * (flipped ? count - 1 - i : i);
    }
  }

  private void gather(float[] plane, int from, boolean straight) {
    for (int r = 0; r < rows; r++) {
      int row = from + rowAt[r];
      if (straight) {
        System.arraycopy(box, row, plane, r * cols, cols);
      } else {
        for (int i = 0; i < cols; i++) {
          plane[r * cols + i] = box[row + columnAt[i]];
        }
      }
    }
  }

  private int markMissing(int c) {
    int count = 0;
    for (int i = 0; i < rows * cols; i++) {
      boolean absent = !Float.isFinite(planes[c][i]);
      missingIn[c][i] = absent;
      count += absent ? 1 : 0;
    }
    missing[c] = count > 0;
    return count;
  }

  private void normalize(float[] plane, PlaneMaps maps, long number, boolean clamps) {
    double offset = maps.offset(number);
    double width = maps.width(number);
    double scale = maps.scale(number);
    int count = rows * cols;
    if (width == 0) {
      Arrays.fill(plane, 0, count, 0);
    } else if (clamps) {
      for (int i = 0; i < count; i++) {
        plane[i] = (float) Math.max(0, Math.min(1, (plane[i] * scale - offset) / width));
      }
    } else {
      for (int i = 0; i < count; i++) {
        plane[i] = (float) ((plane[i] * scale - offset) / width);
      }
    }
  }

  /**
   * Spreads the crop's values as if the limits of its planes were nearer to its own.
   *
   * @return whether it has two different values
   */
  private boolean spread(double jitter, boolean clamps, boolean gaps) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    int count = rows * cols;
    for (int c = 0; c < filled; c++) {
      for (int i = 0; i < count; i++) {
        if (!gaps || !missing[c] || !missingIn[c][i]) {
          low = Math.min(low, planes[c][i]);
          high = Math.max(high, planes[c][i]);
        }
      }
    }
    if (jitter > 0 && clamps && low < high) {
      float start = (float) jitter * low;
      float width = 1 + (float) jitter * (high - 1) - start;
      for (int c = 0; c < filled; c++) {
        for (int i = 0; i < count; i++) {
          planes[c][i] = Math.max(0, Math.min(1, (planes[c][i] - start) / width));
        }
      }
    }
    return low < high;
  }

  /** Writes the crop that was read, {@code channels × side × side}, from element {@code at} on. */
  void store(MemorySegment target, long at) {
    Reflection.places(sourceRow, rows);
    Reflection.places(sourceColumn, cols);
    for (int c = 0; c < channels; c++) {
      // the last plane stands for those beyond the volume
      float[] plane = planes[Math.min(c, filled - 1)];
      for (int r = 0; r < side; r++) {
        int from = sourceRow[r] * cols;
        long to = at + ((long) c * side + r) * side;
        MemorySegment.copy(plane, from, target, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * to, cols);
        for (int i = cols; i < side; i++) {
          target.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (to + i), plane[from + sourceColumn[i]]);
        }
      }
    }
  }
}
