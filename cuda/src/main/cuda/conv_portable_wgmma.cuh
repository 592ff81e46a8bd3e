// The matrix product of split f32 with wgmma: four warps multiply 64 pixels, their halves in registers,
// with all output channels, whose rows of weights are an operand of wgmma as they stand in the stage.
//
// While the products of 64 pixels run, the next 64 are split; a block's warps therefore find each stage in
// place one stage before it is multiplied.
#pragma once
#include "conv_portable_operands.cuh"
#include "hopper.cuh"
#include "hopper_wgmma.cuh"

#ifndef CONV_WIDTH
#define CONV_WIDTH (CHANNELS % 128 == 0 && ROW_TILES * CHANNELS <= 128 ? 128 : CHANNELS % 64 == 0 ? 64 : CHANNELS % 48 == 0 ? 48 : CHANNELS % 32 == 0 ? 32 : 16)
#endif

// Sums of a stage take registers beside those of all stages: channels go in portions.
constexpr i32 WIDTH = CONV_WIDTH;
constexpr i32 WIDTHS = CHANNELS / WIDTH;

static_assert(CONV_STAGES >= 3, "stages: one in use, one that is split, one that is written");

typedef float Part[WIDTH / 2];

/// Starts the products of 64 pixels and a portion of the channels.
__device__ __forceinline__ void startProducts(Part& part, const PixelOperands& pixels, u32 rows) {
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

/// Adds a portion's products to the sums.
__device__ __forceinline__ void addPart(float (&sums)[2 * GROUPS][4], Part& part, const PixelOperands& pixels, i32 portion) {
  holdRegisters(part);
#pragma unroll
  for (i32 i = 0; i < WIDTH / 2; i++) {
    float& sum = sums[portion * (WIDTH / 8) + i / 4][i % 4];
    sum = fmaf(part[i], pixels.inverse[i % 4 / 2], sum);
  }
}

/// Makes this thread's finished copies visible to wgmma.
__device__ __forceinline__ void showCopies() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

/// Waits until the copies of the next stage have come, those of all threads.
__device__ __forceinline__ void awaitStage() {
  waitCopies<CONV_STAGES - 3>();
  showCopies();
  __syncthreads();
}

/// Where in the ring the block reads and writes.
struct RingPlace {
  u32 ring, reading, writing;

  __device__ __forceinline__ u32 readingStage() const { return ring + reading * STAGE_BYTES; }

  __device__ __forceinline__ void advance() {
    if (++reading == CONV_STAGES) reading = 0;
    if (++writing == CONV_STAGES) writing = 0;
  }
};

/// The products of 64 pixels of a stage, `now`; meanwhile `next` is split, and where it is of the next stage,
/// another one is asked for.
__device__ __forceinline__ void multiplyPixels(float (&sums)[2 * GROUPS][4], const PixelOperands& now, PixelOperands& next,
                                               StageLoader& loader, RingPlace& place, i32 tile, bool more, u32 firstRow) {
  const u32 weights = place.readingStage() + BLOCK_PIXELS * CONV_ROW_BYTES;
  Part part;
  startProducts(part, now, weights);
  if (tile + 1 < ROW_TILES) {
    next.load(place.readingStage(), firstRow + TILE_DISTANCE * (tile + 1));
  } else {
    awaitStage();
    if (more) loader.load(place.ring + place.writing * STAGE_BYTES);
    commitCopies();
    place.advance();
    next.load(place.readingStage(), firstRow);
  }
#pragma unroll
  for (i32 w = 0; w < WIDTHS; w++) {
    wgmmaWait<0>();
    addPart(sums, part, now, w);
    if (w + 1 < WIDTHS) startProducts(part, now, weights + (w + 1) * WIDTH * CONV_ROW_BYTES);
  }
}

/// All steps of k.
__device__ __forceinline__ void multiplyAll(Sums& sums, StageLoader& loader, i32 steps, u32 ring, u32 firstRow) {
  clear(sums);
  fillRing(loader, steps, ring);
  waitCopies<CONV_STAGES - 2>();
  showCopies();
  __syncthreads();
  PixelOperands even, odd;
  even.load(ring, firstRow);
  RingPlace place = {ring, 0, CONV_STAGES - 1};
#pragma unroll 1
  for (i32 s = 0; s < steps; s += 3 - ROW_TILES) {
    // two turns without moving operands: registers of a wgmma must not be written while it runs
    multiplyPixels(sums[0], even, odd, loader, place, 0, s + CONV_STAGES - 1 < steps, firstRow);
    if (ROW_TILES == 1 && s + 1 == steps) break;
    multiplyPixels(sums[ROW_TILES - 1], odd, even, loader, place, ROW_TILES - 1, s + CONV_STAGES + 1 - ROW_TILES < steps, firstRow);
  }
}
