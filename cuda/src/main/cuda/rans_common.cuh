// What the rANS kernels share: how a batch is cut into streams, how symbols are read and written,
// and what the tables look like in device memory. One warp codes one stream (or a few).
#pragma once
#include "common.cuh"

#define RANS_ALL 0xffffffffu

/// Types of symbols in memory. Floats are latents: symbol = rint(latent - median of the channel).
enum RansType { RANS_I32 = 0, RANS_I16 = 1, RANS_F32 = 2, RANS_F16 = 3 };

/// Bits of the second error word; the first one is ~(number of the first bad stream), 0 if none.
enum RansError { RANS_CORRUPT = 1, RANS_LATENT = 2, RANS_NARROW = 4, RANS_SPACE = 8 };

/// A batch of latents, tiles x channels x height x width, cut into streams of `streamChannels`
/// channels (of the stored order) by `streamRows` rows: `groups` times `bands` parts of a tile.
struct RansLayout {
  u32 tiles, channels, height, width, streamChannels, streamRows, groups, bands;
};

/// Table t: its interval i is encoder entry first + i and border c[first + t + i].
struct RansTable {
  i32 first, offset, escape, surprise;
};

/// The two profiles of FORMAT.md: 32-bit state, 16-bit words, flags and a stored order of channels
/// (compact); or 64-bit state, 32-bit words and nothing else (compatible).
template <bool WIDE>
struct RansProfile {
  typedef u32 State;
  typedef u16 Word;
  static const u32 first = 0, least = 65536;
};

template <>
struct RansProfile<true> {
  typedef u64 State;
  typedef u32 Word;
  static const u32 first = 0x80000000u, least = 0x80000000u;
};

/// Table t as the encoder needs it. All 16 bytes are used: a register that a load fills in vain makes
/// its next owner wait for the load.
struct RansRow {
  i32 offset;
  u32 escape;
  const uint4* entries;
};

/// What one stream holds. Positions are places in the stored order of channels.
struct RansStream {
  u32 number, tile, firstPosition, positions, symbols, rowOffset;
  bool lastBand;
};

/// Stream `part` (channel group times bands + band) of tile `tile`.
__device__ __forceinline__ RansStream ransStream(const RansLayout& layout, u32 part, u32 tile) {
  const u32 group = layout.bands == 1 ? part : part / layout.bands, band = part - group * layout.bands;
  RansStream s;
  s.number = tile * (layout.groups * layout.bands) + part;
  s.tile = tile;
  s.firstPosition = group * layout.streamChannels;
  s.positions = min(layout.streamChannels, layout.channels - s.firstPosition);
  s.lastBand = band == layout.bands - 1;
  const u32 row = band * layout.streamRows;
  s.symbols = min(layout.streamRows, layout.height - row) * layout.width;
  s.rowOffset = row * layout.width;
  return s;
}

__device__ __forceinline__ float ransHalf(u16 bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}

__device__ __forceinline__ u16 ransToHalf(float value) {
  u16 bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

/// Symbol of a latent; `bad` is set where it is no number below 2^24.
__device__ __forceinline__ i32 ransRound(float latent, float median, bool& bad) {
  const float centred = latent - median;
  const bool in = centred > -16777216.0f && centred < 16777216.0f;
  bad |= !in;
  return in ? __float2int_rn(centred) : 0;
}

template <int TYPE>
struct RansBytes {
  static const u32 value = TYPE == RANS_I32 || TYPE == RANS_F32 ? 4 : 2;
};

/// Bits of a symbol or latent; ransSymbol makes a symbol of them later, when they have arrived.
template <int TYPE>
__device__ __forceinline__ u32 ransLoad(const void* from, u64 index) {
  if (TYPE == RANS_I32 || TYPE == RANS_F32) return __ldg((const u32*)from + index);
  return __ldg((const u16*)from + index);
}

template <int TYPE>
__device__ __forceinline__ i32 ransSymbol(u32 bits, float median, bool& bad) {
  if (TYPE == RANS_I32) return (i32)bits;
  if (TYPE == RANS_I16) return (i16)bits;
  if (TYPE == RANS_F32) return ransRound(__uint_as_float(bits), median, bad);
  return ransRound(ransHalf((u16)bits), median, bad);
}

template <int TYPE>
__device__ __forceinline__ void ransStore(void* to, u64 index, i32 symbol, float median, bool& narrow) {
  if (TYPE == RANS_I32) ((i32*)to)[index] = symbol;
  if (TYPE == RANS_I16) {
    ((i16*)to)[index] = (i16)symbol;
    narrow |= (i16)symbol != symbol;
  }
  if (TYPE == RANS_F32) ((float*)to)[index] = (float)symbol + median;
  if (TYPE == RANS_F16) ((u16*)to)[index] = ransToHalf((float)symbol + median);
}

/// Is one of the symbols in these 16 bytes not zero?
template <int TYPE>
__device__ __forceinline__ bool ransAny(uint4 v, float median, bool& bad) {
  if (TYPE == RANS_I32 || TYPE == RANS_I16) return (v.x | v.y | v.z | v.w) != 0;
  const u32 words[4] = {v.x, v.y, v.z, v.w};
  bool any = false;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (TYPE == RANS_F32) {
      any |= ransRound(__uint_as_float(words[i]), median, bad) != 0;
    } else {
      any |= ransRound(ransHalf((u16)words[i]), median, bad) != 0;
      any |= ransRound(ransHalf((u16)(words[i] >> 16)), median, bad) != 0;
    }
  }
  return any;
}

/// One symbol's share of a tile's check (FORMAT.md, "Symbol check").
__device__ __forceinline__ u32 ransCheck(i32 symbol, u32 place) {
  u32 h = (u32)symbol * 0x9E3779B1u + place * 0x85EBCA77u + 0x165667B1u;
  h = (h ^ h >> 16) * 0x85EBCA6Bu;
  h = (h ^ h >> 13) * 0xC2B2AE35u;
  return symbol == 0 ? 0 : h ^ h >> 16;
}

/// The same value in all lanes, in a way that the compiler sees it: branches on it need no care then.
__device__ __forceinline__ u32 ransUniform(u32 value) { return __shfl_sync(RANS_ALL, value, 0); }

__device__ __forceinline__ u32 ransSharedAddress(const void* shared) { return (u32)__cvta_generic_to_shared(shared); }

__device__ __forceinline__ u32 ransSum(u32 value) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) value += __shfl_xor_sync(RANS_ALL, value, d);
  return value;
}

__device__ __forceinline__ u64 ransSum(u64 value) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) value += __shfl_xor_sync(RANS_ALL, value, d);
  return value;
}

/// Frequency of a dead channel whose zeros would cost `surprise` / 4096 bits: 65536 / 2^bits from
/// powers[0..256] = 2^(32 - i/16) and powers[257 + k] = 2^(16 - k/1024), clamped to 1..65535.
__device__ __forceinline__ u32 ransDeadFrequency(u64 surprise, const u64* powers) {
  const u32 i = (u32)min(surprise >> 8, (u64)256), k = i == 256 ? 0 : (u32)(surprise >> 2) & 63;
  const u32 f = (u32)(powers[i] * powers[257 + k] >> 32);
  return min(max(f, 1u), 65535u);
}

__device__ __forceinline__ void ransBad(u32* errors, u32 stream, u32 kind) {
  atomicMax(errors, ~stream);
  atomicOr(errors + 1, kind);
}

/// Walks places 0, 1, ... of a stream in steps of 32 as (channel of the stream, place in it),
/// without a division per step.
struct RansWalk {
  i32 channel, place;
  __device__ __forceinline__ RansWalk() : channel(0), place(0) {}
  __device__ __forceinline__ RansWalk(u32 index, u32 perChannel)
      : channel((i32)(index / perChannel)), place((i32)(index % perChannel)) {}
  __device__ __forceinline__ void forward(u32 perChannel, u32 wholes, u32 rest) {
    channel += wholes;
    place += rest;
    if (place >= (i32)perChannel) {
      place -= perChannel;
      channel++;
    }
  }
  __device__ __forceinline__ void back(u32 perChannel, u32 wholes, u32 rest) {
    channel -= wholes;
    place -= rest;
    if (place < 0) {
      place += perChannel;
      channel--;
    }
  }
};
