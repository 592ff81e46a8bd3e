// The quantizers for every type of value, one value at a time, in binary64 without contraction.
// The tuned paths of the encoder and the decoder fall back to these and must agree with them.
#pragma once
#include "common.cuh"
#include "elementary.cuh"
#include "pipeline_parameters.cuh"
#include "pipeline_values.cuh"
#if NORMALIZED
#include "pipeline_normalizer.cuh"
#else

// Symbol to value.
static __device__ __forceinline__ u64 restore(const PipelineParameters& p, i32 plane, i32 q) {
  double v;
  if (p.kind == QUANTIZER_AFFINE) {
    v = p.offset + q * p.step;
  } else if (p.kind == QUANTIZER_POINTWISE) {
    if (q == 0) {
      v = 0;
    } else {
      double k = (double)(q < 0 ? -(i64)q : (i64)q) - 1;
      v = exponential(p.offset + k * p.step);
      v = q < 0 ? -v : v;
    }
  } else {
    v = p.offset + (q * p.step) * p.inverseScale;
  }
  return bitsOf(v, p.type);
}

// Whether the restored value is within the bound.
static __device__ __forceinline__ bool within(
    const PipelineParameters& p, u64 bits, double x, u64 restored) {
  bool pointwise = p.kind == QUANTIZER_POINTWISE;
  double d;
  if (p.type == TYPE_I64) {
    i64 a = (i64)bits, b = (i64)restored;
    u64 distance = a > b ? (u64)a - (u64)b : (u64)b - (u64)a;
    if (!pointwise) {
      u64 whole = p.bound >= TWO_63 ? 0x7fffffffffffffffULL : (u64)floor(p.bound);
      return distance <= whole;
    }
    if (distance > 0x7fffffffffffffffULL) {
      return false;
    }
    d = (double)distance;
  } else {
    double y = valueOf(restored, p.type);
    if (!pointwise) {
      return closeTogether(x, y, p.bound);
    }
    d = fabs(x - y);
  }
  // the product is rounded, hence the margin
  return d == 0 || d < p.bound * fabs(x) * (1 - 0x1p-51);
}

// Value to symbol. False where the value must be kept as it is.
static __device__ __forceinline__ bool quantize(
    const PipelineParameters& p, i32 plane, u64 bits, i32* symbol) {
  bool filled = (p.flags & FLAG_FILL) != 0;
  if (filled && bits == p.fill) {
    return false;
  }
  double x = valueOf(bits, p.type);
  if (!(fabs(x) <= LARGEST_DOUBLE)) {
    return false;
  }
  i32 q = 0;
  if (p.kind == QUANTIZER_AFFINE) {
    double t = (x - p.offset) * p.inverse;
    if (!(fabs(t) < 1073741824.0)) {
      return false;
    }
    q = (i32)rint(t);
  } else if (p.kind == QUANTIZER_REFERENCE) {
    double k = floor((x - p.offset) * p.scale * p.inverse + 0.5);
    k = k < 32767 ? k : 32767;
    q = k > -32768 ? (i32)k : -32768;
  } else if (x != 0) {
    double k = rint((naturalLogarithm(fabs(x)) - p.offset) * p.inverse);
    if (!(k >= 0 && k < 1073741824.0)) {
      return false;
    }
    q = (i32)k + 1;
    q = x < 0 ? -q : q;
  }
  *symbol = q;
  if (p.kind == QUANTIZER_REFERENCE && !filled) {
    return true;
  }
  u64 restored = restore(p, plane, q);
  if (filled && restored == p.fill) {
    return false;
  }
  return p.kind == QUANTIZER_REFERENCE || (p.kind == QUANTIZER_POINTWISE && x == 0)
      || within(p, bits, x, restored);
}

#endif
