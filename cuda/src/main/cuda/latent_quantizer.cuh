// The quantizer reference-eb over one value of a tile's latent, which is scaled by the tile's least and
// greatest value (core's LatentFormat): the same integers and the same restored values as core's
// ReferenceQuantizer, bit for bit.
//
// A tile's range is two u32, zero before: the greatest of the complemented and of the plain keys of
// its values, where keys are in the order of the values.
#pragma once
#include "common.cuh"

static __device__ __forceinline__ u32 keyOf(float value) {
  const u32 bits = __float_as_uint(value);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static __device__ __forceinline__ float ofKey(u32 key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

// The numbers of a tile's quantizer (core's QuantizationFit).
struct Numbers {
  double offset, scale;
};

static __device__ __forceinline__ Numbers numbersOf(const u32* range, double top) {
  // -0 would make a sum depend on the sign of a zero
  const double low = ofKey(~range[0]) + 0.0f;
  const double high = ofKey(range[1]) + 0.0f;
  return {low, high == low ? 1 : top / (high - low)};
}

// Value to integer; inverse is one by the step.
static __device__ __forceinline__ i32 integerOf(float value, const Numbers& n, double inverse) {
  double k = floor((value - n.offset) * n.scale * inverse + 0.5);
  k = k < 32767 ? k : 32767;
  return k > -32768 ? (i32)k : -32768;
}

// Integer to the middle of its step.
static __device__ __forceinline__ float valueOf(i32 integer, const Numbers& n, double step) {
  return (float)(n.offset + integer * step * (1 / n.scale));
}
