// From sums to stored values: bias, activation or (inverse) GDN, conversion.
//
// GDN: the squares of the accumulators, packed to f16, are the register operand of another wgmma, whose
// other operand is gamma. No pixel leaves its warpgroup's registers.
#pragma once
#include "conv_hopper_mainloop.cuh"

namespace conv {

static __device__ __forceinline__ u32 packHalves(float low, float high) {
  u32 packed;
  asm("cvt.rn.satfinite.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
}

static __device__ __forceinline__ u32 packE4m3(float a, float b, float c, float d) {
  u16 low, high;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
  return (u32)low | (u32)high << 16;
}

static __device__ __forceinline__ float inverseRoot(float x) {
  float y;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

static __device__ __forceinline__ float root(float x) {
  float y;
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
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

/// A group of WIDTH positions: the thread's adjacent channels, as wide as they are. See channelAt.
template <int WIDTH>
static __device__ __forceinline__ void storeGroup(const float* values, const Rows& rows, i32 start, i32 thread) {
#pragma unroll
  for (i32 h = 0; h < 2; h++) {
    if constexpr (CONV_STORE == STORE_E4M3) {
      u32 words[WIDTH / 16];
#pragma unroll
      for (i32 i = 0; i < WIDTH / 16; i++) {
        const float* v = values + 8 * i + 2 * h;
        words[i] = packE4m3(v[0], v[1], v[4], v[5]);
      }
      u8* to = rows.at[h] + start + thread % 4 * (WIDTH / 4);
      if (rows.stored[h]) {
        if constexpr (WIDTH == 64) *(uint4*)to = make_uint4(words[0], words[1], words[2], words[3]);
        if constexpr (WIDTH == 32) *(uint2*)to = make_uint2(words[0], words[1]);
        if constexpr (WIDTH == 16) *(u32*)to = words[0];
      }
    } else {
      u32 words[WIDTH / 8];
#pragma unroll
      for (i32 i = 0; i < WIDTH / 8; i++) words[i] = packHalves(values[4 * i + 2 * h], values[4 * i + 2 * h + 1]);
      u8* to = rows.at[h] + (start + thread % 4 * (WIDTH / 4)) * 2;
      if (rows.stored[h]) {
        if constexpr (WIDTH == 32) *(uint4*)to = make_uint4(words[0], words[1], words[2], words[3]);
        if constexpr (WIDTH == 16) *(uint2*)to = make_uint2(words[0], words[1]);
      }
    }
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

/// WIDTH positions from `start`, a multiple of 64.
template <int WIDTH>
static __device__ __forceinline__ void storeBlock(const ConvHopper& p, const Item& item, const float* values, const Rows& rows,
                                                  const Channels& channels, i32 start, i32 thread) {
  if constexpr (PLANAR) {
#pragma unroll
    for (i32 q = 0; q < WIDTH / 8; q++) {
      storePlanar(p, rows, channels, item.channel * CONV_WIDTH + start + 8 * q + thread % 4 * 2, values + 4 * q);
    }
  } else if constexpr (CONV_STORE == STORE_E4M3 && WIDTH == 64) {
    storeGroup<64>(values, rows, start, thread);
  } else if constexpr (WIDTH > 32) {
    storeGroup<32>(values, rows, start, thread);
    storeGroup<WIDTH - 32>(values + 16, rows, start + 32, thread);
  } else {
    storeGroup<WIDTH>(values, rows, start, thread);
  }
}

static __device__ __forceinline__ float activate(float u, float factor) {
  if constexpr (CONV_ACTIVATION == ACTIVATION_RELU) u = u < 0.0f ? 0.0f : u;  // a comparison, not a maximum: NaN stays
  if constexpr (CONV_ACTIVATION == ACTIVATION_LEAKY_RELU) u = fmaxf(u, 0.01f * u);
  return u * factor;
}

/// Norms of WIDTH positions from `start`: squares times gamma, in shared memory at `gamma`, on top of beta.
template <int WIDTH>
static __device__ __forceinline__ void normalize(const u32 (&squares)[CONV_WIDTH / 4], u32 gamma, const Channels& channels,
                                                 i32 start, i32 thread, float (&norms)[WIDTH / 2]) {
#pragma unroll
  for (i32 q = 0; q < WIDTH / 8; q++) {
    const float2 beta = Channels::pair(channels.beta, start + 8 * q + thread % 4 * 2);
    norms[4 * q] = norms[4 * q + 2] = beta.x;
    norms[4 * q + 1] = norms[4 * q + 3] = beta.y;
  }
  holdRegisters(norms);
  wgmmaFence();
#pragma unroll
  for (i32 k = 0; k < CONV_WIDTH / 16; k++) {
    Wgmma<WIDTH>::f16(norms, squares[4 * k], squares[4 * k + 1], squares[4 * k + 2], squares[4 * k + 3],
                      swizzledRows(gamma + k / 4 * (WIDTH * ROW), 8 * ROW) + k % 4 * 2);
  }
  wgmmaCommit();
  wgmmaWait<0>();
  holdRegisters(norms);
}

/// Positions from START on of one block of 64 pixels, in blocks of 64.
template <int START>
static __device__ __forceinline__ void finishFrom(const ConvHopper& p, const Item& item, const float (&u)[CONV_WIDTH / 2],
                                                  const u32 (&squares)[CONV_WIDTH / 4], const Rows& rows,
                                                  const Channels& channels, i32 block, i32 thread, Ring& gammas) {
  constexpr i32 WIDTH = CONV_WIDTH - START < 64 ? CONV_WIDTH - START : 64;
  float values[WIDTH / 2];
  if constexpr (NORMALIZING) {
    if (block == 0) gammas.waitFull();
    normalize<WIDTH>(squares, gammas.address(), channels, START, thread, values);
    if (block == CONV_BLOCKS - 1 && thread % 32 == 0) barrierArrive(gammas.empty());
    gammas.next();
#pragma unroll
    for (i32 i = 0; i < WIDTH / 2; i++) {
      const float norm = CONV_ACTIVATION == ACTIVATION_GDN ? inverseRoot(values[i]) : root(values[i]);
      values[i] = u[START / 2 + i] * (norm * p.factor);
    }
  } else {
#pragma unroll
    for (i32 i = 0; i < WIDTH / 2; i++) values[i] = activate(u[START / 2 + i], p.factor);
  }
  storeBlock<WIDTH>(p, item, values, rows, channels, START, thread);
  if constexpr (START + 64 < CONV_WIDTH) {
    finishFrom<START + 64>(p, item, u, squares, rows, channels, block, thread, gammas);
  }
}

/// All of an item's pixels of a consumer. Gamma is taken from the ring of weights.
static __device__ __forceinline__ void finishItem(const ConvHopper& p, const Item& item, const PixelTile& tile,
                                                  const Channels& channels, float (&sums)[CONV_BLOCKS][CONV_WIDTH / 2],
                                                  i32 thread, Ring& weights) {
  const i32 first = item.channel * CONV_WIDTH;
  Ring gammas = weights;
#pragma unroll
  for (i32 block = 0; block < CONV_BLOCKS; block++) {
    float(&u)[CONV_WIDTH / 2] = sums[block];
    u32 squares[CONV_WIDTH / 4];
#pragma unroll
    for (i32 q = 0; q < CONV_WIDTH / 8; q++) {
      const i32 position = first + 8 * q + thread % 4 * 2;
      const float2 scale = Channels::pair(channels.scale, position), bias = Channels::pair(channels.bias, position);
#pragma unroll
      for (i32 h = 0; h < 2; h++) {
        const i32 i = 4 * q + 2 * h;
        u[i] = u[i] * scale.x + bias.x;
        u[i + 1] = u[i + 1] * scale.y + bias.y;
        if constexpr (NORMALIZING) squares[i / 2] = packHalves(u[i] * u[i], u[i + 1] * u[i + 1]);
      }
    }
    const Rows rows = rowsOf(p, item, tile, block, thread);
    gammas = weights;
    finishFrom<0>(p, item, u, squares, rows, channels, block, thread, gammas);
  }
  weights = gammas;
}

}  // namespace conv
