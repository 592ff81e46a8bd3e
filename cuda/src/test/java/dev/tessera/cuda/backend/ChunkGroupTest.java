package dev.tessera.cuda.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.cuda.CudaIntegers;
import dev.tessera.cuda.DeviceBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ChunkGroupTest {
  private static final List<ChunkJob> JOBS =
      List.of(
          NvcompChunkTest.job(64, 128, 128),
          NvcompChunkTest.job(64, 128, 44),
          NvcompChunkTest.job(64, 128, 128),
          NvcompChunkTest.job(1, 1, 5),
          NvcompChunkTest.job(64, 128, 44));

  @Test
  void chunksOfOneShapeAreCodedTogether() {
    List<ChunkGroup> groups = ChunkGroup.of(JOBS, List.of(0, 1, 2, 3, 4));
    assertThat(groups)
        .extracting(ChunkGroup::jobs)
        .containsExactly(List.of(0, 2), List.of(1, 4), List.of(3));
    assertThat(groups).extracting(ChunkGroup::first).containsExactly(0, 2, 4);
    assertThat(groups.get(1).chunkBytes()).isEqualTo(64 * 128 * 44 * 4);
    assertThat(groups.get(1).geometry(1 << 22).volumeStride()).isEqualTo(1 << 20);
  }

  @Test
  void whatIsLeftOutIsInNoGroup() {
    List<ChunkGroup> groups = ChunkGroup.of(JOBS, List.of(1, 3));
    assertThat(groups).extracting(ChunkGroup::jobs).containsExactly(List.of(1), List.of(3));
    assertThat(groups.get(1).first()).isEqualTo(1);
  }

  /** Pieces cover the integers of all chunks without gap or overlap, in the order of the groups. */
  @Test
  void piecesCoverTheIntegers() {
    PieceLayout layout = PieceLayout.of(JOBS, ChunkGroup.of(JOBS, List.of(0, 1, 2, 3, 4)));
    assertThat(layout.form()).isEqualTo(CudaIntegers.Form.INT);
    assertThat(layout.blocks()).containsExactly(256, 256, 128, 128, 1);
    long[] addresses = layout.addresses(new DeviceBuffer(4096, layout.integerBytes()));
    long[] sizes = layout.sizes();
    long at = 4096;
    for (int i = 0; i < addresses.length; i++) {
      assertThat(addresses[i]).isEqualTo(at);
      assertThat(sizes[i]).isBetween(1L, (long) NvcompChunk.PIECE_BYTES);
      at += sizes[i];
    }
    assertThat(at).isEqualTo(4096 + 4L * 4096 * Arrays.stream(layout.blocks()).sum());
    assertThat(layout.pieces(4)).isEqualTo(1);
    assertThat(sizes[layout.pieces() - 1]).isEqualTo(4 * 4096);
  }
}
