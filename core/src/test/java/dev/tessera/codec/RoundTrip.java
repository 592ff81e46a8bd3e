package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.Field;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What the tests of every codec need to write a file into memory and to look into it. */
final class RoundTrip {
  private RoundTrip() {}

  static byte[] compress(Codec codec, Field field) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long bytes = codec.compress(field, out);
    assertThat(bytes).isEqualTo(out.size());
    return out.toByteArray();
  }

  static ContainerReader reader(byte[] container) {
    return ContainerReader.of(MemorySegment.ofArray(container));
  }

  static byte[] bytes(Field field) {
    return field.data().toArray(ValueLayout.JAVA_BYTE);
  }
}
