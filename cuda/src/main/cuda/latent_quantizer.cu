// The quantizer reference-eb over latents: each tile's latent is scaled by its own least and greatest
// value (core's LatentFormat), so that nothing has to come back to the host between g_a and the
// encoder. The same integers and the same restored values as core's ReferenceQuantizer, bit for bit.
//
// A tile's range is two u32, zero before: the greatest of the complemented and of the plain keys of
// its values, where keys are in the order of the values.
#include "common.cuh"

#define THREADS 256
#define QUADS 8  // of float4, a thread of latent_ranges
#define ALL_LANES 0xffffffffu

static __device__ __forceinline__ u32 keyOf(float value) {
  const u32 bits = __float_as_uint(value);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static __device__ __forceinline__ float ofKey(u32 key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

// The numbers of a tile's quantizer (core's QuantizationFit).
struct Numbers {
  double offset, scale;
};

static __device__ __forceinline__ Numbers numbersOf(const u32* range, double top) {
  // -0 would make a sum depend on the sign of a zero
  const double low = ofKey(~range[0]) + 0.0f;
  const double high = ofKey(range[1]) + 0.0f;
  return {low, high == low ? 1 : top / (high - low)};
}

/// Least and greatest value of each tile's latent. A value that is not finite sets the error.
/// THREADS threads, partsPerTile * tiles blocks; perTile is a multiple of 4.
extern "C" __global__ void __launch_bounds__(THREADS)
    latent_ranges(const float4* latents, u32 perTile, u32 partsPerTile, u32* ranges, u32* error) {
  const u32 tile = blockIdx.x / partsPerTile, part = blockIdx.x % partsPerTile;
  const u32 quads = perTile / 4;
  const float4* from = latents + (u64)tile * quads;
  u32 least = 0, greatest = 0;
  bool finite = true;
#pragma unroll
  for (u32 k = 0; k < QUADS; k++) {
    const u32 i = (part * QUADS + k) * THREADS + threadIdx.x;
    if (i < quads) {
      const float4 v = from[i];
      const float values[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
      for (u32 c = 0; c < 4; c++) {
        const u32 key = keyOf(values[c]);
        least = max(least, ~key);
        greatest = max(greatest, key);
        finite = finite && (__float_as_uint(values[c]) & 0x7f800000u) != 0x7f800000u;
      }
    }
  }
  least = __reduce_max_sync(ALL_LANES, least);
  greatest = __reduce_max_sync(ALL_LANES, greatest);
  if (!__all_sync(ALL_LANES, finite)) {
    *error = 1;
  }
  if ((threadIdx.x & 31) == 0) {
    atomicMax(ranges + 2 * tile, least);
    atomicMax(ranges + 2 * tile + 1, greatest);
  }
}

static __device__ __forceinline__ i32 integerOf(float value, const Numbers& n, double inverse) {
  double k = floor((value - n.offset) * n.scale * inverse + 0.5);
  k = k < 32767 ? k : 32767;
  return k > -32768 ? (i32)k : -32768;
}

/// Integers of values, as they are stored by u16 and u32: four values a thread, any grid.
/// top is 2^bits, inverse one by the step.
extern "C" __global__ void __launch_bounds__(THREADS) latent_shorts(
    const float4* latents, const u32* ranges, u32 perTile, double top, double inverse, u64 count, uint2* integers) {
  const u32 quads = perTile / 4;
  for (u64 i = (u64)blockIdx.x * THREADS + threadIdx.x; i < count; i += (u64)gridDim.x * THREADS) {
    const Numbers n = numbersOf(ranges + 2 * (i / quads), top);
    const float4 v = latents[i];
    integers[i] = make_uint2(
        (u32)integerOf(v.x, n, inverse) & 0xffff | (u32)integerOf(v.y, n, inverse) << 16,
        (u32)integerOf(v.z, n, inverse) & 0xffff | (u32)integerOf(v.w, n, inverse) << 16);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) latent_ints(
    const float4* latents, const u32* ranges, u32 perTile, double top, double inverse, u64 count, int4* integers) {
  const u32 quads = perTile / 4;
  for (u64 i = (u64)blockIdx.x * THREADS + threadIdx.x; i < count; i += (u64)gridDim.x * THREADS) {
    const Numbers n = numbersOf(ranges + 2 * (i / quads), top);
    const float4 v = latents[i];
    integers[i] = make_int4(
        integerOf(v.x, n, inverse), integerOf(v.y, n, inverse), integerOf(v.z, n, inverse), integerOf(v.w, n, inverse));
  }
}

static __device__ __forceinline__ float4 restored(
    i32 a, i32 b, i32 c, i32 d, const Numbers& n, double step) {
  const double inverseScale = 1 / n.scale;
  return make_float4(
      (float)(n.offset + a * step * inverseScale), (float)(n.offset + b * step * inverseScale),
      (float)(n.offset + c * step * inverseScale), (float)(n.offset + d * step * inverseScale));
}

/// The inverse, to the middles of the steps.
extern "C" __global__ void __launch_bounds__(THREADS) latents_of_shorts(
    const uint2* integers, const u32* ranges, u32 perTile, double top, double step, u64 count, float4* latents) {
  const u32 quads = perTile / 4;
  for (u64 i = (u64)blockIdx.x * THREADS + threadIdx.x; i < count; i += (u64)gridDim.x * THREADS) {
    const Numbers n = numbersOf(ranges + 2 * (i / quads), top);
    const uint2 v = integers[i];
    latents[i] = restored((i16)(v.x & 0xffff), (i32)v.x >> 16, (i16)(v.y & 0xffff), (i32)v.y >> 16, n, step);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) latents_of_ints(
    const int4* integers, const u32* ranges, u32 perTile, double top, double step, u64 count, float4* latents) {
  const u32 quads = perTile / 4;
  for (u64 i = (u64)blockIdx.x * THREADS + threadIdx.x; i < count; i += (u64)gridDim.x * THREADS) {
    const Numbers n = numbersOf(ranges + 2 * (i / quads), top);
    const int4 v = integers[i];
    latents[i] = restored(v.x, v.y, v.z, v.w, n, step);
  }
}
