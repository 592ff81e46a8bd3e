package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** decompress of a part of a field. */
final class SelectionTest extends CommandTest {
  @ParameterizedTest
  @CsvSource({
    "--slice, 1:3, 1, 3, 0, 40, 0, 50",
    "--slice, :2, 0, 2, 0, 40, 0, 50",
    "--slice, 2:, 2, 6, 0, 40, 0, 50",
    "--slice, 5, 5, 6, 0, 40, 0, 50",
    "--slices, 0:6, 0, 6, 0, 40, 0, 50",
    "--rows, 10:13, 0, 6, 10, 13, 0, 50",
    "--rows, 39, 0, 6, 39, 40, 0, 50",
    "--cols, 7:, 0, 6, 0, 40, 7, 50",
  })
  void aRangeGivesThatPart(
      String option, String range, int s0, int s1, int r0, int r1, int c0, int c1)
      throws IOException {
    String container = container("a.tsr", "--tile", "16x32");
    run("decompress", container, path("all.npy")).expectDone();
    run("decompress", container, path("part.npy"), option, range).expectDone();
    assertPart(s0, s1, r0, r1, c0, c1);
  }

  @Test
  void rangesCombine() throws IOException {
    String container = container("a.tsr", "--tile", "16x32", "--overlap", "4");
    run("decompress", container, path("all.npy")).expectDone();
    String[] box = {"--slice", "2:4", "--rows", "12:30", "--cols", "20:21"};
    run("decompress", container, path("part.npy"), box[0], box[1], box[2], box[3], box[4], box[5])
        .expectDone();
    assertPart(2, 4, 12, 30, 20, 21);
  }

  private void assertPart(int s0, int s1, int r0, int r1, int c0, int c1) throws IOException {
    double[] all = values(path("all.npy"));
    double[] part = values(path("part.npy"));
    double[] expected = new double[(s1 - s0) * (r1 - r0) * (c1 - c0)];
    int at = 0;
    for (int s = s0; s < s1; s++) {
      for (int r = r0; r < r1; r++) {
        for (int c = c0; c < c1; c++) {
          expected[at++] = all[(s * 40 + r) * 50 + c];
        }
      }
    }
    assertThat(part).containsExactly(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "--slice, 6, slices 6:7 are not a part of the field's 0:6",
    "--slice, 3:7, slices 3:7 are not a part of the field's 0:6",
    "--slice, 3:3, slices 3:3 are not a part of the field's 0:6",
    "--slice, 4:2, slices 4:2 are not a part of the field's 0:6",
    "--slice, a:b, '--slice takes a range such as 10:20, not ''a:b'''",
    "--slice, -1, '--slice takes a range such as 10:20, not ''-1'''",
    "--slice, '', '--slice takes a range such as 10:20, not '''''",
    "--slice, 1:2:3, '--slice takes a range such as 10:20'",
    "--slice, 9999999999999999999, '--slice takes a range such as 10:20'",
    "--rows, 0:41, rows 0:41 are not a part of the field's 0:40",
    "--cols, 50:, columns 50:50 are not a part of the field's 0:50",
  })
  void aBadRangeIsNamed(String option, String range, String message) throws IOException {
    String container = container("a.tsr");
    run("decompress", container, path("part.npy"), option, range).expectError(2, message);
    assertThat(names()).doesNotContain("part.npy").hasSize(2);
  }
}
