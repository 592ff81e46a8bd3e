package dev.tessera.container;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Model;
import dev.tessera.testing.Fuzzing;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged containers, whose checksums are made right again: what is behind them has to hold. */
final class ContainerFuzz {
  /** Decoding a larger tile takes long and is no error. */
  private static final int MOST_VALUES = 1 << 17;

  private static Codec codec;

  @BeforeAll
  static void open() throws IOException {
    codec =
        Codec.open(GoldenContainers.FACTORIZED.model(), CodecOptions.DEFAULTS.withWork(1, 1, 1));
  }

  @AfterAll
  static void close() {
    codec.close();
  }

  static Stream<Arguments> seeds() throws IOException {
    try (Stream<Path> damaged = Files.list(TestData.file("errors"))) {
      List<Path> files =
          Stream.concat(
                  Stream.of(
                      GoldenContainers.FACTORIZED.path(),
                      GoldenContainers.COMPACT.path(),
                      GoldenPipelines.BITPACK.path(),
                      GoldenPipelines.RANS.path(),
                      GoldenPipelines.NORMALIZED.path(),
                      GoldenPipelines.LATENT.path()),
                  damaged.filter(file -> file.toString().endsWith(".tsr")))
              .toList();
      return Fuzzing.seeds(files.stream().map(Fuzzing::bytes));
    }
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void decode(byte[] data) {
    Fuzzing.survive(() -> {
      ContainerReader container = ContainerReader.of(MemorySegment.ofArray(repaired(data)));
      byte[] embedded = container.header().embeddedModel();
      if (embedded != null) {
        Model.read(embedded, "embedded");
      }
      codec.check(container);
      int streams = container.header().hasPipeline() ? 1 : codec.tileFormat(container).streams();
      TileGrid grid = container.header().grid();
      if (grid.tileElements() <= MOST_VALUES && grid.count() <= 16) {
        codec.decompress(container, nowhere(container.header().field()));
        container.sizes(streams);
      }
    });
  }

  private static FieldSink nowhere(FieldInfo info) {
    return new FieldSink() {
      @Override
      public FieldInfo info() {
        return info;
      }

      @Override
      public void write(
          long slice, long row, long rows, long col, long cols, MemorySegment source) {}

      @Override
      public void commit() {}

      @Override
      public void close() {}
    };
  }

  /** The checksums of header, index and only group, where such can be found. */
  private static byte[] repaired(byte[] data) {
    byte[] file = data.clone();
    if (file.length < 20) {
      return file;
    }
    int length = file[5] & 0x7f;
    int body = 6;
    if (file[5] < 0) {
      length |= (file[6] & 0x7f) << 7;
      body = 7;
    }
    long headerEnd = (long) body + length;
    long indexEnd = file.length - 8L;
    long index = indexEnd - little(file, file.length - 4);
    if (headerEnd + 4 > file.length || index < headerEnd + 4) {
      return file;
    }
    put(file, (int) headerEnd, crc(file, 0, (int) headerEnd));
    put(file, (int) indexEnd, crc(file, (int) index, (int) indexEnd));
    if (index >= headerEnd + 8) {
      put(file, (int) index - 4, crc(file, (int) headerEnd + 4, (int) index - 4));
    }
    return file;
  }

  private static long crc(byte[] file, int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(file, from, to - from);
    return crc.getValue();
  }

  private static long little(byte[] file, int at) {
    return (file[at] & 0xffL)
        | (file[at + 1] & 0xffL) << 8
        | (file[at + 2] & 0xffL) << 16
        | (file[at + 3] & 0xffL) << 24;
  }

  private static void put(byte[] file, int at, long value) {
    for (int i = 0; i < 4; i++) {
      file[at + i] = (byte) (value >>> 8 * i);
    }
  }
}
