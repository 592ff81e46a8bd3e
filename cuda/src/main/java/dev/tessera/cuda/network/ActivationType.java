package dev.tessera.cuda.network;

import dev.tessera.cuda.TensorMap;
import dev.tessera.transform.Precision;

/** What an activation between layers is stored as; the kernels' macro ACTIVATION counts them. */
enum ActivationType {
  /** float16. */
  HALF(TensorMap.Element.HALF),
  /** e4m3, times a scale per layer. */
  E4M3(TensorMap.Element.BYTE),
  /** float32. */
  FLOAT(TensorMap.Element.FLOAT);

  private final TensorMap.Element element;

  ActivationType(TensorMap.Element element) {
    this.element = element;
  }

  static ActivationType of(Precision precision) {
    return switch (precision) {
      case FP32 -> FLOAT;
      case FP16 -> HALF;
      case FP8 -> E4M3;
    };
  }

  /** Bytes of a value. */
  int bytes() {
    return element.bytes();
  }

  TensorMap.Element element() {
    return element;
  }

  /** The compiler's option that chooses kernels of this type. */
  String option() {
    return "-DACTIVATION=" + ordinal();
  }
}
