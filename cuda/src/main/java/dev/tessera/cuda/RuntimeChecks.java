package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Checks of the runtime itself: memory, streams, graphs, kernels and the refusal of mistakes. */
final class RuntimeChecks {
  private static final String FILE = "copy.cu";
  private static final int THREADS = 256;

  private RuntimeChecks() {}

  private interface Body {
    void run(CudaContext context) throws Exception;
  }

  private record Named(String name, Body body) implements SelfTest.Check {
    @Override
    public void run(CudaContext context) throws Exception {
      body.run(context);
    }
  }

  static List<SelfTest.Check> all() {
    return List.of(
        new Named("runtime: copies of odd sizes", RuntimeChecks::copies),
        new Named("runtime: fills", RuntimeChecks::fills),
        new Named("runtime: parameters of every type", RuntimeChecks::parameters),
        new Named("runtime: large dynamic shared memory", RuntimeChecks::sharedMemory),
        new Named("runtime: graph replay", RuntimeChecks::graph),
        new Named("runtime: arena without driver calls", RuntimeChecks::arena),
        new Named("runtime: events and two streams", RuntimeChecks::streams),
        new Named("runtime: launches from other threads", RuntimeChecks::threads),
        new Named("runtime: kernel cache on disk", RuntimeChecks::cache),
        new Named("runtime: mistakes are refused before a launch", RuntimeChecks::mistakes),
        new Named("runtime: too large an allocation", RuntimeChecks::shortage));
  }

  static void require(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message);
    }
  }

  private static void randomize(MemorySegment segment, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (long i = 0; i < segment.byteSize(); i++) {
      segment.set(JAVA_BYTE, i, (byte) random.nextInt());
    }
  }

  private static void requireSame(MemorySegment expected, MemorySegment actual, String what) {
    long mismatch = expected.mismatch(actual);
    require(mismatch < 0, what + " differs at byte " + mismatch);
  }

  private static void copies(CudaContext context) {
    try (CudaStream stream = context.newStream();
        DeviceArena device = context.newArena(1 << 20);
        PinnedArena pinned = context.newPinnedArena(1 << 20);
        Arena pageable = Arena.ofConfined()) {
      for (long bytes : new long[] {0, 1, 3, 255, 256, 4097, 1_000_003}) {
        for (boolean locked : new boolean[] {true, false}) {
          MemorySegment from = locked ? pinned.allocate(bytes) : pageable.allocate(bytes);
          MemorySegment to = locked ? pinned.allocate(bytes) : pageable.allocate(bytes);
          DeviceBuffer first = device.allocate(bytes);
          DeviceBuffer second = device.allocate(bytes);
          randomize(from, bytes);
          stream.upload(first, from);
          stream.copy(second, first);
          stream.download(to, second);
          stream.synchronize();
          requireSame(from, to, "a copy of " + bytes + " bytes");
        }
      }
    }
  }

  private static void fills(CudaContext context) {
    try (CudaStream stream = context.newStream();
        DeviceArena device = context.newArena(1 << 16);
        PinnedArena pinned = context.newPinnedArena(1 << 16)) {
      DeviceBuffer buffer = device.allocate(4000);
      MemorySegment host = pinned.allocate(4000);
      stream.fillInts(buffer, 0x01020304);
      stream.fill(buffer.slice(0, 1001), 0xAB);
      stream.download(host, buffer);
      stream.synchronize();
      for (int i = 0; i < 4000; i++) {
        int expected = i < 1001 ? 0xAB : 4 - i % 4;
        int actual = host.get(JAVA_BYTE, i) & 0xFF;
        require(actual == expected, "byte " + i + " is " + actual + ", not " + expected);
      }
    }
  }

  private static void parameters(CudaContext context) {
    Kernel kernel = context.kernel(FILE, "parameters");
    try (CudaStream stream = context.newStream();
        DeviceArena device = context.newArena(1 << 12);
        PinnedArena pinned = context.newPinnedArena(1 << 12)) {
      DeviceBuffer buffer = device.allocate(16);
      MemorySegment host = pinned.allocate(16);
      kernel.launch(stream, LaunchShape.of(1, 32), buffer, -7, 1.5f, -(1L << 40), 2.25);
      stream.download(host, buffer);
      stream.synchronize();
      float[] expected = {-7, 1.5f, -(1L << 40), 2.25f};
      for (int i = 0; i < 4; i++) {
        float actual = host.getAtIndex(JAVA_FLOAT, i);
        require(actual == expected[i], "parameter %d arrived as %s".formatted(i + 1, actual));
      }
    }
  }

  private static void sharedMemory(CudaContext context) {
    Kernel kernel = context.kernel(FILE, "shared_sum");
    int words = context.device().sharedPerBlock() / Integer.BYTES;
    try (CudaStream stream = context.newStream();
        DeviceArena device = context.newArena(1 << 12);
        PinnedArena pinned = context.newPinnedArena(1 << 12)) {
      DeviceBuffer buffer = device.allocate(Integer.BYTES);
      MemorySegment host = pinned.allocate(Integer.BYTES);
      LaunchShape shape = LaunchShape.of(1, THREADS).shared(words * Integer.BYTES);
      kernel.launch(stream, shape, buffer, words);
      stream.download(host, buffer);
      stream.synchronize();
      int expected = (int) ((long) words * (words - 1) / 2);
      require(host.get(JAVA_INT, 0) == expected, "the sum is " + host.get(JAVA_INT, 0));
      int blocks = kernel.blocksPerMultiprocessor(THREADS, shape.sharedBytes());
      require(blocks == 1, blocks + " blocks with all shared memory fit a multiprocessor");
      require(kernel.registers() > 0 && kernel.localBytes() == 0, "registers are miscounted");
    }
  }

  private static void requireRamp(MemorySegment host, int first) {
    for (long i = 0; i < host.byteSize() / Integer.BYTES; i++) {
      int value = host.getAtIndex(JAVA_INT, i);
      require(value == first + (int) i, "word %d is %d".formatted(i, value));
    }
  }

  private static void graph(CudaContext context) {
    Kernel fill = context.kernel(FILE, "fill_ramp");
    Kernel copy = context.kernel(FILE, "copy16");
    int words = 100_000;
    long bytes = (long) words * Integer.BYTES;
    try (CudaStream stream = context.newStream();
        DeviceArena device = context.newArena(4 * bytes);
        PinnedArena pinned = context.newPinnedArena(bytes)) {
      DeviceBuffer first = device.allocate(bytes);
      DeviceBuffer second = device.allocate(bytes);
      MemorySegment host = pinned.allocate(bytes);
      LaunchShape shape = LaunchShape.of(64, THREADS);
      Runnable work =
          () -> {
            fill.launch(stream, shape, first, 5, (long) words);
            copy.launch(stream, shape, second, first, bytes / 16);
            stream.download(host, second);
          };
      try (CudaGraph graph = stream.capture(work)) {
        for (int i = 0; i < 10; i++) {
          host.fill((byte) 0);
          stream.fill(second, 0);
          graph.launch(stream);
          stream.synchronize();
          requireRamp(host, 5);
        }
      }
      requireThrows(
          () ->
              stream.capture(() -> {
                throw new TesseraException.Invalid("inside");
              }),
          "a failing capture");
      work.run();
      stream.synchronize();
      requireRamp(host, 5);
    }
  }

  private static void arena(CudaContext context) {
    try (CudaStream stream = context.newStream();
        DeviceArena device = context.newArena(1 << 16);
        PinnedArena pinned = context.newPinnedArena(1 << 16)) {
      long[] first = round(stream, device, pinned);
      long calls = device.allocations() + pinned.allocations();
      for (int i = 0; i < 100; i++) {
        long[] again = round(stream, device, pinned);
        require(Arrays.equals(first, again), "addresses change from round to round");
      }
      require(device.allocations() + pinned.allocations() == calls, "the driver was asked again");
    }
  }

  private static long[] round(CudaStream stream, DeviceArena device, PinnedArena pinned) {
    device.reset();
    pinned.reset();
    long[] addresses = new long[8];
    for (int i = 0; i < 4; i++) {
      long bytes = 1000L << 3 * i;
      DeviceBuffer buffer = device.allocate(bytes);
      MemorySegment host = pinned.allocate(bytes);
      host.fill((byte) i);
      stream.upload(buffer, host);
      addresses[2 * i] = buffer.address();
      addresses[2 * i + 1] = host.address();
    }
    stream.synchronize();
    return addresses;
  }

  private static void streams(CudaContext context) {
    Kernel fill = context.kernel(FILE, "fill_ramp");
    int words = 1 << 20;
    try (CudaStream producer = context.newStream();
        CudaStream consumer = context.newStream();
        CudaEvent start = context.newEvent();
        CudaEvent ready = context.newEvent();
        DeviceArena device = context.newArena((long) words * Integer.BYTES);
        PinnedArena pinned = context.newPinnedArena((long) words * Integer.BYTES)) {
      DeviceBuffer buffer = device.allocate((long) words * Integer.BYTES);
      MemorySegment host = pinned.allocate(buffer.bytes());
      producer.record(start);
      fill.launch(producer, LaunchShape.of(8, THREADS), buffer, -3, (long) words);
      producer.record(ready);
      consumer.await(ready);
      consumer.download(host, buffer);
      consumer.synchronize();
      requireRamp(host, -3);
      ready.synchronize();
      context.synchronize();
      require(ready.done(), "an event before finished work is not done");
      require(ready.millisecondsSince(start) > 0, "a kernel took no time");
    }
  }

  private static void threads(CudaContext context) throws InterruptedException {
    Kernel fill = context.kernel(FILE, "fill_ramp");
    AssertionError[] failures = new AssertionError[4];
    Thread[] threads = new Thread[failures.length];
    for (int t = 0; t < threads.length; t++) {
      int index = t;
      Runnable work =
          () -> {
            try (CudaStream stream = context.newStream();
                DeviceArena device = context.newArena(1 << 16);
                PinnedArena pinned = context.newPinnedArena(1 << 16)) {
              DeviceBuffer buffer = device.allocate(40_000);
              MemorySegment host = pinned.allocate(40_000);
              for (int i = 0; i < 50; i++) {
                fill.launch(stream, LaunchShape.of(4, THREADS), buffer, index * 100 + i, 10_000L);
                stream.download(host, buffer);
                stream.synchronize();
                requireRamp(host, index * 100 + i);
              }
            } catch (RuntimeException | AssertionError e) {
              failures[index] = new AssertionError(e.getMessage(), e);
            }
          };
      threads[t] = t % 2 == 0 ? new Thread(work) : Thread.ofVirtual().unstarted(work);
      threads[t].start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    for (AssertionError failure : failures) {
      if (failure != null) {
        throw failure;
      }
    }
  }

  private static void cache(CudaContext context) throws IOException {
    if (KernelCompiler.find().isEmpty()) {
      return;
    }
    Path folder = Files.createTempDirectory("tessera-kernels");
    try {
      KernelSource source = KernelSource.of(FILE, "-DSELF_TEST");
      KernelCache.Origin[] expected = {
        KernelCache.Origin.COMPILED,
        KernelCache.Origin.CACHED,
        // a flipped bit
        KernelCache.Origin.COMPILED,
        // whole, but nothing that the driver takes
        KernelCache.Origin.COMPILED,
        KernelCache.Origin.CACHED
      };
      for (int i = 0; i < expected.length; i++) {
        for (KernelCache.Entry entry : KernelCache.list(folder)) {
          byte[] bytes = Files.readAllBytes(entry.file());
          if (i == 2) {
            bytes[bytes.length / 2] ^= 1;
            Files.write(entry.file(), bytes);
          } else if (i == 3) {
            Files.write(entry.file(), KernelCache.seal("no kernel".getBytes(UTF_8)));
          }
        }
        KernelCache cache = new KernelCache(List.of(), folder);
        try (CudaContext other = CudaContext.open(context.device().ordinal(), cache)) {
          KernelCache.Origin origin = other.module(source).origin();
          require(origin == expected[i], "round " + i + " is " + origin);
        }
      }
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void requireThrows(Runnable action, String what) {
    try {
      action.run();
    } catch (TesseraException expected) {
      return;
    }
    throw new AssertionError(what + " is not refused");
  }

  private static void mistakes(CudaContext context) {
    Kernel kernel = context.kernel(FILE, "fill_ramp");
    LaunchShape shape = LaunchShape.of(1, 32);
    int tooMuch = context.device().sharedPerBlock() + 4;
    try (CudaStream stream = context.newStream();
        DeviceArena device = context.newArena(1 << 12);
        Arena host = Arena.ofConfined()) {
      DeviceBuffer buffer = device.allocate(64);
      requireThrows(() -> kernel.launch(stream, shape, buffer, 1), "a missing argument");
      requireThrows(() -> kernel.launch(stream, shape, buffer, 1, 16), "an int for a long");
      requireThrows(() -> kernel.launch(stream, shape, buffer, 1, 16L, 1), "one more argument");
      requireThrows(() -> kernel.launch(stream, shape, buffer, "1", 16L), "a text as argument");
      requireThrows(
          () -> kernel.launch(stream, shape.shared(tooMuch), buffer, 1, 16L), "too much shared");
      requireThrows(() -> context.kernel(FILE, "nothing"), "an unknown kernel");
      requireThrows(() -> context.kernel("nothing.cu", "nothing"), "an unknown file");
      requireThrows(() -> stream.upload(buffer, host.allocate(63)), "a copy of another size");
      requireThrows(() -> stream.upload(buffer, MemorySegment.ofArray(new long[8])), "heap memory");
      requireThrows(() -> CudaContext.open(1000), "a device that is not there");
      kernel.launch(stream, shape, buffer, 1, 16L);
      MemorySegment result = host.allocate(JAVA_LONG, 8);
      stream.download(result, buffer);
      stream.synchronize();
      requireRamp(result, 1);
    }
  }

  private static void shortage(CudaContext context) {
    try (DeviceArena device = context.newArena(1 << 12)) {
      requireThrows(
          () -> device.allocate(context.device().memoryBytes() + (1L << 40)),
          "more memory than there is");
      DeviceBuffer small = device.allocate(100);
      require(small.address() != 0, "nothing can be allocated after a refusal");
    }
  }
}
