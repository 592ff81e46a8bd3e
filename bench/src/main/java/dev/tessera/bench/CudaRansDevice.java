package dev.tessera.bench;

import dev.tessera.cuda.CudaGraph;
import dev.tessera.cuda.CudaRans;
import dev.tessera.cuda.CudaRansSpec;
import dev.tessera.cuda.CudaRansStreams;
import dev.tessera.cuda.CudaRansTables;
import java.util.List;
import java.util.zip.CRC32C;

/** The coder on the GPU: 32-bit symbols in its memory to packed streams there, and back. */
final class CudaRansDevice extends CudaLatentDevice {
  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public boolean codesStreams() {
    return true;
  }

  @Override
  public boolean offers(RansProfile profile) {
    return true;
  }

  @Override
  List<? extends Coder> open(RansCase what, List<Input> from) {
    LatentSet latents = what.latents();
    CudaRans rans =
        new CudaRans(
            session.stream,
            session.device,
            new CudaRansTables(session.stream, session.device, latents.tables()),
            what.profile() == RansProfile.COMPACT
                ? CudaRansSpec.compact(what.layout(), what.scheme())
                : CudaRansSpec.compatible(what.layout(), latents.tables()));
    return from.stream()
        .map(input -> new GraphCoder(rans, input, latents.tiles(), what.profile()))
        .toList();
  }

  /** The work on one input as graphs. */
  private final class GraphCoder implements Coder {
    private final CudaRans rans;
    private final RansProfile profile;
    private final CudaRansStreams streams;
    private final CudaGraph encode;
    private final CudaGraph decode;

    GraphCoder(CudaRans rans, Input input, int tiles, RansProfile profile) {
      this.rans = rans;
      this.profile = profile;
      streams =
          rans.allocate(session.stream, session.device, session.pinned, tiles, rans.bound(tiles));
      encode =
          session.stream.capture(
              () -> rans.encode(session.stream, input.buffer(), null, streams, tiles, false));
      decode =
          session.stream.capture(
              () -> rans.decode(session.stream, streams, null, input.decoded(), false));
    }

    @Override
    public void encode() {
      encode.launch(session.stream);
    }

    @Override
    public void decode() {
      decode.launch(session.stream);
    }

    @Override
    public void requireClean() {
      streams.finish(session.stream);
    }

    @Override
    public RansTimes times(Samples encoding, Samples decoding) {
      long[] streamBytes = new long[Math.toIntExact(streams.count())];
      for (int i = 0; i < streamBytes.length; i++) {
        streamBytes[i] = streams.streamBytes(i);
      }
      CRC32C crc = new CRC32C();
      long total = streams.bytes();
      if (total > 0) {
        crc.update(session.download(streams.packed().slice(0, total)).asByteBuffer());
      }
      return new RansTimes(
          encoding,
          decoding,
          total,
          StreamLengths.bytes(profile, streamBytes, rans.streamsPerTile()),
          streamBytes.length,
          crc.getValue());
    }

    @Override
    public void close() {
      encode.close();
      decode.close();
    }
  }
}
