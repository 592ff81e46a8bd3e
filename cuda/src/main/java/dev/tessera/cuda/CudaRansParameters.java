package dev.tessera.cuda;

import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.ZeroFlags;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The structs that the kernels of {@code rans.cu} take, in native memory: filled in once but for
 * what changes from call to call. Numbers of bytes are offsets of members in {@code RansEncoding}
 * and {@code RansDecoding}.
 */
final class CudaRansParameters {
  private static final int ENCODING_BYTES = 144;
  private static final int ENCODING_LAYOUT = 112;
  private static final int DECODING_BYTES = 176;
  private static final int DECODING_LAYOUT = 144;
  private static final int TOTAL = 1 << 16;

  private final CudaRansSpec spec;
  private final MemorySegment encoding = Arena.ofAuto().allocate(ENCODING_BYTES, Long.BYTES);
  private final MemorySegment decoding = Arena.ofAuto().allocate(DECODING_BYTES, Long.BYTES);

  /** Uploads what a coder needs beside its tables, and waits for it. */
  CudaRansParameters(
      CudaStream stream, DeviceArena arena, CudaRansTables tables, CudaRansSpec spec) {
    this.spec = spec;
    long medians_dev = 0;
    long order_dev = 0;
    long flagEntries_dev = 0;
    long flags_dev = 0;
    if (spec.medians() != null) {
      medians_dev = CudaRansTables.upload(stream, arena, spec.medians()).address();
    }
    CompactScheme scheme = spec.scheme();
    if (scheme != null) {
      order_dev = CudaRansTables.upload(stream, arena, order()).address();
      // with indexes derived flags follow from the indexes, in the kernels
      short[] flags = deadFrequencies(spec);
      if (flags != null) {
        flags_dev = CudaRansTables.upload(stream, arena, flags).address();
        flagEntries_dev = CudaRansTables.upload(stream, arena, flagEntries(flags)).address();
      }
    }
    setLong(encoding, 8, medians_dev);
    setLong(encoding, 24, tables.records());
    setLong(encoding, 32, tables.rows(spec.isCompatible()));
    setLong(encoding, 40, order_dev);
    setLong(encoding, 48, flagEntries_dev);
    setLong(encoding, 56, tables.powers());
    setLong(encoding, 72, spec.wordsBound());
    setInt(encoding, 96, spec.checkBase());
    setLayout(encoding, ENCODING_LAYOUT);

    setInt(decoding, 32, (int) spec.wordsBound());
    setLong(decoding, 48, tables.records());
    setLong(decoding, 56, tables.likely());
    setLong(decoding, 64, tables.borders());
    setLong(decoding, 72, tables.buckets());
    setLong(decoding, 80, order_dev);
    setLong(decoding, 88, flags_dev);
    setLong(decoding, 96, tables.powers());
    setLong(decoding, 104, medians_dev);
    setInt(decoding, 128, spec.checkBase());
    setLayout(decoding, DECODING_LAYOUT);
  }

  /** {@code RansEncoding} for one call. */
  MemorySegment encoding(
      DeviceBuffer symbols, DeviceBuffer indexes, CudaRansStreams streams, boolean checks) {
    setLong(encoding, 0, symbols.address());
    setLong(encoding, 16, indexes == null ? 0 : indexes.address());
    setLong(encoding, 64, streams.slots().address());
    setLong(encoding, 80, streams.lengths().address());
    setLong(encoding, 88, checks ? streams.checks().address() : 0);
    setLong(encoding, 104, streams.errors().address());
    setInt(encoding, ENCODING_LAYOUT, streams.tiles());
    return encoding;
  }

  /** {@code RansDecoding} for one call. */
  MemorySegment decoding(
      DeviceBuffer symbols, DeviceBuffer indexes, CudaRansStreams streams, boolean checks) {
    setLong(decoding, 0, streams.packed().address());
    setLong(decoding, 8, streams.packed().bytes());
    setLong(decoding, 16, streams.offsets().address());
    setLong(decoding, 24, streams.lengths().address());
    setLong(decoding, 40, indexes == null ? 0 : indexes.address());
    setLong(decoding, 112, symbols.address());
    setLong(decoding, 120, checks ? streams.checks().address() : 0);
    setLong(decoding, 136, streams.errors().address());
    setInt(decoding, DECODING_LAYOUT, streams.tiles());
    return decoding;
  }

  // RansLayout without the number of tiles
  private void setLayout(MemorySegment struct, long offset) {
    StreamLayout layout = spec.layout();
    setInt(struct, offset + 4, layout.channels());
    setInt(struct, offset + 8, layout.height());
    setInt(struct, offset + 12, layout.width());
    setInt(struct, offset + 16, CudaRansSpec.channelsPerStream(layout));
    setInt(struct, offset + 20, CudaRansSpec.rowsPerStream(layout));
    setInt(struct, offset + 24, layout.groups());
    setInt(struct, offset + 28, layout.bands());
  }

  private short[] order() {
    short[] order = new short[spec.layout().channels()];
    for (int place = 0; place < order.length; place++) {
      order[place] = (short) spec.scheme().order().channel(place);
    }
    return order;
  }

  /**
   * Frequency of 'dead', of 65536, at every place of the order: in whole bands of rows, then in the
   * last. Null where there are no flags, or where they follow from the indexes.
   */
  static short[] deadFrequencies(CudaRansSpec spec) {
    StreamLayout layout = spec.layout();
    CompactScheme scheme = spec.scheme();
    if (scheme == null || (spec.indexed() && scheme.flags().isDerived())) {
      return null;
    }
    int channels = layout.channels();
    int rows = CudaRansSpec.rowsPerStream(layout);
    int lastRows = layout.height() - (layout.bands() - 1) * rows;
    int[] stored = scheme.flags().frequencies();
    short[] flags = new short[2 * channels];
    for (int i = 0; i < flags.length; i++) {
      int channel = scheme.order().channel(i % channels);
      int symbols = (i < channels ? rows : lastRows) * layout.width();
      flags[i] =
          (short)
              (stored == null
                  ? ZeroFlags.derived(scheme.tables(), channel, symbols)
                  : stored[channel]);
    }
    return flags;
  }

  private static int[] flagEntries(short[] flags) {
    int[] entries = new int[2 * CudaRansTables.ENTRY_INTS * flags.length];
    for (int i = 0; i < flags.length; i++) {
      int dead = Short.toUnsignedInt(flags[i]);
      int at = 2 * CudaRansTables.ENTRY_INTS * i;
      CudaRansTables.putCompactEntry(entries, at, 0, dead);
      CudaRansTables.putCompactEntry(entries, at + CudaRansTables.ENTRY_INTS, dead, TOTAL - dead);
    }
    return entries;
  }

  private static void setLong(MemorySegment struct, long offset, long value) {
    struct.set(ValueLayout.JAVA_LONG, offset, value);
  }

  private static void setInt(MemorySegment struct, long offset, int value) {
    struct.set(ValueLayout.JAVA_INT, offset, value);
  }
}
