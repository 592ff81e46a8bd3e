// The matrix product: a warp multiplies its pixels with all output channels, so that GDN later finds every
// channel of a pixel in the registers of four lanes.
//
// Tensor cores cut their sums off in place of rounding them (and add e4m3 products in fewer bits still),
// which a long sum shows: f32 and e4m3 sum each stage by itself and add it in float32.
#pragma once
#include "conv_portable_load.cuh"

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

/// Pixels of a stage as operands of matrix products: 16 x 32 bytes each (f32: 16 x 16 elements).
struct PixelOperands {
#if CONV_PRECISION == CONV_F32
  u32 high[ROW_TILES][K_TILES][4], low[ROW_TILES][K_TILES][4];
  float inverse[ROW_TILES][2];   // f32: the pixels' values are scaled, since f16 has a small range

  /// Splits values into two f16 with one scale for a pixel's part of this stage.
  __device__ __forceinline__ void load(u32 stage, u32 firstRow) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
      for (i32 half = 0; half < 2; half++) {
        const u32 row = firstRow + 16 * m + 8 * half + lane / 4;
        float4 v[K_TILES];
        float largest = 0;
#pragma unroll
        for (i32 k = 0; k < K_TILES; k++) {
          v[k] = loadShared(stage + pixelOffset(row, 4 * k + lane % 4));
          largest = fmaxf(fmaxf(largest, fmaxf(fabsf(v[k].x), fabsf(v[k].y))), fmaxf(fabsf(v[k].z), fabsf(v[k].w)));
        }
        const BlockScale scale(largestOfPixel(largest), 13);
        inverse[m][half] = scale.inverse;
#pragma unroll
        for (i32 k = 0; k < K_TILES; k++) {
#if CONV_ABSOLUTE
          v[k] = make_float4(fabsf(v[k].x), fabsf(v[k].y), fabsf(v[k].z), fabsf(v[k].w));
#endif
          splitHalf(high[m][k][half], low[m][k][half], v[k].x * scale.factor, v[k].y * scale.factor);
          splitHalf(high[m][k][half + 2], low[m][k][half + 2], v[k].z * scale.factor, v[k].w * scale.factor);
        }
      }
  }
#else
  u32 tile[ROW_TILES][K_TILES][4];

  __device__ __forceinline__ void load(u32 stage, u32 firstRow) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
      for (i32 k = 0; k < K_TILES; k++) {
        loadMatrices(tile[m][k], stage + pixelOffset(firstRow + 16 * m + lane % 16, 2 * k + lane / 16));
#if CONV_ABSOLUTE
#pragma unroll
        for (i32 i = 0; i < 4; i++) tile[m][k][i] &= CONV_PRECISION == CONV_F16 ? 0x7fff7fffu : 0x7f7f7f7fu;
#endif
      }
  }
#endif
};

/// Two channel tiles of weights, 16 x 32 bytes, as ldmatrix brings them: columns 2i and 2i + 1 belong to tile i.
__device__ __forceinline__ void loadWeights(u32 (&b)[4], u32 matrix, i32 group, i32 chunk) {
  const u32 lane = threadIdx.x % 32;
  loadMatrices(b, matrix + chunkOffset(16 * group + lane % 8 + lane / 16 * 8, chunk + lane / 8 % 2));
}

__device__ __forceinline__ void multiplyTiles(float (&sums)[ROW_TILES][2][4], const u32 (&a)[ROW_TILES][4], const u32 (&b)[4]) {
#pragma unroll
  for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
    for (i32 t = 0; t < 2; t++) {
#if CONV_PRECISION == CONV_E4M3
      multiplyE4m3(sums[m][t], a[m], b[2 * t], b[2 * t + 1]);
#else
      multiplyHalf(sums[m][t], a[m], b[2 * t], b[2 * t + 1]);
#endif
    }
}

/// One group of channels and one stage; f32: low times low is below what float32 holds.
__device__ __forceinline__ void multiplyGroup(float (&sums)[ROW_TILES][2][4], const PixelOperands& pixels, u32 matrix, i32 group) {
#pragma unroll
  for (i32 k = 0; k < K_TILES; k++) {
    u32 b[4], a[ROW_TILES][4];
#if CONV_PRECISION == CONV_F32
    u32 low[ROW_TILES][4], bLow[4];
    loadWeights(bLow, matrix, group, 2 * (K_TILES + k));
    loadWeights(b, matrix, group, 2 * k);
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
      for (i32 i = 0; i < 4; i++) {
        a[m][i] = pixels.high[m][k][i];
        low[m][i] = pixels.low[m][k][i];
      }
    multiplyTiles(sums, a, bLow);
    multiplyTiles(sums, low, b);
    multiplyTiles(sums, a, b);
#else
    loadWeights(b, matrix, group, 2 * k);
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
      for (i32 i = 0; i < 4; i++) a[m][i] = pixels.tile[m][k][i];
    multiplyTiles(sums, a, b);
#endif
  }
}

/// Adds a stage to the sums of a warp's pixels.
__device__ __forceinline__ void multiplyStage(Sums& sums, u32 stage, u32 firstRow) {
  PixelOperands pixels;
  pixels.load(stage, firstRow);
  const u32 matrix = stage + BLOCK_PIXELS * CONV_ROW_BYTES;
#pragma unroll
  for (i32 g = 0; g < GROUPS; g++) {
    float part[ROW_TILES][2][4];
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
      for (i32 i = 0; i < 8; i++) part[m][i / 4][i % 4] = CONV_PRECISION == CONV_F16 ? sums[m][2 * g + i / 4][i % 4] : 0;
    multiplyGroup(part, pixels, matrix, g);
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
      for (i32 i = 0; i < 8; i++) {
        float& sum = sums[m][2 * g + i / 4][i % 4];
        const float v = part[m][i / 4][i % 4];
#if CONV_PRECISION == CONV_F32
        sum = fmaf(v, pixels.inverse[m][i % 4 / 2], sum);
#else
        sum = CONV_PRECISION == CONV_F16 ? v : sum + v;
#endif
      }
  }
}

/// All steps of k.
__device__ __forceinline__ void multiplyAll(Sums& sums, StageLoader& loader, i32 steps, u32 ring, u32 firstRow) {
#pragma unroll
  for (i32 i = 0; i < ROW_TILES * GROUPS * 8; i++) sums[i / (GROUPS * 8)][i / 4 % (GROUPS * 2)][i % 4] = 0;
#pragma unroll
  for (i32 s = 0; s < CONV_STAGES - 1; s++) {
    if (s < steps) loader.load(ring + s * STAGE_BYTES);
    commitCopies();
  }
  u32 reading = 0, writing = CONV_STAGES - 1;
#pragma unroll 1
  for (i32 s = 0; s < steps; s++) {
    waitCopies<CONV_STAGES - 2>();
    __syncthreads();
    if (s + CONV_STAGES - 1 < steps) loader.load(ring + writing * STAGE_BYTES);
    commitCopies();
    multiplyStage(sums, ring + reading * STAGE_BYTES, firstRow);
    if (++reading == CONV_STAGES) reading = 0;
    if (++writing == CONV_STAGES) writing = 0;
  }
}
