// The matrix product with mma.sync: a warp multiplies its pixels with all output channels, so that GDN later
// finds every channel of a pixel in the registers of four lanes.
//
// Tensor cores cut their sums off in place of rounding them (and add e4m3 products in fewer bits still),
// which a long sum shows: f32 and e4m3 sum each stage by itself and add it in float32.
#pragma once
#include "conv_portable_operands.cuh"

/// Two channel tiles of weights, 16 x 32 bytes, as ldmatrix brings them: columns 2i and 2i + 1 belong to tile i.
__device__ __forceinline__ void loadWeights(u32 (&b)[4], u32 matrix, i32 group, i32 chunk) {
  const u32 lane = threadIdx.x % 32;
  loadMatrices(b, matrix + chunkOffset(16 * group + lane % 8 + lane / 16 * 8, chunk + lane / 8 % 2));
}

/// Products with 16 pixels.
__device__ __forceinline__ void multiplyTile(float (&sums)[2][4], const u32 (&a)[4], const u32 (&b)[4]) {
#pragma unroll
  for (i32 t = 0; t < 2; t++) {
#if CONV_PRECISION == CONV_E4M3
    multiplyE4m3(sums[t], a, b[2 * t], b[2 * t + 1]);
#else
    multiplyHalf(sums[t], a, b[2 * t], b[2 * t + 1]);
#endif
  }
}

/// One group of channels and one stage; f32: low times low is below what float32 holds.
__device__ __forceinline__ void multiplyGroup(float (&sums)[ROW_TILES][2][4], const PixelOperands (&pixels)[ROW_TILES], u32 matrix, i32 group) {
#pragma unroll
  for (i32 k = 0; k < K_TILES; k++) {
    u32 b[4];
#if CONV_PRECISION == CONV_F32
    u32 low[4];
    loadWeights(low, matrix, group, 2 * (K_TILES + k));
    loadWeights(b, matrix, group, 2 * k);
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++) multiplyTile(sums[m], pixels[m].high[k], low);
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++) multiplyTile(sums[m], pixels[m].low[k], b);
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++) multiplyTile(sums[m], pixels[m].high[k], b);
#else
    loadWeights(b, matrix, group, 2 * k);
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++) multiplyTile(sums[m], pixels[m].tile[k], b);
#endif
  }
}

/// Adds a stage to the sums of a warp's pixels.
__device__ __forceinline__ void multiplyStage(Sums& sums, u32 stage, u32 firstRow) {
  PixelOperands pixels[ROW_TILES];
#pragma unroll
  for (i32 m = 0; m < ROW_TILES; m++) pixels[m].load(stage, firstRow + TILE_DISTANCE * m);
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
        sum = fmaf(v, pixels[m].inverse[i % 4 / 2], sum);
#else
        sum = CONV_PRECISION == CONV_F16 ? v : sum + v;
#endif
      }
  }
}
