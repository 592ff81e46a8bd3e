package dev.tessera.cli;

import dev.tessera.train.Losses;
import dev.tessera.train.Training;
import dev.tessera.train.TrainingListener;
import dev.tessera.train.TrainingProgress;
import dev.tessera.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tessera train}. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Train a model on your own fields, or fine-tune one.",
      "A checkpoint is written every minute and on Ctrl-C; --resume goes on from it."
    },
    footer = {
      "",
      "Examples:",
      "  tessera train --data 'run*/x.h5:/density' --time 20m --out model.safetensors",
      "  tessera train --resume --out model.safetensors",
      "  tessera train --init cosmo-q1 --data x.npy --time 20m --out my.safetensors"
    })
final class TrainCommand implements Callable<Integer> {
  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      required = true,
      description = "The model file to write, .safetensors.")
  private Path out;

  @Option(
      names = "--resume",
      description = "Go on from the checkpoint beside --out; what is not said again stays.")
  private boolean resume;

  @Mixin private TrainingSettings settings;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print errors only.")
  private boolean quiet;

  // for the launcher, before it fetches libtorch
  @Option(
      names = "--check",
      hidden = true,
      description = "Only check what can be checked without libtorch.")
  private boolean check;

  @Override
  public Integer call() throws IOException {
    if (check) {
      Training.check(settings.given(), out, resume);
      return 0;
    }
    Console console = new Console(quiet, false, Float.BYTES);
    TrainingResult result = Training.run(settings.given(), out, resume, new Listener(console));
    console.endStatus();
    if (result.finished()) {
      console.say(
          "%s: %d steps in %s, %s"
              .formatted(
                  result.model(),
                  result.steps(),
                  Text.seconds(result.seconds()),
                  text(result.validation())));
      console.say("curves and pictures: " + result.page());
    }
    return 0;
  }

  private static String text(Losses losses) {
    return "loss %s, %s bpp, %s dB"
        .formatted(
            Text.fixed(losses.loss(), 4),
            Text.fixed(losses.bitsPerPixel(), 4),
            Text.fixed(losses.psnr(), 2));
  }

  /** Shows a training on a console. */
  private record Listener(Console console) implements TrainingListener {
    @Override
    public void message(String line) {
      console.endStatus();
      console.say(line);
    }

    @Override
    public void reading(double share) {
      console.status("%3.0f %%  reading the data".formatted(100 * share));
    }

    @Override
    public void progress(TrainingProgress now, Losses validation) {
      console.status(
          "%3.0f %%  step %d  %s%s  %s crops/s  %s left"
              .formatted(
                  100 * now.share(),
                  now.step(),
                  text(now.losses()),
                  validation == null ? "" : "  (validation " + text(validation) + ")",
                  Text.fixed(now.cropsPerSecond(), now.cropsPerSecond() < 100 ? 1 : 0),
                  Text.seconds(now.secondsLeft())));
    }
  }
}
