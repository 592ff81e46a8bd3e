package dev.tessera.cuda.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.cuda.KernelSource;
import dev.tessera.cuda.network.NetworkLayers.Family;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.transform.Precision;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class NetworkLayersTest {
  private static final Model FACTORIZED = CheckModels.of(Architecture.FACTORIZED, 24, 40, 3, 1);
  private static final DeviceTraits HOPPER = DeviceTraits.of("sm_90a");

  private static List<Family> families(NetworkLayers layers) {
    return layers.layers().stream().map(NetworkLayers.Chosen::family).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "sm_90a, FP16, HOPPER",
    "sm_90a, FP32, PORTABLE",
    "sm_80, FP16, PORTABLE",
    "sm_89, FP16, PORTABLE",
    "sm_100a, FP16, PORTABLE",
  })
  void everyDeviceHasItsKernels(String architecture, Precision precision, Family inner) {
    DeviceTraits device = DeviceTraits.of(architecture);
    NetworkLayers analysis = NetworkLayers.of(FACTORIZED, Network.G_A, precision, true, device);
    assertThat(families(analysis)).containsExactly(Family.FIRST, inner, inner, inner);
    assertThat(analysis.load()).isNull();
    assertThat(analysis.layers().getLast().output().form()).isEqualTo(LayerOutput.Form.SYMBOLS);
    NetworkLayers synthesis = NetworkLayers.of(FACTORIZED, Network.G_S, precision, false, device);
    assertThat(families(synthesis)).containsExactly(inner, inner, inner, Family.LAST);
    assertThat(synthesis.load().medians()).isNull();
  }

  @Test
  void aLayerTooWideForItsOwnKernelTakesTheGeneralOne() {
    Model wide = CheckModels.of(Architecture.FACTORIZED, 320, 320, 16, 1);
    NetworkLayers analysis =
        NetworkLayers.of(wide, Network.G_A, Precision.FP32, true, DeviceTraits.of("sm_86"));
    assertThat(families(analysis)).containsOnly(Family.PORTABLE);
    assertThat(analysis.load().channels()).isEqualTo(16);
    assertThat(analysis.load().output().type()).isEqualTo(ActivationType.FLOAT);
  }

  @Test
  void sideInformationComesFromMagnitudes() {
    Model hyper = CheckModels.of(Architecture.HYPERPRIOR, 24, 40, 3, 1);
    NetworkLayers layers = NetworkLayers.of(hyper, Network.H_A, Precision.FP32, false, HOPPER);
    assertThat(families(layers)).containsOnly(Family.PORTABLE);
    assertThat(layers.load().absolute()).isTrue();
    assertThat(layers.layers().getFirst().layer().kernel()).isEqualTo(3);
  }

  @Test
  void sideInformationUsesTheFastKernels() {
    Model mean = CheckModels.of(Architecture.MEAN_HYPERPRIOR, 24, 40, 3, 1);
    NetworkLayers layers = NetworkLayers.of(mean, Network.H_A, Precision.FP16, false, HOPPER);
    assertThat(families(layers)).containsOnly(Family.HOPPER);
    assertThat(layers.load().absolute()).isFalse();
    assertThat(layers.layers().getLast().output().form()).isEqualTo(LayerOutput.Form.PLANES);
  }

  @Test
  void eightBitsNeedACalibrationToRunButNotToCompile() {
    assertThatThrownBy(() -> NetworkLayers.of(FACTORIZED, Network.G_S, Precision.FP8, true, HOPPER))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("tessera calibrate");
    List<KernelSource> sources =
        NetworkLayers.sources(FACTORIZED, Network.G_S, Precision.FP8, true, HOPPER);
    assertThat(sources)
        .extracting(KernelSource::file)
        .startsWith("edge_load.cu", "conv_hopper.cu")
        .endsWith("conv_hopper.cu", "edge_last.cu", "edge_last.cu");
  }

  @Test
  void outerLayersHaveKernelsForTheFieldsOwnValues() {
    NetworkLayers analysis =
        NetworkLayers.of(FACTORIZED, Network.G_A, Precision.FP16, true, HOPPER).withFieldValues();
    assertThat(analysis.layers().stream().map(NetworkLayers.Chosen::fieldValues))
        .containsExactly(true, false, false, false);
    assertThat(analysis.layers().getFirst().sources(HOPPER).getFirst().options())
        .contains("-DFIELD_VALUES=1");
    NetworkLayers synthesis =
        NetworkLayers.of(FACTORIZED, Network.G_S, Precision.FP16, true, HOPPER).withFieldValues();
    assertThat(synthesis.layers().stream().map(NetworkLayers.Chosen::fieldValues))
        .containsExactly(false, false, false, true);
    // what the general kernel runs is normalized by the host
    Model wide = CheckModels.of(Architecture.FACTORIZED, 320, 320, 16, 1);
    DeviceTraits small = DeviceTraits.of("sm_86");
    assertThat(NetworkLayers.takesFieldValues(wide, Network.G_A, Precision.FP32, small)).isFalse();
    assertThat(NetworkLayers.takesFieldValues(FACTORIZED, Network.G_A, Precision.FP32, small))
        .isTrue();
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void everyArchitectureHasSourcesForEveryDevice(Architecture architecture) {
    Model model = CheckModels.of(architecture, 24, 40, 3, 1);
    List<KernelSource> ampere = CudaNetworks.sources(model, "sm_80");
    List<KernelSource> hopper = CudaNetworks.sources(model, "sm_90a");
    assertThat(ampere).doesNotHaveDuplicates().isNotEmpty();
    assertThat(ampere).noneMatch(source -> source.options().contains("-DACTIVATION=1"));
    assertThat(hopper).anyMatch(source -> source.options().contains("-DACTIVATION=1"));
    assertThat(hopper).anyMatch(source -> source.file().equals("conv_hopper.cu"));
    assertThat(ampere).noneMatch(source -> source.file().equals("conv_hopper.cu"));
  }

  @Test
  void traitsFollowFromTheArchitecture() {
    assertThat(DeviceTraits.of("sm_90a")).isEqualTo(new DeviceTraits(90, true, 227 * 1024));
    assertThat(DeviceTraits.of("sm_90").hasWgmma()).isFalse();
    assertThat(DeviceTraits.of("sm_86").hasE4m3()).isFalse();
    assertThat(DeviceTraits.of("sm_89").hasE4m3()).isTrue();
    assertThat(DeviceTraits.of("sm_120a").sharedPerBlock()).isEqualTo(99 * 1024);
  }

  @ParameterizedTest
  @CsvSource({"1, 0.0009765625", "1e-6, 1", "0, 0.0009765625"})
  void squaresAreScaledByWhatBetaCanMiss(float beta, float least) {
    float[] gamma = {0.1f, 0, 0, 0.1f};
    float scale =
        PowersOfTwo.squaring(new float[] {Math.max(beta, 0), 1}, beta == 0 ? new float[4] : gamma);
    assertThat(scale).isBetween(least, 1f);
    assertThat(Math.scalb(1f, Math.getExponent(scale))).isEqualTo(scale);
  }

  @Test
  void matricesAreRaisedByPowersOfTwo() {
    HalfMatrix matrix = HalfMatrix.of(new float[64 * 8], 8, true, true);
    assertThat(matrix.scale()).isEqualTo(1);
    float[] values = new float[64];
    values[9] = 0.3f; // row 1, column 1
    HalfMatrix raised = HalfMatrix.of(values, 8, true, true);
    assertThat(raised.scale()).isEqualTo(32768);
    float high = Float.float16ToFloat(raised.halves()[9]);
    float low = Float.float16ToFloat(raised.halves()[64 + 9]);
    assertThat(high + low).isEqualTo(0.3f * 32768, within(1e-3f));
  }
}
