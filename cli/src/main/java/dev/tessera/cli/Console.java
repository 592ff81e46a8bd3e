package dev.tessera.cli;

import dev.tessera.codec.Progress;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;

/**
 * What a command tells a person: results on standard output (standard error where that carries
 * data), progress on error.
 */
final class Console {
  private static final long LINE_NANOS = Duration.ofSeconds(10).toNanos();
  private static final long REDRAW_NANOS = Duration.ofMillis(100).toNanos();

  private final PrintStream out;
  private final PrintStream err = System.err;
  private final boolean quiet;
  private final boolean terminal;
  private final int bytesPerValue;
  private Progress.Phase phase;
  private long started;
  private long shown;
  private int width;

  /**
   * @param quiet whether only errors are printed
   * @param dataOnOutput whether standard output carries data
   * @param bytesPerValue size of the field's values, for rates; 0 where unknown
   */
  Console(boolean quiet, boolean dataOnOutput, int bytesPerValue) {
    this.quiet = quiet;
    this.out = dataOnOutput ? System.err : System.out;
    this.bytesPerValue = bytesPerValue;
    this.terminal = System.console() != null && System.console().isTerminal();
  }

  /** A line of the result. */
  void say(String line) {
    if (!quiet) {
      out.println(line);
    }
  }

  /** A warning, on standard error. */
  void warn(String line) {
    if (!quiet) {
      err.println("tessera: warning: " + line);
    }
  }

  /**
   * Fails if standard output did not take all that was written: a full disk, a reader that is gone.
   * A {@link PrintStream} keeps that to itself.
   */
  static void requireWritten() throws IOException {
    if (System.out.checkError()) {
      throw new IOException("standard output took only a part of the data");
    }
  }

  Progress progress() {
    return quiet ? Progress.NONE : this::update;
  }

  private void update(Progress.Phase now, long done, long total) {
    long time = System.nanoTime();
    if (now != phase) {
      phase = now;
      started = time;
      shown = time;
    }
    boolean end = done >= total;
    if (time - shown < (terminal ? REDRAW_NANOS : LINE_NANOS) && !(end && terminal)) {
      return;
    }
    shown = time;
    double seconds = Math.max(1e-9, (time - started) / 1e9);
    double rate = done / seconds;
    draw(
        "%-10s %3d %%  %s/s  %s left"
            .formatted(
                name(now),
                100 * done / total,
                Text.bytes((long) (rate * bytesPerValue)),
                Text.seconds((total - done) / rate)));
    if (end) {
      endStatus();
    }
  }

  /** What goes on now: on a terminal one line, redrawn; elsewhere a line from time to time. */
  void status(String line) {
    long time = System.nanoTime();
    if (!quiet && (shown == 0 || time - shown >= (terminal ? REDRAW_NANOS : LINE_NANOS))) {
      shown = time;
      draw(line);
    }
  }

  /** Clears the line of {@link #status}, before something else is printed. */
  void endStatus() {
    if (width > 0) {
      err.print("\r" + " ".repeat(width) + "\r");
      err.flush();
      width = 0;
    }
  }

  private void draw(String line) {
    if (terminal) {
      err.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
      width = line.length();
    } else {
      err.println(line);
    }
    err.flush();
  }

  private static String name(Progress.Phase phase) {
    return switch (phase) {
      case SCAN -> "scan";
      case CALIBRATE -> "calibrate";
      case COMPRESS -> "compress";
      case DECOMPRESS -> "decompress";
    };
  }
}
