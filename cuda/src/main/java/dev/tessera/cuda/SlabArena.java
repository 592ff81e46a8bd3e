package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory given out one after the other from slabs that are kept. After a reset the same requests
 * get the same addresses, without a call of the driver, so that graphs stay valid. For one user at
 * a time.
 */
abstract sealed class SlabArena implements AutoCloseable permits DeviceArena, PinnedArena {
  /**
   * Alignment of every allocation in bytes: whole lines of memory, and more than any type needs.
   */
  public static final int ALIGNMENT = 256;

  /** Where slabs come from. */
  interface Slabs {
    /** Aligned memory, or 0 if there is not that much. */
    long allocateOrZero(long bytes);

    void free(long address);

    /** One sentence for when there is not that much memory. */
    String shortage(long bytes);
  }

  /**
   * A slab in the order of use.
   *
   * @param start bytes of all slabs before it
   */
  private record Slab(long address, long bytes, long start) {
    long end() {
      return start + bytes;
    }
  }

  // more than any address space has
  private static final long MAX_BYTES = 1L << 48;

  private final Slabs source;
  private final long slabBytes;
  private final List<Slab> slabs = new ArrayList<>();
  private int current;
  // position in the concatenation of all slabs; what a mark is
  private long position;
  private long peak;
  private long allocations;
  private boolean closed;

  SlabArena(Slabs source, long slabBytes) {
    this.source = source;
    this.slabBytes = Math.max(ALIGNMENT, align(requirePossible(slabBytes)));
  }

  private static long align(long bytes) {
    return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** The address of memory of {@code bytes}, at least one alignment unit apart from any other. */
  final long bump(long bytes) {
    requireOpen();
    long needed = Math.max(ALIGNMENT, align(requirePossible(bytes)));
    int index = current;
    long start = position;
    while (index < slabs.size() && start + needed > slabs.get(index).end()) {
      start = slabs.get(index).end();
      index++;
    }
    if (index == slabs.size()) {
      addSlab(Math.max(needed, slabBytes));
    }
    // nothing has changed if there was no memory
    current = index;
    position = start + needed;
    peak = Math.max(peak, position);
    return slabs.get(index).address() + start - slabs.get(index).start();
  }

  private static long requirePossible(long bytes) {
    if (bytes < 0 || bytes > MAX_BYTES) {
      throw new TesseraException.Invalid("an allocation of " + bytes + " bytes is not possible");
    }
    return bytes;
  }

  private void addSlab(long bytes) {
    long address = source.allocateOrZero(bytes);
    if (address == 0) {
      throw new TesseraException.Unsupported(source.shortage(bytes));
    }
    allocations++;
    slabs.add(new Slab(address, bytes, capacity()));
  }

  /** Makes sure that an allocation of {@code bytes} needs no new slab. */
  public final void reserve(long bytes) {
    requireOpen();
    long needed = align(requirePossible(bytes));
    boolean fits = current < slabs.size() && position + needed <= slabs.get(current).end();
    for (int i = current + 1; i < slabs.size() && !fits; i++) {
      fits = slabs.get(i).bytes() >= needed;
    }
    if (!fits) {
      addSlab(Math.max(needed, slabBytes));
    }
  }

  /** What is in use now, for {@link #reset(long)}. */
  public final long mark() {
    return position;
  }

  /** Takes back all that was given out since {@code mark}; the memory stays with the arena. */
  public final void reset(long mark) {
    requireOpen();
    if (mark < 0 || mark > position) {
      throw new TesseraException.Invalid(
          "the mark %d is not of this arena, or was taken back before".formatted(mark));
    }
    position = mark;
    current = 0;
    while (current < slabs.size() - 1 && slabs.get(current).end() <= mark) {
      current++;
    }
  }

  /** Takes back everything; the memory stays with the arena. */
  public final void reset() {
    reset(0);
  }

  /** How often memory was asked of the driver: constant once everything has run once. */
  public final long allocations() {
    return allocations;
  }

  /** Bytes that the arena holds. */
  public final long capacity() {
    return slabs.isEmpty() ? 0 : slabs.getLast().end();
  }

  /** Bytes in use, with what alignment and the ends of slabs cost. */
  public final long used() {
    return position;
  }

  /** The most bytes that were in use at once. */
  public final long peak() {
    return peak;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the arena is closed");
    }
  }

  /** Gives all memory back to the driver; no work may use it any more. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      slabs.forEach(slab -> source.free(slab.address()));
      slabs.clear();
    }
  }
}
