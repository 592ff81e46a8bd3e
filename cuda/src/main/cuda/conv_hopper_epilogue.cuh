// From sums to stored values: scale and bias, then GDN or an activation.
#pragma once
#include "conv_hopper_gdn.cuh"

namespace conv {

static __device__ __forceinline__ float activate(float u, float factor) {
  if constexpr (CONV_ACTIVATION == ACTIVATION_RELU) u = fmaxf(u, 0.0f);
  if constexpr (CONV_ACTIVATION == ACTIVATION_LEAKY_RELU) u = fmaxf(u, 0.01f * u);
  return u * factor;
}

/// Positions from START on of one block of 64 pixels, 64 at a time.
template <int START>
static __device__ __forceinline__ void storeFrom(const ConvHopper& p, const Item& item, const float (&u)[CONV_WIDTH / 2], const Rows& rows,
                                                 const Channels& channels, i32 thread) {
  constexpr i32 WIDTH = CONV_WIDTH - START < 64 ? CONV_WIDTH - START : 64;
  float values[WIDTH / 2];
#pragma unroll
  for (i32 i = 0; i < WIDTH / 2; i++) values[i] = activate(u[START / 2 + i], p.factor);
  if constexpr (PLANAR) {
#pragma unroll
    for (i32 q = 0; q < WIDTH / 8; q++) {
      storePlanar(p, rows, channels, item.channel * CONV_WIDTH + START + 8 * q + thread % 4 * 2, values + 4 * q);
    }
  } else {
    u32 pairs[WIDTH / 4];
#pragma unroll
    for (i32 i = 0; i < WIDTH / 4; i++) pairs[i] = packPair(values[2 * i], values[2 * i + 1]);
    storePairs<WIDTH>(pairs, rows, START, thread);
  }
  if constexpr (START + 64 < CONV_WIDTH) storeFrom<START + 64>(p, item, u, rows, channels, thread);
}

/// All of an item's pixels of a consumer. Gamma that does not stay is taken from the ring of weights.
static __device__ __forceinline__ void finishItem(const ConvHopper& p, const Item& item, const PixelTile& tile,
                                                  const Channels& channels, float (&sums)[CONV_BLOCKS][CONV_WIDTH / 2],
                                                  i32 thread, const Gamma& gamma, Ring& weights) {
  u32 packed[CONV_BLOCKS][PAIRS];
#pragma unroll
  for (i32 block = 0; block < CONV_BLOCKS; block++) {
    float(&u)[CONV_WIDTH / 2] = sums[block];
#pragma unroll
    for (i32 q = 0; q < CONV_WIDTH / 8; q++) {
      const i32 position = item.channel * CONV_WIDTH + 8 * q + thread % 4 * 2;
      const float2 scale = Channels::pair(channels.scale, position), bias = Channels::pair(channels.bias, position);
#pragma unroll
      for (i32 h = 0; h < 2; h++) {
        const i32 i = 4 * q + 2 * h;
        u[i] = u[i] * scale.x + bias.x;
        u[i + 1] = u[i + 1] * scale.y + bias.y;
        if constexpr (NORMALIZING) packed[block][i / 2] = packHalves(u[i], u[i + 1]);
      }
    }
    if constexpr (!NORMALIZING) storeFrom<0>(p, item, u, rowsOf(p, item, tile, block, thread), channels, thread);
  }
  if constexpr (NORMALIZING) normalizeItem(p, item, tile, channels, packed, thread, gamma, weights);
}

}  // namespace conv
