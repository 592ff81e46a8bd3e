package dev.tessera.cuda;

import static dev.tessera.cuda.NativeLibrary.rethrow;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/**
 * A coder of nvCOMP over batches of chunks (nvCOMP 5, low-level C API). Tables of addresses and
 * sizes are 64-bit and in device memory; so are statuses, of 32 bits, 0 for success.
 *
 * <p>nvCOMP does not promise to survive damaged input: check what comes from elsewhere first.
 */
public final class NvCompCoder {
  /** The largest chunk that nvCOMP compresses. */
  public static final long MAX_CHUNK_BYTES = 1L << 24;

  private static final long OPTION_BYTES = 64;
  // every options struct: two integers or one, then reserved bytes that must be zero
  private static final StructLayout OPTIONS =
      MemoryLayout.structLayout(
          JAVA_INT,
          JAVA_INT,
          MemoryLayout.sequenceLayout(OPTION_BYTES - 2 * Integer.BYTES, JAVA_BYTE));

  private final String name;
  private final NativeLibrary library;
  private final MemorySegment compressOptions;
  private final MemorySegment decompressOptions;
  private final MethodHandle compressTemp;
  private final MethodHandle maxOutput;
  private final MethodHandle compress;
  private final MethodHandle decompressTemp;
  private final MethodHandle decompress;

  NvCompCoder(NativeLibrary library, String name, int algorithm, int type) {
    this.library = library;
    this.name = name;
    compressOptions = Arena.ofAuto().allocate(OPTIONS);
    compressOptions.set(JAVA_INT, 0, algorithm);
    compressOptions.set(JAVA_INT, Integer.BYTES, type);
    // 0: nvCOMP chooses how to decompress, and finds the type in the data
    decompressOptions = Arena.ofAuto().allocate(OPTIONS);
    compressTemp =
        function("CompressGetTempSizeAsync", JAVA_LONG, JAVA_LONG, OPTIONS, ADDRESS, JAVA_LONG);
    maxOutput = function("CompressGetMaxOutputChunkSize", JAVA_LONG, OPTIONS, ADDRESS);
    compress =
        function(
            "CompressAsync",
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            OPTIONS,
            JAVA_LONG,
            JAVA_LONG);
    decompressTemp =
        function("DecompressGetTempSizeAsync", JAVA_LONG, JAVA_LONG, OPTIONS, ADDRESS, JAVA_LONG);
    decompress =
        function(
            "DecompressAsync",
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            OPTIONS,
            JAVA_LONG,
            JAVA_LONG);
  }

  private String call(String suffix) {
    return "nvcompBatched" + name + suffix;
  }

  private MethodHandle function(String suffix, MemoryLayout... parameters) {
    return library.function(call(suffix), FunctionDescriptor.of(JAVA_INT, parameters));
  }

  private void check(String suffix, int status) {
    if (status != 0) {
      throw new TesseraException.Gpu(
          call(suffix),
          status,
          switch (status) {
            case 10 -> "invalid value";
            case 11 -> "not supported";
            case 12 -> "cannot decompress";
            case 1000 -> "an error of CUDA";
            default -> "nvCOMP's internal error";
          });
    }
  }

  /** Bytes that a compressed chunk can have at most. */
  public long maxCompressedChunk(long chunkBytes) {
    requireChunk(chunkBytes);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check(
          "CompressGetMaxOutputChunkSize",
          (int) maxOutput.invokeExact(chunkBytes, compressOptions, out));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Bytes of scratch memory for compressing. */
  public long compressTemp(long chunks, long chunkBytes, long totalBytes) {
    requireChunk(chunkBytes);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check(
          "CompressGetTempSizeAsync",
          (int) compressTemp.invokeExact(chunks, chunkBytes, compressOptions, out, totalBytes));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Bytes of scratch memory for decompressing. */
  public long decompressTemp(long chunks, long chunkBytes, long totalBytes) {
    requireChunk(chunkBytes);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check(
          "DecompressGetTempSizeAsync",
          (int) decompressTemp.invokeExact(chunks, chunkBytes, decompressOptions, out, totalBytes));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /**
   * A batch of chunks, all tables in device memory.
   *
   * @param count number of chunks
   * @param addresses addresses of the input chunks, {@code count} longs
   * @param sizes their sizes in bytes, {@code count} longs
   * @param outputAddresses addresses of the output chunks, {@code count} longs
   * @param outputSizes receives the sizes of the outputs, {@code count} longs
   * @param statuses receives a status for each chunk, {@code count} ints
   * @param temp scratch memory
   */
  public record Batch(
      long count,
      DeviceBuffer addresses,
      DeviceBuffer sizes,
      DeviceBuffer outputAddresses,
      DeviceBuffer outputSizes,
      DeviceBuffer statuses,
      DeviceBuffer temp) {
    /** Checks the sizes of the tables. */
    public Batch {
      requireTable(addresses, count * Long.BYTES);
      requireTable(sizes, count * Long.BYTES);
      requireTable(outputAddresses, count * Long.BYTES);
      requireTable(outputSizes, count * Long.BYTES);
      requireTable(statuses, count * Integer.BYTES);
    }

    private static void requireTable(DeviceBuffer table, long bytes) {
      if (bytes <= 0 || table.bytes() < bytes) {
        throw new TesseraException.Invalid(
            "a table of %d bytes is too small for a batch, which needs %d"
                .formatted(table.bytes(), bytes));
      }
    }
  }

  /**
   * Compresses a batch in a stream. Each output has room for {@link #maxCompressedChunk}.
   *
   * @param chunkBytes the largest chunk's size
   */
  public void compress(CudaStream stream, Batch batch, long chunkBytes) {
    requireChunk(chunkBytes);
    stream.context().makeCurrent();
    try {
      check(
          "CompressAsync",
          (int)
              compress.invokeExact(
                  batch.addresses().address(),
                  batch.sizes().address(),
                  chunkBytes,
                  batch.count(),
                  batch.temp().address(),
                  batch.temp().bytes(),
                  batch.outputAddresses().address(),
                  batch.outputSizes().address(),
                  compressOptions,
                  batch.statuses().address(),
                  stream.handle()));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /**
   * Decompresses a batch in a stream; Bitcomp waits for the stream first.
   *
   * @param capacities room of each output in bytes, {@code count} longs in device memory
   */
  public void decompress(CudaStream stream, Batch batch, DeviceBuffer capacities) {
    Batch.requireTable(capacities, batch.count() * Long.BYTES);
    stream.context().makeCurrent();
    try {
      check(
          "DecompressAsync",
          (int)
              decompress.invokeExact(
                  batch.addresses().address(),
                  batch.sizes().address(),
                  capacities.address(),
                  batch.outputSizes().address(),
                  batch.count(),
                  batch.temp().address(),
                  batch.temp().bytes(),
                  batch.outputAddresses().address(),
                  decompressOptions,
                  batch.statuses().address(),
                  stream.handle()));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  private static void requireChunk(long bytes) {
    if (bytes <= 0 || bytes > MAX_CHUNK_BYTES) {
      throw new TesseraException.Invalid(
          "nvCOMP takes chunks of 1 to " + MAX_CHUNK_BYTES + " bytes, not " + bytes);
    }
  }
}
