// A normalizer before the quantizer, one value at a time, in the order of operations of
// dev.tessera.transform.Normalizer.
#pragma once
#include "common.cuh"
#include "elementary.cuh"
#include "pipeline_parameters.cuh"

static __device__ __forceinline__ bool accepts(const NormalizerParameters& n, double x) {
  return x >= n.lowest && x <= n.highest;
}

static __device__ __forceinline__ PlaneMap planeMap(const NormalizerParameters& n, i32 plane) {
  return n.maps == nullptr ? n.map : n.maps[plane];
}

// The pointwise stages. Not inlined: the three modes of a kernel would each have them thrice.
static __device__ __noinline__ double forwardStages(const NormalizerParameters& n, double x) {
#pragma unroll 1
  for (i32 s = 0; s < n.stages; s++) {
    if (n.kinds[s] == STAGE_LOG10) {
      x = decimalLogarithm(x);
    } else if (n.kinds[s] == STAGE_LOG1P) {
      x = logarithmOnePlus(x);
    } else {
      x = inverseSinh(x, n.scales[s], n.scaleLogarithms[s]);
    }
  }
  return x;
}

static __device__ __noinline__ double inverseStages(const NormalizerParameters& n, double x) {
#pragma unroll 1
  for (i32 s = n.stages - 1; s >= 0; s--) {
    if (n.kinds[s] == STAGE_LOG10) {
      x = powerOfTen(x);
    } else if (n.kinds[s] == STAGE_LOG1P) {
      x = exponentialMinusOne(x);
    } else {
      x = scaledSinh(x, n.scales[s], n.scaleLogarithms[s]);
    }
  }
  return x;
}

// Into low..high; a NaN stays one, and of two zeros the limit's is taken.
static __device__ __forceinline__ double clamp(double x, double low, double high) {
  x = x >= high ? high : x;
  return x <= low ? low : x;
}

// What the stages make of a value that they accept.
static __device__ __forceinline__ double normalize(
    const NormalizerParameters& n, const PlaneMap& map, double x) {
  if ((n.flags & NORMALIZER_AFFINE) == 0) {
    return forwardStages(n, x);
  }
  if (map.scale == 0) {
    return 0;
  }
  double y = (forwardStages(n, x) * map.scale - map.offset) / map.width;
  return (n.flags & NORMALIZER_CLAMPS) != 0 ? clamp(y, 0, 1) : y;
}

// And back; not rounded to the field's type.
static __device__ __forceinline__ double denormalize(
    const NormalizerParameters& n, const PlaneMap& map, double y) {
  if ((n.flags & NORMALIZER_AFFINE) != 0) {
    if (map.scale == 0) {
      return map.offset;
    }
    y = (n.flags & NORMALIZER_CLAMPS) != 0 ? clamp(y, 0, 1) : y;
    y = (y * map.width + map.offset) * map.inverseScale;
    y = clamp(y, -LARGEST_DOUBLE, LARGEST_DOUBLE);
  }
  return inverseStages(n, y);
}
