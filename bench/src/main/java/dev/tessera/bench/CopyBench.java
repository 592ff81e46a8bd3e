package dev.tessera.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.LaunchShape;
import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** How fast memory is copied: the ceiling of everything that reads and writes as much. */
public final class CopyBench {
  private static final int BLOCK = 256;
  private static final int BLOCKS_PER_MULTIPROCESSOR = 8;
  private static final int VECTOR = 16;
  private static final int PARTS = 64;

  private CopyBench() {}

  /**
   * A row.
   *
   * @param device name of the device
   * @param how what copied
   * @param bytes copied, each read once and written once
   */
  public record Result(String device, String how, long bytes, Samples times) {
    /** 10^9 bytes per second, read and written together. */
    public double rate() {
      return times.giga(2.0 * bytes);
    }

    JsonObject toJson() {
      JsonObject json = times.toJson();
      json.addProperty("device", device);
      json.addProperty("how", how);
      json.addProperty("bytes", bytes);
      json.addProperty("read_and_write_gb_per_s", rate());
      return json;
    }
  }

  /**
   * Measures devices.
   *
   * @param devices {@code cpu}, {@code cuda} or {@code auto}
   * @param bytes size of what is copied, rounded down to whole vectors
   */
  public static List<Result> run(List<String> devices, long bytes, int runs) {
    if (bytes < VECTOR) {
      throw new TesseraException.Invalid("a copy of " + bytes + " bytes cannot be measured");
    }
    long whole = bytes / VECTOR * VECTOR;
    List<Result> results = new ArrayList<>();
    for (String name : devices) {
      switch (name) {
        case "cpu" -> cpu(whole, runs == 0 ? 15 : runs, results);
        case "cuda" -> cuda(whole, runs == 0 ? 40 : runs, results);
        case "auto" -> {
          cpu(whole, runs == 0 ? 15 : runs, results);
          if (CudaSession.available()) {
            cuda(whole, runs == 0 ? 40 : runs, results);
          }
        }
        default ->
            throw new TesseraException.Invalid(
                "there is no device '" + name + "': name cpu, cuda or auto");
      }
    }
    return results;
  }

  private static void cpu(long bytes, int runs, List<Result> results) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment from = arena.allocate(bytes, 64).fill((byte) 1);
      MemorySegment to = arena.allocate(bytes, 64).fill((byte) 2);
      results.add(
          new Result(
              "cpu",
              "1 thread",
              bytes,
              sample(runs, () -> MemorySegment.copy(from, 0, to, 0, bytes))));
      results.add(new Result("cpu", "all threads", bytes, sample(runs, () -> copyParts(from, to))));
    }
  }

  private static void copyParts(MemorySegment from, MemorySegment to) {
    long size = from.byteSize();
    IntStream.range(0, PARTS)
        .parallel()
        .forEach(i -> {
          long at = size * i / PARTS;
          MemorySegment.copy(from, at, to, at, size * (i + 1) / PARTS - at);
        });
  }

  private static Samples sample(int runs, Runnable copy) {
    double[] seconds = new double[runs];
    for (int run = -2; run < runs; run++) {
      long start = System.nanoTime();
      copy.run();
      if (run >= 0) {
        seconds[run] = (System.nanoTime() - start) / 1e9;
      }
    }
    return Samples.of(seconds);
  }

  private static void cuda(long bytes, int runs, List<Result> results) {
    try (CudaSession session = new CudaSession()) {
      DeviceBuffer from = session.device.allocate(bytes);
      DeviceBuffer to = session.device.allocate(bytes);
      session.stream.fill(from, 1);
      Kernel kernel = session.context.kernel("copy.cu", "copy16");
      int blocks = session.context.device().multiprocessors() * BLOCKS_PER_MULTIPROCESSOR;
      String device = session.context.device().name();
      results.add(
          new Result(
              device,
              "kernel",
              bytes,
              sample(
                  session,
                  runs,
                  () ->
                      kernel.launch(
                          session.stream,
                          LaunchShape.of(blocks, BLOCK),
                          to.address(),
                          from.address(),
                          bytes / VECTOR))));
      results.add(
          new Result(
              device, "driver", bytes, sample(session, runs, () -> session.stream.copy(to, from))));
    }
  }

  private static Samples sample(CudaSession session, int runs, Runnable copy) {
    double[] seconds = new double[runs];
    for (int run = -5; run < runs; run++) {
      double time = session.time(copy);
      if (run >= 0) {
        seconds[run] = time;
      }
    }
    return Samples.of(seconds);
  }

  /** For people. */
  public static String table(List<Result> results) {
    TextTable table =
        new TextTable(2, "device", "copied by", "MB", "read + write GB/s", "p10..p90");
    for (Result row : results) {
      table.add(
          row.device(),
          row.how(),
          Numbers.short3(row.bytes() / 1e6),
          Numbers.short3(row.rate()),
          Numbers.short3(2 * row.bytes() / row.times().p90() / 1e9)
              + ".."
              + Numbers.short3(2 * row.bytes() / row.times().p10() / 1e9));
    }
    return table.toString();
  }

  /** For programs. */
  public static JsonObject toJson(RunInfo info, List<Result> results) {
    JsonObject json = info.toJson();
    JsonArray rows = new JsonArray();
    results.forEach(result -> rows.add(result.toJson()));
    json.add("results", rows);
    return json;
  }
}
