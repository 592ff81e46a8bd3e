// The pipeline of conv_hopper: one warp copies weights, one warp for each consumer copies its pixels, and
// the consumers multiply.
//
// An input patch of one plane and one chunk of channels serves all taps that read this plane: a tap is the
// same patch, begun some rows later. With a stride of 2 the four planes (even and odd rows and columns)
// have 9, 6, 6 and 4 taps, so shared memory is filled with a fifth of the pixels that 25 separate loads would bring.
#pragma once
#include "conv_hopper_geometry.cuh"
#include "hopper_wgmma.cuh"

namespace conv {

/// One stage of weights, or of gamma.
static __device__ __forceinline__ void produceStage(Ring& ring, const u8* from, u32 bytes) {
  ring.waitEmpty();
  barrierExpect(ring.full(), bytes);
  copyBytes(ring.address(), from, bytes, ring.full());
  ring.next();
}

/// Weights of all the block's items in the order of their use, and gamma after the weights of each item.
static __device__ __forceinline__ void produceWeights(const ConvHopper& p, const Tiling& tiling, Ring ring) {
  Items items(tiling.groups);
  while (items.next()) {
    const u8* from = (const u8*)p.weights + (i64)firstStage(items.item) * WEIGHT_BYTES;
    const i32 stages = stagesOf(items.item);
    for (i32 s = 0; s < stages; s++, from += WEIGHT_BYTES) produceStage(ring, from, WEIGHT_BYTES);
    if constexpr (NORMALIZING) {
      from = (const u8*)p.gamma;
      for (i32 block = 0; block < GAMMA_BLOCKS; block++) {
        const i32 rows = CONV_WIDTH - block * 64 < 64 ? CONV_WIDTH - block * 64 : 64;
        const u32 bytes = rows * ROW * GAMMA_BLOCKS;
        produceStage(ring, from, bytes);
        from += bytes;
      }
    }
  }
}

/// Patches of one consumer.
static __device__ __forceinline__ void producePatches(const ConvHopper& p, const Tiling& tiling, Ring ring, i32 consumer) {
  const i32 rowBytes = ROW * PATCH_WIDTH << p.tileImagesLog2;
  Items items(tiling.groups);
  while (items.next()) {
    const PixelTile tile = tiling.at(p, items.item, consumer);
    for (i32 chunk = 0; chunk < CHUNKS; chunk++) {
      for (i32 plane = 0; plane < PLANES; plane++) {
        const i32 rows = (1 << p.tileRowsLog2) + 2 - (plane >> 1);
        ring.waitEmpty();
        barrierExpect(ring.full(), rows * rowBytes);
        copyBox(ring.address(), &p.input[plane], ring.full(), chunk * CHUNK, tile.x - 1, tile.image, tile.y - 1);
        ring.next();
      }
    }
  }
}

constexpr i32 SPLITS = CONV_WIDTH > 256 ? 2 : 1;  // wgmma takes at most 256 columns
constexpr i32 COLUMNS = CONV_WIDTH / SPLITS;

/// One tap of one chunk: STEPS times 32 bytes along the channels.
template <int STEPS>
static __device__ __forceinline__ void multiply(float (&sums)[CONV_BLOCKS][CONV_WIDTH / 2], u64 pixels, u64 weights) {
  wgmmaFence();
#pragma unroll
  for (i32 k = 0; k < STEPS; k++) {
#pragma unroll
    for (i32 m = 0; m < CONV_BLOCKS; m++) {
#pragma unroll
      for (i32 s = 0; s < SPLITS; s++) {
        const u64 a = pixels + m * (8 * PATCH_WIDTH * ROW / 16) + 2 * k;
        const u64 b = weights + s * (COLUMNS * ROW / 16) + 2 * k;
        float* d = sums[m] + s * (COLUMNS / 2);
        if constexpr (CONV_E4M3) {
          Wgmma<COLUMNS>::e4m3(d, a, b);
        } else {
          Wgmma<COLUMNS>::f16(d, a, b);
        }
      }
    }
  }
  wgmmaCommit();
}

/// What a consumer keeps between items.
struct Consumer {
  Ring weights, patches;
  u32 release;       // barrier of the weights that the newest multiplication reads; 0: none
  u32 releasePatch;  // of the patch before this one
  bool speaks;       // one thread of each warp
};

/// All taps of one plane and chunk. One multiplication stays in flight; what the one before it read is
/// given back.
template <int STEPS>
static __device__ __forceinline__ void multiplyPatch(const ConvHopper& p, const Item& item, i32 plane, Consumer& c,
                                                     float (&sums)[CONV_BLOCKS][CONV_WIDTH / 2]) {
  const i32 oddY = PHASES == 4 ? item.phase >> 1 : plane >> 1;
  const i32 oddX = PHASES == 4 ? item.phase & 1 : plane & 1;
  const i32 beginY = PHASES == 4 ? oddY : 0, beginX = PHASES == 4 ? oddX : 0;
  const i32 countY = 3 - oddY, countX = 3 - oddX;
  const u32 down = PATCH_WIDTH * ROW / 16 << p.tileImagesLog2;  // of a descriptor, to the next row of pixels
  c.patches.waitFull();
  u64 row = swizzledRows(c.patches.address(), PATCH_WIDTH * ROW) + beginY * down + beginX * (ROW / 16);
  const u32 patchDone = c.patches.empty();
  for (i32 y = 0; y < countY; y++, row += down) {
    for (i32 x = 0; x < countX; x++) {
      c.weights.waitFull();
      multiply<STEPS>(sums, row + x * (ROW / 16), swizzledRows(c.weights.address(), 8 * ROW));
      wgmmaWait<1>();
      if (c.speaks && c.release != 0) {
        barrierArrive(c.release);
        if ((x | y) == 0) barrierArrive(c.releasePatch);
      }
      c.release = c.weights.empty();
      c.weights.next();
    }
  }
  c.releasePatch = patchDone;
  c.patches.next();
}

/// The sums of an item.
static __device__ __forceinline__ void multiplyItem(const ConvHopper& p, const Item& item, Consumer& c,
                                                    float (&sums)[CONV_BLOCKS][CONV_WIDTH / 2]) {
#pragma unroll
  for (i32 m = 0; m < CONV_BLOCKS; m++) {
#pragma unroll
    for (i32 i = 0; i < CONV_WIDTH / 2; i++) sums[m][i] = 0;
    holdRegisters(sums[m]);
  }
  c.release = 0;
  for (i32 chunk = 0; chunk < CHUNKS - (LAST_STEPS < 4); chunk++) {
    for (i32 plane = 0; plane < PLANES; plane++) multiplyPatch<4>(p, item, plane, c, sums);
  }
  if constexpr (LAST_STEPS < 4) {
    for (i32 plane = 0; plane < PLANES; plane++) multiplyPatch<LAST_STEPS>(p, item, plane, c, sums);
  }
  wgmmaWait<0>();
#pragma unroll
  for (i32 m = 0; m < CONV_BLOCKS; m++) holdRegisters(sums[m]);
  if (c.speaks) {
    barrierArrive(c.release);
    barrierArrive(c.releasePatch);
  }
}

}  // namespace conv
