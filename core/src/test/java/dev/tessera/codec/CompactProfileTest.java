package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.container.ContainerReader;
import dev.tessera.container.Header;
import dev.tessera.container.StreamPlan;
import dev.tessera.container.StreamPlan.Order;
import dev.tessera.container.StreamPlan.Profile;
import dev.tessera.entropy.ChannelOrder;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Model;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of the compact profile: what a plan chooses, measures and refuses. */
final class CompactProfileTest {
  private static final Model FACTORIZED = TestFields.model("bmshj2018-factorized");
  private static final Model MEANS = TestFields.model("mbt2018-mean");
  private static final CodecOptions MINMAX = CodecOptions.DEFAULTS.withNormalizer("minmax:slice");

  /** 256 tiles of the smallest size. */
  private static final Field MANY_TILES = TestFields.smooth(DataType.FLOAT32, 31, 3, 256, 256);

  private static byte[] compress(Codec codec, Field field) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    codec.compress(field, out);
    return out.toByteArray();
  }

  private static ContainerReader open(byte[] file) {
    return ContainerReader.of(MemorySegment.ofArray(file));
  }

  private static Field decompress(Codec codec, byte[] file) throws IOException {
    ContainerReader reader = open(file);
    Field restored = Field.allocate(reader.header().field());
    codec.decompress(reader, restored);
    return restored;
  }

  /** The same symbols, so the same values, and fewer bytes. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 16, CodecOptions.WHOLE})
  void bothProfilesHoldTheSame(int p) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 30, 5, 192, 128);
    for (Model model : new Model[] {FACTORIZED, MEANS}) {
      Field expected = null;
      long before = Long.MAX_VALUE;
      for (Profile profile : new Profile[] {Profile.COMPATIBLE, Profile.COMPACT}) {
        CodecOptions options = MINMAX.withChannelsPerStream(p).withProfile(profile);
        try (Codec codec = Codec.open(model, options.withTile(64, 64))) {
          byte[] file = compress(codec, field);
          assertThat(open(file).header().streamPlan().profile()).isEqualTo(profile);
          assertThat((long) file.length).isLessThan(before);
          before = file.length;
          Field restored = decompress(codec, file);
          expected = expected == null ? restored : expected;
          assertThat(restored.data().mismatch(expected.data())).isEqualTo(-1);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, ACTIVE_FIRST", "23, ACTIVE_FIRST", "24, DEALT", "0, DEALT"})
  void fewChannelsAreSortedAndManyAreDealt(int p, Order order) {
    StreamPlan plan = TileFormat.plan(FACTORIZED, grid(), Profile.COMPACT, p);
    assertThat(plan.order()).isEqualTo(order);
    ChannelOrder sorted = ChannelOrder.activeFirst(FACTORIZED.bottleneckTables(), 24);
    assertThat(TileFormat.of(FACTORIZED, grid(), plan).order())
        .isEqualTo(order == Order.DEALT ? sorted.dealt(24) : sorted);
    assertThat(TileFormat.plan(FACTORIZED, grid(), Profile.COMPATIBLE, p).order())
        .isEqualTo(Order.IDENTITY);
    assertThat(TileFormat.plan(MEANS, grid(), Profile.COMPACT, p).order())
        .isEqualTo(Order.IDENTITY);
  }

  @Test
  void whatIsMeasuredDependsOnTheFieldAlone() throws IOException {
    byte[] expected = null;
    for (int[] work : new int[][] {{1, 1, 1}, {2, 3, 2}, {2, 16, 1}, {4, 300, 3}}) {
      CodecOptions options =
          MINMAX.withTile(16, 16).withChannelsPerStream(8).withWork(work[0], work[1], work[2]);
      try (Codec codec = Codec.open(FACTORIZED, options)) {
        byte[] file = compress(codec, MANY_TILES);
        Header header = open(file).header();
        assertThat(header.grid().count()).isEqualTo(256);
        assertThat(header.streamPlan().zeroFrequencies()).hasSize(24);
        byte[] plan = Header.entropyStage(header.streamPlan()).arguments();
        expected = expected == null ? plan : expected;
        assertThat(plan).isEqualTo(expected);
        decompress(codec, file); // compares the symbols of every tile with its check
      }
    }
  }

  @Test
  void onlyFieldsOfManyTilesAreMeasured() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 32, 3, 240, 256);
    CodecOptions options = MINMAX.withTile(16, 16).withChannelsPerStream(8);
    for (Profile profile : Profile.values()) {
      try (Codec codec = Codec.open(FACTORIZED, options.withProfile(profile))) {
        Field tried = profile == Profile.COMPACT ? field : MANY_TILES;
        Header header = open(compress(codec, tried)).header();
        assertThat(header.streamPlan().zeroFrequencies()).isEmpty();
      }
    }
  }

  /** Half an observation is the tables', the rest is what was seen. */
  @Test
  void measuredFrequenciesAreBetweenTheTablesAndTheSample() {
    StreamPlan plan = TileFormat.plan(FACTORIZED, grid(), Profile.COMPACT, 8);
    TileFormat format = TileFormat.of(FACTORIZED, grid(), plan);
    long[] alive = new long[24];
    Arrays.setAll(alive, c -> c % 17);
    StreamPlan refined =
        EntropyStatistics.refine(
            plan, format, FACTORIZED.bottleneckTables(), alive, 1_000_000_000_000L);
    assertThat(refined.zeroFrequencies()).hasSize(24);
    assertThat(refined.withZeroFrequencies(List.of())).isEqualTo(plan);
    for (int c = 0; c < 24; c++) {
      int tables = ZeroFlags.derived(FACTORIZED.bottleneckTables(), c, 64);
      double exact = (65536.0 * (16 - alive[c]) + 0.5 * tables) / 16.5;
      assertThat((double) refined.zeroFrequencies().get(c))
          .isBetween(Math.clamp(exact - 0.51, 1, 65535), Math.clamp(exact + 0.51, 1, 65535));
    }
    // what cannot repay its bytes in the header is not stored
    assertThat(
            EntropyStatistics.refine(plan, format, FACTORIZED.bottleneckTables(), alive, 0)
                .zeroFrequencies())
        .isEmpty();
  }

  @Test
  void plansThatContradictTheModelAreRefused() {
    StreamPlan plan = TileFormat.plan(FACTORIZED, grid(), Profile.COMPACT, 8);
    List<Integer> many = Collections.nCopies(25, 1);
    assertCorrupt(FACTORIZED, plan.withZeroFrequencies(many), "frequencies of 25 channels");
    assertCorrupt(FACTORIZED, plan.withZeroFrequencies(Collections.nCopies(24, 0)), "1 to 65535");
    List<Integer> short23 = IntStream.range(0, 23).boxed().toList();
    assertCorrupt(FACTORIZED, stored(plan, short23), "an order of 23 channels");
    assertCorrupt(FACTORIZED, stored(plan, Collections.nCopies(24, 5)), "each of its 24 once");
    StreamPlan means = TileFormat.plan(MEANS, grid(), Profile.COMPACT, 8);
    StreamPlan byTables =
        new StreamPlan(
            Profile.COMPACT,
            8,
            8,
            means.sideChannelsPerStream(),
            means.sideRowsPerStream(),
            Order.DEALT,
            List.of(),
            List.of());
    assertCorrupt(MEANS, byTables, "tables that they do not have");
    // a stored order suits every model
    List<Integer> reversed = IntStream.range(0, 24).mapToObj(i -> 23 - i).toList();
    assertThat(TileFormat.of(MEANS, grid(), stored(means, reversed)).order().channel(0))
        .isEqualTo(23);
  }

  private static StreamPlan stored(StreamPlan plan, List<Integer> order) {
    return new StreamPlan(
        Profile.COMPACT,
        plan.channelsPerStream(),
        plan.rowsPerStream(),
        plan.sideChannelsPerStream(),
        plan.sideRowsPerStream(),
        Order.STORED,
        order,
        List.of());
  }

  private static void assertCorrupt(Model model, StreamPlan plan, String message) {
    assertThatThrownBy(() -> TileFormat.of(model, grid(), plan))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining(message);
  }

  private static TileGrid grid() {
    return new TileGrid(MANY_TILES.info().shape(), 3, 0, 128, 128, 0);
  }
}
