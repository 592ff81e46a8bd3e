package dev.tessera.codec;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.FieldSource;
import java.io.IOException;
import java.io.OutputStream;

/** One way from a field to a container and back: see {@link Codec}, whose calls end here. */
sealed interface FieldCodec extends AutoCloseable permits TileCodec, ChunkCodec {
  /** Device and precision. */
  String device();

  /**
   * Compresses a field.
   *
   * @return number of bytes written
   */
  long compress(FieldSource field, OutputStream out) throws IOException;

  /** Fails if the container cannot be restored, before anything is written. */
  void check(ContainerReader container);

  /** Restores the part of a field that a selection within it names. */
  void decompress(ContainerReader container, Selection selection, BoxSink sink) throws IOException;

  @Override
  void close();
}
