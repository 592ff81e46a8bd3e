package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry;
import dev.tessera.quant.Lorenzo;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ResidualEncoderTest {
  private static final int DEPTH = 9;
  private static final int HEIGHT = 30;
  private static final int WIDTH = 45;

  /** Waves, and now and then what no integer can hold. */
  private static MemorySegment values() {
    MemorySegment values = MemorySegment.ofArray(new byte[DEPTH * HEIGHT * WIDTH * 4]);
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < DEPTH * HEIGHT * WIDTH; i++) {
      double value = Math.sin(i / 40.0) + 0.01 * random.nextDouble();
      DataType.FLOAT32.set(values, i, random.nextInt(60) == 0 ? Double.NaN : value);
    }
    return values;
  }

  private static ChunkFormat format(String text, MemorySegment values) {
    PipelineSpec spec = PipelineSpec.parse(text);
    QuantizationFit fit = new QuantizationFit(spec, DataType.FLOAT32, null);
    fit.accept(values, 0, DEPTH * HEIGHT * WIDTH, 0);
    return new ChunkFormat(
        DataType.FLOAT32,
        null,
        fit.finish(),
        spec.predictor(),
        spec.encoder(),
        OptionalLong.empty());
  }

  @ParameterizedTest
  @CsvSource({
    "'eb=abs:1e-3,lorenzo3,rans'",
    "'eb=abs:1e-3,none,rans:1'",
    "'eb=rel:1e-2,lorenzo1,zstd'",
    "'eb=abs:1e-2,lorenzo2,raw'",
    "'eb=abs:1e-3,lorenzo3,bitpack'",
    "'eb=abs:1e-9,lorenzo3,bitpack'"
  })
  void makesTheBytesOfTheWholeCoder(String pipeline) {
    MemorySegment values = values();
    ChunkFormat format = format(pipeline, values);
    BlockGeometry geometry = new BlockGeometry(DEPTH, HEIGHT, WIDTH);
    int places = geometry.blocks() * PLACES;
    MemorySegment residuals = MemorySegment.ofArray(new byte[4 * places]);
    MemorySegment marks = MemorySegment.ofArray(new byte[places / 8]);
    makeResiduals(values, format, geometry, residuals, marks);

    ResidualEncoder encoder = new ResidualEncoder(format);
    for (int round = 0; round < 2; round++) {
      long bytes = encoder.encode(values, DEPTH, HEIGHT, WIDTH, residuals, marks);
      byte[] found = encoder.toByteArray();
      assertThat(found).hasSize((int) bytes);
      ChunkCoder whole = new ChunkCoder(format);
      long expected = whole.encode(values, DEPTH, HEIGHT, WIDTH, 0);
      assertThat(encoder.isBetterPlain()).isEqualTo(expected != bytes);
      if (!encoder.isBetterPlain()) {
        assertThat(found).isEqualTo(whole.toByteArray());
      }
    }
  }

  /** What a device does. */
  private static void makeResiduals(
      MemorySegment values,
      ChunkFormat format,
      BlockGeometry geometry,
      MemorySegment residuals,
      MemorySegment marks) {
    BlockQuantizer quantizer = BlockQuantizer.of(format);
    BlockValues block = new BlockValues(format.type());
    Lorenzo lorenzo = new Lorenzo();
    int[] natural = new int[PLACES];
    int[] coded = new int[PLACES];
    boolean[] exact = new boolean[PLACES];
    for (int b = 0; b < geometry.blocks(); b++) {
      BlockSite site = new BlockSite(geometry, geometry.block(b), 0);
      block.load(values, geometry, site.block());
      boolean any = quantizer.quantize(block, site, natural, exact);
      int[] differences = lorenzo.forward(site.mode(), format.predictor(), natural);
      geometry.clearOutside(site.block(), differences);
      site.mode().toCoded(differences, coded);
      for (int place = 0; place < PLACES; place++) {
        int at = b * PLACES + place;
        residuals.set(DataType.LE_INT, 4L * at, coded[place] >>> 1 ^ -(coded[place] & 1));
        int i = site.mode().natural(place);
        if (any && exact[i] && site.contains(i)) {
          long word = at / 32 * 4L;
          marks.set(DataType.LE_INT, word, marks.get(DataType.LE_INT, word) | 1 << at % 32);
        }
      }
    }
  }

  @Test
  void otherSizesAreRefused() {
    MemorySegment values = values();
    ResidualEncoder encoder = new ResidualEncoder(format("eb=abs:1e-3,none,rans", values));
    MemorySegment few = MemorySegment.ofArray(new byte[64]);
    assertThatThrownBy(() -> encoder.encode(values, DEPTH, HEIGHT, WIDTH, few, few))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("9×30×45");
  }
}
