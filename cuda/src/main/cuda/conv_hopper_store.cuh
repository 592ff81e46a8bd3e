// Conversion and stores of conv_hopper: each thread's adjacent channels at once, no way through shared memory.
#pragma once
#include "conv_hopper_geometry.cuh"

namespace conv {

static __device__ __forceinline__ u32 packHalves(float low, float high) {
  u32 packed;
  asm("cvt.rn.satfinite.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
}

static __device__ __forceinline__ u32 packE4m3(float low, float high) {
  u16 packed;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(packed) : "f"(high), "f"(low));
  return packed;
}

/// Numbers of each output position in shared memory.
struct Channels {
  const float* scale;
  const float* bias;
  const float* beta;
  const float* median;

  static __device__ __forceinline__ float2 pair(const float* values, i32 position) {
    return *(const float2*)(values + position);
  }
};

/// Where the two rows of a thread in a block of 64 pixels go.
struct Rows {
  u8* at[2];
  bool stored[2];
};

static __device__ __forceinline__ Rows rowsOf(const ConvHopper& p, const Item& item, const PixelTile& tile, i32 block, i32 thread) {
  constexpr i32 ZOOM = PHASES == 4 ? 2 : 1;
  constexpr i32 BYTES = CONV_STORE == STORE_E4M3 ? 1 : CONV_STORE == STORE_F16 ? 2 : 4;
  const i32 height = p.gridHeight * ZOOM, width = p.gridWidth * ZOOM;
  Rows rows;
#pragma unroll
  for (i32 h = 0; h < 2; h++) {
    const i32 eight = block * 8 + thread / 32 * 2 + h;  // which eight pixels of the tile
    const i32 image = tile.image + (eight & (1 << p.tileImagesLog2) - 1);
    const i32 y = tile.y + (eight >> p.tileImagesLog2);
    const i32 x = tile.x + thread % 32 / 4;
    rows.stored[h] = x < p.gridWidth && y < p.gridHeight && image < p.images;
    const i32 py = PHASES == 4 ? item.phase >> 1 : 0, px = PHASES == 4 ? item.phase & 1 : 0;
    const i64 pixel = (i64)(ZOOM * y + py) * width + ZOOM * x + px;
    if constexpr (PLANAR) {
      rows.at[h] = (u8*)p.output + ((i64)image * p.channels * height * width + pixel) * BYTES;
    } else {
      rows.at[h] = (u8*)p.output + (((i64)image * height * width + pixel) * (CONV_WIDTH * CONV_TILES) +
                                    item.channel * CONV_WIDTH) * BYTES;
    }
  }
  return rows;
}

/// Pairs of adjacent positions, as they are stored: f16, or e4m3 in the low half.
static __device__ __forceinline__ u32 packPair(float low, float high) {
  return CONV_STORE == STORE_E4M3 ? packE4m3(low, high) : packHalves(low, high);
}

/// A group of WIDTH positions: the thread's adjacent channels, as wide as they are. See channelAt. pairs[2q + h] are
/// the positions 8q + 2t and the next of row h.
template <int WIDTH>
static __device__ __forceinline__ void storeGroup(const u32* pairs, const Rows& rows, i32 start, i32 thread) {
  constexpr i32 BYTES = CONV_STORE == STORE_E4M3 ? 1 : 2;
  constexpr i32 WORDS = WIDTH / 16 * BYTES;
#pragma unroll
  for (i32 h = 0; h < 2; h++) {
    u32 words[WORDS];
#pragma unroll
    for (i32 i = 0; i < WORDS; i++) {
      words[i] = BYTES == 2 ? pairs[2 * i + h] : pairs[4 * i + h] | pairs[4 * i + 2 + h] << 16;
    }
    u8* to = rows.at[h] + (start + thread % 4 * (WIDTH / 4)) * BYTES;
    if (rows.stored[h]) {
      if constexpr (WORDS == 4) *(uint4*)to = make_uint4(words[0], words[1], words[2], words[3]);
      if constexpr (WORDS == 2) *(uint2*)to = make_uint2(words[0], words[1]);
      if constexpr (WORDS == 1) *(u32*)to = words[0];
    }
  }
}

/// WIDTH positions from `start`, a multiple of 64.
template <int WIDTH>
static __device__ __forceinline__ void storePairs(const u32* pairs, const Rows& rows, i32 start, i32 thread) {
  if constexpr (CONV_STORE == STORE_E4M3 && WIDTH == 64) {
    storeGroup<64>(pairs, rows, start, thread);
  } else if constexpr (WIDTH > 32) {
    storeGroup<32>(pairs, rows, start, thread);
    storeGroup<WIDTH - 32>(pairs + 8, rows, start + 32, thread);
  } else {
    storeGroup<WIDTH>(pairs, rows, start, thread);
  }
}

static __device__ __forceinline__ void storePlanar(const ConvHopper& p, const Rows& rows, const Channels& channels, i32 channel,
                                                   const float* values) {
  const i64 plane = (i64)p.gridHeight * p.gridWidth * (PHASES == 4 ? 4 : 1);
#pragma unroll
  for (i32 b = 0; b < 2; b++) {
    if (channel + b >= p.channels) continue;
    const float median = CONV_STORE == STORE_PLANAR_SYMBOLS ? channels.median[channel + b] : 0;
#pragma unroll
    for (i32 h = 0; h < 2; h++) {
      if (!rows.stored[h]) continue;
      float* to = (float*)rows.at[h] + plane * (channel + b);
      if constexpr (CONV_STORE == STORE_PLANAR_F32) {
        *to = values[2 * h + b];
      } else {
        const float latent = values[2 * h + b] - median;
        const bool codable = fabsf(latent) < 16777216.0f;
        if (!codable) atomicOr(p.errors, CONV_ERROR_LATENT);
        *(i32*)to = codable ? __float2int_rn(latent) : 0;
      }
    }
  }
}

}  // namespace conv
