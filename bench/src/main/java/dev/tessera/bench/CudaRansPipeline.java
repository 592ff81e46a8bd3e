package dev.tessera.bench;

import dev.tessera.cuda.CudaGraph;
import dev.tessera.cuda.CudaIntegers;
import dev.tessera.cuda.CudaPipelineGeometry;
import dev.tessera.cuda.CudaResidualInput;
import dev.tessera.cuda.CudaResidualLayout;
import dev.tessera.cuda.CudaResidualRans;
import dev.tessera.cuda.CudaResidualStreams;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.RansChunk;
import dev.tessera.pipeline.RansHead;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/**
 * Pipelines with the encoder {@code rans} on the GPU: values in its memory to tables and streams
 * there, and back. The heads of chunks, which the CPU packs and unpacks, are made between the runs
 * and not timed.
 */
final class CudaRansPipeline {
  private static final CudaIntegers.Form FORM = CudaIntegers.Form.INT;
  private static final int CHECK_BYTES = 2;

  private final CudaSession session;
  private final CudaResidualRans rans;

  CudaRansPipeline(CudaSession session) {
    this.session = session;
    this.rans = new CudaResidualRans(session.context);
  }

  /** Why it cannot code a field; empty if it can. */
  static Optional<String> unable(PipelineCase what) {
    BenchField.Cut cut = what.field().cut();
    boolean whole =
        cut.planes() % cut.depth() == 0
            && cut.rows() % cut.height() == 0
            && cut.columns() % cut.width() == 0;
    return whole
        ? Optional.empty()
        : Optional.of("rans is measured with chunks of equal extents only");
  }

  PipelineTimes measure(PipelineCase what, Repetitions repetitions) {
    CudaIntegers integers = new CudaIntegers(session.context, what.format());
    List<Set> sets = new ArrayList<>();
    try {
      for (int i = 0; i < repetitions.inputSets(); i++) {
        sets.add(new Set(what, integers));
      }
      MemorySegment first = sets.getFirst().restoredValues();
      double[] encode = new double[repetitions.runs()];
      double[] decode = new double[repetitions.runs()];
      for (int run = -repetitions.warmUp(); run < repetitions.runs(); run++) {
        Set set = sets.get(Math.floorMod(run, sets.size()));
        session.stream.fill(set.restored, 0x5a);
        double encoded = session.time(() -> set.encode.launch(session.stream));
        int[] quantized = set.ints(set.checks);
        double decoded = session.time(() -> set.decode.launch(session.stream));
        boolean same = Arrays.equals(quantized, set.ints(set.checks));
        for (int error : set.ints(set.errors)) {
          same &= error == 0;
        }
        if (!set.seen) {
          set.seen = true;
          same &= set.restoredValues().mismatch(first) < 0;
        }
        if (!same) {
          throw new TesseraException.Corrupt(
              "cuda does not restore " + what.field().name() + " alike in every run", -1);
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

  /** One copy of the field, what becomes of it on the device, and the work as graphs. */
  private final class Set {
    final PipelineCase what;
    final CudaResidualLayout layout;
    final CudaResidualStreams streams;
    final DeviceBuffer restored;
    final DeviceBuffer marks;
    final DeviceBuffer counts;
    final DeviceBuffer checks;
    final DeviceBuffer errors;
    final DeviceBuffer classes;
    final DeviceBuffer occurring;
    final CudaGraph encode;
    final CudaGraph decode;
    boolean seen;

    Set(PipelineCase what, CudaIntegers integers) {
      this.what = what;
      BenchField field = what.field();
      BenchField.Cut cut = field.cut();
      CudaPipelineGeometry geometry = CudaSession.geometry(cut);
      int blocks = new BlockGeometry(cut.depth(), cut.height(), cut.width()).blocks();
      layout =
          new CudaResidualLayout(
              geometry.chunks(), blocks, what.format().encoder().blocksPerStream());
      long perChunk = (long) layout.chunks() * Integer.BYTES;
      DeviceBuffer input = session.upload(field.data());
      DeviceBuffer maps = session.planeMaps(what, geometry);
      DeviceBuffer residuals =
          session.device.allocate(CudaIntegers.integerBytes(layout.allBlocks(), FORM));
      restored = session.device.allocate(field.bytes());
      marks = session.device.allocate(CudaIntegers.maskBytes(layout.allBlocks()));
      counts = session.device.allocate(perChunk);
      checks = session.device.allocate(perChunk);
      errors = session.device.allocate(perChunk);
      classes = session.device.allocate(layout.allBlocks());
      occurring = session.device.allocate(perChunk);
      DeviceBuffer zeros = session.device.allocate(layout.allBlocks());
      streams = CudaResidualStreams.allocate(session.device, layout);
      encode =
          session.stream.capture(() -> {
            session.stream.fill(counts, 0);
            session.stream.fill(checks, 0);
            session.stream.fill(occurring, 0);
            integers.encode(
                session.stream,
                geometry,
                input,
                maps,
                FORM,
                residuals,
                marks,
                counts,
                checks,
                classes,
                occurring);
            rans.encode(session.stream, residuals, classes, occurring, streams);
          });
      encode.launch(session.stream);
      CudaResidualRans.Input heads = heads();
      decode =
          session.stream.capture(() -> {
            session.stream.fill(checks, 0);
            rans.decode(session.stream, layout, streams.packed(), heads, residuals, zeros, errors);
            integers.decode(
                session.stream, geometry, residuals, FORM, zeros, maps, restored, checks);
          });
      decode.launch(session.stream);
    }

    /** What the decoder needs to know, of what the encoder found. */
    private CudaResidualRans.Input heads() {
      long mark = session.pinned.mark();
      CudaResidualStreams.Host host = host();
      List<RansHead> heads = IntStream.range(0, layout.chunks()).mapToObj(host::head).toList();
      long[] starts = new long[layout.chunks()];
      for (int k = 0; k < starts.length; k++) {
        long stream = layout.allSlots() + (long) k * layout.streams();
        starts[k] = host.offsets().getAtIndex(ValueLayout.JAVA_LONG, stream);
      }
      CudaResidualInput input =
          CudaResidualInput.of(layout, heads, starts, session.pinned::allocate);
      CudaResidualRans.Input uploaded =
          new CudaResidualRans.Input(
              session.upload(input.starts()),
              session.upload(input.lengths()),
              session.upload(input.classes()),
              session.upload(input.tables()),
              session.upload(input.lasts()),
              input.tableBytes());
      session.pinned.reset(mark);
      return uploaded;
    }

    /** What the encoder made; valid until the pinned arena is reset. */
    private CudaResidualStreams.Host host() {
      for (int overflow : ints(streams.overflows())) {
        if (overflow != 0) {
          throw new TesseraException.Unsupported(
              what.field().name() + " has streams that are left to the CPU");
        }
      }
      MemorySegment offsets = session.download(streams.offsets());
      return new CudaResidualStreams.Host(
          streams,
          session.download(streams.tables()),
          session.download(streams.lengths()),
          offsets,
          session.download(classes),
          session.download(occurring),
          session.download(streams.packed().slice(0, streams.packedBytes(offsets))));
    }

    int[] ints(DeviceBuffer from) {
      long mark = session.pinned.mark();
      int[] values = session.download(from).toArray(ValueLayout.JAVA_INT);
      session.pinned.reset(mark);
      return values;
    }

    /** What the device restores; exact values are not among it. */
    MemorySegment restoredValues() {
      long mark = session.pinned.mark();
      MemorySegment values = Arena.ofAuto().allocate(what.field().bytes(), 64);
      values.copyFrom(session.download(restored));
      session.pinned.reset(mark);
      return values;
    }

    PipelineTimes times(Samples encoding, Samples decoding, MemorySegment values) {
      long mark = session.pinned.mark();
      CudaResidualStreams.Host host = host();
      MemorySegment exact = session.download(marks);
      int[] exactCounts = ints(counts);
      CRC32C crc = new CRC32C();
      boolean plain = false;
      long chunkBytes = 0;
      long recordBytes = 0;
      long markBytes = exact.byteSize() / layout.chunks();
      for (int k = 0; k < layout.chunks(); k++) {
        BenchField.Box box = what.boxes().get(k);
        long raw = box.values() * what.field().type().bytes();
        MemorySegment chunk = Arena.ofAuto().allocate(raw, Long.BYTES);
        what.field().copy(what.field().data(), box, chunk, true);
        byte[] bytes =
            RansChunk.encode(
                what.format(),
                chunk,
                box.depth(),
                box.height(),
                box.width(),
                host.head(k),
                host.words(k),
                exactCounts[k] == 0 ? null : exact.asSlice(k * markBytes, markBytes));
        if (exactCounts[k] != 0) {
          what.field().copy(values, box, chunk, true);
          RansChunk.open(
                  what.format(),
                  MemorySegment.ofArray(bytes),
                  box.depth(),
                  box.height(),
                  box.width())
              .putExact(chunk);
          what.field().copy(values, box, chunk, false);
        }
        crc.update(bytes);
        // a file keeps the values themselves where these are shorter
        plain |= bytes.length > raw;
        chunkBytes += Math.min(bytes.length, raw + 2);
        recordBytes += CHECK_BYTES + StreamLengths.varint(Math.min(bytes.length, raw + 2));
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
