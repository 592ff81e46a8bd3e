package dev.tessera.transform;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.tessera.field.TesseraException;
import dev.tessera.model.OnnxExport;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One network on the CPU, run by ONNX Runtime from a graph that {@link OnnxExport} wrote. Data stay
 * in native memory from end to end: ONNX Runtime reads the caller's input where it lies and writes
 * its result into the caller's output.
 *
 * <p>Any number of threads may call {@link #run} at once; they share the threads of this network.
 */
public final class OnnxNetwork implements AutoCloseable {
  private static final String INPUT = "x";
  private static final String OUTPUT = "y";

  /**
   * How many values of its input or output one thread is given at a time: one tile of 3×128×128.
   * Larger batches are run in parts, because memory for inner layers, some 40 times that of a tile,
   * would grow with the batch, and nothing gets faster.
   */
  private static final long VALUES_PER_THREAD = 3 * 128 * 128;

  /** As above for few threads, so that the cost of starting a run does not show. */
  private static final long MIN_VALUES = 16 * VALUES_PER_THREAD;

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final String name;
  private final int inputChannels;
  private final int outputChannels;
  private final int downsampling;
  private final int upsampling;
  private final long valuesPerRun;

  /** Held for reading by runs, so that closing waits for them. */
  private final ReadWriteLock lifetime = new ReentrantReadWriteLock();

  private final Set<Run> running = new HashSet<>();
  private boolean closed;

  /**
   * Prepares a network.
   *
   * @param graph an ONNX file as {@link OnnxExport#tuned} or {@link OnnxExport#network} gives it
   * @param threads how many threads compute; 0 for as many as the machine has processors
   * @throws TesseraException.Unsupported if ONNX Runtime has no library for this platform
   * @throws TesseraException.Corrupt if the graph cannot be loaded
   */
  public OnnxNetwork(byte[] graph, int threads) {
    if (threads < 0) {
      throw new TesseraException.Invalid(
          "a network cannot run on " + threads + " threads: give 1 or more, or 0 for all");
    }
    int count = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    valuesPerRun = Math.max(MIN_VALUES, count * VALUES_PER_THREAD);
    environment = OnnxEnvironment.get();
    session = open(environment, graph, count);
    try {
      Map<String, String> metadata = session.getMetadata().getCustomMetadata();
      name = metadata.getOrDefault(OnnxExport.NETWORK, "network");
      downsampling = factor(metadata, OnnxExport.DOWNSAMPLING);
      upsampling = factor(metadata, OnnxExport.UPSAMPLING);
      inputChannels = channels(session.getInputInfo(), INPUT);
      outputChannels = channels(session.getOutputInfo(), OUTPUT);
    } catch (OrtException | TesseraException e) {
      closeQuietly(session);
      throw e instanceof TesseraException ours ? ours : notLoaded((OrtException) e);
    }
  }

  private static OrtSession open(OrtEnvironment environment, byte[] graph, int threads) {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      return environment.createSession(graph, options);
    } catch (OrtException e) {
      throw notLoaded(e);
    }
  }

  /** Channels that go in. */
  public int inputChannels() {
    return inputChannels;
  }

  /** Channels that come out. */
  public int outputChannels() {
    return outputChannels;
  }

  /** Side of the output, height or width, for a side of the input. */
  public long outputSide(long inputSide) {
    return Math.multiplyExact(Math.ceilDiv(inputSide, downsampling), (long) upsampling);
  }

  /**
   * Runs the network on a batch.
   *
   * @param input {@code batch × channels × height × width} float32 values in native memory, native
   *     byte order, C order
   * @param batch images; 0 does nothing
   * @param channels of an image: {@link #inputChannels}
   * @param height of an image
   * @param width of an image
   * @param output receives {@code batch ×} {@link #outputChannels} {@code ×} {@link
   *     #outputSide}{@code (height) × outputSide(width)} values; it may not overlap the input
   * @throws TesseraException.Invalid if these sizes do not fit together
   * @throws TesseraException.Unsupported if ONNX Runtime fails, as it does without enough memory
   * @throws CancellationException if {@link #cancel} stopped it; the output is then undefined
   */
  public void run(
      MemorySegment input, long batch, int channels, int height, int width, MemorySegment output) {
    long inputValues = values(batch, channels, height, width, input);
    long outputHeight = outputSide(height);
    long outputWidth = outputSide(width);
    long outputValues = values(batch, outputChannels, outputHeight, outputWidth, output);
    if (channels != inputChannels) {
      throw new TesseraException.Invalid(
          name + " takes " + inputChannels + " channels, not " + channels);
    }
    long larger = Math.max(inputValues, outputValues);
    if (larger > Integer.MAX_VALUE / Float.BYTES) {
      throw new TesseraException.Invalid(
          "an image of "
              + height
              + "x"
              + width
              + " is too large for "
              + name
              + ": use smaller tiles");
    }
    lifetime.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException(name + " is closed");
      }
      long part = Math.clamp(valuesPerRun / larger, 1, Integer.MAX_VALUE / Float.BYTES / larger);
      Run run = start();
      try {
        for (long first = 0; first < batch; first += part) {
          long count = Math.min(part, batch - first);
          run.compute(
              slice(input, first * inputValues, count * inputValues),
              new long[] {count, channels, height, width},
              slice(output, first * outputValues, count * outputValues),
              new long[] {count, outputChannels, outputHeight, outputWidth});
        }
      } finally {
        stop(run);
      }
    } finally {
      lifetime.readLock().unlock();
    }
  }

  /**
   * Stops all runs that are under way, from another thread: they throw. Later runs are not touched.
   */
  public void cancel() {
    synchronized (running) {
      running.forEach(Run::cancel);
    }
  }

  /** Waits for the runs under way and frees the network. */
  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        closeQuietly(session);
      }
    } finally {
      lifetime.writeLock().unlock();
    }
  }

  private Run start() {
    synchronized (running) {
      try {
        Run run = new Run(new OrtSession.RunOptions());
        running.add(run);
        return run;
      } catch (OrtException e) {
        throw failed(e);
      }
    }
  }

  private void stop(Run run) {
    synchronized (running) {
      running.remove(run);
      run.options.close();
    }
  }

  /** One call of {@link #run}. Its options carry the request to stop into ONNX Runtime. */
  private final class Run {
    final OrtSession.RunOptions options;
    private volatile boolean cancelled;

    Run(OrtSession.RunOptions options) {
      this.options = options;
    }

    void cancel() {
      cancelled = true;
      try {
        options.setTerminate(true);
      } catch (OrtException e) {
        throw failed(e);
      }
    }

    void compute(ByteBuffer input, long[] inputShape, ByteBuffer output, long[] outputShape) {
      if (cancelled) {
        throw new CancellationException(name + " was stopped");
      }
      try (OnnxTensor x =
              OnnxTensor.createTensor(environment, input, inputShape, OnnxJavaType.FLOAT);
          OnnxTensor y =
              OnnxTensor.createTensor(environment, output, outputShape, OnnxJavaType.FLOAT);
          OrtSession.Result _ =
              session.run(Map.of(INPUT, x), Set.of(), Map.of(OUTPUT, y), options)) {
        return;
      } catch (OrtException e) {
        if (cancelled) {
          throw new CancellationException(name + " was stopped");
        }
        throw failed(e);
      }
    }
  }

  /** Values of one image, after checking that the memory holds a whole batch of them. */
  private long values(long batch, long channels, long height, long width, MemorySegment memory) {
    String shape = batch + "x" + channels + "x" + height + "x" + width;
    if (batch < 0 || channels < 1 || height < 1 || width < 1) {
      throw new TesseraException.Invalid(
          "a batch of " + shape + " is not possible: every side must be 1 or more");
    }
    if (!memory.isNative() || memory.address() % Float.BYTES != 0) {
      throw new TesseraException.Invalid(
          "the data of " + name + " must lie in native memory, aligned to 4 bytes");
    }
    try {
      long values = Math.multiplyExact(Math.multiplyExact(channels, height), width);
      if (Math.multiplyExact(Math.multiplyExact(values, batch), Float.BYTES) == memory.byteSize()) {
        return values;
      }
    } catch (ArithmeticException e) {
      // More than 2^63: no memory has that size, so the message below fits
    }
    throw new TesseraException.Invalid(
        "a batch of "
            + shape
            + " float32 values for "
            + name
            + " does not fill the "
            + memory.byteSize()
            + " bytes given for it exactly");
  }

  private static ByteBuffer slice(MemorySegment memory, long first, long count) {
    return memory
        .asSlice(first * Float.BYTES, count * Float.BYTES)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder());
  }

  private static int factor(Map<String, String> metadata, String key) {
    try {
      int factor = Integer.parseInt(metadata.getOrDefault(key, "missing"));
      if (factor >= 1 && factor <= 1 << 16) {
        return factor;
      }
    } catch (NumberFormatException e) {
      // As bad as a number out of range
    }
    throw new TesseraException.Corrupt(
        "the ONNX graph does not state its " + key + ": write it with tessera export-onnx", -1);
  }

  private static int channels(Map<String, NodeInfo> values, String key) {
    NodeInfo node = values.get(key);
    if (node != null
        && node.getInfo() instanceof TensorInfo tensor
        && tensor.type == OnnxJavaType.FLOAT
        && tensor.getShape().length == 4
        && tensor.getShape()[1] > 0
        && tensor.getShape()[1] <= Integer.MAX_VALUE) {
      return (int) tensor.getShape()[1];
    }
    throw new TesseraException.Corrupt(
        "the ONNX graph has no float32 value "
            + key
            + " of [batch, channels, height, width]: write it with tessera export-onnx",
        -1);
  }

  private static TesseraException notLoaded(OrtException e) {
    return new TesseraException.Corrupt(
        "ONNX Runtime cannot load the graph (" + e.getCode() + "): write it anew", -1, e);
  }

  private TesseraException failed(OrtException e) {
    TesseraException failure =
        new TesseraException.Unsupported(
            "ONNX Runtime could not run "
                + name
                + " ("
                + e.getCode()
                + "), most likely for want of memory: use smaller tiles or fewer at a time");
    failure.addSuppressed(e);
    return failure;
  }

  private static void closeQuietly(OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("a session of ONNX Runtime is closed only once", e);
    }
  }
}
