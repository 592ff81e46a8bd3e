package dev.tessera.cuda;

import java.util.List;
import java.util.Optional;

/** What makes a cubin out of CUDA C++. */
interface KernelCompiler {
  /** Name and version for people, such as {@code NVRTC 13.0}. */
  String description();

  /** Where it is: a path, or the name that the system's loader knows. */
  String location();

  /**
   * Compiles for one architecture.
   *
   * @param file name for messages
   * @param text the source without includes
   * @param architecture such as {@code sm_90a}
   * @param options beside those for architecture and output
   * @return a cubin
   * @throws dev.tessera.field.TesseraException.Unsupported with the compiler's messages
   */
  byte[] compile(String file, String text, String architecture, List<String> options);

  /** NVRTC if it is there, else nvcc if that is; looked for once. */
  static Optional<KernelCompiler> find() {
    return Found.COMPILER;
  }

  /** What to do where there is none. */
  static String advice() {
    return "install the CUDA toolkit, or name NVRTC's library with TESSERA_NVRTC";
  }

  /** That there is none, and what to do. */
  static String absence() {
    return "neither NVRTC nor nvcc was found: " + advice();
  }

  /** Holds what was found. */
  final class Found {
    private static final Optional<KernelCompiler> COMPILER =
        Nvrtc.find().<KernelCompiler>map(nvrtc -> nvrtc).or(Nvcc::find);

    private Found() {}
  }
}
