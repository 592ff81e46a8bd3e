package dev.tessera.cuda;

import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.cuda.network.CudaSideInformation;
import dev.tessera.model.Model;
import java.util.List;
import java.util.stream.Stream;

/**
 * The files of kernels that the program uses, with the options they are compiled with. Those of
 * networks are compiled for the sizes of each model.
 */
final class KernelCatalog {
  /** What all work needs but the networks of models. */
  static final List<KernelSource> SOURCES =
      Stream.of(
              List.of(KernelSource.of("copy.cu")),
              CudaPipeline.SOURCES,
              CudaIntegers.SOURCES,
              CudaLatentQuantizer.SOURCES,
              CudaResidualRans.SOURCES,
              CudaRansKernels.sources(),
              CudaSideInformation.SOURCES)
          .flatMap(List::stream)
          .toList();

  private KernelCatalog() {}

  /**
   * The same and what the networks of some models need, each once.
   *
   * @param architecture such as {@code sm_90a}
   */
  static List<KernelSource> sources(List<Model> models, String architecture) {
    return Stream.concat(
            SOURCES.stream(),
            models.stream().flatMap(model -> CudaNetworks.sources(model, architecture).stream()))
        .distinct()
        .toList();
  }
}
