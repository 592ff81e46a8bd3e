// Entries of the encoder's queues, 16 bytes each: an interval, a digit of an escape or nothing, with
// what divides by the frequency exactly.
#pragma once
#include "rans_common.cuh"

/// An interval as the encoder needs it, 16 bytes. With limit = ~w | 0xffff, and y = x, or x >> 16
/// after a word was emitted because x > limit:
///   q = (y * z + x_) >> 32 >> (x_ & 31);   x = y + q * (w >> 16) + (w & 0xffff)
/// z is a reciprocal, 2^(32+s) / f rounded, x_ an addend that makes q exact for all y < f * 2^16, with
/// s in its lowest bits, w the start and 65536 - f. y_ is 0, so that (x_, y_) is a 64-bit addend.
__device__ __forceinline__ uint4 ransEntry(u32 start, u32 f) {
  if (f >= 65536) return make_uint4(0, 0, 0, 0);
  const u32 s = 31 - __clz(f);
  const u64 one = (u64)1 << (32 + s);
  const bool power = (f & (f - 1)) == 0;
  u32 reciprocal = (u32)((one - power) / f), addend = 0x80000000u;
  if (!power && s == 15 && one - (u64)reciprocal * f > 32768) {
    reciprocal++;
    addend = 0;
  }
  return make_uint4(addend | s, 0, reciprocal, start | (65536 - f) << 16);
}

/// A digit of an escape: 16 x + digit, after a word if x >= 2^28. y_ = 1 tells it from an interval.
__device__ __forceinline__ uint4 ransDigit(u32 digit) {
  return make_uint4(0x80000000u, 1, RANS_ALL, digit | 15 << 16);
}

/// The same for the compatible profile. (x_, y_) is a 64-bit reciprocal, z the highest upper half of a
/// state that needs no word, w a number to add and, from bit 20, the shift: with q = (x * (x_, y_) >> 64)
/// >> shift, x = x + (w & 0xfffff) + q * (65536 - f). For f = 1, and for the digits of escapes (bit 31
/// of w), q is x - 1 and what is added makes up for it.
__device__ __forceinline__ uint4 ransWideDigit(u32 digit) {
  return make_uint4(RANS_ALL, RANS_ALL, (1u << 27) - 1, (digit + 15) | 0x80000000u);
}

template <bool WIDE>
__device__ __forceinline__ uint4 ransNothing() {
  return make_uint4(0, 0, WIDE ? RANS_ALL : 0, 0);
}
