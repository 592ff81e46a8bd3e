package dev.tessera.cuda;

import dev.tessera.cuda.backend.BackendChecks;
import dev.tessera.cuda.backend.ModelChecks;
import dev.tessera.cuda.backend.TileValueChecks;
import dev.tessera.cuda.network.LayerChecks;
import dev.tessera.cuda.network.NetworkChecks;
import dev.tessera.cuda.network.SideInformationChecks;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Checks of the GPU parts that the packaged program can run where there is no build tool: {@code
 * tessera selftest --device cuda}.
 */
public final class SelfTest {
  /** One check. */
  public interface Check {
    /** What it checks, in a few words. */
    String name();

    /** Fails with any exception or AssertionError. */
    void run(CudaContext context) throws Exception;
  }

  /**
   * A check's outcome.
   *
   * @param failure empty if it passed
   * @param seconds how long it took
   */
  public record Outcome(String name, String failure, double seconds) {
    /** Whether the check passed. */
    public boolean passed() {
      return failure.isEmpty();
    }
  }

  /** All checks, in their order: one line per group. */
  static final List<Supplier<List<Check>>> CHECKS =
      List.of(
          RuntimeChecks::all,
          NvCompChecks::all,
          RansChecks::all,
          PipelineChecks::all,
          LatentQuantizerChecks::all,
          SideInformationChecks::all,
          LayerChecks::all,
          NetworkChecks::all,
          BackendChecks::all,
          ModelChecks::all,
          TileValueChecks::all);

  private SelfTest() {}

  /** Runs every check whose name contains {@code filter} and tells how each ended. */
  public static List<Outcome> run(CudaContext context, String filter) {
    List<Outcome> outcomes = new ArrayList<>();
    run(context, filter, outcomes::add);
    return List.copyOf(outcomes);
  }

  /** As {@link #run(CudaContext, String)}, telling of each check when it has ended. */
  public static void run(CudaContext context, String filter, Consumer<Outcome> ended) {
    CHECKS.stream()
        .flatMap(group -> group.get().stream())
        .filter(check -> check.name().contains(filter))
        .forEach(check -> ended.accept(run(context, check)));
  }

  private static Outcome run(CudaContext context, Check check) {
    long start = System.nanoTime();
    String failure = "";
    try {
      check.run(context);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = "interrupted";
    } catch (Exception | AssertionError e) {
      failure = e.getMessage() == null ? e.toString() : e.getMessage();
    }
    return new Outcome(check.name(), failure, (System.nanoTime() - start) / 1e9);
  }
}
