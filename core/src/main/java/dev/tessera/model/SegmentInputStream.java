package dev.tessera.model;

import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** Reads a segment from front to back; knows where it stands and exactly how much is left. */
final class SegmentInputStream extends InputStream {
  private final MemorySegment segment;
  private long position;
  private long marked;

  SegmentInputStream(MemorySegment segment) {
    this.segment = segment;
  }

  /** Bytes read so far. */
  long position() {
    return position;
  }

  @Override
  public int read() {
    return position < segment.byteSize()
        ? Byte.toUnsignedInt(segment.get(ValueLayout.JAVA_BYTE, position++))
        : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, target.length);
    int count = Math.min(length, available());
    if (count == 0 && length > 0) {
      return -1;
    }
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, position, target, offset, count);
    position += count;
    return count;
  }

  @Override
  public int available() {
    return (int) Math.min(Integer.MAX_VALUE, segment.byteSize() - position);
  }

  @Override
  public boolean markSupported() {
    return true;
  }

  @Override
  public synchronized void mark(int readLimit) {
    marked = position;
  }

  @Override
  public synchronized void reset() {
    position = marked;
  }
}
