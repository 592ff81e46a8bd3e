package dev.tessera.bench;

import dev.tessera.model.Model;
import dev.tessera.transform.HyperSynthesis;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The deterministic h_s on one thread ({@code -t 2} for two). An operation is one tile; the counter
 * {@code bytes} tells bytes of the float32 tile per second. The default model is the small one of
 * the tests: {@code -p model=FILE} names one of usual width.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class HyperSynthesisBenchmark {
  /** Height and width of a tile, a multiple of 64. */
  @Param({"128", "256"})
  public int side;

  /** A model with a hyperprior. */
  @Param({
    "testdata/golden/bmshj2018-hyperprior/checkpoint.pth.tar",
    "testdata/golden/mbt2018-mean/checkpoint.pth.tar"
  })
  public String model;

  private HyperSynthesis network;
  private int sideHeight;
  private long tileBytes;
  private float[] sideInformation;
  private float[] scales;
  private float[] means;

  /** Data whose latent was predicted. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Counter {
    /** Reported per second. */
    public long bytes;
  }

  /** Prepares the network and side information of the usual size. */
  @Setup(Level.Trial)
  public void setUp() throws IOException {
    Model weights = Model.read(Path.of(model));
    network = new HyperSynthesis(weights);
    sideHeight = side / weights.architecture().sideStride();
    tileBytes = (long) weights.inputChannels() * side * side * Float.BYTES;
    Random random = new Random(1);
    sideInformation = new float[network.sideChannels() * sideHeight * sideHeight];
    for (int i = 0; i < sideInformation.length; i++) {
      sideInformation[i] = Math.round(3 * random.nextGaussian());
    }
    int latentSide = sideHeight * network.upsampling();
    scales = new float[network.latentChannels() * latentSide * latentSide];
    means = network.hasMeans() ? new float[scales.length] : null;
  }

  /** Side information to scales and means. */
  @Benchmark
  public float[] run(Counter counter) {
    network.run(sideInformation, sideHeight, sideHeight, scales, means);
    counter.bytes += tileBytes;
    return scales;
  }
}
