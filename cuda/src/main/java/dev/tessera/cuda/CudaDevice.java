package dev.tessera.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A GPU and its properties.
 *
 * @param ordinal its number in this process
 * @param pciBusId where it is plugged in, such as {@code 0000:1B:00.0}
 * @param major compute capability, first number
 * @param minor compute capability, second number
 * @param l2Bytes size of the level 2 cache
 * @param sharedPerBlock bytes of shared memory that a block can have
 * @param sharedPerMultiprocessor bytes of shared memory of a multiprocessor
 * @param memoryBytes size of its memory
 * @param clockKilohertz its highest clock; 0 if the driver does not say
 * @param memoryClockKilohertz its memory's highest clock; 0 if the driver does not say
 */
public record CudaDevice(
    int ordinal,
    String name,
    String pciBusId,
    int major,
    int minor,
    int multiprocessors,
    long l2Bytes,
    int sharedPerBlock,
    int sharedPerMultiprocessor,
    long memoryBytes,
    int clockKilohertz,
    int memoryClockKilohertz) {
  private static final int CLOCK_RATE = 13;
  private static final int MULTIPROCESSORS = 16;
  private static final int MEMORY_CLOCK_RATE = 36;
  private static final int L2_CACHE_SIZE = 38;
  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;
  private static final int SHARED_PER_MULTIPROCESSOR = 81;
  private static final int SHARED_PER_BLOCK_OPT_IN = 97;

  /** The first compute capability that the kernels are written for. */
  static final int MINIMUM_MAJOR = 8;

  /**
   * All GPUs that this process sees.
   *
   * @throws dev.tessera.field.TesseraException.Unsupported if CUDA cannot be used here
   */
  public static List<CudaDevice> list() {
    CudaDriver.require();
    return IntStream.range(0, DeviceCalls.deviceCount()).mapToObj(CudaDevice::read).toList();
  }

  /** Why the kernels cannot run on this device, and what to do about it; empty where they can. */
  public Optional<String> unsupported() {
    return major >= MINIMUM_MAJOR
        ? Optional.empty()
        : Optional.of(
            "%s has compute capability %d.%d, but %d.0 or higher is needed: use --device cpu"
                .formatted(name, major, minor, MINIMUM_MAJOR));
  }

  static CudaDevice read(int ordinal) {
    int device = DeviceCalls.device(ordinal);
    return new CudaDevice(
        ordinal,
        DeviceCalls.deviceName(device),
        DeviceCalls.devicePciBusId(device),
        DeviceCalls.deviceAttribute(CAPABILITY_MAJOR, device),
        DeviceCalls.deviceAttribute(CAPABILITY_MINOR, device),
        DeviceCalls.deviceAttribute(MULTIPROCESSORS, device),
        DeviceCalls.deviceAttribute(L2_CACHE_SIZE, device),
        DeviceCalls.deviceAttribute(SHARED_PER_BLOCK_OPT_IN, device),
        DeviceCalls.deviceAttribute(SHARED_PER_MULTIPROCESSOR, device),
        DeviceCalls.deviceTotalMemory(device),
        DeviceCalls.deviceAttribute(CLOCK_RATE, device),
        DeviceCalls.deviceAttribute(MEMORY_CLOCK_RATE, device));
  }

  /** What kernels are compiled for on this device, such as {@code sm_90a}. */
  public String architecture() {
    return architectures().getFirst();
  }

  /**
   * Architectures whose compiled kernels run on this device, the best first: a cubin runs on its
   * own and later minor capabilities, one with an {@code a} on its own only.
   */
  List<String> architectures() {
    return architectures(major, minor);
  }

  static List<String> architectures(int major, int minor) {
    List<String> names = new ArrayList<>();
    if (major >= 9) {
      names.add("sm_" + major + minor + "a");
    }
    for (int i = minor; i >= 0; i--) {
      names.add("sm_" + major + i);
    }
    return names;
  }
}
