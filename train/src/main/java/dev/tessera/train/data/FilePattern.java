package dev.tessera.train.data;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/**
 * Patterns of file names as a shell has them: {@code *} and {@code ?} within a name, {@code [ab]},
 * {@code {a,b}}, and {@code **} for any number of folders. Hidden files are left out unless the
 * pattern's last part begins with a dot.
 */
final class FilePattern {
  private static final String SIGNS = "*?[{";

  private FilePattern() {}

  static boolean isPattern(String text) {
    return text.chars().anyMatch(c -> SIGNS.indexOf(c) >= 0);
  }

  /** The files that match, sorted by name; folders are no files. */
  static List<Path> files(String pattern) throws IOException {
    int sign = 0;
    while (SIGNS.indexOf(pattern.charAt(sign)) < 0) {
      sign++;
    }
    int slash = pattern.lastIndexOf('/', sign);
    String folder = slash < 0 ? "" : pattern.substring(0, slash + 1);
    String rest = pattern.substring(slash + 1);
    Path base = Path.of(folder);
    if (!Files.isDirectory(base)) {
      return List.of();
    }
    List<PathMatcher> matchers = matchers(rest);
    boolean hidden = rest.substring(rest.lastIndexOf('/') + 1).startsWith(".");
    int depth = rest.contains("**") ? Integer.MAX_VALUE : (int) (1 + slashes(rest));
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        base,
        EnumSet.of(FileVisitOption.FOLLOW_LINKS),
        depth,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            Path relative = base.relativize(file);
            if (attributes.isRegularFile()
                && (hidden || !file.getFileName().toString().startsWith("."))
                && matchers.stream().anyMatch(matcher -> matcher.matches(relative))) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // what may not be entered holds nothing to train on
          }
        });
    found.sort(Comparator.comparing(Path::toString));
    return found;
  }

  private static long slashes(String text) {
    return text.chars().filter(c -> c == '/').count();
  }

  /** Java's {@code **}{@code /} wants at least one folder, a shell's none. */
  private static List<PathMatcher> matchers(String pattern) {
    List<PathMatcher> matchers = new ArrayList<>();
    try {
      matchers.add(FileSystems.getDefault().getPathMatcher("glob:" + pattern));
      if (pattern.contains("**/")) {
        String direct = pattern.replace("**/", "");
        matchers.add(FileSystems.getDefault().getPathMatcher("glob:" + direct));
      }
    } catch (PatternSyntaxException e) {
      return List.of(); // no pattern after all, and no file of that name
    }
    return matchers;
  }
}
