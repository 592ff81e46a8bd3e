package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.NvComp;
import dev.tessera.cuda.NvCompCoder;
import dev.tessera.field.TesseraException;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A coder of nvCOMP over 32-bit symbols in chunks, for comparison. */
final class NvCompRansDevice extends CudaLatentDevice {
  private static final int CHUNK = 64 << 10;
  private static final long ALIGNMENT = 256;

  private final String name;
  private final NvComp library;
  private final NvCompCoder coder;

  private NvCompRansDevice(String name, NvComp library, NvCompCoder coder) {
    this.name = name;
    this.library = library;
    this.coder = coder;
  }

  /** Its coders, if the library is here. */
  static List<RansDevice> open() {
    return NvComp.find()
        .<List<RansDevice>>map(library ->
            List.of(
                new NvCompRansDevice(
                    "nvCOMP, bitcomp", library, library.bitcomp(NvComp.Type.INT, false)),
                new NvCompRansDevice(
                    "nvCOMP, bitcomp sparse", library, library.bitcomp(NvComp.Type.INT, true)),
                new NvCompRansDevice("nvCOMP, ans", library, library.ans())))
        .orElse(List.of());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean codesStreams() {
    return false;
  }

  @Override
  public boolean offers(RansProfile profile) {
    return false;
  }

  @Override
  public Map<String, String> properties() {
    Map<String, String> properties = new LinkedHashMap<>(session.properties());
    properties.put("nvcomp", library.version());
    properties.put("chunk_bytes", Integer.toString(CHUNK));
    return properties;
  }

  @Override
  List<? extends Coder> open(RansCase what, List<Input> from) {
    return from.stream().map(BatchCoder::new).toList();
  }

  private final class BatchCoder implements Coder {
    private final int chunks;
    private final DeviceBuffer packedSizes;
    private final DeviceBuffer sizes;
    private final DeviceBuffer statuses;
    private final NvCompCoder.Batch compressing;
    private final NvCompCoder.Batch decompressing;

    BatchCoder(Input input) {
      long total = input.buffer().bytes();
      chunks = Math.toIntExact(Math.ceilDiv(total, CHUNK));
      long room = coder.maxCompressedChunk(CHUNK) + ALIGNMENT - 1 & -ALIGNMENT;
      DeviceBuffer packed = session.device.allocate(chunks * room);
      sizes = session.table(chunks, i -> Math.min(CHUNK, total - (long) i * CHUNK));
      packedSizes = session.device.allocate((long) chunks * Long.BYTES);
      statuses = session.device.allocate((long) chunks * Integer.BYTES);
      DeviceBuffer packedAt = session.table(chunks, i -> packed.address() + i * room);
      DeviceBuffer scratch =
          session.device.allocate(
              Math.max(
                  coder.compressTemp(chunks, CHUNK, total),
                  coder.decompressTemp(chunks, CHUNK, total)));
      compressing =
          new NvCompCoder.Batch(
              chunks,
              session.table(chunks, i -> input.buffer().address() + (long) i * CHUNK),
              sizes,
              packedAt,
              packedSizes,
              statuses,
              scratch);
      decompressing =
          new NvCompCoder.Batch(
              chunks,
              packedAt,
              packedSizes,
              session.table(chunks, i -> input.decoded().address() + (long) i * CHUNK),
              session.device.allocate((long) chunks * Long.BYTES),
              statuses,
              scratch);
    }

    @Override
    public void encode() {
      coder.compress(session.stream, compressing, CHUNK);
    }

    @Override
    public void decode() {
      coder.decompress(session.stream, decompressing, sizes);
    }

    @Override
    public void requireClean() {
      long mark = session.pinned.mark();
      int[] results = session.download(statuses).toArray(ValueLayout.JAVA_INT);
      session.pinned.reset(mark);
      if (Arrays.stream(results).anyMatch(result -> result != 0)) {
        throw new TesseraException.Corrupt(name + " reports errors", -1);
      }
    }

    @Override
    public RansTimes times(Samples encoding, Samples decoding) {
      return new RansTimes(
          encoding, decoding, session.sum(packedSizes), (long) Integer.BYTES * chunks, 0, 0);
    }

    @Override
    public void close() {}
  }
}
