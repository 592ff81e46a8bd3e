package dev.tessera.container;

import dev.tessera.testing.TestData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The files of testdata/errors: each is a file of testdata/golden/tsr with one thing wrong and
 * checksums that are right, unless they are what is wrong. {@link #main} makes them, and the README
 * that lists them.
 */
final class ErrorFiles {
  static final List<ErrorFile> ALL =
      Stream.of(
              HeaderErrors.envelope(),
              HeaderErrors.header(),
              BodyErrors.stages(),
              BodyErrors.tiles(),
              BodyErrors.masks(),
              BodyErrors.index(),
              CompactErrors.stages(),
              CompactErrors.tiles(),
              PipelineErrors.stages(),
              PipelineErrors.chunks())
          .flatMap(List::stream)
          .toList();

  private ErrorFiles() {}

  /** What README.md says. */
  static String readme() {
    StringBuilder text =
        new StringBuilder(
            """
            # Damaged containers

            Each file is `../golden/tsr/factorized.tsr` (where the name begins with `pipeline`, `../golden/tsr/pipeline-bitpack.tsr`) with one thing wrong, and with checksums that are right unless they are what is wrong. Opening it, or decoding it with the model that `../golden/bmshj2018-factorized` holds, must throw what stands here, with this in its message; it must never give a field. A decoder in another language should refuse them too.

            `dev.tessera.container.ErrorFiles` in core's test tree makes them and this list (run its `main` after a change of the format); `ErrorFilesTest` decodes them.

            | file | what is wrong | exception | message |
            |---|---|---|---|
            """);
    Map<String, ErrorFile> byName = new LinkedHashMap<>();
    for (ErrorFile file : ALL) {
      if (byName.put(file.name(), file) != null) {
        throw new IllegalStateException("two files are called " + file.name());
      }
      text.append(
          "| `%s.tsr` | %s | %s | … %s … |\n"
              .formatted(file.name(), file.what(), file.type().getSimpleName(), file.message()));
    }
    return text.toString();
  }

  /** Makes the files and their list anew. */
  public static void main(String[] args) throws IOException {
    Path folder = TestData.file("errors");
    for (ErrorFile file : ALL) {
      Files.write(folder.resolve(file.name() + ".tsr"), file.make());
    }
    Files.writeString(folder.resolve("README.md"), readme());
  }
}
