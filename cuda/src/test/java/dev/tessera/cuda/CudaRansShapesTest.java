package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CudaRansShapesTest {
  private static final int TILES = 512;
  private static final int CHANNELS = 192;
  private static final int SHARED_PER_MULTIPROCESSOR = 228 << 10;
  private static final int RESERVED = 1 << 10;
  private static final int RESIDENT = 8;
  private static final CudaDevice DEVICE =
      new CudaDevice(
          0, "H200", "", 9, 0, 132, 50 << 20, 227 << 10, SHARED_PER_MULTIPROCESSOR, 1L << 37, 1, 1);
  private static final CdfTables TABLES = RansCheckBatch.tables(CHANNELS, new SplittableRandom(2));

  private static StreamLayout layout(int channelsPerStream) {
    return new StreamLayout(CHANNELS, 8, 8, channelsPerStream, 8);
  }

  /** The first thirty channels are alive. */
  private static short[] activeFirst() {
    short[] frequencies = new short[2 * CHANNELS];
    Arrays.fill(frequencies, (short) 65345);
    Arrays.fill(frequencies, 0, 30, (short) 1);
    return frequencies;
  }

  private static CudaRansShapes shapes(int channelsPerStream, short[] deadFrequencies) {
    CudaRansSpec spec =
        CudaRansSpec.compact(layout(channelsPerStream), CompactScheme.plain(TABLES, CHANNELS));
    return new CudaRansShapes(DEVICE, spec, deadFrequencies);
  }

  private static int fitting(LaunchShape shape) {
    return SHARED_PER_MULTIPROCESSOR / (shape.sharedBytes() + RESERVED);
  }

  @Test
  void streamsUpToTheLastLikelyOneCount() {
    assertThat(CudaRansShapes.likelyStreams(layout(8), activeFirst())).isEqualTo(4);
    assertThat(CudaRansShapes.likelyStreams(layout(64), activeFirst())).isEqualTo(1);
    assertThat(CudaRansShapes.likelyStreams(new StreamLayout(CHANNELS, 8, 8, 8, 3), activeFirst()))
        .isEqualTo(4 * 3);
    short[] lastAlive = activeFirst();
    lastAlive[CHANNELS - 1] = 1;
    assertThat(CudaRansShapes.likelyStreams(layout(8), lastAlive)).isEqualTo(24);
  }

  @Test
  void warpsEncodeMoreStreamsWhereMoreAreAlive() {
    assertThat(shapes(8, activeFirst()).together(TILES)).isEqualTo(2);
    assertThat(shapes(4, activeFirst()).together(TILES)).isEqualTo(4);
    assertThat(shapes(8, activeFirst()).together(64)).isEqualTo(1);
    assertThat(shapes(192, null).together(TILES)).isEqualTo(1);
    assertThat(shapes(64, null).together(TILES)).isEqualTo(2);
    assertThat(shapes(8, activeFirst()).encode(TILES))
        .extracting(LaunchShape::gridX)
        .isEqualTo(24 * 512 / 2 / 2);
  }

  @Test
  void liveStreamsAreSpreadOverAllMultiprocessors() {
    // 512 blocks of live streams: four for each of 132 multiprocessors
    assertThat(fitting(shapes(8, activeFirst()).decode(TILES, RESIDENT))).isEqualTo(4);
    assertThat(fitting(shapes(6, activeFirst()).decode(TILES, RESIDENT))).isEqualTo(5);
    assertThat(fitting(shapes(16, activeFirst()).decode(TILES, RESIDENT))).isEqualTo(2);
  }

  @Test
  void nothingIsHeldBackWhereAllMultiprocessorsAreFullOrAllStreamsAlive() {
    CudaRansShapes full = shapes(4, activeFirst());
    assertThat(full.decode(TILES, RESIDENT)).isEqualTo(full.decode(TILES));
    CudaRansShapes alive = shapes(8, null);
    assertThat(alive.decode(TILES, RESIDENT)).isEqualTo(alive.decode(TILES));
    assertThat(alive.decode(1, RESIDENT)).isEqualTo(alive.decode(1));
    short[] dead = new short[2 * CHANNELS];
    Arrays.fill(dead, (short) 65535);
    CudaRansShapes none = shapes(8, dead);
    assertThat(none.decode(TILES, RESIDENT)).isEqualTo(none.decode(TILES));
  }
}
