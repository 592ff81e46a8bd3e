// Which channels of an encoder's streams are alive: finds those that are not all zero, and codes the
// flags that say so.
#pragma once
#include "rans_common.cuh"
#include "rans_entry.cuh"

template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
struct RansEncoder;

/// Finds the channels that are not all zero, where a channel has a power of two of 16-byte parts, 32
/// at most: no lane looks beyond one channel, and all loads of a round are on their way together.
template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
__device__ __forceinline__ void ransFindAliveWide(RansEncoder<TYPE, INDEXED, WIDE, STREAMS>& e, u32 per) {
  const u32 together = 32 / per, mine = e.lane / per;
  const u32 segment = (per == 32 ? RANS_ALL : (1u << per) - 1) << (e.lane % together * per);
  const char* at[STREAMS];
#pragma unroll
  for (int g = 0; g < STREAMS; g++) {
    const u64 tile = min(e.firstTile + g, e.in.layout.tiles - 1) - e.firstTile;
    at[g] = (const char*)e.in.symbols + e.base((u32)tile) * RansBytes<TYPE>::value + e.lane % per * 16;
  }
  const u64 stride = e.plane() * RansBytes<TYPE>::value;
  // a group of loads is on its way while the group before it is looked at
  const int rounds = STREAMS == 4 ? 2 : 4;
  float median[2][rounds];
  uint4 value[2][rounds][STREAMS];
  auto load = [&](u32 first, float(&m)[rounds], uint4(&v)[rounds][STREAMS]) {
    u32 channel[rounds];
#pragma unroll
    for (int u = 0; u < rounds; u++) channel[u] = e.channels[min(first + u * together + mine, e.positions - 1)];
#pragma unroll
    for (int u = 0; u < rounds; u++) {
      m[u] = TYPE >= RANS_F32 ? __ldg(e.in.medians + channel[u]) : 0;
#pragma unroll
      for (int g = 0; g < STREAMS; g++) v[u][g] = __ldg((const uint4*)(at[g] + channel[u] * stride));
    }
  };
  auto test = [&](u32 first, const float(&m)[rounds], const uint4(&v)[rounds][STREAMS]) {
#pragma unroll
    for (int u = 0; u < rounds; u++) {
      const u32 from = first + u * together;
#pragma unroll
      for (int g = 0; g < STREAMS; g++) {
        const u32 any = __ballot_sync(RANS_ALL, ransAny<TYPE>(v[u][g], m[u], e.bad));
        const u32 found = __ballot_sync(RANS_ALL, (any & segment) != 0 && e.lane < together && from + e.lane < e.positions);
        if (e.lane == 0 && found) e.bits[g * e.words() + from / 32] |= found << from % 32;
      }
    }
  };
  const u32 step = rounds * together;
  load(0, median[0], value[0]);
  for (u32 i = 0; i < e.positions; i += 2 * step) {
    load(i + step, median[1], value[1]);
    test(i, median[0], value[0]);
    load(i + 2 * step, median[0], value[0]);
    if (i + step < e.positions) test(i + step, median[1], value[1]);
  }
  __syncwarp();
}

/// Finds the channels that are not all zero: reads everything once, 16 bytes a lane if it can.
template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
__device__ void ransFindAlive(RansEncoder<TYPE, INDEXED, WIDE, STREAMS>& e) {
  const u32 size = RansBytes<TYPE>::value;
  const bool wide = (e.stream.symbols * size | (u32)(e.plane() * size) | e.stream.rowOffset * size | (u32)(u64)e.in.symbols) % 16 == 0;
  const u32 unit = wide ? 16 / size : 1, per = e.stream.symbols / unit, total = per * e.positions;
  if (wide && per <= 32 && (per & (per - 1)) == 0) {
    ransFindAliveWide(e, per);
    return;
  }
  const u32 wholes = 32 / per, rest = 32 % per;
  for (u32 g = 0; g < STREAMS && e.firstTile + g < e.in.layout.tiles; g++) {
    RansWalk walk(e.lane, per);
    const u64 first = e.base(g);
    for (u32 v = 0; v < total; v += 32 * 8) {
      // all loads first, then what depends on them
      uint4 value[8];
      float median[8];
      u32 where[8];
#pragma unroll
      for (int u = 0; u < 8; u++) {
        value[u] = make_uint4(0, 0, 0, 0);
        median[u] = 0;
        where[u] = walk.channel;
        if (v + u * 32 + e.lane < total) {
          const u32 channel = e.channels[walk.channel];
          const u64 at = first + channel * e.plane() + walk.place * unit;
          if (TYPE >= RANS_F32) median[u] = e.in.medians[channel];
          if (wide) {
            value[u] = __ldg((const uint4*)((const char*)e.in.symbols + at * size));
          } else {
            value[u].x = ransLoad<TYPE>(e.in.symbols, at);
          }
        }
        walk.forward(per, wholes, rest);
      }
      bool any[8];
#pragma unroll
      for (int u = 0; u < 8; u++) {
        const bool in8 = v + u * 32 + e.lane < total;
        any[u] = in8 && (wide ? ransAny<TYPE>(value[u], median[u], e.bad) : ransSymbol<TYPE>(value[u].x, median[u], e.bad) != 0);
      }
#pragma unroll
      for (int u = 0; u < 8; u++) {
        const u32 ballot = __ballot_sync(RANS_ALL, any[u]);
        if (ballot) {
          // one lane of each run of lanes in the same channel sets its bit
          const u32 before = __shfl_up_sync(RANS_ALL, where[u], 1);
          const bool head = e.lane == 0 || !(ballot >> (e.lane - 1) & 1) || before != where[u];
          if (any[u] && head) atomicOr(e.bits + g * e.words() + where[u] / 32, 1u << where[u] % 32);
        }
      }
    }
  }
  __syncwarp();
}

/// Sum of the surprises of zero over a channel's symbols, by the whole warp.
template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
__device__ __forceinline__ u64 ransSurprise(const RansEncoder<TYPE, INDEXED, WIDE, STREAMS>& e, u32 g, u32 channel) {
  u64 sum = 0;
  const u64 at = e.base(g) + channel * e.plane();
  for (u32 i = e.lane; i < e.stream.symbols; i += 32) sum += (u32)e.in.tables[e.in.indexes[at + i]].surprise;
  return ransSum(sum);
}

/// Codes the flags of all channels, the last first.
template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
__device__ __forceinline__ void ransCodeFlags(RansEncoder<TYPE, INDEXED, WIDE, STREAMS>& e) {
  uint4 dead[STREAMS], living[STREAMS];
  // entries of the next flags are on their way while some are coded
  auto fetch = [&](u32 done) {
    const u32 position = e.positions - 1 - min(done + e.lane, e.positions - 1);
    const u32 at = ((e.stream.lastBand ? e.in.layout.channels : 0) + e.stream.firstPosition + position) * 2;
#pragma unroll
    for (int g = 0; g < STREAMS; g++) {
      if (g == 0) {
        dead[g] = __ldg(e.in.flags + at);
        living[g] = __ldg(e.in.flags + at + 1);
      } else {
        dead[g] = dead[0];
        living[g] = living[0];
      }
    }
  };
  const bool derived = INDEXED && !e.in.flags;
  if (!derived) fetch(0);
  for (u32 done = 0; done < e.positions; done += 32) {
    const u32 count = min(e.positions - done, 32u);
    const u32 position = e.positions - 1 - done - min(e.lane, count - 1);
#pragma unroll
    for (int g = 0; g < STREAMS; g++) {
      const bool lives = e.bits[g * e.words() + position / 32] >> position % 32 & 1;
      if (INDEXED && derived) {
        u32 frequency = 1;
        for (u32 i = 0; i < count && e.firstTile + g < e.in.layout.tiles; i++) {
          const u64 s = ransSurprise(e, g, e.channels[e.positions - 1 - done - i]);
          if (e.lane == i) frequency = ransDeadFrequency(s, e.in.powers);
        }
        dead[g] = ransEntry(0, frequency);
        living[g] = ransEntry(frequency, 65536 - frequency);
      }
      e.queue[g * 33 + e.lane] = lives ? living[g] : dead[g];
    }
    if (!derived && done + 32 < e.positions) fetch(done + 32);
    e.template chain<false>(count);
  }
}
