package dev.tessera.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import dev.tessera.transform.OnnxNetwork;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The CPU engine beside ONNX Runtime driven alone, on the same graph and the same memory. An
 * operation transforms one batch; the counter {@code bytes} tells bytes of the float32 tiles per
 * second. {@code -p model=MODEL} names another model.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class InferenceBenchmark {
  /** Which transform. */
  @Param({"G_A", "G_S"})
  public Network network;

  /** Which form of its graph: as it is exported, or as the engine runs it. */
  @Param({"plain", "tuned"})
  public String graph;

  /** Tiles of a batch. */
  @Param("16")
  public int batch;

  /** Height and width of a tile. */
  @Param("128")
  public int side;

  /** Threads that compute; 0 for all processors. */
  @Param("0")
  public int threads;

  /** The model: name, id or file. */
  @Param("nyx-factorized")
  public String model;

  private Arena arena;
  private MemorySegment input;
  private MemorySegment output;
  private int inputSide;
  private int tileChannels;
  private OnnxNetwork engine;
  private OrtSession session;
  private OnnxTensor inputTensor;
  private OnnxTensor outputTensor;

  /** Data transformed. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Counter {
    /** Reported per second. */
    public long bytes;
  }

  /** Prepares both engines and a batch of random data. */
  @Setup(Level.Trial)
  public void setUp() throws IOException, OrtException {
    Model weights = ModelStore.user().find(model);
    byte[] file =
        graph.equals("plain")
            ? OnnxExport.network(weights, network)
            : OnnxExport.tuned(weights, network);
    int processors = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    engine = new OnnxNetwork(file, processors);
    tileChannels = weights.inputChannels();
    inputSide = network == Network.G_A ? side : side / weights.architecture().latentStride();
    long outputSide = engine.outputSide(inputSide);
    long[] inputShape = {batch, engine.inputChannels(), inputSide, inputSide};
    long[] outputShape = {batch, engine.outputChannels(), outputSide, outputSide};

    arena = Arena.ofShared();
    input = allocate(inputShape);
    output = allocate(outputShape);
    Random random = new Random(1);
    for (long i = 0; i < input.byteSize() / Float.BYTES; i++) {
      float value = network == Network.G_A ? random.nextFloat() : Math.round(random.nextGaussian());
      input.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
    }

    OrtEnvironment environment =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "tessera");
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(processors);
      session = environment.createSession(file, options);
    }
    inputTensor =
        OnnxTensor.createTensor(environment, buffer(input), inputShape, OnnxJavaType.FLOAT);
    outputTensor =
        OnnxTensor.createTensor(environment, buffer(output), outputShape, OnnxJavaType.FLOAT);
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() throws OrtException {
    inputTensor.close();
    outputTensor.close();
    session.close();
    engine.close();
    arena.close();
  }

  /** The engine. */
  @Benchmark
  public void tessera(Counter counter) {
    engine.run(input, batch, engine.inputChannels(), inputSide, inputSide, output);
    counter.bytes += tileBytes();
  }

  /** ONNX Runtime alone. */
  @Benchmark
  public void onnxRuntime(Counter counter) throws OrtException {
    session.run(Map.of("x", inputTensor), Map.of("y", outputTensor)).close();
    counter.bytes += tileBytes();
  }

  private long tileBytes() {
    return (long) batch * tileChannels * side * side * Float.BYTES;
  }

  private MemorySegment allocate(long[] shape) {
    long values = 1;
    for (long extent : shape) {
      values *= extent;
    }
    return arena.allocate(values * Float.BYTES, 64);
  }

  private static ByteBuffer buffer(MemorySegment memory) {
    return memory.asByteBuffer().order(ByteOrder.nativeOrder());
  }
}
