package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaDevice;
import java.util.List;

/**
 * What the choice of kernels depends on. It follows from the name of the architecture, so that
 * kernels can be compiled for devices that are not here.
 *
 * @param capability ten times the major and once the minor number: 90 for compute capability 9.0
 * @param hasWgmma whether the matrix instructions of warp groups and the copy engine of sm_90a are
 *     there
 * @param sharedPerBlock bytes of shared memory that a block can have
 */
record DeviceTraits(int capability, boolean hasWgmma, int sharedPerBlock) {
  private static final int KIB = 1024;

  /** The first compute capability with conversions and products of e4m3. */
  static final int FIRST_WITH_E4M3 = 89;

  static DeviceTraits of(CudaDevice device) {
    return of(device.architecture());
  }

  /**
   * The traits of an architecture.
   *
   * @param architecture such as {@code sm_90a}
   */
  static DeviceTraits of(String architecture) {
    int capability = Integer.parseInt(architecture.replaceAll("[^0-9]", ""));
    return new DeviceTraits(capability, architecture.equals("sm_90a"), shared(capability));
  }

  // CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"
  private static int shared(int capability) {
    return switch (capability) {
      case 80, 87 -> 163 * KIB;
      case 86, 89 -> 99 * KIB;
      default -> capability >= 120 ? 99 * KIB : 227 * KIB;
    };
  }

  /** These, and those of later devices that run the same machine code with less shared memory. */
  List<DeviceTraits> withLater() {
    return capability >= 80 && capability < 86
        ? List.of(this, new DeviceTraits(capability, hasWgmma, shared(86)))
        : List.of(this);
  }

  boolean hasE4m3() {
    return capability >= FIRST_WITH_E4M3;
  }
}
