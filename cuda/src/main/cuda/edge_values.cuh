// Types of values in the networks' outer layers: conversions, packing, the order of channels, barriers of 128 threads.
#pragma once
#include "common.cuh"
#include "edge_parameters.cuh"

#ifndef ACTIVATION
#define ACTIVATION 0
#endif
#define ACTIVATION_F16 0
#define ACTIVATION_E4M3 1
#define ACTIVATION_F32 2

#define SPLIT (ACTIVATION == ACTIVATION_F32)
#define ACTIVATION_BYTES (ACTIVATION == ACTIVATION_F16 ? 2 : ACTIVATION == ACTIVATION_E4M3 ? 1 : 4)

// Channels that the registers of four neighbouring threads cover without a gap, a quarter each.
__host__ __device__ constexpr int groupOf(int n) {
  int g = ACTIVATION == ACTIVATION_F16 ? 32 : ACTIVATION == ACTIVATION_E4M3 ? 64 : 16;
  while (n % g != 0) {
    g /= 2;
  }
  return g;
}

// Two floats as halves, the first one in the low bits.
static __device__ __forceinline__ u32 packHalves(float low, float high) {
  u32 h;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(h) : "f"(high), "f"(low));
  return h;
}

static __device__ __forceinline__ float lowHalf(u32 h) {
  float f;
  asm("{\n.reg .f16 a, b;\nmov.b32 {a, b}, %1;\ncvt.f32.f16 %0, a;\n}" : "=f"(f) : "r"(h));
  return f;
}

static __device__ __forceinline__ float highHalf(u32 h) {
  float f;
  asm("{\n.reg .f16 a, b;\nmov.b32 {a, b}, %1;\ncvt.f32.f16 %0, b;\n}" : "=f"(f) : "r"(h));
  return f;
}

// Infinity becomes the largest half; NaN stays.
static __device__ __forceinline__ u32 saturateHalves(u32 h) {
  u32 s;
#if __CUDA_ARCH__ >= 860
  asm("min.NaN.xorsign.abs.f16x2 %0, %1, %2;" : "=r"(s) : "r"(h), "r"(0x7bff7bffu));
#else
  asm("{\n.reg .b32 a;\nmin.NaN.f16x2 a, %1, %2;\nmax.NaN.f16x2 %0, a, %3;\n}"
      : "=r"(s)
      : "r"(h), "r"(0x7bff7bffu), "r"(0xfbfffbffu));
#endif
  return s;
}

// Squares of two halves, at most the largest half.
static __device__ __forceinline__ u32 squareHalves(u32 h) {
  u32 s;
  asm("{\n.reg .b32 a;\nmul.rn.f16x2 a, %1, %1;\nmin.f16x2 %0, a, %2;\n}" : "=r"(s) : "r"(h), "r"(0x7bff7bffu));
  return s;
}

// Rounded to halves and what that leaves, both scaled values within range.
static __device__ __forceinline__ void splitHalves(float low, float high, u32* rounded, u32* rest) {
  u32 h = packHalves(low, high);
  *rounded = h;
  *rest = packHalves(__fsub_rn(low, lowHalf(h)), __fsub_rn(high, highHalf(h)));
}

// 2^e from a biased exponent.
static __device__ __forceinline__ float powerOfTwo(u32 biased) { return __uint_as_float(biased << 23); }

static __device__ __forceinline__ float reciprocalRoot(float x) {
  float y;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

#if ACTIVATION == ACTIVATION_E4M3

static __device__ __forceinline__ u32 packBytes(float a, float b, float c, float d) {
  u32 w;
  asm("{\n.reg .b16 l, h;\n"
      "cvt.rn.satfinite.e4m3x2.f32 l, %2, %1;\ncvt.rn.satfinite.e4m3x2.f32 h, %4, %3;\nmov.b32 %0, {l, h};\n}"
      : "=r"(w)
      : "f"(a), "f"(b), "f"(c), "f"(d));
  return w;
}

static __device__ __forceinline__ void unpackBytes(u32 w, u32* low, u32* high) {
  asm("{\n.reg .b16 l, h;\nmov.b32 {l, h}, %2;\ncvt.rn.f16x2.e4m3x2 %0, l;\ncvt.rn.f16x2.e4m3x2 %1, h;\n}"
      : "=r"(*low), "=r"(*high)
      : "r"(w));
}

#endif

// WORDS consecutive words, one instruction.
template <int WORDS>
static __device__ __forceinline__ void storeWords(void* to, const u32* w) {
  if constexpr (WORDS == 4) {
    *(uint4*)to = make_uint4(w[0], w[1], w[2], w[3]);
  } else if constexpr (WORDS == 2) {
    *(uint2*)to = make_uint2(w[0], w[1]);
  } else {
    static_assert(WORDS == 1, "1, 2 or 4 words");
    *(u32*)to = w[0];
  }
}

template <int WORDS>
static __device__ __forceinline__ void loadWords(const void* from, u32* w) {
  if constexpr (WORDS == 4) {
    uint4 v = __ldg((const uint4*)from);
    w[0] = v.x;
    w[1] = v.y;
    w[2] = v.z;
    w[3] = v.w;
  } else if constexpr (WORDS == 2) {
    uint2 v = __ldg((const uint2*)from);
    w[0] = v.x;
    w[1] = v.y;
  } else {
    static_assert(WORDS == 1, "1, 2 or 4 words");
    w[0] = __ldg((const u32*)from);
  }
}

// Barrier of one group of 128 threads (0 is that of the whole thread block).
static __device__ __forceinline__ void groupBarrier(i32 group) {
  asm volatile("bar.sync %0, 128;" ::"r"(group + 1) : "memory");
}

// Copies bytes (a multiple of 16) into shared memory with all threads of the block.
static __device__ __forceinline__ void copyToShared(void* to, const void* from, u32 bytes) {
  for (u32 i = threadIdx.x; i < bytes / 16; i += blockDim.x) {
    ((uint4*)to)[i] = __ldg((const uint4*)from + i);
  }
}
