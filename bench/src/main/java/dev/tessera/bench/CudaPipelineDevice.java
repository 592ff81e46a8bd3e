package dev.tessera.bench;

import dev.tessera.cuda.CudaGraph;
import dev.tessera.cuda.CudaPipeline;
import dev.tessera.cuda.CudaPipelineChunks;
import dev.tessera.cuda.CudaPipelineGeometry;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.EncoderSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Pipelines on the GPU: values in its memory to chunks there, and back. The checks of what was
 * quantized and of what was decoded are compared on every run; the values themselves whenever an
 * input comes first and on every run of small fields.
 */
final class CudaPipelineDevice implements PipelineDevice {
  private static final long SMALL = 64L << 20;
  private static final int CHECK_BYTES = 2;

  private final CudaSession session = new CudaSession();

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public Optional<String> unable(PipelineCase what) {
    return isRans(what) ? CudaRansPipeline.unable(what) : CudaPipeline.unsupported(what.format());
  }

  private static boolean isRans(PipelineCase what) {
    return what.spec().encoder().kind() == EncoderSpec.Kind.RANS;
  }

  @Override
  public int usualRuns() {
    return 40;
  }

  @Override
  public Map<String, String> properties() {
    return session.properties();
  }

  @Override
  public PipelineTimes measure(PipelineCase what, Repetitions repetitions) {
    session.reset();
    if (isRans(what)) {
      return new CudaRansPipeline(session).measure(what, repetitions);
    }
    CudaPipeline pipeline = new CudaPipeline(session.context, what.format());
    List<Set> sets = new ArrayList<>();
    try {
      for (int i = 0; i < repetitions.inputSets(); i++) {
        sets.add(new Set(what, pipeline));
      }
      MemorySegment first = null;
      double[] encode = new double[repetitions.runs()];
      double[] decode = new double[repetitions.runs()];
      for (int run = -repetitions.warmUp(); run < repetitions.runs(); run++) {
        Set set = sets.get(Math.floorMod(run, sets.size()));
        session.stream.fill(set.restored, 0x5a);
        double encoded = session.time(() -> set.encode.launch(session.stream));
        int[] quantized = set.checks();
        double decoded = session.time(() -> set.decode.launch(session.stream));
        boolean same = Arrays.equals(quantized, set.checks());
        if (first == null) {
          first = Arena.ofAuto().allocate(what.field().bytes(), 64);
          set.download(set.restored, first);
        } else if (!set.seen || what.field().bytes() <= SMALL) {
          same &= set.holds(first);
        }
        set.seen = true;
        if (!same) {
          throw new TesseraException.Corrupt(
              name() + " does not restore " + what.field().name() + " alike in every run", -1);
        }
        if (run >= 0) {
          encode[run] = encoded;
          decode[run] = decoded;
        }
      }
      return sets.getFirst().times(Samples.of(encode), Samples.of(decode), first);
    } finally {
      sets.forEach(Set::close);
    }
  }

  @Override
  public void close() {
    session.close();
  }

  /** One copy of the field, what becomes of it on the device, and the work as graphs. */
  private final class Set {
    final PipelineCase what;
    final DeviceBuffer restored;
    final CudaPipelineChunks chunks;
    final CudaGraph encode;
    final CudaGraph decode;
    boolean seen;

    Set(PipelineCase what, CudaPipeline pipeline) {
      this.what = what;
      BenchField field = what.field();
      CudaPipelineGeometry geometry = CudaSession.geometry(field.cut());
      DeviceBuffer input = session.upload(field.data());
      DeviceBuffer maps = session.planeMaps(what, geometry);
      restored = session.device.allocate(field.bytes());
      // incompressible values become a little longer
      chunks =
          CudaPipelineChunks.allocate(
              session.device, geometry, field.bytes() + field.bytes() / 4 + (1 << 20));
      encode =
          session.stream.capture(
              () -> pipeline.encode(session.stream, geometry, input, maps, chunks));
      decode =
          session.stream.capture(
              () -> pipeline.decode(session.stream, geometry, chunks, maps, restored));
    }

    /** The checks of all chunks after a call, which must have gone well. */
    int[] checks() {
      long mark = session.pinned.mark();
      int error = session.download(chunks.error()).get(ValueLayout.JAVA_INT, 0);
      int[] checks = session.download(chunks.checks()).toArray(ValueLayout.JAVA_INT);
      session.pinned.reset(mark);
      if (error != 0) {
        throw new TesseraException.Corrupt(
            "cuda reports error " + error + " for " + what.field().name(), -1);
      }
      return checks;
    }

    void download(DeviceBuffer from, MemorySegment to) {
      long mark = session.pinned.mark();
      to.copyFrom(session.download(from));
      session.pinned.reset(mark);
    }

    boolean holds(MemorySegment values) {
      long mark = session.pinned.mark();
      boolean same = session.download(restored).mismatch(values) < 0;
      session.pinned.reset(mark);
      return same;
    }

    PipelineTimes times(Samples encoding, Samples decoding, MemorySegment values) {
      long mark = session.pinned.mark();
      int[] words = session.download(chunks.sizes()).toArray(ValueLayout.JAVA_INT);
      long[] starts = session.download(chunks.starts()).toArray(ValueLayout.JAVA_LONG);
      MemorySegment packed = session.download(chunks.words());
      CRC32C crc = new CRC32C();
      boolean plain = false;
      long chunkBytes = 0;
      long recordBytes = 0;
      for (int i = 0; i < words.length; i++) {
        long bytes = (long) words[i] * Integer.BYTES;
        crc.update(packed.asSlice(starts[i] * Integer.BYTES, bytes).asByteBuffer());
        long raw = what.boxes().get(i).values() * what.field().type().bytes();
        // a file keeps the values themselves where these are shorter
        plain |= bytes > raw;
        chunkBytes += Math.min(bytes, raw + 2);
        recordBytes += CHECK_BYTES + StreamLengths.varint(Math.min(bytes, raw + 2));
      }
      session.pinned.reset(mark);
      return new PipelineTimes(
          encoding, decoding, chunkBytes, recordBytes, plain ? 0 : crc.getValue(), values);
    }

    void close() {
      encode.close();
      decode.close();
    }
  }
}
