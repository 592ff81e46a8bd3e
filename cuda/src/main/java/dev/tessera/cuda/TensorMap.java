package dev.tessera.cuda;

import static dev.tessera.cuda.CudaDriver.check;
import static dev.tessera.cuda.CudaDriver.function;
import static dev.tessera.cuda.NativeLibrary.rethrow;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * Descriptions of arrays in device memory for the copy engine (TMA) of compute capability 9.0 and
 * newer: the CUtensorMap of the CUDA Driver API, {@value #BYTES} bytes that a kernel takes by
 * value. Arrays are dense, extents are given from the innermost axis to the outermost, and what a
 * copy reads outside of the array is zero. Copies of whole lines of 128 bytes are swizzled as the
 * matrix instructions of those devices read them.
 */
public final class TensorMap {
  /** Size of a map. */
  public static final int BYTES = 128;

  private static final int ALIGNMENT = 64;
  private static final int INTERLEAVE_NONE = 0;
  private static final int L2_PROMOTION_128 = 2;
  private static final int FILL_ZERO = 0;
  private static final int IMAGE_RANK = 4;

  // optional: drivers for CUDA 12 and newer have them, and only sm_90 and newer use them
  private static final MethodHandle TILED =
      function(
          "cuTensorMapEncodeTiled",
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          JAVA_LONG,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT);
  private static final MethodHandle IM2COL =
      function(
          "cuTensorMapEncodeIm2col",
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          JAVA_LONG,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT);

  private TensorMap() {}

  /** What an element is; the numbers are those of CUtensorMapDataType. */
  public enum Element {
    /** 8 bits, such as e4m3. */
    BYTE(0, 1),
    /** float16. */
    HALF(6, 2),
    /** float32. */
    FLOAT(7, 4);

    private final int code;
    private final int bytes;

    Element(int code, int bytes) {
      this.code = code;
      this.bytes = bytes;
    }

    /** Size of an element. */
    public int bytes() {
      return bytes;
    }
  }

  /** How lines are permuted in shared memory; the numbers are those of CUtensorMapSwizzle. */
  public enum Swizzle {
    /** Not at all. */
    NONE(0),
    /** Within 32 bytes. */
    BYTES_32(1),
    /** Within 64 bytes. */
    BYTES_64(2),
    /** Within 128 bytes. */
    BYTES_128(3);

    private final int code;

    Swizzle(int code) {
      this.code = code;
    }
  }

  /**
   * A map for copies of boxes out of a dense array.
   *
   * @param extents of the array, the innermost first, 1 to 5 of them
   * @param box extents of a copy
   * @return a map in memory of its own
   * @throws TesseraException.Gpu if the driver does not take it
   */
  public static MemorySegment tiled(
      Element type, DeviceBuffer array, long[] extents, int[] box, Swizzle swizzle) {
    return tiled(type, array, extents, strides(type, extents), box, swizzle);
  }

  /**
   * A map for copies of boxes out of an array, or of some of its elements.
   *
   * @param array from the first element on
   * @param strides bytes from one element to the next along every axis but the innermost
   */
  public static MemorySegment tiled(
      Element type,
      DeviceBuffer array,
      long[] extents,
      long[] strides,
      int[] box,
      Swizzle swizzle) {
    requireSize(type, array, extents, strides);
    int[] steps = new int[extents.length];
    Arrays.fill(steps, 1);
    MemorySegment map = Arena.ofAuto().allocate(BYTES, ALIGNMENT);
    try (Arena arena = Arena.ofConfined()) {
      int result =
          (int)
              TILED.invokeExact(
                  map,
                  type.code,
                  extents.length,
                  array.address(),
                  arena.allocateFrom(JAVA_LONG, extents),
                  // one axis has no stride, and the driver then reads none
                  arena.allocateFrom(JAVA_LONG, strides.length == 0 ? new long[1] : strides),
                  arena.allocateFrom(JAVA_INT, box),
                  arena.allocateFrom(JAVA_INT, steps),
                  INTERLEAVE_NONE,
                  swizzle.code,
                  L2_PROMOTION_128,
                  FILL_ZERO);
      check("cuTensorMapEncodeTiled", result);
      return map;
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /**
   * The window of a convolution over images in NHWC order: which input pixels the copies see for
   * filter tap (0, 0), and at which distance.
   *
   * @param lowerX offset of the first pixel of a row, such as −padding
   * @param lowerY offset of the first row
   * @param upperX offset of the last pixel from the row's last one
   * @param upperY offset of the last row from the image's last one
   * @param stride distance of pixels along both axes
   */
  public record Window(int lowerX, int lowerY, int upperX, int upperY, int stride) {}

  /**
   * A map for copies of pixels under a filter tap (the mode im2col).
   *
   * @param images N × H × W × C elements
   * @param extents C, W, H, N
   * @param channels channels of a copy
   * @param pixels pixels of a copy
   * @return a map in memory of its own
   * @throws TesseraException.Gpu if the driver does not take it
   */
  public static MemorySegment im2col(
      Element type,
      DeviceBuffer images,
      long[] extents,
      Window window,
      int channels,
      int pixels,
      Swizzle swizzle) {
    requireSize(type, images, extents, strides(type, extents));
    if (extents.length != IMAGE_RANK) {
      throw new TesseraException.Invalid("images have 4 axes, not " + extents.length);
    }
    MemorySegment map = Arena.ofAuto().allocate(BYTES, ALIGNMENT);
    try (Arena arena = Arena.ofConfined()) {
      int result =
          (int)
              IM2COL.invokeExact(
                  map,
                  type.code,
                  IMAGE_RANK,
                  images.address(),
                  arena.allocateFrom(JAVA_LONG, extents),
                  arena.allocateFrom(JAVA_LONG, strides(type, extents)),
                  arena.allocateFrom(JAVA_INT, window.lowerX(), window.lowerY()),
                  arena.allocateFrom(JAVA_INT, window.upperX(), window.upperY()),
                  channels,
                  pixels,
                  arena.allocateFrom(JAVA_INT, 1, window.stride(), window.stride(), 1),
                  INTERLEAVE_NONE,
                  swizzle.code,
                  L2_PROMOTION_128,
                  FILL_ZERO);
      check("cuTensorMapEncodeIm2col", result);
      return map;
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  private static void requireSize(
      Element type, DeviceBuffer array, long[] extents, long[] strides) {
    long bytes = extents[0] * type.bytes;
    for (int i = 0; i < strides.length; i++) {
      bytes = Math.addExact(bytes, Math.multiplyExact(extents[i + 1] - 1, strides[i]));
    }
    if (bytes < 1 || bytes > array.bytes()) {
      throw new TesseraException.Invalid(
          "an array of %d bytes does not lie in a device buffer of %d"
              .formatted(bytes, array.bytes()));
    }
  }

  /** Bytes from one element to the next along every axis but the innermost of a dense array. */
  static long[] strides(Element type, long... extents) {
    long[] strides = new long[extents.length - 1];
    long bytes = type.bytes;
    for (int i = 0; i < strides.length; i++) {
      bytes *= extents[i];
      strides[i] = bytes;
    }
    return strides;
  }
}
