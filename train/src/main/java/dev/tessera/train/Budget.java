package dev.tessera.train;

import dev.tessera.field.TesseraException;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How long a training goes on; the schedule of the learning rate follows it. */
sealed interface Budget {
  /** Share of the budget that is used up, 0 to 1 and beyond. */
  double share(long step, double seconds);

  /**
   * An estimate of what is left.
   *
   * @param secondsPerStep as seen of late
   */
  double secondsLeft(long step, double seconds, double secondsPerStep);

  /** A number of steps. */
  record Steps(long steps) implements Budget {
    @Override
    public double share(long step, double seconds) {
      return (double) step / steps;
    }

    @Override
    public double secondsLeft(long step, double seconds, double secondsPerStep) {
      return Math.max(0, steps - step) * secondsPerStep;
    }

    @Override
    public String toString() {
      return steps + " steps";
    }
  }

  /** A time, of which validation and checkpoints are a part; pauses between resumptions are not. */
  record Time(double limit) implements Budget {
    @Override
    public double share(long step, double seconds) {
      return seconds / limit;
    }

    @Override
    public double secondsLeft(long step, double seconds, double secondsPerStep) {
      return Math.max(0, limit - seconds);
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.0f s", limit);
    }
  }

  /**
   * The budget that settings name.
   *
   * @throws TesseraException.Invalid unless exactly one of time and steps is given
   */
  static Budget of(Settings settings) {
    boolean time = settings.has(Setting.TIME);
    if (time == settings.has(Setting.STEPS)) {
      throw new TesseraException.Invalid(
          time
              ? "--time and --steps contradict each other: give one of them"
              : "how long to train is not said: give --time 20m or --steps 100000");
    }
    return time
        ? new Time(seconds(settings.text(Setting.TIME)))
        : new Steps(settings.whole(Setting.STEPS, 1, Long.MAX_VALUE));
  }

  /** Seconds of a text such as {@code 90s}, {@code 20m} or {@code 1h30m}. */
  private static double seconds(String text) {
    Matcher matcher =
        Pattern.compile("(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?")
            .matcher(text.strip().toLowerCase(Locale.ROOT));
    Duration total = Duration.ZERO;
    if (matcher.matches() && !text.isBlank()) {
      try {
        total =
            Duration.ofHours(part(matcher, 1))
                .plusMinutes(part(matcher, 2))
                .plusSeconds(part(matcher, 3));
      } catch (NumberFormatException | ArithmeticException e) {
        total = Duration.ZERO;
      }
    }
    if (total.isZero()) {
      throw new TesseraException.Invalid(
          "--time takes hours, minutes and seconds as in 90s, 20m or 1h30m, not '" + text + "'");
    }
    return total.toSeconds();
  }

  private static long part(Matcher matcher, int group) {
    return matcher.group(group) == null ? 0 : Long.parseLong(matcher.group(group));
  }
}
