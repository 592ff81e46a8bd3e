package dev.tessera.cuda.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.codec.Backend;
import dev.tessera.codec.Backends;
import dev.tessera.cuda.CudaDriver;
import dev.tessera.cuda.NvComp;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.PipelineSpec;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CudaBackendProviderTest {
  private static final PipelineSpec BITPACK =
      PipelineSpec.parse("minmax,eb=rel:1e-3,lorenzo3,bitpack");

  @Test
  void isFoundBesideTheCpu() {
    List<String> names = Backends.all().stream().map(Backend.Provider::name).toList();
    assertThat(names).containsExactly("cuda", "cpu");
  }

  @Test
  void withoutADeviceAutoIsTheCpuAndCudaSaysWhatIsMissing() {
    String reason = CudaDriver.unavailable().orElse("");
    Assumptions.assumeFalse(reason.isEmpty(), "there is a CUDA device");
    assertThat(Backends.choose("auto", BITPACK, DataType.FLOAT32).name()).isEqualTo("cpu");
    assertThatThrownBy(() -> Backends.choose("cuda", BITPACK, DataType.FLOAT32))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessage("the device 'cuda' cannot be used: " + reason);
  }

  @Test
  void withoutADeviceAutoSaysWhatNvcompNeeds() {
    Assumptions.assumeTrue(CudaDriver.unavailable().isPresent(), "there is a CUDA device");
    PipelineSpec spec = PipelineSpec.parse("eb=rel:1e-3,lorenzo3,bitcomp");
    assertThatThrownBy(() -> Backends.choose("auto", spec, DataType.FLOAT32))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessage("bitcomp needs a CUDA device and libnvcomp.so.5: use bitpack");
  }

  @Test
  void ranksAboveTheCpuForModels() {
    assertThat(new CudaBackendProvider().preferenceForModels()).isPositive();
  }

  @Test
  void ranksAboveTheCpuForWhatTheDeviceEncodes() {
    CudaBackendProvider provider = new CudaBackendProvider();
    assertThat(provider.preferenceFor(BITPACK)).isPositive();
    assertThat(provider.preferenceFor(PipelineSpec.parse("eb=rel:1e-3,none,ans"))).isPositive();
    assertThat(provider.preferenceFor(PipelineSpec.parse("eb=rel:1e-3,none,rans"))).isPositive();
    assertThat(provider.preferenceFor(PipelineSpec.parse("eb=rel:1e-3"))).isPositive();
    assertThat(provider.preferenceFor(PipelineSpec.parse("eb=rel:1e-3,none,zstd"))).isNegative();
    assertThat(provider.preferenceFor(PipelineSpec.parse("eb=rel:1e-3,none,raw"))).isNegative();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eb=rel:1e-3",
        "minmax,eb=abs:0.1,lorenzo,bitpack",
        "eb=pwrel:1e-2,none,bitpack",
        "round,lorenzo1,bitpack",
        "eb=rel:1e-3,lorenzo2,rans:2",
        "minmax:8,reference-eb=0.8,bitpack",
        "log10,eb=abs:0.01,lorenzo3,bitpack",
        "asinh:2,meanstd:slice,eb=abs:0.01,lorenzo3,rans"
      })
  void theDeviceHas(String pipeline) {
    assertThat(ChunkCoders.obstacle(PipelineSpec.parse(pipeline))).isEmpty();
  }

  @Test
  void nvcompsEncodersNeedItsLibrary() {
    PipelineSpec spec = PipelineSpec.parse("eb=rel:1e-3,lorenzo3,ans");
    assertThat(ChunkCoders.obstacle(spec).isEmpty()).isEqualTo(NvComp.find().isPresent());
  }
}
