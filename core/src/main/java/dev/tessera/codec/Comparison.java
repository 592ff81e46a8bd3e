package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Compares restored boxes with an original and keeps only the errors. Those of boxes are added up
 * in the order of the grid, so that threads change no digit.
 */
final class Comparison implements BoxSink {
  /** More slices than this are not told apart. */
  private static final long MAX_SLICES = 1 << 20;

  private final FieldSource original;
  private final FieldInfo info;
  private final Optional<BoundCheck> bound;
  private final boolean bySlice;
  private final List<Metrics.Accumulator> slices = new ArrayList<>();
  private final Queue<MemorySegment> idle = new ConcurrentLinkedQueue<>();

  /**
   * @throws TesseraException.Invalid if the original has another shape or type
   */
  Comparison(FieldSource original, FieldInfo info, Optional<BoundCheck> bound) {
    FieldInfo of = original.info();
    if (!of.shape().equals(info.shape()) || of.type() != info.type()) {
      throw new TesseraException.Invalid(
          "the file holds " + describe(info) + ", but the original is " + describe(of));
    }
    this.original = original;
    this.info = info;
    this.bound = bound;
    this.bySlice = info.shape().slices() <= MAX_SLICES;
    for (long slice = 0; slice < (bySlice ? info.shape().slices() : 1); slice++) {
      slices.add(new Metrics.Accumulator(info.type(), info.fillBits()));
    }
  }

  private static String describe(FieldInfo info) {
    return info.shape() + " " + info.type().code();
  }

  @Override
  public Runnable take(long slice, long row, long rows, long col, long cols, MemorySegment restored)
      throws IOException {
    DataType type = info.type();
    long bytes = rows * cols * type.bytes();
    MemorySegment free = idle.poll();
    MemorySegment box =
        free != null && free.byteSize() >= bytes
            ? free
            : MemorySegment.ofArray(new long[Math.toIntExact(Math.ceilDiv(bytes, 8L))]);
    read(slice, row, rows, col, cols, box);
    Metrics.Accumulator errors = new Metrics.Accumulator(type, info.fillBits());
    errors.add(box, restored, rows * cols);
    Optional<BoundCheck> check = bound.map(BoundCheck::another);
    check.ifPresent(part -> part.add(slice, box, restored, rows * cols));
    idle.add(box);
    return () -> {
      slices.get(bySlice ? (int) slice : 0).merge(errors);
      check.ifPresent(part -> bound.orElseThrow().merge(part));
    };
  }

  private void read(long slice, long row, long rows, long col, long cols, MemorySegment box)
      throws IOException {
    if (original.isConcurrent()) {
      original.read(slice, row, rows, col, cols, box);
    } else {
      synchronized (original) {
        original.read(slice, row, rows, col, cols, box);
      }
    }
  }

  Codec.Verification result() {
    Metrics.Accumulator total = new Metrics.Accumulator(info.type(), info.fillBits());
    slices.forEach(total::merge);
    return new Codec.Verification(
        total.metrics(),
        bySlice ? slices.stream().map(Metrics.Accumulator::metrics).toList() : List.of(),
        bound.map(BoundCheck::report));
  }
}
