package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class NvCompTest {
  private static NvComp libraryOrSkip() {
    Assumptions.assumeTrue(NvComp.find().isPresent(), NvComp::absence);
    return NvComp.require();
  }

  @Test
  void withoutTheLibraryItSaysSo() {
    Assumptions.assumeTrue(NvComp.find().isEmpty(), "nvCOMP is installed");
    assertThatThrownBy(NvComp::require)
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("TESSERA_NVCOMP");
  }

  @Test
  void optionsByValueArriveWhereTheyBelong() {
    NvComp library = libraryOrSkip();
    assertThat(library.version()).startsWith("5.");
    NvCompCoder bitcomp = library.bitcomp(NvComp.Type.INT, false);
    // sizes that nvCOMP 5.1 gives a C program
    assertThat(bitcomp.maxCompressedChunk(1 << 16)).isEqualTo(65632);
    assertThat(bitcomp.compressTemp(384, 1 << 16, 384L << 16)).isZero();
    assertThat(bitcomp.decompressTemp(384, 1 << 16, 384L << 16)).isPositive();
    assertThat(library.ans().maxCompressedChunk(1 << 16)).isGreaterThan(1 << 16);
  }

  @Test
  void anAlgorithmThatNvCompDoesNotKnowIsRefused() {
    libraryOrSkip();
    NvCompCoder unknown = new NvCompCoder(openedAgain(), "Bitcomp", 7, NvComp.Type.INT.code);
    assertThatThrownBy(() -> unknown.maxCompressedChunk(1 << 16))
        .isInstanceOf(TesseraException.Gpu.class)
        .hasMessageContaining("nvcompBatchedBitcompCompressGetMaxOutputChunkSize");
  }

  private static NativeLibrary openedAgain() {
    return NativeLibrary.open(java.util.List.of(NvComp.require().location())).orElseThrow();
  }

  @Test
  void impossibleChunksAreRefused() {
    NvCompCoder ans = libraryOrSkip().ans();
    for (long bytes : new long[] {-1, 0, (1L << 24) + 1}) {
      assertThatThrownBy(() -> ans.maxCompressedChunk(bytes))
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }
}
