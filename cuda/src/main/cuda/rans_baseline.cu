// The mapping that the reference's GPU coder has, as a baseline for the bench: one thread per stream
// of the compatible profile, tables and words straight from and to global memory. Not for use.
#include "common.cuh"

struct RansBaseline {
  const i32* symbols;
  i32* decoded;
  const i32* cdf;      // [channels][stride]
  const i32* lengths;  // per channel
  const i32* offsets;  // per channel
  u32* words;          // slotWords for each stream; a stream stands at its slot's end
  u32* counts;         // words of each stream
  u64 slotWords;
  u32 tiles, channels, plane, streamChannels, stride;
};

__device__ __forceinline__ void baselinePut(u64& x, u32*& to, u32 start, u32 f, u32 bits) {
  if (x >= (u64)f << (63 - bits)) {
    *--to = (u32)x;
    x >>= 32;
  }
  x = (x / f << bits) + x % f + start;
}

extern "C" __global__ void rans_baseline_encode(RansBaseline in) {
  const u32 groups = (in.channels - 1) / in.streamChannels + 1, stream = blockIdx.x * blockDim.x + threadIdx.x;
  if (stream >= in.tiles * groups) return;
  const u32 tile = stream / groups, first = stream % groups * in.streamChannels, end = min(first + in.streamChannels, in.channels);
  u32 *top = in.words + (stream + 1) * in.slotWords, *to = top;
  u64 x = 1ull << 31;
  for (u32 c = end; c-- > first;) {
    const i32* cdf = in.cdf + (u64)c * in.stride;
    const i32 escape = in.lengths[c] - 2, offset = in.offsets[c];
    const i32* symbols = in.symbols + ((u64)tile * in.channels + c) * in.plane;
    for (u32 i = in.plane; i-- > 0;) {
      i32 value = symbols[i] - offset;
      if (value < 0 || value >= escape) {
        const u32 raw = value < 0 ? (u32)-2 * (u32)value - 1 : 2 * ((u32)value - (u32)escape);
        i32 digits = 0;
        while (digits < 8 && raw >> 4 * digits) digits++;
        for (i32 d = digits - 1; d >= 0; d--) baselinePut(x, to, raw >> 4 * d & 15, 1, 4);
        baselinePut(x, to, digits, 1, 4);
        value = escape;
      }
      baselinePut(x, to, cdf[value], cdf[value + 1] - cdf[value], 16);
    }
  }
  *--to = (u32)(x >> 32);
  *--to = (u32)x;
  in.counts[stream] = (u32)(top - to);
}

extern "C" __global__ void rans_baseline_decode(RansBaseline in) {
  const u32 groups = (in.channels - 1) / in.streamChannels + 1, stream = blockIdx.x * blockDim.x + threadIdx.x;
  if (stream >= in.tiles * groups) return;
  const u32 tile = stream / groups, first = stream % groups * in.streamChannels, end = min(first + in.streamChannels, in.channels);
  const u32* from = in.words + (stream + 1) * in.slotWords - in.counts[stream];
  u64 x = from[0] | (u64)from[1] << 32;
  from += 2;
  auto digit = [&]() {
    const u32 d = (u32)x & 15;
    x >>= 4;
    if (x < 1ull << 31) x = x << 32 | *from++;
    return d;
  };
  for (u32 c = first; c < end; c++) {
    const i32* cdf = in.cdf + (u64)c * in.stride;
    const i32 escape = in.lengths[c] - 2, offset = in.offsets[c];
    i32* decoded = in.decoded + ((u64)tile * in.channels + c) * in.plane;
    for (u32 i = 0; i < in.plane; i++) {
      const i32 slot = (i32)(x & 0xffff);
      i32 s = 0;
      while (cdf[s + 1] <= slot) s++;
      x = (u64)(cdf[s + 1] - cdf[s]) * (x >> 16) + slot - cdf[s];
      if (x < 1ull << 31) x = x << 32 | *from++;
      if (s == escape) {
        const u32 digits = digit();
        u32 raw = 0;
        for (u32 d = 0; d < digits; d++) raw |= digit() << 4 * d;
        s = raw & 1 ? -(i32)(raw >> 1) - 1 : escape + (i32)(raw >> 1);
      }
      decoded[i] = s + offset;
    }
  }
}
