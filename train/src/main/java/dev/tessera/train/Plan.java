package dev.tessera.train;

import dev.tessera.field.TesseraException;
import dev.tessera.model.ModelTarget;
import dev.tessera.train.data.TrainingData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a training is to do, checked as far as that goes without libtorch.
 *
 * @param state to go on from, or null
 */
record Plan(TrainingOptions options, CheckpointState state) {
  /** See {@link Training#run}. */
  static Plan of(Map<Setting, String> given, Path out, boolean resume) throws IOException {
    requireWritable(out);
    Path checkpoint = CheckpointState.beside(out);
    if (!resume) {
      requireNothingUnfinished(checkpoint);
    }
    CheckpointState state = resume ? CheckpointState.read(checkpoint) : null;
    TrainingOptions options =
        resume
            ? TrainingOptions.resuming(given, Settings.fromMetadata(state.strings()))
            : TrainingOptions.of(given);
    TrainingData.requireFiles(options.data());
    TrainingData.requireFiles(options.validation());
    return new Plan(options, state);
  }

  private static void requireWritable(Path out) throws IOException {
    ModelTarget.require(out);
    Files.createDirectories(out.toAbsolutePath().getParent());
    // hours of training are not to end in a file that cannot be written
    Path probe = out.resolveSibling(out.getFileName() + ".checkpoint.probe");
    Files.write(probe, new byte[0]);
    Files.deleteIfExists(probe);
  }

  /** Hours of training are not to be lost to a forgotten {@code --resume}. */
  private static void requireNothingUnfinished(Path checkpoint) throws IOException {
    if (Files.exists(checkpoint) && isUnfinished(checkpoint)) {
      throw new TesseraException.Invalid(
          checkpoint
              + " is of a training that is not finished: go on with --resume, name another file"
              + " with --out, or remove it");
    }
  }

  private static boolean isUnfinished(Path checkpoint) throws IOException {
    try {
      return !Course.isFinished(CheckpointState.read(checkpoint));
    } catch (TesseraException e) {
      throw new TesseraException.Invalid(
          "%s would be replaced, and whether its training is finished cannot be read (%s): remove"
                  .formatted(checkpoint, e.getMessage())
              + " it, or name another file with --out");
    }
  }
}
