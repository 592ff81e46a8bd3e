// Test values, the same on the host and on the device: the value at an index is a hash of the index.
#pragma once
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include "edge_variant.h"

__host__ __device__ inline u32 hashOf(u64 i, u32 seed) {
  u64 x = (i + 1) * 0x9e3779b97f4a7c15ull + seed * 0xd1342543de82ef95ull;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ x >> 27) * 0x94d049bb133111ebull;
  return (u32)(x >> 32);
}

// Uniform in [-1, 1).
__host__ __device__ inline float unitAt(u64 i, u32 seed) { return (float)(i32)hashOf(i, seed) * 0x1p-31f; }

// An activation: channels differ in size by powers of two, as in trained networks; channels that pad are zero.
__host__ __device__ inline float activationAt(u64 i, u32 seed, int n, int channels) {
  int channel = (int)(i % n);
  return channel < channels ? unitAt(i, seed) * (float)(1 << channel % 5) * 0.25f : 0.0f;
}

__host__ __device__ inline float roundedTo(float v, int activation) {
  if (activation == F16) return __half2float(__float2half_rn(v));
  if (activation == E4M3) return (float)__nv_fp8_e4m3(v);
  return v;
}

__global__ void fillFloats(float* to, u64 count, u32 seed) {
  for (u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < count; i += (u64)gridDim.x * blockDim.x) {
    to[i] = unitAt(i, seed);
  }
}

__global__ void fillSymbols(i32* to, u64 count, u32 seed) {
  for (u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < count; i += (u64)gridDim.x * blockDim.x) {
    to[i] = (i32)hashOf(i, seed) >> 25;
  }
}

__global__ void fillActivations(void* to, u64 count, u32 seed, int n, int channels, int activation) {
  for (u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < count; i += (u64)gridDim.x * blockDim.x) {
    float v = activationAt(i, seed, n, channels);
    if (activation == F16) {
      ((__half*)to)[i] = __float2half_rn(v);
    } else if (activation == E4M3) {
      ((__nv_fp8_e4m3*)to)[i] = __nv_fp8_e4m3(v);
    } else {
      ((float*)to)[i] = v;
    }
  }
}

// A stored activation and the interval of values that round to it.
struct Stored {
  double value, low, high;
};

inline Stored storedAt(const void* from, u64 i, int activation) {
  if (activation == F32) {
    double v = ((const float*)from)[i];
    return {v, v, v};
  }
  if (activation == F16) {
    double v = __half2float(((const __half*)from)[i]);
    return {v, v, v};
  }
  unsigned char bits = ((const unsigned char*)from)[i];
  auto decode = [](int b) {
    __nv_fp8_e4m3 q;
    *(unsigned char*)&q = (unsigned char)b;
    return (double)(float)q;
  };
  double v = decode(bits);
  int magnitude = bits & 0x7f;
  double size = decode(magnitude);
  double below = magnitude == 0 ? 0 : (size + decode(magnitude - 1)) / 2;
  double above = magnitude >= 0x7e ? 1e30 : (size + decode(magnitude + 1)) / 2;
  if (magnitude == 0) return {v, -above, above};
  return bits & 0x80 ? Stored{v, -above, -below} : Stored{v, below, above};
}

// Accumulates ||out - reference|| / ||reference||; with e4m3 what is left of the error when rounding is taken out.
struct Error {
  double numerator = 0, rounding = 0, denominator = 0, worst = 0;
  long wrong = 0;
  void add(const Stored& s, double scale, double reference) {
    double low = s.low * scale, high = s.high * scale;
    double d = reference < low ? low - reference : reference > high ? reference - high : 0;
    if (!(d < 1e30)) {
      wrong++;
      return;
    }
    numerator += d * d;
    rounding += (s.value * scale - reference) * (s.value * scale - reference);
    denominator += reference * reference;
    worst = d > worst ? d : worst;
  }
  double relative() const { return sqrt(numerator / (denominator > 0 ? denominator : 1)); }
  double withRounding() const { return sqrt(rounding / (denominator > 0 ? denominator : 1)); }
};
