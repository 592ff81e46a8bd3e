package dev.tessera.cuda.backend;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tessera.codec.ChunkBox;
import dev.tessera.codec.EncodedChunk;
import dev.tessera.cuda.CudaIntegers;
import dev.tessera.cuda.CudaResidualInput;
import dev.tessera.cuda.CudaResidualLayout;
import dev.tessera.cuda.CudaResidualRans;
import dev.tessera.cuda.CudaResidualStreams;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.RansChunk;
import dev.tessera.pipeline.RansHead;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;

/**
 * Pipelines with the encoder {@code rans}: everything on the device but the heads of chunks, which
 * the CPU's threads pack and unpack.
 */
final class RansChunkCoder extends DeviceChunkCoder {
  private static final CudaIntegers.Form FORM = CudaIntegers.Form.INT;
  private static final int WORDS_ALIGNMENT = CudaResidualStreams.WORDS_ALIGNMENT;

  /** The form of a chunk that is coded, in its first bytes. */
  private static final int CODED = 0;

  private final CoderPool<CudaIntegers> integers;
  private final CudaResidualRans rans;

  RansChunkCoder(LaneResources resources, ChunkMemory memory, ForkJoinPool workers) {
    super(resources, memory, workers);
    integers = new CoderPool<>(format -> new CudaIntegers(resources.context(), format));
    rans = new CudaResidualRans(resources.context());
  }

  private static CudaResidualLayout layout(List<ChunkJob> jobs, ChunkGroup group) {
    return new CudaResidualLayout(
        group.count(),
        jobs.get(group.jobs().getFirst()).geometry().blocks(),
        group.format().encoder().blocksPerStream());
  }

  /** A group being encoded, and what it tells when the stream has come to this. */
  private record Encoding(
      ChunkGroup group,
      CudaResidualStreams streams,
      DeviceBuffer marks,
      MemorySegment tables,
      MemorySegment lengths,
      MemorySegment offsets,
      MemorySegment classes,
      MemorySegment occurring,
      MemorySegment counts,
      MemorySegment checks,
      MemorySegment overflows) {
    boolean hasExact(int k) {
      return counts.getAtIndex(JAVA_INT, k) != 0;
    }

    boolean anyExact() {
      return IntStream.range(0, group.count()).anyMatch(this::hasExact);
    }

    CudaResidualStreams.Host host(MemorySegment packed) {
      return new CudaResidualStreams.Host(
          streams, tables, lengths, offsets, classes, occurring, packed);
    }
  }

  @Override
  void encode(List<ChunkJob> jobs, List<ChunkGroup> groups, EncodedChunk[] chunks) {
    List<Encoding> all = groups.stream().map(group -> start(jobs, group)).toList();
    stream().synchronize();
    List<CudaResidualStreams.Host> coded = new ArrayList<>();
    List<MemorySegment> marks = new ArrayList<>();
    for (Encoding encoding : all) {
      CudaResidualStreams streams = encoding.streams();
      long bytes = streams.packedBytes(encoding.offsets());
      coded.add(encoding.host(download(streams.packed().slice(0, bytes))));
      marks.add(encoding.anyExact() ? download(encoding.marks()) : null);
    }
    stream().synchronize();
    for (int g = 0; g < all.size(); g++) {
      Encoding encoding = all.get(g);
      CudaResidualStreams.Host host = coded.get(g);
      MemorySegment marksOf = marks.get(g);
      forEach(
          IntStream.range(0, encoding.group().count()).boxed().toList(),
          k -> {
            int number = encoding.group().jobs().get(k);
            chunks[number] = finish(encoding, host, marksOf, k, jobs.get(number), number);
          });
    }
  }

  private Encoding start(List<ChunkJob> jobs, ChunkGroup group) {
    CudaResidualLayout layout = layout(jobs, group);
    long perChunk = (long) group.count() * Integer.BYTES;
    DeviceBuffer residuals = allocate(CudaIntegers.integerBytes(layout.allBlocks(), FORM));
    DeviceBuffer marks = allocate(CudaIntegers.maskBytes(layout.allBlocks()));
    DeviceBuffer counts = allocate(perChunk);
    DeviceBuffer checks = allocate(perChunk);
    DeviceBuffer classes = allocate(layout.allBlocks());
    DeviceBuffer occurring = allocate(perChunk);
    CudaResidualStreams streams = CudaResidualStreams.allocate(resources.device(), layout);
    for (DeviceBuffer sum : List.of(counts, checks, occurring)) {
      stream().fill(sum, 0);
    }
    CudaIntegers coder = integers.take(group.format());
    coder.encode(
        stream(),
        group.geometry(memory.stride()),
        memory.device(group),
        planeMaps(jobs, group),
        FORM,
        residuals,
        marks,
        counts,
        checks,
        classes,
        occurring);
    integers.give(group.format(), coder);
    rans.encode(stream(), residuals, classes, occurring, streams);
    return new Encoding(
        group,
        streams,
        marks,
        download(streams.tables()),
        download(streams.lengths()),
        download(streams.offsets()),
        download(classes),
        download(occurring),
        download(counts),
        download(checks),
        download(streams.overflows()));
  }

  /** Null where the chunk is left to the CPU, or is to be stored as it is. */
  private EncodedChunk finish(
      Encoding encoding,
      CudaResidualStreams.Host host,
      MemorySegment marks,
      int k,
      ChunkJob job,
      int number) {
    MemorySegment words = host.words(k);
    if (encoding.overflows().getAtIndex(JAVA_INT, k) != 0 || words.byteSize() > job.bytes()) {
      return null;
    }
    long markBytes = marks == null ? 0 : marks.byteSize() / encoding.group().count();
    ChunkBox box = job.box();
    byte[] bytes =
        RansChunk.encode(
            job.format(),
            memory.host(number, job),
            box.depth(),
            box.height(),
            box.width(),
            host.head(k),
            words,
            encoding.hasExact(k) ? marks.asSlice(k * markBytes, markBytes) : null);
    int check = SymbolCheck.fold(encoding.checks().getAtIndex(JAVA_INT, k)) & 0xffff;
    return bytes.length > job.bytes()
        ? null
        : new EncodedChunk(MemorySegment.ofArray(bytes), check);
  }

  @Override
  EncodedChunk encodeOnCpu(ChunkJob job, MemorySegment values) {
    return encodeAsCpu(job, values);
  }

  /** The CPU knows what is wrong with others. */
  @Override
  boolean isForDevice(EncodedChunk chunk, ChunkJob job) {
    long bytes = chunk.bytes().byteSize();
    return bytes >= Integer.BYTES
        && bytes <= job.bytes() + 2
        && chunk.bytes().get(DataType.LE_INT, 0) == CODED;
  }

  @Override
  void decodeOnCpu(EncodedChunk chunk, ChunkJob job, MemorySegment values) {
    decodeAsCpu(chunk, job, values);
  }

  /**
   * A group being decoded.
   *
   * @param opened its chunks
   * @param heads of the chunks; null where the device has no room for the tables
   */
  private record Decoding(
      ChunkGroup group,
      RansChunk[] opened,
      List<RansHead> heads,
      MemorySegment checks,
      MemorySegment errors) {}

  @Override
  void decode(List<EncodedChunk> chunks, List<ChunkJob> jobs, List<ChunkGroup> groups) {
    List<Decoding> all = groups.stream().map(group -> start(chunks, jobs, group)).toList();
    memory.download(groups);
    stream().synchronize();
    for (Decoding decoding : all) {
      List<Integer> numbers = decoding.group().jobs();
      forEach(
          IntStream.range(0, numbers.size()).boxed().toList(),
          k -> finish(decoding, k, chunks.get(numbers.get(k)), jobs, numbers.get(k)));
    }
  }

  private Decoding start(List<EncodedChunk> chunks, List<ChunkJob> jobs, ChunkGroup group) {
    CudaResidualLayout layout = layout(jobs, group);
    ChunkBox box = group.box();
    int n = group.count();
    RansChunk[] opened = new RansChunk[n];
    List<Integer> places = IntStream.range(0, n).boxed().toList();
    forEach(
        places,
        k ->
            opened[k] =
                RansChunk.open(
                    group.format(),
                    chunks.get(group.jobs().get(k)).bytes(),
                    box.depth(),
                    box.height(),
                    box.width()));
    List<RansHead> heads =
        Arrays.stream(opened)
            .map(RansChunk::head)
            .map(head -> CudaResidualInput.tableBytes(head) > rans.mostTableBytes() ? null : head)
            .toList();
    long[] starts = new long[n];
    long end = 0;
    for (int k = 0; k < n; k++) {
      starts[k] = end;
      end += opened[k].streams().byteSize() / Short.BYTES;
    }
    MemorySegment words = allocatePinned((end * Short.BYTES + WORDS_ALIGNMENT) & -WORDS_ALIGNMENT);
    forEach(
        places,
        k ->
            MemorySegment.copy(
                opened[k].streams(),
                0,
                words,
                starts[k] * Short.BYTES,
                opened[k].streams().byteSize()));
    CudaResidualInput input = CudaResidualInput.of(layout, heads, starts, this::allocatePinned);
    DeviceBuffer residuals = allocate(CudaIntegers.integerBytes(layout.allBlocks(), FORM));
    DeviceBuffer zeros = allocate(layout.allBlocks());
    DeviceBuffer errors = allocate((long) n * Integer.BYTES);
    DeviceBuffer checks = allocate((long) n * Integer.BYTES);
    stream().fill(checks, 0);
    rans.decode(
        stream(),
        layout,
        upload(words),
        new CudaResidualRans.Input(
            upload(input.starts()),
            upload(input.lengths()),
            upload(input.classes()),
            upload(input.tables()),
            upload(input.lasts()),
            input.tableBytes()),
        residuals,
        zeros,
        errors);
    CudaIntegers coder = integers.take(group.format());
    coder.decode(
        stream(),
        group.geometry(memory.stride()),
        residuals,
        FORM,
        zeros,
        planeMaps(jobs, group),
        memory.device(group),
        checks);
    integers.give(group.format(), coder);
    return new Decoding(group, opened, heads, download(checks), download(errors));
  }

  private void finish(
      Decoding decoding, int k, EncodedChunk chunk, List<ChunkJob> jobs, int number) {
    ChunkJob job = jobs.get(number);
    MemorySegment values = memory.host(number, job);
    boolean damaged = decoding.errors().getAtIndex(JAVA_INT, k) != 0;
    if (damaged || decoding.heads().get(k) == null) {
      decodeOnCpu(chunk, job, values); // which says what is damaged
    }
    if (damaged) {
      throw new TesseraException.Gpu(
          "residual_decode", 0, "the GPU refuses a chunk that the CPU can decode");
    }
    if (decoding.heads().get(k) != null) {
      requireCheck(SymbolCheck.fold(decoding.checks().getAtIndex(JAVA_INT, k)), chunk);
      decoding.opened()[k].putExact(values);
    }
  }
}
