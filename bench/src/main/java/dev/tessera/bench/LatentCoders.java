package dev.tessera.bench;

import dev.tessera.cuda.CudaPipeline;
import dev.tessera.cuda.CudaPipelineChunks;
import dev.tessera.cuda.CudaPipelineGeometry;
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
import dev.tessera.model.Model;
import java.lang.foreign.ValueLayout;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The entropy coders that can stand behind g_a. */
final class LatentCoders {
  private static final Pattern RANS = Pattern.compile("rans:([1-9]\\d{0,3})");

  private LatentCoders() {}

  /**
   * Checks a coder's name.
   *
   * @throws TesseraException.Invalid if there is none of that name
   */
  static void require(String name) {
    if (!name.equals("bitpack") && !RANS.matcher(name).matches()) {
      throw new TesseraException.Invalid(
          "there is no codec '" + name + "': use rans:P, as in rans:64, or bitpack");
    }
  }

  /**
   * A coder by name.
   *
   * @param height rows of a latent
   * @param width columns of a latent
   */
  static LatentCoder open(
      String name, CudaSession session, Model model, int tiles, int height, int width) {
    require(name);
    Matcher rans = RANS.matcher(name);
    if (!rans.matches()) {
      return new Bitpack(session, tiles, model.m() * height * width);
    }
    int p = Math.min(model.m(), Integer.parseInt(rans.group(1)));
    StreamLayout layout = new StreamLayout(model.m(), height, width, p, height);
    return new Rans(session, model.bottleneckTables(), layout, tiles);
  }

  /** The compact profile with dealt channels, as files have it. */
  private static final class Rans implements LatentCoder {
    private final CudaSession session;
    private final CudaRans rans;
    private final CudaRansStreams streams;
    private final int tiles;

    Rans(CudaSession session, CdfTables tables, StreamLayout layout, int tiles) {
      this.session = session;
      this.tiles = tiles;
      ChannelOrder order =
          ChannelOrder.activeFirst(tables, layout.channels()).dealt(layout.channelsPerStream());
      CompactScheme scheme = new CompactScheme(tables, order, ZeroFlags.DERIVED);
      rans =
          new CudaRans(
              session.stream,
              session.device,
              new CudaRansTables(session.stream, session.device, tables),
              CudaRansSpec.compact(layout, scheme));
      streams =
          rans.allocate(session.stream, session.device, session.pinned, tiles, rans.bound(tiles));
    }

    @Override
    public void encode(DeviceBuffer symbols) {
      rans.encode(session.stream, symbols, null, streams, tiles, true);
    }

    @Override
    public void decode(DeviceBuffer symbols) {
      rans.decode(session.stream, streams, null, symbols, true);
    }

    @Override
    public void requireClean() {
      streams.finish(session.stream);
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

  /** The pipeline {@code round,none,bitpack}, a chunk per tile. */
  private static final class Bitpack implements LatentCoder {
    private final CudaSession session;
    private final CudaPipeline pipeline;
    private final CudaPipelineGeometry geometry;
    private final CudaPipelineChunks chunks;

    Bitpack(CudaSession session, int tiles, int perTile) {
      this.session = session;
      pipeline = new CudaPipeline(session.context, BitpackRansDevice.format());
      geometry = CudaPipelineGeometry.chunks(tiles, perTile, 1, 1, perTile);
      long bytes = (long) tiles * perTile * Integer.BYTES;
      // incompressible symbols become a little longer
      chunks = CudaPipelineChunks.allocate(session.device, geometry, bytes + bytes / 4 + (1 << 20));
    }

    @Override
    public void encode(DeviceBuffer symbols) {
      pipeline.encode(session.stream, geometry, symbols, chunks);
    }

    @Override
    public void decode(DeviceBuffer symbols) {
      pipeline.decode(session.stream, geometry, chunks, symbols);
    }

    @Override
    public void requireClean() {
      long mark = session.pinned.mark();
      int error = session.download(chunks.error()).get(ValueLayout.JAVA_INT, 0);
      session.pinned.reset(mark);
      if (error != 0) {
        throw new TesseraException.Corrupt("bitpack reports error " + error, -1);
      }
    }

    @Override
    public long bytes() {
      long mark = session.pinned.mark();
      long total = 0;
      for (int words : session.download(chunks.sizes()).toArray(ValueLayout.JAVA_INT)) {
        long bytes = (long) words * Integer.BYTES;
        total += bytes + StreamLengths.varint(bytes);
      }
      session.pinned.reset(mark);
      return total;
    }
  }
}
