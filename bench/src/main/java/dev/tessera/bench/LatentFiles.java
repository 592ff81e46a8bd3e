package dev.tessera.bench;

import dev.tessera.entropy.CdfTables;
import dev.tessera.field.TesseraException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tukaani.xz.XZInputStream;

/**
 * Files of symbols: raw little-endian integers, tiles × channels × height × width, with these in
 * the name, such as {@code rho_512x192x8x8.i8}; {@code .xz} behind it means what it says.
 */
final class LatentFiles {
  private static final Pattern NAME =
      Pattern.compile("(.*?)_(\\d{1,7})x(\\d{1,5})x(\\d{1,5})x(\\d{1,5})\\.(i8|i16|i32)(\\.xz)?");

  private LatentFiles() {}

  /**
   * Reads a batch.
   *
   * @param tiles how many; a file with fewer is repeated, 0 takes what is there
   * @param inputChannels channels of the tiles that the latents were made of
   * @param stride pixels of a tile per row or column of its latent
   */
  static LatentSet read(Path file, CdfTables tables, int tiles, int inputChannels, int stride)
      throws IOException {
    Matcher name = NAME.matcher(file.getFileName().toString());
    if (!name.matches()) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' does not say what it holds: name a file of symbols like rho_512x192x8x8.i8"
              + " (tiles, channels, height, width; i8, i16 or i32)");
    }
    int channels = Integer.parseInt(name.group(3));
    int height = Integer.parseInt(name.group(4));
    int width = Integer.parseInt(name.group(5));
    int bytes = Integer.parseInt(name.group(6).substring(1)) / 8;
    long stored = Long.parseLong(name.group(2)) * channels * height * width;
    long wanted = tiles == 0 ? stored : (long) tiles * channels * height * width;
    if (stored < 1 || stored > Integer.MAX_VALUE / 8 || wanted > Integer.MAX_VALUE / 8) {
      throw new TesseraException.Invalid(
          "'" + file + "' cannot be measured at once: take 1 to 2^28 symbols");
    }
    byte[] raw = bytes(file, name.group(7) != null, (int) stored * bytes);
    if (raw.length != stored * bytes) {
      throw new TesseraException.Corrupt(
          "'%s' ends after %d of its %d bytes".formatted(file, raw.length, stored * bytes), -1);
    }
    int[] symbols = new int[(int) wanted];
    ByteBuffer in = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < symbols.length; i++) {
      int at = (int) (i % stored);
      symbols[i] =
          switch (bytes) {
            case 1 -> in.get(at);
            case 2 -> in.getShort(2 * at);
            default -> in.getInt(4 * at);
          };
    }
    long inputBytes = wanted / channels * inputChannels * stride * stride * Float.BYTES;
    String label = name.group(1).replaceFirst("^latents_", "");
    return new LatentSet(label, symbols, tables, channels, height, width, inputBytes);
  }

  private static byte[] bytes(Path file, boolean packed, int most) throws IOException {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file));
        InputStream in = packed ? new XZInputStream(raw) : raw) {
      return in.readNBytes(most);
    }
  }
}
