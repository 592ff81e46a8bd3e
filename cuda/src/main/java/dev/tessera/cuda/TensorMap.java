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
 * value. What a copy reads outside of the array is zero. In shared memory lines of 128 bytes are
 * swizzled as the matrix instructions of those devices read them.
 */
public final class TensorMap {
  /** Size of a map. */
  public static final int BYTES = 128;

  private static final int ALIGNMENT = 64;
  private static final int INTERLEAVE_NONE = 0;
  private static final int SWIZZLE_128 = 3;
  private static final int L2_PROMOTION_128 = 2;
  private static final int FILL_ZERO = 0;

  // optional: every driver that is new enough has it, but only sm_90 and newer use it
  private static final MethodHandle ENCODE_TILED =
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

  /**
   * A map for copies of boxes out of an array, or of some of its elements.
   *
   * @param context that the array is of
   * @param array from the first element on, at a multiple of 16 bytes
   * @param extents of the array, the innermost first, 2 to 5 of them
   * @param strides bytes from one element to the next along every axis but the innermost, multiples
   *     of 16
   * @param box extents of a copy
   * @return a map in memory of its own
   * @throws TesseraException.Invalid if the array does not lie in the buffer
   * @throws TesseraException.Gpu if the driver does not take it
   */
  public static MemorySegment tiled(
      CudaContext context,
      Element type,
      DeviceBuffer array,
      long[] extents,
      long[] strides,
      int[] box) {
    requireSize(type, array, extents, strides);
    context.makeCurrent();
    int[] steps = new int[extents.length];
    Arrays.fill(steps, 1);
    MemorySegment map = Arena.ofAuto().allocate(BYTES, ALIGNMENT);
    try (Arena arena = Arena.ofConfined()) {
      int result =
          (int)
              ENCODE_TILED.invokeExact(
                  map,
                  type.code,
                  extents.length,
                  array.address(),
                  arena.allocateFrom(JAVA_LONG, extents),
                  arena.allocateFrom(JAVA_LONG, strides),
                  arena.allocateFrom(JAVA_INT, box),
                  arena.allocateFrom(JAVA_INT, steps),
                  INTERLEAVE_NONE,
                  SWIZZLE_128,
                  L2_PROMOTION_128,
                  FILL_ZERO);
      check("cuTensorMapEncodeTiled", result);
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
}
