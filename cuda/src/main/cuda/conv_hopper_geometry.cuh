// How a launch is cut into items, tiles and stages: what all warps of conv_hopper agree on.
#pragma once
#include "conv_hopper_parameters.cuh"

#ifndef CONV_KIND
#define CONV_KIND CONV_STRIDE2
#endif
#ifndef CONV_E4M3
#define CONV_E4M3 0
#endif
#ifndef CONV_INPUT
#define CONV_INPUT 128
#endif
#ifndef CONV_WIDTH
#define CONV_WIDTH 128
#endif
#ifndef CONV_TILES
#define CONV_TILES 1
#endif
#ifndef CONV_BLOCKS
#define CONV_BLOCKS (CONV_WIDTH <= 128 ? 2 : 1)
#endif
#ifndef CONV_GROUPS
#define CONV_GROUPS 2
#endif
#ifndef CONV_ACTIVATION
#define CONV_ACTIVATION ACTIVATION_GDN
#endif
#ifndef CONV_STORE
#define CONV_STORE CONV_E4M3
#endif

namespace conv {

constexpr bool NORMALIZING = CONV_ACTIVATION == ACTIVATION_GDN || CONV_ACTIVATION == ACTIVATION_INVERSE_GDN;
constexpr bool PLANAR = CONV_STORE == STORE_PLANAR_F32 || CONV_STORE == STORE_PLANAR_SYMBOLS;
constexpr i32 PHASES = CONV_KIND == CONV_TRANSPOSED ? 4 : 1;  // interleaved quarters of the output
constexpr i32 PLANES = CONV_KIND == CONV_STRIDE2 ? 4 : 1;     // interleaved quarters of the input
constexpr i32 TAPS = CONV_KIND == CONV_SAME ? 9 : 25;

constexpr i32 ROW = 128;                                     // bytes of a swizzled row of operands
constexpr i32 CHUNK = CONV_E4M3 ? 128 : 64;                  // input channels of a row
constexpr i32 CHUNKS = (CONV_INPUT + CHUNK - 1) / CHUNK;
constexpr i32 LAST_STEPS = ((CONV_INPUT - (CHUNKS - 1) * CHUNK) * 4 + CHUNK - 1) / CHUNK;  // of 32 bytes
constexpr i32 PATCH_WIDTH = 10;                              // 8 pixels and one more on each side
constexpr i32 WEIGHT_BYTES = CONV_WIDTH * ROW;
constexpr i32 GAMMA_BLOCKS = (CONV_WIDTH + 63) / 64;
constexpr i32 STAGE_BYTES = NORMALIZING ? GAMMA_BLOCKS * 64 * ROW : WEIGHT_BYTES;

constexpr i32 CONSUMER_THREADS = 128;
constexpr i32 WARPS = CONSUMER_THREADS / 32;
constexpr bool SHARES_REGISTERS = CONV_GROUPS > 1;  // a single consumer has as many as a thread can have anyway
constexpr i32 PRODUCER_REGISTERS = CONV_GROUPS <= 2 ? 40 : 32;
constexpr i32 CONSUMER_REGISTERS = CONV_GROUPS <= 2 ? 232 : 160;
constexpr i32 THREADS = (CONV_GROUPS + 1) * CONSUMER_THREADS;

static_assert(CONV_INPUT % 16 == 0 && CONV_WIDTH % 16 == 0 && CONV_WIDTH <= 320, "channels are padded to 16");
static_assert(!NORMALIZING || CONV_TILES == 1, "GDN needs all channels of a pixel in one tile");

/// A share of the work: CONV_GROUPS tiles of pixels that use the same weights.
struct Item {
  i32 group;    // of pixel tiles
  i32 phase;    // of the output: 2 * py + px
  i32 channel;  // output tile
};

/// The block's items, one after another. A block does all phases and channels of a group in a row, while its input is
/// in the cache; the last groups, too few for all blocks, are dealt out in single items, the long phases first.
struct Items {
  static constexpr i32 PARTS = PHASES * CONV_TILES;

  Item item;
  i32 rounds, rest;  // whole rounds of groups, and groups after them
  i32 round = 0, part = -1, restAt = (i32)blockIdx.x;

  __device__ __forceinline__ explicit Items(i32 groups) : rounds(groups / (i32)gridDim.x), rest(groups % (i32)gridDim.x) {}

  /// Goes to the next item; false: there is none.
  __device__ __forceinline__ bool next() {
    if (round < rounds && ++part == PARTS) {
      part = 0;
      round++;
    }
    if (round < rounds) {
      set((i32)blockIdx.x + round * (i32)gridDim.x, part);
      return true;
    }
    if (restAt >= rest * PARTS) return false;
    set(rounds * (i32)gridDim.x + restAt % rest, restAt / rest);
    restAt += (i32)gridDim.x;
    return true;
  }

 private:
  __device__ __forceinline__ void set(i32 group, i32 part) { item = {group, part / CONV_TILES, part % CONV_TILES}; }
};

static __device__ __forceinline__ i32 firstStage(const Item& item) {
  const i32 before = item.phase == 0 ? 0 : item.phase == 1 ? 9 : item.phase == 2 ? 15 : 21;
  return (item.channel * TAPS + (PHASES == 4 ? before : 0)) * CHUNKS;
}

static __device__ __forceinline__ i32 stagesOf(const Item& item) {
  return (PHASES == 4 ? (3 - (item.phase >> 1)) * (3 - (item.phase & 1)) : TAPS) * CHUNKS;
}

/// Where a consumer's pixels are: corner and first image.
struct PixelTile {
  i32 x, y, image;
};

struct Tiling {
  i32 across, down, groups;  // tiles of an image, groups of all pixel tiles

  __device__ __forceinline__ explicit Tiling(const ConvHopper& p) {
    across = (p.gridWidth + 7) / 8;
    down = (p.gridHeight + (1 << p.tileRowsLog2) - 1) >> p.tileRowsLog2;
    const i32 deep = (p.images + (1 << p.tileImagesLog2) - 1) >> p.tileImagesLog2;
    groups = (across * down * deep + CONV_GROUPS - 1) / CONV_GROUPS;
  }

  /// The tile of a group's consumer. Beyond the last tile: images that do not exist, read as zeros, never stored.
  __device__ __forceinline__ PixelTile at(const ConvHopper& p, const Item& item, i32 consumer) const {
    i32 tile = item.group * CONV_GROUPS + consumer;
    i32 x = tile % across;
    tile /= across;
    return {x * 8, tile % down << p.tileRowsLog2, tile / down << p.tileImagesLog2};
  }
};

/// A ring of stages: pairs of barriers (full, empty) for each.
struct Ring {
  u32 data, barriers;
  i32 bytes, stages;
  i32 at = 0;
  u32 parity = 0;

  __device__ __forceinline__ Ring(u32 data, u32 barriers, i32 bytes, i32 stages)
      : data(data), barriers(barriers), bytes(bytes), stages(stages) {}

  /// The same place in the ring of another consumer; rings follow one another.
  __device__ __forceinline__ Ring of(i32 consumer) const {
    Ring other = *this;
    other.data += consumer * bytes * stages;
    other.barriers += consumer * 16 * stages;
    return other;
  }

  __device__ __forceinline__ u32 address() const { return data + at * bytes; }
  __device__ __forceinline__ u32 full() const { return barriers + at * 16; }
  __device__ __forceinline__ u32 empty() const { return barriers + at * 16 + 8; }
  __device__ __forceinline__ void next() {
    if (++at == stages) {
      at = 0;
      parity ^= 1;
    }
  }
  __device__ __forceinline__ void waitFull() const { barrierWait(full(), parity); }
  __device__ __forceinline__ void waitEmpty() const { barrierWait(empty(), parity ^ 1); }
};

}  // namespace conv
