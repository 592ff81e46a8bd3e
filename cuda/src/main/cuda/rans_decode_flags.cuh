// Which channels of a decoder's stream are alive: decodes the flags that say so, and fills the dead
// channels.
#pragma once
#include "rans_common.cuh"

template <int TYPE, bool INDEXED, bool WIDE>
struct RansDecoder;

/// Sum of the surprises of zero over a channel's symbols, by the whole warp.
template <int TYPE, bool INDEXED, bool WIDE>
__device__ __forceinline__ u64 ransSurprise(const RansDecoder<TYPE, INDEXED, WIDE>& d, u32 channel) {
  u64 sum = 0;
  const u64 at = d.base() + channel * d.plane();
  for (u32 i = d.lane; i < d.stream.symbols; i += 32) sum += (u32)d.in.tables[d.in.indexes[at + i]].surprise;
  return ransSum(sum);
}

/// Fills the list with the alive channels from its front (the count is returned) and the dead
/// ones from its end.
template <int TYPE, bool INDEXED, bool WIDE>
__device__ __forceinline__ u32 ransDecodeFlags(RansDecoder<TYPE, INDEXED, WIDE>& d) {
  if constexpr (WIDE) {
    for (u32 i = d.lane; i < d.stream.positions; i += 32) d.list[i] = (u16)(d.stream.firstPosition + i);
    __syncwarp();
    return d.stream.positions;
  }
  u32 count = 0;
  const u32 firstFlag = (d.stream.lastBand ? d.in.layout.channels : 0) + d.stream.firstPosition;
  for (u32 from = 0; from < d.stream.positions; from += 32) {
    if (d.length > 0) d.refill();
    const u32 here = min(d.stream.positions - from, 32u), p = d.stream.firstPosition + from + min(d.lane, here - 1);
    const u32 channel = d.in.order ? d.in.order[p] : p;
    u32 alive = 0;
    if (d.x != 0 || d.position() < d.length) {
      u32 frequency = 1;
      if (INDEXED && !d.in.flags) {
        for (u32 i = 0; i < here; i++) {
          const u64 s = ransSurprise(d, __shfl_sync(RANS_ALL, channel, i));
          if (d.lane == i) frequency = ransDeadFrequency(s, d.in.powers);
        }
      } else {
        frequency = d.in.flags[firstFlag + from + min(d.lane, here - 1)];
      }
      u32 next = __shfl_sync(RANS_ALL, frequency, 0);
#pragma unroll 4
      for (u32 i = 0; i < here; i++) {
        const u32 f = next, slot = (u32)d.x & 0xffff, high = (u32)(d.x >> 16);
        next = __shfl_sync(RANS_ALL, frequency, (i + 1) % 32);
        const bool lives = slot >= f;
        const u32 own = lives ? 65536 - f : f, rest = lives ? slot - f : slot;
        d.x = own * high + rest;
        d.renormalize();
        alive |= lives ? 1u << i : 0;
      }
    }
    const u32 below = (1u << d.lane) - 1, lives = __popc(alive & below);
    if (d.lane < here) d.list[alive >> d.lane & 1 ? count + lives : d.stream.positions - 1 - (from - count + d.lane - lives)] = (u16)channel;
    count += __popc(alive);
  }
  __syncwarp();
  return count;
}

/// Writes the dead channels, list[alive...]: zeros, or the channels' medians.
template <int TYPE, bool INDEXED, bool WIDE>
__device__ __forceinline__ void ransFillDead(RansDecoder<TYPE, INDEXED, WIDE>& d, u32 alive) {
  const u32 size = RansBytes<TYPE>::value;
  const bool wide = (d.stream.symbols * size | (u32)(d.plane() * size) | d.stream.rowOffset * size | (u32)(u64)d.in.symbols) % 16 == 0;
  const u32 unit = wide ? 16 / size : 1, per = d.stream.symbols / unit, total = per * (d.stream.positions - alive);
  const u64 first = d.base();
  if (TYPE < RANS_F32 && wide && per <= 32 && (per & (per - 1)) == 0) {
    // whole channels for a few lanes each
    const u32 together = 32 / per;
    char* to = (char*)d.in.symbols + (first + d.lane % per * unit) * size;
#pragma unroll 4
    for (u32 i = alive + d.lane / per; i < d.stream.positions; i += together) {
      *(uint4*)(to + d.list[i] * (d.plane() * size)) = make_uint4(0, 0, 0, 0);
    }
    return;
  }
  const u32 wholes = 32 / per, rest = 32 % per;
  RansWalk walk(d.lane, per);
#pragma unroll 4
  for (u32 v = d.lane; v < total; v += 32) {
    const u32 channel = d.list[alive + walk.channel];
    const u64 at = first + channel * d.plane() + walk.place * unit;
    const float median = TYPE >= RANS_F32 ? d.in.medians[channel] : 0;
    if (wide) {
      u32 w = 0;
      if (TYPE == RANS_F32) w = __float_as_uint(0.0f + median);
      if (TYPE == RANS_F16) w = ransToHalf(0.0f + median) * 0x10001u;
      *(uint4*)((char*)d.in.symbols + at * size) = make_uint4(w, w, w, w);
    } else {
      ransStore<TYPE>(d.in.symbols, at, 0, median, d.narrow);
    }
    walk.forward(per, wholes, rest);
  }
}
