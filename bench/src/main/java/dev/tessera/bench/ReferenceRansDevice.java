package dev.tessera.bench;

import dev.tessera.cuda.CudaRansBaseline;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * The mapping of CompressAI-Science's GPU coder as a baseline: one thread per stream of the
 * compatible profile, with everything in global memory. Streams stay in their slots: nothing is
 * spent on packing them.
 */
final class ReferenceRansDevice extends CudaLatentDevice {
  @Override
  public String name() {
    return "cuda, reference mapping";
  }

  @Override
  public boolean codesStreams() {
    return true;
  }

  @Override
  public boolean offers(RansProfile profile) {
    return profile == RansProfile.COMPATIBLE;
  }

  @Override
  public int usualRuns() {
    return 12;
  }

  @Override
  List<? extends Coder> open(RansCase what, List<Input> from) {
    return from.stream().map(input -> new SlotCoder(what, input)).toList();
  }

  private final class SlotCoder implements Coder {
    private final RansCase what;
    private final Input input;
    private final CudaRansBaseline baseline;

    SlotCoder(RansCase what, Input input) {
      this.what = what;
      this.input = input;
      LatentSet latents = what.latents();
      baseline =
          new CudaRansBaseline(
              session.stream, session.device, latents.tables(), what.layout(), latents.tiles());
    }

    @Override
    public void encode() {
      baseline.encode(session.stream, input.buffer());
    }

    @Override
    public void decode() {
      baseline.decode(session.stream, input.decoded());
    }

    @Override
    public void requireClean() {
      session.stream.synchronize();
    }

    @Override
    public RansTimes times(Samples encoding, Samples decoding) {
      int[] words = session.download(baseline.lengths()).toArray(ValueLayout.JAVA_INT);
      long[] streamBytes =
          Arrays.stream(words).mapToLong(count -> (long) count * Integer.BYTES).toArray();
      return new RansTimes(
          encoding,
          decoding,
          Arrays.stream(streamBytes).sum(),
          StreamLengths.bytes(RansProfile.COMPATIBLE, streamBytes, what.layout().streams()),
          words.length,
          0);
    }

    @Override
    public void close() {}
  }
}
