package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.container.ContainerReader;
import dev.tessera.container.TileRecord;
import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.Rans;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.FieldSource;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import dev.tessera.testing.TestData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a file costs beyond its symbols, on small files of the bundled model. */
final class OverheadTest {
  @ParameterizedTest
  @CsvSource({
    "nyxlike_dark_matter_density, 'log10,minmax:slice'",
    "nyxlike_temperature, 'log10,minmax:slice'",
    "nyxlike_velocity_x, 'minmax:slice'"
  })
  void aSmallFileIsAlmostAllSymbols(String name, String normalizer) throws IOException {
    String file = TestData.shared("data/" + name + "_48x128x128.f32").toString();
    Model model = ModelStore.user().find("nyx-factorized");
    try (Codec codec = Codec.open(model, CodecOptions.DEFAULTS.withNormalizer(normalizer));
        FieldSource field = FieldFiles.open(file, OpenOptions.NONE)) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      codec.compress(field, out);
      ContainerReader container = ContainerReader.of(MemorySegment.ofArray(out.toByteArray()));
      TileFormat format = codec.check(container);
      ContainerReader.Sizes sizes = container.sizes(format.streams());
      assertThat(sizes.total()).isEqualTo(out.size());

      long overhead =
          sizes.header() + sizes.index() + sizes.symbolChecks() + sizes.groupChecksums();
      assertThat(overhead).isLessThan(sizes.total() * 2 / 100);
      // about a byte a slice
      assertThat(sizes.parameters()).isLessThan(2 * 48);

      // streams: the bits of their symbols, and 8 bytes of state each, to within a word
      double bits = 0;
      long streams = 0;
      CdfTables tables = model.bottleneckTables();
      StreamLayout layout = format.latent();
      int[] symbols = new int[layout.symbols()];
      Rans.Decoder decoder = new Rans.Decoder();
      for (TileRecord tile : container.readGroup(0, format.streams())) {
        long at = 0;
        for (int s = 0; s < layout.streams(); s++) {
          decoder.decode(
              tile.streams(), at, tile.streamBytes()[s], symbols, 0, null, layout, s, tables);
          at += tile.streamBytes()[s];
          streams++;
        }
        int plane = layout.height() * layout.width();
        for (int i = 0; i < symbols.length; i++) {
          bits += tables.bits(i / plane, symbols[i]);
        }
      }
      double expected = bits / 8 + 8.0 * streams;
      assertThat((double) sizes.streams())
          .isBetween(expected - 4.0 * streams, expected + 4.0 * streams);
      // a word is written half full on average, so the sum is much closer than its parts
      assertThat(sizes.streams() / expected).isBetween(0.97, 1.03);
      assertThat(sizes.streamLengths()).isEqualTo(streams);
    }
  }
}
