// A normalizer, in the order of operations of dev.tessera.transform.Normalizer. Several values of one plane go through
// it together, so that no operation of one has to wait for the one before. Needs -fmad=false.
#pragma once
#include "common.cuh"
#include "elementary.cuh"
#include "field_parameters.cuh"

template <int COUNT>
struct Several {
  double v[COUNT];
};

static __device__ __forceinline__ bool accepts(const NormalizerParameters& n, double x) {
  return x >= n.lowest && x <= n.highest;
}

static __device__ __forceinline__ PlaneMap planeMap(const NormalizerParameters& n, i32 plane) {
  return n.maps == nullptr ? n.map : n.maps[plane];
}

// The pointwise stages.
template <int COUNT>
static __device__ __forceinline__ Several<COUNT> forwardStages(
    const NormalizerParameters& n, Several<COUNT> x) {
#pragma unroll 1
  for (i32 s = 0; s < n.stages; s++) {
    if (n.kinds[s] == STAGE_LOG10) {
#pragma unroll
      for (int k = 0; k < COUNT; k++) {
        x.v[k] = decimalLogarithm(x.v[k]);
      }
    } else if (n.kinds[s] == STAGE_LOG1P) {
#pragma unroll
      for (int k = 0; k < COUNT; k++) {
        x.v[k] = logarithmOnePlus(x.v[k]);
      }
    } else {
#pragma unroll
      for (int k = 0; k < COUNT; k++) {
        x.v[k] = inverseSinh(x.v[k], n.scales[s], n.scaleLogarithms[s]);
      }
    }
  }
  return x;
}

template <int COUNT>
static __device__ __forceinline__ Several<COUNT> inverseStages(
    const NormalizerParameters& n, Several<COUNT> x) {
#pragma unroll 1
  for (i32 s = n.stages - 1; s >= 0; s--) {
    if (n.kinds[s] == STAGE_LOG10) {
#pragma unroll
      for (int k = 0; k < COUNT; k++) {
        x.v[k] = powerOfTen(x.v[k]);
      }
    } else if (n.kinds[s] == STAGE_LOG1P) {
#pragma unroll
      for (int k = 0; k < COUNT; k++) {
        x.v[k] = exponentialMinusOne(x.v[k]);
      }
    } else {
#pragma unroll
      for (int k = 0; k < COUNT; k++) {
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
template <int COUNT>
static __device__ __forceinline__ Several<COUNT> normalize(
    const NormalizerParameters& n, const PlaneMap& map, Several<COUNT> x) {
  x = forwardStages(n, x);
  if ((n.flags & NORMALIZER_AFFINE) != 0) {
    bool clamps = (n.flags & NORMALIZER_CLAMPS) != 0;
#pragma unroll
    for (int k = 0; k < COUNT; k++) {
      double y = (x.v[k] * map.scale - map.offset) / map.width;
      y = clamps ? clamp(y, 0, 1) : y;
      x.v[k] = map.scale == 0 ? 0 : y;
    }
  }
  return x;
}

// And back; not rounded to the field's type.
template <int COUNT>
static __device__ __forceinline__ Several<COUNT> denormalize(
    const NormalizerParameters& n, const PlaneMap& map, Several<COUNT> y) {
  bool affine = (n.flags & NORMALIZER_AFFINE) != 0;
  if (affine) {
    bool clamps = (n.flags & NORMALIZER_CLAMPS) != 0;
#pragma unroll
    for (int k = 0; k < COUNT; k++) {
      double v = clamps ? clamp(y.v[k], 0, 1) : y.v[k];
      v = (v * map.width + map.offset) * map.inverseScale;
      y.v[k] = clamp(v, -LARGEST_DOUBLE, LARGEST_DOUBLE);
    }
  }
  y = inverseStages(n, y);
#pragma unroll
  for (int k = 0; k < COUNT; k++) {
    y.v[k] = affine && map.scale == 0 ? map.offset : y.v[k];
  }
  return y;
}
