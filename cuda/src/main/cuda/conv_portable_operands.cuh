// Pixels of a stage as operands in registers.
#pragma once
#include "conv_portable_load.cuh"

// A warp's tiles of 16 pixels lie one after the other, or, where four warps share a wgmma, 64 pixels apart.
constexpr u32 TILE_DISTANCE = CONV_WGMMA ? 64 : 16;

__device__ __forceinline__ u32 firstRowOf(u32 warp) {
  return CONV_WGMMA ? warp / 4 * (64 * ROW_TILES) + warp % 4 * 16 : warp * CONV_WARP_ROWS;
}

// Of tile row m16 and channel tile n8 (two to a group): pixels lane / 4 and lane / 4 + 8 with two columns each.
typedef float Sums[ROW_TILES][2 * GROUPS][4];

constexpr i32 K_TILES = CONV_PRECISION == CONV_F32 ? STEP / 16 : CONV_ROW_BYTES / 32;  // of a stage

/// 2^(place - e) for a largest magnitude in [2^e, 2^(e+1)), and its inverse: brings that into [2^place, ...).
struct BlockScale {
  float factor, inverse;
  __device__ __forceinline__ BlockScale() {}
  __device__ __forceinline__ BlockScale(float largest, i32 place) {
    const i32 exponent = max((i32)(__float_as_uint(largest) >> 23), place + 1);
    factor = __uint_as_float((u32)(254 + place - exponent) << 23);
    inverse = __uint_as_float((u32)(exponent - place) << 23);
  }
};

/// The largest over the four lanes that share a pixel.
__device__ __forceinline__ float largestOfPixel(float v) {
  v = fmaxf(v, __shfl_xor_sync(~0u, v, 1));
  return fmaxf(v, __shfl_xor_sync(~0u, v, 2));
}

/// 16 pixels of a stage as operands of matrix products: 32 bytes of each row (f32: 16 elements) to a tile.
struct PixelOperands {
#if CONV_PRECISION == CONV_F32
  u32 high[K_TILES][4], low[K_TILES][4];
  float inverse[2];   // of the scales of pixels lane / 4 and lane / 4 + 8

  /// Splits values into two f16, with one scale for a pixel's part of this stage: f16 has a small range.
  __device__ __forceinline__ void load(u32 stage, u32 firstRow) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (i32 half = 0; half < 2; half++) {
      const u32 row = firstRow + 8 * half + lane / 4;
      float4 v[K_TILES];
      float largest = 0;
#pragma unroll
      for (i32 k = 0; k < K_TILES; k++) {
        v[k] = loadShared(stage + pixelOffset(row, 4 * k + lane % 4));
        largest = fmaxf(fmaxf(largest, fmaxf(fabsf(v[k].x), fabsf(v[k].y))), fmaxf(fabsf(v[k].z), fabsf(v[k].w)));
      }
      const BlockScale scale(largestOfPixel(largest), 13);
      inverse[half] = scale.inverse;
#pragma unroll
      for (i32 k = 0; k < K_TILES; k++) {
        splitHalf(high[k][half], low[k][half], v[k].x * scale.factor, v[k].y * scale.factor);
        splitHalf(high[k][half + 2], low[k][half + 2], v[k].z * scale.factor, v[k].w * scale.factor);
      }
    }
  }
#else
  u32 tile[K_TILES][4];

  __device__ __forceinline__ void load(u32 stage, u32 firstRow) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (i32 k = 0; k < K_TILES; k++) {
      loadMatrices(tile[k], stage + pixelOffset(firstRow + lane % 16, 2 * k + lane / 16));
    }
  }
#endif
};
