package dev.tessera.cuda.backend;

import dev.tessera.bytes.Zstd;
import dev.tessera.codec.EncodedChunk;
import dev.tessera.cuda.CudaIntegers;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.LaunchShape;
import dev.tessera.cuda.NvComp;
import dev.tessera.cuda.NvCompCoder;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.function.IntToLongFunction;

/**
 * Pipelines whose integers nvCOMP codes, in pieces of 64 KiB: quantized and predicted on the
 * device, coded by the library, put together on the host (FORMAT.md, "Encoders bitcomp and ans").
 */
final class NvcompChunkCoder extends DeviceChunkCoder {
  private static final int PACK_THREADS = 256;
  private static final int PLACES = BlockGeometry.PLACES;
  private static final int GROUPS = PLACES / BlockGeometry.GROUP;
  private static final int PIECE = NvcompChunk.PIECE_BYTES;

  private final EncoderSpec.Kind kind;
  private final Kernel pack;
  private final CoderPool<CudaIntegers> integerCoders;

  /**
   * @throws TesseraException.Unsupported if there is no nvCOMP
   */
  NvcompChunkCoder(
      EncoderSpec.Kind kind, LaneResources resources, ChunkMemory memory, ForkJoinPool workers) {
    super(resources, memory, workers);
    this.kind = kind;
    NvComp.require();
    this.integerCoders = new CoderPool<>(format -> new CudaIntegers(resources.context(), format));
    this.pack = resources.context().kernel("integers.cu", "pieces_pack");
  }

  private NvCompCoder library(CudaIntegers.Form form) {
    return kind == EncoderSpec.Kind.ANS
        ? NvComp.require().ans()
        : NvComp.require()
            .bitcomp(form == CudaIntegers.Form.SHORT ? NvComp.Type.SHORT : NvComp.Type.INT, false);
  }

  private DeviceBuffer table(long[] values) {
    MemorySegment host = allocatePinned((long) values.length * Long.BYTES);
    MemorySegment.copy(values, 0, host, ValueLayout.JAVA_LONG, 0, values.length);
    return upload(host);
  }

  private static DeviceBuffer from(DeviceBuffer buffer, long at) {
    return buffer.slice(at, buffer.bytes() - at);
  }

  private static long[] longs(int count, IntToLongFunction value) {
    long[] values = new long[count];
    Arrays.setAll(values, value);
    return values;
  }

  @Override
  void encode(List<ChunkJob> jobs, List<ChunkGroup> groups, EncodedChunk[] chunks) {
    PieceLayout layout = PieceLayout.of(jobs, groups);
    int n = jobs.size();
    int pieces = layout.pieces();
    NvCompCoder library = library(layout.form());
    long room = library.maxCompressedChunk(PIECE) + 255 & -256;
    DeviceBuffer integers = allocate(layout.integerBytes());
    DeviceBuffer masks = allocate(CudaIntegers.maskBytes(layout.blockCount()));
    // how many exact values each chunk has, then its check
    DeviceBuffer counts = allocate(2L * n * Integer.BYTES);
    stream().fill(counts, 0);
    for (ChunkGroup group : groups) {
      int first = group.first();
      CudaIntegers coder = integerCoders.take(group.format());
      coder.encode(
          stream(),
          group.geometry(memory.stride()),
          memory.device(group),
          planeMaps(jobs, group),
          layout.form(),
          from(integers, layout.integersAt(first)),
          from(masks, CudaIntegers.maskBytes(layout.firstBlocks()[first])),
          from(counts, (long) first * Integer.BYTES),
          from(counts, (long) (n + first) * Integer.BYTES));
      integerCoders.give(group.format(), coder);
    }
    DeviceBuffer coded = allocate(room * pieces);
    DeviceBuffer codedAt = table(longs(pieces, i -> coded.address() + i * room));
    DeviceBuffer codedSizes = allocate((long) pieces * Long.BYTES);
    DeviceBuffer statuses = allocate((long) pieces * Integer.BYTES);
    library.compress(
        stream(),
        new NvCompCoder.Batch(
            pieces,
            table(layout.addresses(integers)),
            table(layout.sizes()),
            codedAt,
            codedSizes,
            statuses,
            allocate(library.compressTemp(pieces, PIECE, layout.integerBytes()))),
        PIECE);
    DeviceBuffer packed = allocate(room * pieces);
    pack.launch(
        stream(),
        LaunchShape.of(pieces, PACK_THREADS),
        codedAt.address(),
        codedSizes.address(),
        packed.address());
    MemorySegment hostCounts = download(counts);
    MemorySegment hostSizes = download(codedSizes);
    MemorySegment hostStatuses = download(statuses);
    stream().synchronize();
    long[] packedAt = new long[pieces + 1];
    for (int i = 0; i < pieces; i++) {
      long size = hostSizes.getAtIndex(ValueLayout.JAVA_LONG, i);
      int status = hostStatuses.getAtIndex(ValueLayout.JAVA_INT, i);
      if (status != 0 || size < 1 || size > room) {
        throw new TesseraException.Gpu(
            "nvcompBatchedCompress", status, "a piece of a chunk was not coded");
      }
      packedAt[i + 1] = packedAt[i] + (size + 7) / 8 * 8;
    }
    MemorySegment hostPacked = download(packed.slice(0, packedAt[pieces]));
    MemorySegment hostMasks = exactMasks(masks, hostCounts, n);
    stream().synchronize();
    for (int k = 0; k < n; k++) {
      int number = layout.jobs()[k];
      ChunkJob job = jobs.get(number);
      byte[] bytes =
          chunk(
                  job,
                  memory.host(number, job),
                  layout,
                  k,
                  hostSizes,
                  packedAt,
                  hostPacked,
                  hostMasks)
              .encode(job.format().type().bytes());
      int check = hostCounts.getAtIndex(ValueLayout.JAVA_INT, n + k);
      if (bytes.length <= job.bytes()) {
        chunks[number] =
            new EncodedChunk(MemorySegment.ofArray(bytes), SymbolCheck.fold(check) & 0xffff);
      }
    }
  }

  /** The exact places of all blocks; null if there is none. */
  private MemorySegment exactMasks(DeviceBuffer masks, MemorySegment counts, int chunks) {
    for (int i = 0; i < chunks; i++) {
      if (counts.getAtIndex(ValueLayout.JAVA_INT, i) != 0) {
        return download(masks);
      }
    }
    return null;
  }

  private static NvcompChunk chunk(
      ChunkJob job,
      MemorySegment values,
      PieceLayout layout,
      int k,
      MemorySegment sizes,
      long[] packedAt,
      MemorySegment packed,
      MemorySegment masks) {
    int first = layout.firstPieces()[k];
    int[] lengths = new int[layout.pieces(k)];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = (int) sizes.getAtIndex(ValueLayout.JAVA_LONG, first + i);
    }
    MemorySegment pieces = MemorySegment.ofArray(new byte[Arrays.stream(lengths).sum()]);
    long at = 0;
    for (int i = 0; i < lengths.length; i++) {
      MemorySegment.copy(packed, packedAt[first + i], pieces, at, lengths[i]);
      at += lengths[i];
    }
    int[] exact = {};
    if (masks != null) {
      exact = places(masks, layout.firstBlocks()[k] * GROUPS, layout.blocks()[k] * GROUPS);
    }
    return new NvcompChunk(layout.form().bytes(), lengths, exact, bits(job, values, exact), pieces);
  }

  /** Numbers of the bits that are set. */
  private static int[] places(MemorySegment masks, long firstWord, int words) {
    int count = 0;
    for (int w = 0; w < words; w++) {
      count += Integer.bitCount(masks.getAtIndex(ValueLayout.JAVA_INT, firstWord + w));
    }
    int[] places = new int[count];
    int at = 0;
    for (int w = 0; w < words; w++) {
      int mask = masks.getAtIndex(ValueLayout.JAVA_INT, firstWord + w);
      for (; mask != 0; mask &= mask - 1) {
        places[at++] = w * Integer.SIZE + Integer.numberOfTrailingZeros(mask);
      }
    }
    return places;
  }

  private static long[] bits(ChunkJob job, MemorySegment values, int[] exact) {
    BlockGeometry geometry = job.geometry();
    long[] bits = new long[exact.length];
    for (int i = 0; i < exact.length; i++) {
      BlockGeometry.Block block = geometry.block(exact[i] / PLACES);
      int natural = geometry.mode().natural(exact[i] % PLACES);
      bits[i] = job.format().type().getBits(values, geometry.index(block, natural));
    }
    return bits;
  }

  /** The values as they are (FORMAT.md, "A chunk's first byte"). */
  @Override
  EncodedChunk encodeOnCpu(ChunkJob job, MemorySegment values) {
    byte[] raw = values.toArray(ValueLayout.JAVA_BYTE);
    byte[] packed = Zstd.pack(raw);
    byte[] bytes = new byte[1 + packed.length];
    bytes[0] = 1;
    System.arraycopy(packed, 0, bytes, 1, packed.length);
    int[] words = new int[Math.ceilDiv(raw.length, Integer.BYTES)];
    for (int i = 0; i < raw.length; i++) {
      words[i / Integer.BYTES] |= (raw[i] & 0xff) << 8 * (i % Integer.BYTES);
    }
    int check = SymbolCheck.of(words, 0, words.length, 0);
    return new EncodedChunk(MemorySegment.ofArray(bytes), SymbolCheck.fold(check) & 0xffff);
  }

  @Override
  boolean isForDevice(EncodedChunk chunk, ChunkJob job) {
    return !NvcompChunk.isPlain(chunk.bytes());
  }

  @Override
  void decodeOnCpu(EncodedChunk chunk, ChunkJob job, MemorySegment values) {
    // a chunk of plain values is the same whatever the encoder
    ChunkFormat format = job.format().with(job.format().predictor(), EncoderSpec.BITPACK);
    decodeAsCpu(chunk, new ChunkJob(format, job.box()), values);
  }

  @Override
  void decode(List<EncodedChunk> chunks, List<ChunkJob> jobs, List<ChunkGroup> groups) {
    PieceLayout layout = PieceLayout.of(jobs, groups);
    int pieces = layout.pieces();
    NvCompCoder library = library(layout.form());
    long most = library.maxCompressedChunk(PIECE);
    NvcompChunk[] parsed = new NvcompChunk[layout.chunks()];
    for (int k = 0; k < parsed.length; k++) {
      ChunkJob job = jobs.get(layout.jobs()[k]);
      MemorySegment bytes = chunks.get(layout.jobs()[k]).bytes();
      if (bytes.byteSize() > job.bytes() + 2) {
        throw new TesseraException.Corrupt(
            "a chunk is damaged: it has an impossible length of " + bytes.byteSize() + " bytes",
            -1);
      }
      parsed[k] =
          NvcompChunk.decode(
              bytes, layout.blocks()[k], layout.form().bytes(), job.format().type().bytes(), most);
    }
    long[] codedAt = new long[pieces];
    long[] codedSizes = new long[pieces];
    DeviceBuffer coded = uploadPieces(parsed, layout, codedAt, codedSizes);
    DeviceBuffer integers = allocate(layout.integerBytes());
    DeviceBuffer sizes = table(layout.sizes());
    DeviceBuffer restoredSizes = allocate((long) pieces * Long.BYTES);
    DeviceBuffer statuses = allocate((long) pieces * Integer.BYTES);
    stream().fill(integers, 0);
    library.decompress(
        stream(),
        new NvCompCoder.Batch(
            pieces,
            table(longs(pieces, i -> coded.address() + codedAt[i])),
            table(codedSizes),
            table(layout.addresses(integers)),
            restoredSizes,
            statuses,
            allocate(library.decompressTemp(pieces, PIECE, layout.integerBytes()))),
        sizes);
    DeviceBuffer checks = allocate((long) parsed.length * Integer.BYTES);
    stream().fill(checks, 0);
    for (ChunkGroup group : groups) {
      CudaIntegers coder = integerCoders.take(group.format());
      coder.decode(
          stream(),
          group.geometry(memory.stride()),
          from(integers, layout.integersAt(group.first())),
          layout.form(),
          planeMaps(jobs, group),
          memory.device(group),
          from(checks, (long) group.first() * Integer.BYTES));
      integerCoders.give(group.format(), coder);
    }
    MemorySegment hostChecks = download(checks);
    MemorySegment hostSizes = download(restoredSizes);
    MemorySegment hostStatuses = download(statuses);
    memory.download(groups);
    stream().synchronize();
    long[] expected = layout.sizes();
    for (int i = 0; i < pieces; i++) {
      if (hostStatuses.getAtIndex(ValueLayout.JAVA_INT, i) != 0
          || hostSizes.getAtIndex(ValueLayout.JAVA_LONG, i) != expected[i]) {
        throw new TesseraException.Corrupt(
            "a chunk is damaged: nvCOMP does not restore its integers", -1);
      }
    }
    for (int k = 0; k < parsed.length; k++) {
      int number = layout.jobs()[k];
      int check = hostChecks.getAtIndex(ValueLayout.JAVA_INT, k);
      requireCheck(SymbolCheck.fold(check), chunks.get(number));
      parsed[k].putExact(jobs.get(number), memory.host(number, jobs.get(number)));
    }
  }

  /** Brings the coded pieces of all chunks to the device, each at an aligned address. */
  private DeviceBuffer uploadPieces(
      NvcompChunk[] parsed, PieceLayout layout, long[] codedAt, long[] codedSizes) {
    long end = 0;
    for (int k = 0; k < parsed.length; k++) {
      for (int i = 0; i < parsed[k].lengths().length; i++) {
        int piece = layout.firstPieces()[k] + i;
        codedAt[piece] = end;
        codedSizes[piece] = parsed[k].lengths()[i];
        end += codedSizes[piece] + 15 & -16;
      }
    }
    MemorySegment host = allocatePinned(end);
    for (int k = 0; k < parsed.length; k++) {
      long from = 0;
      for (int i = 0; i < parsed[k].lengths().length; i++) {
        int piece = layout.firstPieces()[k] + i;
        MemorySegment.copy(parsed[k].pieces(), from, host, codedAt[piece], codedSizes[piece]);
        from += codedSizes[piece];
      }
    }
    return upload(host);
  }
}
