package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compares what is written to it with an original, box by box, and keeps only the errors. */
final class ComparingSink implements FieldSink {
  private final FieldSource original;

  /** More slices than this are not told apart. */
  private static final long MAX_SLICES = 1 << 20;

  private final FieldInfo info;
  private final Optional<BoundCheck> bound;
  private final boolean bySlice;
  private final List<Metrics.Accumulator> slices = new ArrayList<>();
  private MemorySegment box = MemorySegment.ofArray(new long[0]);

  ComparingSink(FieldSource original, FieldInfo info, Optional<BoundCheck> bound) {
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
  public FieldInfo info() {
    return info;
  }

  @Override
  public void write(long slice, long row, long rows, long col, long cols, MemorySegment source)
      throws IOException {
    DataType type = info.type();
    long bytes = rows * cols * type.bytes();
    if (box.byteSize() < bytes) {
      box = MemorySegment.ofArray(new long[Math.toIntExact(Math.ceilDiv(bytes, 8L))]);
    }
    original.read(slice, row, rows, col, cols, box);
    slices.get(bySlice ? (int) slice : 0).add(box, source, rows * cols);
    bound.ifPresent(check -> check.add(slice, box, source, rows * cols));
  }

  Codec.Verification result() {
    Metrics.Accumulator total = new Metrics.Accumulator(info.type(), info.fillBits());
    slices.forEach(total::merge);
    return new Codec.Verification(
        total.metrics(),
        bySlice ? slices.stream().map(Metrics.Accumulator::metrics).toList() : List.of(),
        bound.map(BoundCheck::report));
  }

  @Override
  public void commit() {}

  @Override
  public void close() {}
}
