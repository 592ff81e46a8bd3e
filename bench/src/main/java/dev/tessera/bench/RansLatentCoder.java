package dev.tessera.bench;

import dev.tessera.cuda.CudaRans;
import dev.tessera.cuda.CudaRansSpec;
import dev.tessera.cuda.CudaRansStreams;
import dev.tessera.cuda.CudaRansTables;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;

/** rANS in the compact profile, as files have it. */
final class RansLatentCoder implements LatentCoder {
  /** Positions of a latent's plane that a stream covers at most, as in files. */
  private static final int MAX_POSITIONS = 1024;

  /** From this P on, files deal channels to the streams. */
  private static final int DEALT_FROM = 24;

  private final CudaSession session;
  private final CudaRans rans;
  private final CudaRansStreams streams;
  private final int tiles;

  private RansLatentCoder(CudaSession session, CdfTables tables, CudaRansSpec spec, int tiles) {
    this.session = session;
    this.tiles = tiles;
    rans =
        new CudaRans(
            session.stream,
            session.device,
            new CudaRansTables(session.stream, session.device, tables),
            spec);
    streams =
        rans.allocate(session.stream, session.device, session.pinned, tiles, rans.bound(tiles));
  }

  /** How a latent is cut into streams. */
  static StreamLayout layout(int channels, int height, int width, int channelsPerStream) {
    int rows = Math.clamp(MAX_POSITIONS / width, 1, height);
    return new StreamLayout(channels, height, width, Math.min(channels, channelsPerStream), rows);
  }

  /** A table for each channel. */
  static RansLatentCoder ofChannels(
      CudaSession session, CdfTables tables, StreamLayout layout, int tiles) {
    ChannelOrder first = ChannelOrder.activeFirst(tables, layout.channels());
    int p = layout.channelsPerStream();
    ChannelOrder order = p < DEALT_FROM ? first : first.dealt(p);
    CompactScheme scheme = new CompactScheme(tables, order, ZeroFlags.DERIVED);
    return new RansLatentCoder(session, tables, CudaRansSpec.compact(layout, scheme), tiles);
  }

  /** Side information of a hyperprior: a table for each channel, all in one stream. */
  static RansLatentCoder ofSides(
      CudaSession session, CdfTables tables, StreamLayout layout, int tiles) {
    CompactScheme scheme = CompactScheme.plain(tables, layout.channels());
    return new RansLatentCoder(session, tables, CudaRansSpec.compact(layout, scheme), tiles);
  }

  /** A table for each symbol. */
  static RansLatentCoder ofIndexes(
      CudaSession session, CdfTables tables, StreamLayout layout, int tiles) {
    CompactScheme scheme =
        new CompactScheme(tables, ChannelOrder.identity(layout.channels()), ZeroFlags.DERIVED);
    CudaRansSpec spec = CudaRansSpec.compact(layout, scheme).withIndexes();
    return new RansLatentCoder(session, tables, spec, tiles);
  }

  @Override
  public boolean takesSymbols() {
    return true;
  }

  @Override
  public boolean fitsGraph() {
    return true;
  }

  @Override
  public void encode(DeviceBuffer symbols) {
    encode(symbols, null);
  }

  @Override
  public void decode(DeviceBuffer symbols) {
    decode(symbols, null);
  }

  /** Queues encoding with a 16-bit table number for each symbol. */
  void encode(DeviceBuffer symbols, DeviceBuffer indexes) {
    rans.encode(session.stream, symbols, indexes, streams, tiles, true);
  }

  /** Queues decoding with the same numbers. */
  void decode(DeviceBuffer symbols, DeviceBuffer indexes) {
    rans.decode(session.stream, streams, indexes, symbols, true);
  }

  @Override
  public void requireClean() {
    streams.finish(session.stream);
  }

  @Override
  public void requireRestored(MemorySegment encoded, MemorySegment decoded) {
    requireSame("rans", encoded, decoded);
  }

  /** Fails unless symbols came back as they are. */
  static void requireSame(String codec, MemorySegment encoded, MemorySegment decoded) {
    if (encoded.mismatch(decoded) >= 0) {
      throw new TesseraException.Corrupt(codec + " does not give symbols back", -1);
    }
  }

  @Override
  public long bytes() {
    long[] streamBytes = new long[Math.toIntExact(streams.count())];
    for (int i = 0; i < streamBytes.length; i++) {
      streamBytes[i] = streams.streamBytes(i);
    }
    return streams.bytes()
        + StreamLengths.bytes(RansProfile.COMPACT, streamBytes, rans.streamsPerTile());
  }
}
