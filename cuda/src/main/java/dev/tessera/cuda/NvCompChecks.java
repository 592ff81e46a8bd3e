package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;

/** Checks that nvCOMP's coders restore what they were given; without nvCOMP there is none. */
final class NvCompChecks {
  private static final int CHUNKS = 37;
  private static final int CHUNK_BYTES = 1 << 16;
  private static final int LAST_BYTES = 1000;

  private NvCompChecks() {}

  private record RoundTrip(String name, NvCompCoder coder) implements SelfTest.Check {
    @Override
    public void run(CudaContext context) {
      roundTrip(context, coder);
    }
  }

  static List<SelfTest.Check> all() {
    return NvComp.find()
        .map(library ->
            List.<SelfTest.Check>of(
                new RoundTrip("nvcomp: bitcomp", library.bitcomp(NvComp.Type.INT, false)),
                new RoundTrip("nvcomp: sparse bitcomp", library.bitcomp(NvComp.Type.INT, true)),
                new RoundTrip("nvcomp: ans", library.ans())))
        .orElse(List.of());
  }

  private static void roundTrip(CudaContext context, NvCompCoder coder) {
    long total = (long) (CHUNKS - 1) * CHUNK_BYTES + LAST_BYTES;
    long room = coder.maxCompressedChunk(CHUNK_BYTES) + 255 & -256;
    long temp =
        Math.max(
            coder.compressTemp(CHUNKS, CHUNK_BYTES, total),
            coder.decompressTemp(CHUNKS, CHUNK_BYTES, total));
    try (CudaStream stream = context.newStream();
        DeviceArena device = context.newArena(1 << 24);
        PinnedArena pinned = context.newPinnedArena(1 << 22)) {
      MemorySegment values = symbols(pinned.allocate(total));
      DeviceBuffer input = device.allocate(total);
      DeviceBuffer restored = device.allocate(total);
      stream.upload(input, values);
      stream.fill(restored, 0xFF);
      DeviceBuffer sizes = table(stream, device, pinned, i -> chunkBytes(i));
      DeviceBuffer packed = device.allocate(CHUNKS * room);
      DeviceBuffer packedAt = table(stream, device, pinned, i -> packed.address() + i * room);
      DeviceBuffer packedSizes = device.allocate(CHUNKS * Long.BYTES);
      DeviceBuffer statuses = device.allocate(CHUNKS * Integer.BYTES);
      DeviceBuffer scratch = device.allocate(temp);
      coder.compress(
          stream,
          new NvCompCoder.Batch(
              CHUNKS,
              table(stream, device, pinned, i -> input.address() + (long) i * CHUNK_BYTES),
              sizes,
              packedAt,
              packedSizes,
              statuses,
              scratch),
          CHUNK_BYTES);
      requireZeros(stream, pinned, statuses, "compressing");
      MemorySegment lengths = pinned.allocate(packedSizes.bytes());
      stream.download(lengths, packedSizes);
      DeviceBuffer restoredSizes = device.allocate(CHUNKS * Long.BYTES);
      coder.decompress(
          stream,
          new NvCompCoder.Batch(
              CHUNKS,
              packedAt,
              packedSizes,
              table(stream, device, pinned, i -> restored.address() + (long) i * CHUNK_BYTES),
              restoredSizes,
              statuses,
              scratch),
          sizes);
      requireZeros(stream, pinned, statuses, "decompressing");
      MemorySegment again = pinned.allocate(total);
      stream.download(again, restored);
      stream.synchronize();
      RuntimeChecks.require(values.mismatch(again) < 0, "the restored values differ");
      long packedBytes = 0;
      for (int i = 0; i < CHUNKS; i++) {
        packedBytes += lengths.getAtIndex(JAVA_LONG, i);
      }
      RuntimeChecks.require(
          packedBytes > 0 && packedBytes < total / 2,
          total + " bytes of small symbols became " + packedBytes);
    }
  }

  private static long chunkBytes(int chunk) {
    return chunk < CHUNKS - 1 ? CHUNK_BYTES : LAST_BYTES;
  }

  private static MemorySegment symbols(MemorySegment values) {
    SplittableRandom random = new SplittableRandom(11);
    for (long i = 0; i < values.byteSize() / Integer.BYTES; i++) {
      values.setAtIndex(JAVA_INT, i, random.nextInt(10) == 0 ? random.nextInt(-3, 4) : 0);
    }
    return values;
  }

  private interface Entry {
    long of(int chunk);
  }

  private static DeviceBuffer table(
      CudaStream stream, DeviceArena device, PinnedArena pinned, Entry entry) {
    MemorySegment host = pinned.allocate(CHUNKS * Long.BYTES);
    for (int i = 0; i < CHUNKS; i++) {
      host.setAtIndex(JAVA_LONG, i, entry.of(i));
    }
    DeviceBuffer table = device.allocate(host.byteSize());
    stream.upload(table, host);
    return table;
  }

  private static void requireZeros(
      CudaStream stream, PinnedArena pinned, DeviceBuffer statuses, String what) {
    MemorySegment host = pinned.allocate(statuses.bytes());
    stream.download(host, statuses);
    stream.synchronize();
    for (int i = 0; i < CHUNKS; i++) {
      int status = host.getAtIndex(JAVA_INT, i);
      RuntimeChecks.require(status == 0, what + " chunk " + i + " ends with " + status);
    }
  }
}
