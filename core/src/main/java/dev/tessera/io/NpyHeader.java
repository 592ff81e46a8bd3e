package dev.tessera.io;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The header of a {@code .npy} file: a Python dictionary with the keys {@code descr}, {@code
 * fortran_order} and {@code shape}.
 *
 * @param descr the type, as NumPy writes it; the literal itself for structured types
 * @param shape extents, may hold zeros
 * @param dataOffset where the values begin, in bytes
 */
record NpyHeader(String descr, boolean fortranOrder, long[] shape, long dataOffset) {
  private static final int MAX_TEXT = 1 << 20;

  /**
   * Reads the header of a file.
   *
   * @throws TesseraException.Corrupt if the file is no npy file, or cut off
   * @throws TesseraException.Unsupported if its version is unknown
   */
  static NpyHeader read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer head = bytes(channel, file, 0, 8);
      if ((head.get(0) & 0xff) != 0x93 || head.getInt(2) != 0x59504d55 || head.get(1) != 'N') {
        throw corrupt(file, "it does not begin as an npy file", 0);
      }
      int version = head.get(6);
      if (version < 1 || version > 3) {
        throw new TesseraException.Unsupported(
            "'"
                + file
                + "' is an npy file of version "
                + version
                + "."
                + head.get(7)
                + ": save it again with versions 1.0 to 3.0");
      }
      int lengthBytes = version == 1 ? 2 : 4;
      ByteBuffer length = bytes(channel, file, 8, lengthBytes);
      long size = version == 1 ? length.getShort() & 0xffff : length.getInt() & 0xffff_ffffL;
      long start = 8L + lengthBytes;
      if (size > channel.size() - start) {
        throw corrupt(
            file, "its header of " + size + " bytes reaches past its end of " + channel.size(), 8);
      }
      if (size > MAX_TEXT) {
        throw corrupt(file, "its header of " + size + " bytes is longer than any real one", 8);
      }
      byte[] text = bytes(channel, file, start, (int) size).array();
      return new Parser(file, new String(text, StandardCharsets.UTF_8)).header(start + size);
    }
  }

  private static ByteBuffer bytes(FileChannel channel, Path file, long at, int count)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw corrupt(file, "it is cut off in its header", channel.size());
      }
    }
    return bytes.flip();
  }

  private static TesseraException.Corrupt corrupt(Path file, String what, long offset) {
    return new TesseraException.Corrupt(
        "'" + file + "' is not a readable npy file: " + what, offset);
  }

  /** Reads just the Python literals that NumPy writes, without recursion. */
  private static final class Parser {
    private final Path file;
    private final String text;
    private int at;

    Parser(Path file, String text) {
      this.file = file;
      this.text = text;
    }

    NpyHeader header(long dataOffset) {
      String descr = null;
      Boolean fortran = null;
      long[] shape = null;
      expect('{');
      while (!accept('}')) {
        String key = string();
        expect(':');
        switch (key) {
          case "descr" -> descr = peek() == '[' || peek() == '(' ? bracketed() : string();
          case "fortran_order" -> fortran = bool();
          case "shape" -> shape = tuple();
          default -> throw bad("the key '" + key + "' is unknown");
        }
        if (!accept(',') && peek() != '}') {
          throw bad("a comma is missing");
        }
      }
      if (descr == null || fortran == null || shape == null) {
        throw bad("one of descr, fortran_order and shape is missing");
      }
      return new NpyHeader(descr, fortran, shape, dataOffset);
    }

    private String string() {
      char quote = peek();
      int end = quote == '\'' || quote == '"' ? text.indexOf(quote, at + 1) : -1;
      if (end < 0) {
        throw bad("a string is missing");
      }
      String value = text.substring(at + 1, end);
      at = end + 1;
      return value;
    }

    private String bracketed() {
      int start = at;
      int depth = 0;
      do {
        char c = peek();
        if (c == '\'' || c == '"') {
          string();
          continue;
        }
        depth += c == '[' || c == '(' ? 1 : c == ']' || c == ')' ? -1 : 0;
        at++;
      } while (depth > 0);
      return text.substring(start, at);
    }

    private boolean bool() {
      for (String word : new String[] {"True", "False"}) {
        peek();
        if (text.startsWith(word, at)) {
          at += word.length();
          return word.equals("True");
        }
      }
      throw bad("fortran_order is neither True nor False");
    }

    private long[] tuple() {
      long[] dims = new long[8];
      int count = 0;
      expect('(');
      while (!accept(')')) {
        dims = count == dims.length ? Arrays.copyOf(dims, 2 * count) : dims;
        dims[count++] = integer();
        if (!accept(',') && peek() != ')') {
          throw bad("a comma is missing in the shape");
        }
      }
      return Arrays.copyOf(dims, count);
    }

    private long integer() {
      peek();
      int start = at;
      while (at < text.length() && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '-')) {
        at++;
      }
      try {
        long value = Long.parseLong(text.substring(start, at));
        if (value < 0) {
          throw bad("an extent is negative");
        }
        // Python 2 wrote long integers with an L behind them.
        accept('L');
        return value;
      } catch (NumberFormatException e) {
        throw bad("an extent is not a number below 2^63");
      }
    }

    /** The next character that is not white space. */
    private char peek() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
      if (at >= text.length()) {
        throw bad("its header ends too early");
      }
      return text.charAt(at);
    }

    private boolean accept(char c) {
      if (peek() != c) {
        return false;
      }
      at++;
      return true;
    }

    private void expect(char c) {
      if (!accept(c)) {
        throw bad("a '" + c + "' is missing");
      }
    }

    private TesseraException.Corrupt bad(String what) {
      return corrupt(file, what, -1);
    }
  }
}
