package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StreamLayoutTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, 1",
    "7, 5, 3, 2, 2",
    "192, 8, 8, 64, 8",
    "5, 4, 3, 100, 100",
    "6, 4, 2, 1, 1",
    "9, 3, 2, 4, 2147483647"
  })
  void streamsCoverEverySymbolOnce(int channels, int height, int width, int perStream, int rows) {
    StreamLayout layout = new StreamLayout(channels, height, width, perStream, rows);
    int[] covered = new int[channels * height];
    for (int i = 0; i < layout.streams(); i++) {
      StreamRegion region = layout.region(i);
      assertThat(region.channels()).isBetween(1, perStream);
      assertThat(region.rows()).isBetween(1, rows);
      for (int c = region.firstChannel(); c < region.firstChannel() + region.channels(); c++) {
        for (int y = region.firstRow(); y < region.firstRow() + region.rows(); y++) {
          covered[c * height + y]++;
        }
      }
    }
    assertThat(covered).containsOnly(1);
    assertThat(layout.symbols()).isEqualTo(channels * height * width);
  }

  @Test
  void goesThroughBandsBeforeChannelGroups() {
    StreamLayout layout = new StreamLayout(5, 7, 3, 2, 3);
    assertThat(layout.groups()).isEqualTo(3);
    assertThat(layout.bands()).isEqualTo(3);
    assertThat(layout.streams()).isEqualTo(9);
    assertThat(layout.region(0)).isEqualTo(new StreamRegion(0, 2, 0, 3));
    assertThat(layout.region(1)).isEqualTo(new StreamRegion(0, 2, 3, 3));
    assertThat(layout.region(2)).isEqualTo(new StreamRegion(0, 2, 6, 1));
    assertThat(layout.region(3)).isEqualTo(new StreamRegion(2, 2, 0, 3));
    assertThat(layout.region(8)).isEqualTo(new StreamRegion(4, 1, 6, 1));
  }

  @Test
  void wholeIsOneStream() {
    StreamLayout layout = StreamLayout.whole(5, 7, 3);
    assertThat(layout.streams()).isEqualTo(1);
    assertThat(layout.region(0)).isEqualTo(new StreamRegion(0, 5, 0, 7));
  }

  @ParameterizedTest
  @CsvSource({"0,1,1,1,1", "1,0,1,1,1", "1,1,-1,1,1", "1,1,1,0,1", "1,1,1,1,-2147483648"})
  void refusesNumbersThatAreNotPositive(int c, int h, int w, int perStream, int rows) {
    assertThatThrownBy(() -> new StreamLayout(c, h, w, perStream, rows))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("positive");
  }

  @ParameterizedTest
  @CsvSource({"65536, 65536, 1", "2147483647, 2147483647, 2147483647", "1, 2147483647, 2147483647"})
  void refusesMoreSymbolsThanAnArrayHolds(int c, int h, int w) {
    assertThatThrownBy(() -> StreamLayout.whole(c, h, w))
        .isInstanceOf(TesseraException.Unsupported.class);
  }

  @Test
  void refusesStreamsThatAreNotThere() {
    StreamLayout layout = StreamLayout.whole(2, 2, 2);
    assertThatThrownBy(() -> layout.region(1)).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> layout.region(-1)).isInstanceOf(TesseraException.Invalid.class);
  }
}
