package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ParallelLoopTest {
  private final ForkJoinPool workers = new ForkJoinPool(3);
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger rounds = new AtomicInteger();

  @AfterEach
  void close() {
    workers.close();
  }

  /** A round that takes a while, so that others are under way when one fails. */
  private void round() {
    running.incrementAndGet();
    rounds.incrementAndGet();
    LockSupport.parkNanos(2_000_000);
    running.decrementAndGet();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 100})
  void everyRoundRunsOnce(int count) {
    AtomicIntegerArray times = new AtomicIntegerArray(Math.max(1, count));
    ParallelLoop.run(workers, count, "rounds", times::incrementAndGet);
    for (int i = 0; i < count; i++) {
      assertThat(times.get(i)).isOne();
    }
  }

  @Test
  void theFirstFailureEndsTheLoopAndNoRoundRunsOn() {
    UncheckedIOException failure = new UncheckedIOException(new IOException("full"));
    assertThatThrownBy(() ->
            ParallelLoop.run(
                workers,
                1000,
                "rounds",
                i -> {
                  if (i == 5) {
                    throw failure;
                  }
                  round();
                }))
        .isSameAs(failure);
    assertThat(running).hasValue(0);
    assertThat(rounds.get()).isLessThan(100);
  }

  @Test
  void tooLittleMemoryIsSaidInASentence() {
    assertThatThrownBy(() ->
            ParallelLoop.run(
                workers,
                7,
                "tiles",
                i -> {
                  throw new OutOfMemoryError("none");
                }))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("7 tiles")
        .hasMessageContaining("--batch 1");
  }

  @Test
  void anInterruptedCallerWaitsForTheRounds() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> ParallelLoop.run(workers, 20, "rounds", i -> round()))
        .isInstanceOf(CancellationException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(running).hasValue(0);
    assertThat(rounds).hasValue(20);
  }
}
