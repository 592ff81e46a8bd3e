package dev.tessera.container;

import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.TesseraException;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * One file of testdata/errors.
 *
 * @param what how it differs from the golden file
 * @param type what opening or decoding it throws
 * @param message a part of the message
 * @param damage makes it of the golden file
 * @param golden the file without the damage
 */
record ErrorFile(
    String name,
    String what,
    Class<? extends TesseraException> type,
    String message,
    UnaryOperator<byte[]> damage,
    Path golden) {
  /** Damage of the golden file of the compatible profile. */
  ErrorFile(
      String name,
      String what,
      Class<? extends TesseraException> type,
      String message,
      UnaryOperator<byte[]> damage) {
    this(name, what, type, message, damage, GoldenContainers.FACTORIZED.path());
  }

  /** The same damage to another golden file. */
  ErrorFile of(Path other) {
    return new ErrorFile(name, what, type, message, damage, other);
  }

  byte[] make() throws IOException {
    return damage.apply(Files.readAllBytes(golden));
  }

  Path path() {
    return TestData.file("errors/" + name + ".tsr");
  }

  static ErrorFile corrupt(
      String name, String what, String message, Consumer<ContainerParts> damage) {
    return new ErrorFile(name, what, TesseraException.Corrupt.class, message, parts(damage));
  }

  static ErrorFile bytes(String name, String what, String message, UnaryOperator<byte[]> damage) {
    return new ErrorFile(name, what, TesseraException.Corrupt.class, message, damage);
  }

  static UnaryOperator<byte[]> parts(Consumer<ContainerParts> damage) {
    return file -> {
      ContainerParts parts = ContainerParts.of(file);
      damage.accept(parts);
      return parts.toBytes();
    };
  }

  static ErrorFile unsupported(
      String name, String what, String message, Consumer<ContainerParts> damage) {
    return new ErrorFile(name, what, TesseraException.Unsupported.class, message, parts(damage));
  }

  /** The head of a Zstandard frame (RFC 8878) that states a content size, and nothing else. */
  static byte[] zstdClaiming(long bytes) {
    return new ByteWriter().u8(1).bits(0xFD2FB528L, 4).u8(0xE0).bits(bytes, 8).toByteArray();
  }
}
