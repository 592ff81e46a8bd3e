// The quantizer behind a normalizer.
#pragma once
#include "common.cuh"
#include "normalizer.cuh"
#include "pipeline_parameters.cuh"
#include "pipeline_values.cuh"

// Symbols of one plane to values. `type` is the parameters', which a caller may know.
template <int N>
static __device__ __forceinline__ void restore(
    const PipelineParameters& p, i32 type, const PlaneMap& map, const i32 (&q)[N], u64 (&bits)[N]) {
  Several<N> y;
#pragma unroll
  for (int k = 0; k < N; k++) {
    y.v[k] = p.offset + q[k] * p.step;
  }
  y = denormalize(p.normalizer, map, y);
#pragma unroll
  for (int k = 0; k < N; k++) {
    bits[k] = bitsOf(y.v[k], type);
  }
}

// Values of one plane to symbols, by what the normalizer makes of a value and of the one that would
// be restored. Bit k of the result: value k has a symbol; others must be kept as they are.
template <int N>
static __device__ __forceinline__ u32 quantize(
    const PipelineParameters& p, i32 type, i32 plane, const u64 (&bits)[N], i32 (&symbols)[N]) {
  const NormalizerParameters& n = p.normalizer;
  PlaneMap map = planeMap(n, plane);
  bool filled = (p.flags & FLAG_FILL) != 0;
  u32 coded = 0;
  Several<N> x, back;
#pragma unroll
  for (int k = 0; k < N; k++) {
    x.v[k] = valueOf(bits[k], type);
    coded |= accepts(n, x.v[k]) && !(filled && bits[k] == p.fill) ? 1u << k : 0;
  }
  x = normalize(n, map, x);
#pragma unroll
  for (int k = 0; k < N; k++) {
    double t = (x.v[k] - p.offset) * p.inverse;
    coded &= fabs(t) < 1073741824.0 ? ~0u : ~(1u << k);
    symbols[k] = (coded >> k & 1) != 0 ? (i32)rint(t) : 0;
  }
  u64 restored[N];
  restore(p, type, map, symbols, restored);
#pragma unroll
  for (int k = 0; k < N; k++) {
    back.v[k] = valueOf(restored[k], type);
    coded &= accepts(n, back.v[k]) && !(filled && restored[k] == p.fill) ? ~0u : ~(1u << k);
  }
  back = normalize(n, map, back);
#pragma unroll
  for (int k = 0; k < N; k++) {
    coded &= closeTogether(x.v[k], back.v[k], p.bound) ? ~0u : ~(1u << k);
  }
  return coded;
}

static __device__ __forceinline__ u64 restore(const PipelineParameters& p, i32 plane, i32 q) {
  i32 one[1] = {q};
  u64 bits[1];
  restore(p, p.type, planeMap(p.normalizer, plane), one, bits);
  return bits[0];
}

static __device__ __forceinline__ bool quantize(
    const PipelineParameters& p, i32 plane, u64 bits, i32* symbol) {
  u64 one[1] = {bits};
  i32 symbols[1];
  bool coded = quantize(p, p.type, plane, one, symbols) != 0;
  *symbol = symbols[0];
  return coded;
}
