// Packing of one group: 32 values of a common width into `width` words, lowest bits first, by one
// lane. The words of a warp's 32 groups follow each other.
#pragma once
#include "common.cuh"

static __device__ __forceinline__ u32 bitsOfWidth(u32 width) {
  return width >= 32 ? 0xffffffffu : (1u << width) - 1;
}

// Appends COUNT units of `width` <= 32 bits; together they fill whole words.
template <int COUNT>
static __device__ __forceinline__ void packUnits(const u32 (&unit)[COUNT], u32 width, u32* to) {
  u32 word = 0;
  u32 used = 0;
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    word |= unit[i] << used;
    u32 next = used + width;
    if (next >= 32) {
      *to++ = word;
      word = __funnelshift_l(unit[i], 0, used);  // what did not fit; nothing if used is 0
      next -= 32;
    }
    used = next;
  }
}

// `widest` is the largest width of the warp's groups: narrow values are joined in units of four or
// two first, which halves the work.
static __device__ __forceinline__ void packGroup(
    const u32 (&value)[32], u32 width, u32 widest, u32* to) {
  if (widest <= 8) {
    u32 factor = 1u << width;
    u32 unit[8];
#pragma unroll
    for (int i = 0; i < 8; i++) {
      u32 high = value[4 * i + 3] * factor + value[4 * i + 2];
      u32 low = value[4 * i + 1] * factor + value[4 * i];
      unit[i] = high * (factor * factor) + low;
    }
    packUnits<8>(unit, 4 * width, to);
  } else if (widest <= 16) {
    u32 unit[16];
#pragma unroll
    for (int i = 0; i < 16; i++) {
      unit[i] = (value[2 * i + 1] << width) | value[2 * i];
    }
    packUnits<16>(unit, 2 * width, to);
  } else {
    packUnits<32>(value, width, to);
  }
}

// Units of `width` <= 32 bits; bits above a unit's width are not cleared. Reads up to two words
// beyond the group.
template <int COUNT>
static __device__ __forceinline__ void unpackUnits(u32 (&unit)[COUNT], u32 width, const u32* from) {
  u32 low = from[0];
  u32 high = from[1];
  from += 2;
  u32 used = 0;
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    unit[i] = __funnelshift_r(low, high, used);
    used += width;
    if (used >= 32) {
      used -= 32;
      low = high;
      high = *from++;
    }
  }
}

// Unpacks a group and takes every value u back from zigzag: u / 2, or -(u + 1) / 2 if u is odd. Units
// of several values are taken back at once, field by field, and then cut by one multiplication (to
// the top of the word) and one arithmetic shift.
static __device__ __forceinline__ void unpackSigned(
    u32 (&value)[32], u32 width, u32 widest, const u32* from) {
  u32 ones = bitsOfWidth(width);
  u32 down = 32 - width;
  if (widest <= 8) {
    u32 unit[8];
    unpackUnits<8>(unit, 4 * width, from);
    u32 factor = 1u << width;
    u32 lowest = 1 + factor * (1 + factor * (1 + factor));
    u32 halves = (ones >> 1) * lowest;
    u32 up3 = 1u << ((32 - 4 * width) & 31);
    u32 up2 = up3 * factor, up1 = up2 * factor, up0 = up1 * factor;
    lowest = width == 0 ? 0 : lowest;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      u32 field = (unit[i] >> 1 & halves) ^ (unit[i] & lowest) * ones;
      value[4 * i] = (u32)((i32)(field * up0) >> down);
      value[4 * i + 1] = (u32)((i32)(field * up1) >> down);
      value[4 * i + 2] = (u32)((i32)(field * up2) >> down);
      value[4 * i + 3] = (u32)((i32)(field * up3) >> down);
    }
  } else if (widest <= 16) {
    u32 unit[16];
    unpackUnits<16>(unit, 2 * width, from);
    u32 factor = 1u << width;
    u32 lowest = width == 0 ? 0 : 1 + factor;
    u32 halves = (ones >> 1) * lowest;
    u32 up1 = 1u << ((32 - 2 * width) & 31);
    u32 up0 = up1 * factor;
#pragma unroll
    for (int i = 0; i < 16; i++) {
      u32 field = (unit[i] >> 1 & halves) ^ (unit[i] & lowest) * ones;
      value[2 * i] = (u32)((i32)(field * up0) >> down);
      value[2 * i + 1] = (u32)((i32)(field * up1) >> down);
    }
  } else {
    unpackUnits<32>(value, width, from);
#pragma unroll
    for (int i = 0; i < 32; i++) {
      u32 u = value[i] & ones;
      value[i] = (u >> 1) ^ (0 - (u & 1));
    }
  }
}
