package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.container.ContainerReader;
import dev.tessera.container.StreamPlan.Profile;
import dev.tessera.container.TileRecord;
import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.CompactRans;
import dev.tessera.entropy.CompactScheme;
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
    "nyxlike_dark_matter_density, 'log10,minmax:slice', COMPATIBLE",
    "nyxlike_temperature, 'log10,minmax:slice', COMPATIBLE",
    "nyxlike_velocity_x, 'minmax:slice', COMPATIBLE",
    "nyxlike_dark_matter_density, 'log10,minmax:slice', COMPACT",
    "nyxlike_temperature, 'log10,minmax:slice', COMPACT",
    "nyxlike_velocity_x, 'minmax:slice', COMPACT"
  })
  void aSmallFileIsAlmostAllSymbols(String name, String normalizer, Profile profile)
      throws IOException {
    String file = TestData.shared("data/" + name + "_48x128x128.f32").toString();
    Model model = ModelStore.user().find("nyx-factorized");
    CodecOptions options = CodecOptions.DEFAULTS.withNormalizer(normalizer).withProfile(profile);
    try (Codec codec = Codec.open(model, options);
        FieldSource field = FieldFiles.open(file, OpenOptions.NONE)) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      codec.compress(field, out);
      ContainerReader container = ContainerReader.of(MemorySegment.ofArray(out.toByteArray()));
      TileFormat format = codec.tileFormat(container);
      ContainerReader.Sizes sizes = container.sizes(format.streams());
      assertThat(sizes.total()).isEqualTo(out.size());

      long overhead =
          sizes.header() + sizes.index() + sizes.symbolChecks() + sizes.groupChecksums();
      // two bytes more for order and flags in the compact profile, whose files are smaller
      assertThat(overhead).isLessThan(profile == Profile.COMPACT ? 112 : sizes.total() * 2 / 100);
      // about a byte a slice
      assertThat(sizes.parameters()).isLessThan(2 * 48);

      // streams: the bits of their symbols, and 8 bytes of state each, to within a word; in the
      // compact profile half a word and a byte of flags
      double bits = 0;
      long streams = 0;
      long longLengths = 0;
      CdfTables tables = model.bottleneckTables();
      StreamLayout layout = format.latent();
      int[] symbols = new int[layout.symbols()];
      Rans.Decoder decoder = new Rans.Decoder();
      CompactRans.Decoder compact = new CompactRans.Decoder();
      CompactScheme scheme = new CompactScheme(tables, format.order(), format.flags());
      for (TileRecord tile : container.readGroup(0, format.streams())) {
        long at = 0;
        for (int s = 0; s < layout.streams(); s++) {
          long bytes = tile.streamBytes()[s];
          if (profile == Profile.COMPACT) {
            compact.decode(tile.streams(), at, bytes, symbols, 0, null, layout, s, scheme);
          } else {
            decoder.decode(tile.streams(), at, bytes, symbols, 0, null, layout, s, tables);
          }
          at += bytes;
          longLengths += profile == Profile.COMPACT && bytes >= 256 ? 1 : 0;
          streams++;
        }
        int plane = layout.height() * layout.width();
        for (int i = 0; i < symbols.length; i++) {
          bits += tables.bits(i / plane, symbols[i]);
        }
      }
      double perStream = profile == Profile.COMPACT ? 2 : 8;
      double expected = bits / 8 + perStream * streams;
      assertThat((double) sizes.streams())
          .isBetween(expected - perStream / 2 * streams, expected + perStream / 2 * streams);
      // a word is written half full on average, so the sum is much closer than its parts
      assertThat(sizes.streams() / expected).isBetween(0.97, 1.03);
      assertThat(sizes.streamLengths()).isEqualTo(streams + longLengths);
    }
  }
}
