package dev.tessera.codec;

import static dev.tessera.codec.RoundTrip.reader;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.Field;
import dev.tessera.field.Metrics;
import dev.tessera.model.Model;
import java.io.IOException;

/** Small models, and what the tests of learned codecs need to restore and to compare. */
final class LearnedRoundTrip {
  static final Model FACTORIZED = TestFields.model("bmshj2018-factorized");
  static final Model HYPERPRIOR = TestFields.model("bmshj2018-hyperprior");
  static final Model MEANS = TestFields.model("mbt2018-mean");
  static final CodecOptions MINMAX = CodecOptions.DEFAULTS.withNormalizer("minmax:slice");

  private LearnedRoundTrip() {}

  static Field decompress(Codec codec, byte[] container) throws IOException {
    ContainerReader reader = reader(container);
    return decompress(codec, container, Selection.all(reader.header().field().shape()));
  }

  static Field decompress(Codec codec, byte[] container, Selection selection) throws IOException {
    ContainerReader reader = reader(container);
    Field restored = Field.allocate(selection.of(reader.header().field()));
    codec.decompress(reader, selection, restored);
    return restored;
  }

  static Metrics compare(Field original, Field restored) {
    Metrics.Accumulator all =
        new Metrics.Accumulator(original.info().type(), original.info().fillBits());
    all.add(original.data(), restored.data(), original.info().shape().elements());
    return all.metrics();
  }
}
