// The quantizer behind a normalizer, in the order of operations of dev.tessera.transform.Normalizer.
// Several values of one plane go through it together, so that no operation of one has to wait for
// the one before.
#pragma once
#include "common.cuh"
#include "elementary.cuh"
#include "pipeline_parameters.cuh"
#include "pipeline_values.cuh"

template <int N>
struct Several {
  double v[N];
};

static __device__ __forceinline__ bool accepts(const NormalizerParameters& n, double x) {
  return x >= n.lowest && x <= n.highest;
}

static __device__ __forceinline__ PlaneMap planeMap(const NormalizerParameters& n, i32 plane) {
  return n.maps == nullptr ? n.map : n.maps[plane];
}

// The pointwise stages.
template <int N>
static __device__ __forceinline__ Several<N> forwardStages(
    const NormalizerParameters& n, Several<N> x) {
#pragma unroll 1
  for (i32 s = 0; s < n.stages; s++) {
    if (n.kinds[s] == STAGE_LOG10) {
#pragma unroll
      for (int k = 0; k < N; k++) {
        x.v[k] = decimalLogarithm(x.v[k]);
      }
    } else if (n.kinds[s] == STAGE_LOG1P) {
#pragma unroll
      for (int k = 0; k < N; k++) {
        x.v[k] = logarithmOnePlus(x.v[k]);
      }
    } else {
#pragma unroll
      for (int k = 0; k < N; k++) {
        x.v[k] = inverseSinh(x.v[k], n.scales[s], n.scaleLogarithms[s]);
      }
    }
  }
  return x;
}

template <int N>
static __device__ __forceinline__ Several<N> inverseStages(
    const NormalizerParameters& n, Several<N> x) {
#pragma unroll 1
  for (i32 s = n.stages - 1; s >= 0; s--) {
    if (n.kinds[s] == STAGE_LOG10) {
#pragma unroll
      for (int k = 0; k < N; k++) {
        x.v[k] = powerOfTen(x.v[k]);
      }
    } else if (n.kinds[s] == STAGE_LOG1P) {
#pragma unroll
      for (int k = 0; k < N; k++) {
        x.v[k] = exponentialMinusOne(x.v[k]);
      }
    } else {
#pragma unroll
      for (int k = 0; k < N; k++) {
        x.v[k] = scaledSinh(x.v[k], n.scales[s], n.scaleLogarithms[s]);
      }
    }
  }
  return x;
}

// Into low..high; a NaN stays one, and of two zeros the limit's is taken.
static __device__ __forceinline__ double clamp(double x, double low, double high) {
  x = x >= high ? high : x;
  return x <= low ? low : x;
}

// What the stages make of values that they accept; of others anything.
template <int N>
static __device__ __forceinline__ Several<N> normalize(
    const NormalizerParameters& n, const PlaneMap& map, Several<N> x) {
  x = forwardStages(n, x);
  if ((n.flags & NORMALIZER_AFFINE) != 0) {
    bool clamps = (n.flags & NORMALIZER_CLAMPS) != 0;
#pragma unroll
    for (int k = 0; k < N; k++) {
      double y = (x.v[k] * map.scale - map.offset) / map.width;
      y = clamps ? clamp(y, 0, 1) : y;
      x.v[k] = map.scale == 0 ? 0 : y;
    }
  }
  return x;
}

// And back; not rounded to the field's type.
template <int N>
static __device__ __forceinline__ Several<N> denormalize(
    const NormalizerParameters& n, const PlaneMap& map, Several<N> y) {
  bool affine = (n.flags & NORMALIZER_AFFINE) != 0;
  if (affine) {
    bool clamps = (n.flags & NORMALIZER_CLAMPS) != 0;
#pragma unroll
    for (int k = 0; k < N; k++) {
      double v = clamps ? clamp(y.v[k], 0, 1) : y.v[k];
      v = (v * map.width + map.offset) * map.inverseScale;
      y.v[k] = clamp(v, -LARGEST_DOUBLE, LARGEST_DOUBLE);
    }
  }
  y = inverseStages(n, y);
#pragma unroll
  for (int k = 0; k < N; k++) {
    y.v[k] = affine && map.scale == 0 ? map.offset : y.v[k];
  }
  return y;
}

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
