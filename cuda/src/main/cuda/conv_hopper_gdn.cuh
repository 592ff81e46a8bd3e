// GDN in the registers of a warpgroup: y = u / sqrt(beta + gamma u^2), or times the root.
//
// The accumulators of a block of 64 pixels, packed to f16, squared, are the register operand of another wgmma,
// whose other operand is gamma. No pixel leaves its warpgroup. A unit is a block of pixels and up to 64
// positions; while one unit is divided and stored, the next one's norms are being summed.
#pragma once
#include "conv_hopper_mainloop.cuh"
#include "conv_hopper_store.cuh"

namespace conv {

constexpr i32 UNITS = CONV_BLOCKS * GAMMA_BLOCKS;
constexpr bool PIPELINED = CONV_GROUPS < 4;  // with four consumers there are too few registers for two units
constexpr i32 PAIRS = CONV_WIDTH / 4;  // of a thread in a block

static_assert(!NORMALIZING || RESIDENT || CONV_BLOCKS == 1, "gamma that does not stay is used once");

template <int UNIT>
struct Unit {
  static constexpr i32 BLOCK = UNIT / GAMMA_BLOCKS;
  static constexpr i32 START = UNIT % GAMMA_BLOCKS * 64;
  static constexpr i32 WIDTH = CONV_WIDTH - START < 64 ? CONV_WIDTH - START : 64;
};

static __device__ __forceinline__ u32 multiplyHalves(u32 a, u32 b) {
  u32 product;
  asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(product) : "r"(a), "r"(b));
  return product;
}

/// Squares that stay finite.
static __device__ __forceinline__ u32 squareHalves(u32 a) {
  u32 square;
  asm("min.f16x2 %0, %1, %2;" : "=r"(square) : "r"(multiplyHalves(a, a)), "r"(0x7bff7bffu));
  return square;
}

static __device__ __forceinline__ float rootFactor(float norm) {
  float y;
  if constexpr (CONV_ACTIVATION == ACTIVATION_GDN) {
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(norm));
  } else {
    asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(norm));
  }
  return y;
}

static __device__ __forceinline__ u32 halvesToStored(u32 halves) {
  if constexpr (CONV_STORE != STORE_E4M3) return halves;
  u16 packed;
  asm("cvt.rn.satfinite.e4m3x2.f16x2 %0, %1;" : "=h"(packed) : "r"(halves));
  return packed;
}

struct Normalizer {
  const ConvHopper& p;
  const Channels& channels;
  const Item& item;
  const PixelTile& tile;
  const Gamma& gamma;
  Ring& gammas;  // stages of gamma that does not stay
  i32 thread;
  u32 (&values)[CONV_BLOCKS][PAIRS];
  u32 (&squares)[CONV_BLOCKS][PAIRS];

  template <int UNIT>
  __device__ __forceinline__ void begin(float (&norms)[Unit<UNIT>::WIDTH / 2]) {
    using U = Unit<UNIT>;
    if constexpr (U::START == 0) {
#pragma unroll
      for (i32 i = 0; i < PAIRS; i++) squares[U::BLOCK][i] = squareHalves(values[U::BLOCK][i]);
    }
    u32 from = gamma.address + U::START * ROW * GAMMA_BLOCKS;
    if constexpr (!RESIDENT) {
      gammas.waitFull();
      from = gammas.address();
    }
    const u32* s = squares[U::BLOCK];
    wgmmaFence();
#pragma unroll
    for (i32 k = 0; k < CONV_WIDTH / 16; k++) {
      const u64 b = swizzledRows(from + k / 4 * (U::WIDTH * ROW), 8 * ROW) + k % 4 * 2;
      if (k == 0) {
        Wgmma<U::WIDTH>::template f16<false>(norms, s[0], s[1], s[2], s[3], b);
      } else {
        Wgmma<U::WIDTH>::template f16<true>(norms, s[4 * k], s[4 * k + 1], s[4 * k + 2], s[4 * k + 3], b);
      }
    }
    wgmmaCommit();
  }

  template <int UNIT>
  __device__ __forceinline__ void end(float (&norms)[Unit<UNIT>::WIDTH / 2]) {
    using U = Unit<UNIT>;
    holdRegisters(norms);
    u32 pairs[U::WIDTH / 4];
#pragma unroll
    for (i32 q = 0; q < U::WIDTH / 8; q++) {
      const float2 beta = Channels::pair(channels.beta, U::START + 8 * q + thread % 4 * 2);
#pragma unroll
      for (i32 h = 0; h < 2; h++) {
        const i32 i = 2 * q + h;
        const float low = rootFactor(norms[2 * i] + beta.x) * p.factor, high = rootFactor(norms[2 * i + 1] + beta.y) * p.factor;
        pairs[i] = halvesToStored(multiplyHalves(values[U::BLOCK][U::START / 4 + i], packHalves(low, high)));
      }
    }
    storePairs<U::WIDTH>(pairs, rowsOf(p, item, tile, U::BLOCK, thread), U::START, thread);
  }

  template <int UNIT>
  __device__ __forceinline__ void run(float (&norms)[Unit<UNIT>::WIDTH / 2]) {
    if constexpr (UNIT + 1 < UNITS && PIPELINED) {
      Ring used = gammas;
      if constexpr (!RESIDENT) gammas.next();
      float next[Unit<UNIT + 1>::WIDTH / 2];
      begin<UNIT + 1>(next);
      wgmmaWait<1>();
      if constexpr (!RESIDENT) {
        if (thread % 32 == 0) barrierArrive(used.empty());
      }
      end<UNIT>(norms);
      run<UNIT + 1>(next);
    } else {
      wgmmaWait<0>();
      if constexpr (!RESIDENT) {
        if (thread % 32 == 0) barrierArrive(gammas.empty());
        gammas.next();
      }
      end<UNIT>(norms);
      if constexpr (UNIT + 1 < UNITS) {
        float next[Unit<UNIT + 1>::WIDTH / 2];
        begin<UNIT + 1>(next);
        run<UNIT + 1>(next);
      }
    }
  }
};

/// Normalizes and stores an item's values, pairs of f16.
static __device__ __forceinline__ void normalizeItem(const ConvHopper& p, const Item& item, const PixelTile& tile, const Channels& channels,
                                                     u32 (&values)[CONV_BLOCKS][PAIRS], i32 thread, const Gamma& gamma, Ring& weights) {
  if constexpr (RESIDENT) barrierWait(gamma.barrier, 0);
  u32 squares[CONV_BLOCKS][PAIRS];
  Normalizer normalizer{p, channels, item, tile, gamma, weights, thread, values, squares};
  float norms[Unit<0>::WIDTH / 2];
  normalizer.begin<0>(norms);
  normalizer.run<0>(norms);
}

}  // namespace conv
