package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Test;

class CudaDeviceTest {
  @Test
  void aDeviceRunsItsOwnAndEarlierMinorCapabilities() {
    assertThat(CudaDevice.architectures(8, 0)).containsExactly("sm_80");
    assertThat(CudaDevice.architectures(8, 6))
        .containsExactly("sm_86", "sm_85", "sm_84", "sm_83", "sm_82", "sm_81", "sm_80");
    assertThat(CudaDevice.architectures(9, 0)).containsExactly("sm_90a", "sm_90");
    assertThat(CudaDevice.architectures(12, 1)).containsExactly("sm_121a", "sm_121", "sm_120");
  }

  @Test
  void everyArchitectureCanBeCompiledFor() {
    for (int major = 8; major <= 12; major++) {
      for (int minor = 0; minor <= 9; minor++) {
        CudaDevice.architectures(major, minor).forEach(KernelCache::requireArchitecture);
      }
    }
  }

  @Test
  void slicesStayInside() {
    DeviceBuffer buffer = new DeviceBuffer(4096, 100);
    assertThat(buffer.slice(10, 90)).isEqualTo(new DeviceBuffer(4106, 90));
    assertThat(buffer.slice(100, 0)).isEqualTo(new DeviceBuffer(4196, 0));
    for (long[] bad :
        new long[][] {
          {-1, 5}, {0, 101}, {100, 1}, {50, -1}, {Long.MAX_VALUE, 2}, {1, Long.MAX_VALUE}
        }) {
      assertThatThrownBy(() -> buffer.slice(bad[0], bad[1]))
          .isInstanceOf(TesseraException.Invalid.class);
    }
    assertThatThrownBy(() -> new DeviceBuffer(0, -1)).isInstanceOf(TesseraException.Invalid.class);
  }

  @Test
  void shapesThatNoDeviceTakesAreRefused() {
    assertThat(LaunchShape.of(7, 256).shared(100))
        .isEqualTo(new LaunchShape(7, 1, 1, 256, 1, 1, 100));
    assertThatThrownBy(() -> LaunchShape.of(0, 32)).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> LaunchShape.of(1L << 31, 32))
        .isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> LaunchShape.of(1, 1025)).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> LaunchShape.of(1, 0)).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> LaunchShape.of(1, 32).shared(-1))
        .isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> new LaunchShape(1, 65536, 1, 32, 1, 1, 0))
        .isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> new LaunchShape(1, 1, 1, 65536, 65536, 1, 0))
        .isInstanceOf(TesseraException.Invalid.class);
  }
}
