package dev.tessera.cuda;

import java.util.List;
import java.util.stream.Stream;

/** Every file of kernels that the program uses, with the options it is compiled with. */
final class KernelCatalog {
  static final List<KernelSource> SOURCES =
      Stream.of(
              List.of(KernelSource.of("copy.cu")),
              CudaPipeline.SOURCES,
              CudaIntegers.SOURCES,
              CudaResidualRans.SOURCES,
              CudaRansKernels.sources())
          .flatMap(List::stream)
          .toList();

  private KernelCatalog() {}
}
