// The quantizer reference-eb over latents, each tile's by its own range, so that nothing has to come
// back to the host between g_a and the encoder.
#include "common.cuh"
#include "latent_quantizer.cuh"

#define THREADS 256
#define QUADS 8  // of float4, a thread of latent_ranges
#define ALL_LANES 0xffffffffu

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

static __device__ __forceinline__ float4 valuesOf(i32 a, i32 b, i32 c, i32 d, const Numbers& n, double step) {
  return make_float4(valueOf(a, n, step), valueOf(b, n, step), valueOf(c, n, step), valueOf(d, n, step));
}

/// The inverse, to the middles of the steps.
extern "C" __global__ void __launch_bounds__(THREADS) latents_of_shorts(
    const uint2* integers, const u32* ranges, u32 perTile, double top, double step, u64 count, float4* latents) {
  const u32 quads = perTile / 4;
  for (u64 i = (u64)blockIdx.x * THREADS + threadIdx.x; i < count; i += (u64)gridDim.x * THREADS) {
    const Numbers n = numbersOf(ranges + 2 * (i / quads), top);
    const uint2 v = integers[i];
    latents[i] = valuesOf((i16)(v.x & 0xffff), (i32)v.x >> 16, (i16)(v.y & 0xffff), (i32)v.y >> 16, n, step);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) latents_of_ints(
    const int4* integers, const u32* ranges, u32 perTile, double top, double step, u64 count, float4* latents) {
  const u32 quads = perTile / 4;
  for (u64 i = (u64)blockIdx.x * THREADS + threadIdx.x; i < count; i += (u64)gridDim.x * THREADS) {
    const Numbers n = numbersOf(ranges + 2 * (i / quads), top);
    const int4 v = integers[i];
    latents[i] = valuesOf(v.x, v.y, v.z, v.w, n, step);
  }
}
