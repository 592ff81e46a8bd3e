package dev.tessera.train.data;

import dev.tessera.field.TesseraException;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One argument of {@code --data}: a file, a pattern of files, either with {@code :inner} behind it
 * for a field inside, and then {@code @normalizer} where this dataset has one of its own: {@code
 * 'run*}{@code /x.h5:/density@log10,minmax:slice'}. A text that is the name of a file, or a pattern
 * of files, as a whole is not taken apart; a field with {@code @} in its own name needs its
 * normalizer behind it, {@code auto} for instance.
 *
 * @param text the argument
 * @param fields the fields that it names, sorted by name; at least one
 * @param isPattern whether it is a pattern
 * @param normalizer normalizer of these fields, if it names one
 */
record DataSpec(
    String text, List<Location> fields, boolean isPattern, Optional<NormalizerChoice> normalizer) {

  /**
   * Where a field is.
   *
   * @param file its file
   * @param inner its place in the file; empty where none is named
   */
  record Location(Path file, String inner) {
    /** The name that {@code compress} reads. */
    String spec() {
      return inner.isEmpty() ? file.toString() : file + ":" + inner;
    }

    /** The same for two names of one field: the slash before a dataset's path may be left out. */
    Location real() throws IOException {
      return new Location(file.toRealPath(), inner.replaceFirst("^/+", ""));
    }
  }

  /**
   * Finds the files of an argument.
   *
   * @throws TesseraException.Invalid if there is none, or if the normalizer is none
   */
  static DataSpec parse(String text) throws IOException {
    if (text.equals("-")) {
      throw new TesseraException.Invalid(
          "standard input can be read only once, and training reads its data again and again: give"
              + " a file");
    }
    int at = text.lastIndexOf('@');
    if (at > 0 && !isFile(text)) {
      DataSpec named = find(text, text.substring(0, at));
      if (named != null) {
        NormalizerChoice choice = NormalizerChoice.parse(text.substring(at + 1));
        return new DataSpec(text, named.fields, named.isPattern, Optional.of(choice));
      }
    }
    DataSpec whole = find(text, text);
    if (whole != null) {
      return whole;
    }
    throw new TesseraException.Invalid(
        "no file matches '" + text + "': check the name and the folder you are in");
  }

  private static boolean isFile(String text) throws IOException {
    return exists(text) || FilePattern.isPattern(text) && !FilePattern.files(text).isEmpty();
  }

  private static DataSpec find(String text, String place) throws IOException {
    for (int end = place.length(); end > 0; end = place.lastIndexOf(':', end - 1)) {
      String name = place.substring(0, end);
      String inner = end == place.length() ? "" : place.substring(end + 1);
      if (exists(name)) {
        return new DataSpec(
            text, List.of(new Location(Path.of(name), inner)), false, Optional.empty());
      }
      if (FilePattern.isPattern(name)) {
        List<Location> found =
            FilePattern.files(name).stream().map(file -> new Location(file, inner)).toList();
        if (!found.isEmpty()) {
          return new DataSpec(text, found, true, Optional.empty());
        }
      }
    }
    return null;
  }

  private static boolean exists(String name) {
    try {
      return Files.exists(Path.of(name));
    } catch (InvalidPathException e) {
      return false; // a pattern, where names may not hold its signs
    }
  }

  /**
   * The argument as a model may tell it: without the folders before the first sign of a pattern,
   * which say more of the machine than of the data.
   */
  String publicName() {
    int sign = 0;
    while (sign < text.length() && "*?[{".indexOf(text.charAt(sign)) < 0) {
      sign++;
    }
    int end = isPattern ? sign : fields.getFirst().file().toString().length();
    int slash = text.lastIndexOf('/', Math.max(0, Math.min(end, text.length()) - 1));
    return text.substring(slash + 1);
  }
}
