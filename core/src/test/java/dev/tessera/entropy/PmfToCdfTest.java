package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.tessera.field.TesseraException;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PmfToCdfTest {
  @Test
  void goldenCasesAgreeExactly() throws IOException {
    JsonArray cases = EntropyFiles.json(TestData.file("golden/pmf_to_cdf.json")).getAsJsonArray();
    assertThat(cases).hasSize(30);
    for (JsonElement element : cases) {
      JsonObject golden = element.getAsJsonObject();
      JsonArray values = golden.getAsJsonArray("pmf");
      float[] pmf = new float[values.size()];
      for (int i = 0; i < pmf.length; i++) {
        pmf[i] = values.get(i).getAsFloat();
      }
      assertThat(PmfToCdf.quantize(pmf, 16)).containsExactly(EntropyFiles.ints(golden.get("cdf")));
    }
  }

  @Test
  void everyValueGetsACount() {
    Random random = new Random(1);
    for (int round = 0; round < 200; round++) {
      int precision = 1 + random.nextInt(16);
      float[] pmf = new float[1 + random.nextInt(Math.min(300, 1 << precision))];
      for (int i = 0; i < pmf.length; i++) {
        pmf[i] = random.nextInt(3) == 0 ? 0 : random.nextFloat();
      }
      pmf[random.nextInt(pmf.length)] = 1;
      int[] cdf = PmfToCdf.quantize(pmf, precision);
      assertThat(cdf).hasSize(pmf.length + 1).isSorted().doesNotHaveDuplicates();
      assertThat(cdf[0]).isZero();
      assertThat(cdf[pmf.length]).isEqualTo(1 << precision);
    }
  }

  @Test
  void takesTheMissingCountFromTheLeastFrequentThatCanSpareIt() {
    assertThat(PmfToCdf.quantize(new float[] {0, 0.25f, 0.5f, 0.25f}, 2))
        .containsExactly(0, 1, 2, 3, 4);
    assertThat(PmfToCdf.quantize(new float[] {0.5f, 0, 0.25f, 0.25f}, 4))
        .containsExactly(0, 8, 9, 12, 16);
    assertThat(PmfToCdf.quantize(new float[] {0.25f, 0.5f, 0, 0.25f}, 4))
        .as("from before: the first of the equally frequent")
        .containsExactly(0, 3, 11, 12, 16);
  }

  @Test
  void fillsATableToTheBrim() {
    float[] pmf = new float[1 << 16];
    Arrays.fill(pmf, 1f / (1 << 16));
    assertThat(PmfToCdf.quantize(pmf, 16)[40_000]).isEqualTo(40_000);
  }

  @ParameterizedTest
  @ValueSource(
      floats = {Float.NaN, -1e-9f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e30f})
  void refusesWhatIsNoProbability(float value) {
    assertThatThrownBy(() -> PmfToCdf.quantize(new float[] {0.5f, value, 0.5f}, 16))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("probability 1 is " + value);
  }

  @Test
  void refusesImpossibleSizesAndSums() {
    assertThatThrownBy(() -> PmfToCdf.quantize(new float[0], 16))
        .isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> PmfToCdf.quantize(new float[5], 2))
        .isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> PmfToCdf.quantize(new float[5], 16))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("add up to 0");
    float[] vast = {16000, 16000, 16000};
    assertThatThrownBy(() -> PmfToCdf.quantize(vast, 16))
        .isInstanceOf(TesseraException.Invalid.class);
    for (int precision : new int[] {-1, 0, 17, 64}) {
      assertThatThrownBy(() -> PmfToCdf.quantize(new float[] {1}, precision))
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }
}
