// The matrix product of split f32 with wgmma: four warps multiply 64 pixels, their halves in registers,
// with all output channels, whose rows of weights are an operand of wgmma as they stand in the stage.
// Three such groups to a block keep the tensor cores busy by turns. To split the next stage while the
// products of this one run takes so many registers that it was slower.
#pragma once
#include "conv_portable_operands.cuh"
#include "hopper.cuh"
#include "hopper_wgmma.cuh"

// Sums of a stage take registers beside those of all stages: channels go in so many portions.
constexpr i32 WIDTHS = ROW_TILES * CHANNELS <= 128 || CHANNELS % 32 != 0 ? 1 : ROW_TILES * CHANNELS <= 256 ? 2 : 4;
constexpr i32 WIDTH = CHANNELS / WIDTHS;

static_assert(CHANNELS % WIDTHS == 0 && WIDTH % 8 == 0 && WIDTH <= 256, "width of a product");

/// Makes this thread's finished copies visible to wgmma.
__device__ __forceinline__ void showCopies() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

/// Starts the products of 64 pixels and a portion of the channels.
__device__ __forceinline__ void startProducts(float (&part)[WIDTH / 2], const PixelOperands& pixels, u32 rows) {
#pragma unroll
  for (i32 i = 0; i < WIDTH / 2; i++) part[i] = 0;
  holdRegisters(part);
  wgmmaFence();
  const u64 weights = swizzledRows(rows, 8 * CONV_ROW_BYTES);
#pragma unroll
  for (i32 k = 0; k < K_TILES; k++) {
    u32 high[4], low[4];
#pragma unroll
    for (i32 i = 0; i < 4; i++) {
      high[i] = pixels.high[k][i];
      low[i] = pixels.low[k][i];
    }
    const u64 b = weights + 2 * k, bLow = weights + 2 * (K_TILES + k);
    Wgmma<WIDTH>::f16(part, high[0], high[1], high[2], high[3], bLow);
    Wgmma<WIDTH>::f16(part, low[0], low[1], low[2], low[3], b);
    Wgmma<WIDTH>::f16(part, high[0], high[1], high[2], high[3], b);
  }
  wgmmaCommit();
}

/// Adds a stage to the sums of a warp's pixels; the next tile's pixels are split while products run.
__device__ __forceinline__ void multiplyStage(Sums& sums, u32 stage, u32 firstRow) {
  const u32 matrix = stage + BLOCK_PIXELS * CONV_ROW_BYTES;
  PixelOperands pixels[ROW_TILES];
  pixels[0].load(stage, firstRow);
#pragma unroll
  for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
    for (i32 w = 0; w < WIDTHS; w++) {
      float part[WIDTH / 2];
      startProducts(part, pixels[m], matrix + w * WIDTH * CONV_ROW_BYTES);
      if (w == 0 && m + 1 < ROW_TILES) pixels[m + 1].load(stage, firstRow + TILE_DISTANCE * (m + 1));
      wgmmaWait<0>();
      holdRegisters(part);
#pragma unroll
      for (i32 i = 0; i < WIDTH / 2; i++) {
        float& sum = sums[m][w * (WIDTH / 8) + i / 4][i % 4];
        sum = fmaf(part[i], pixels[m].inverse[i % 4 / 2], sum);
      }
    }
}
