// Instructions that CUDA C++ has no words for.
#pragma once
#include "common.cuh"

/// 16 bytes from global to shared memory, zeros where `valid` is false.
__device__ __forceinline__ void copyAsync(u32 to, const void* from, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0) : "memory");
}

__device__ __forceinline__ void copyAsync(u32 to, const void* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}

__device__ __forceinline__ void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until at most `PENDING` of this thread's latest groups of copies are on their way.
template <i32 PENDING>
__device__ __forceinline__ void waitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

/// Four 8x8 matrices of 16-bit elements; lanes 8i .. 8i+7 give the rows of matrix i.
__device__ __forceinline__ void loadMatrices(u32 (&d)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
               : "r"(address)
               : "memory");
}

__device__ __forceinline__ float4 loadShared(u32 address) {
  float4 v;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "r"(address)
               : "memory");
  return v;
}

/// d += a b with 16x16 and 16x8 elements of f16.
__device__ __forceinline__ void multiplyHalf(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// d += a b with 16x32 and 32x8 elements of e4m3.
__device__ __forceinline__ void multiplyE4m3(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// Two values as f16, the first one in the lower half.
__device__ __forceinline__ u32 packHalf(float a, float b) {
  u32 d;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(b), "f"(a));
  return d;
}

__device__ __forceinline__ float2 unpackHalf(u32 v) {
  float2 d;
  asm("{.reg .b16 l, h; mov.b32 {l, h}, %2; cvt.f32.f16 %0, l; cvt.f32.f16 %1, h;}" : "=f"(d.x), "=f"(d.y) : "r"(v));
  return d;
}

/// Splits two values into f16 and what f16 leaves of them, again as f16.
__device__ __forceinline__ void splitHalf(u32& high, u32& low, float a, float b) {
  high = packHalf(a, b);
  const float2 h = unpackHalf(high);
  low = packHalf(a - h.x, b - h.y);
}

/// Two values as e4m3, saturated, the first one in the lower byte.
__device__ __forceinline__ u32 packE4m3(float a, float b) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
  u16 d;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(d) : "f"(b), "f"(a));
  return d;
#else
  return 0;
#endif
}

/// To the range of f16; NaN stays.
__device__ __forceinline__ float clampHalf(float x) {
  asm("{min.NaN.f32 %0, %0, %1; max.NaN.f32 %0, %0, %2;}" : "+f"(x) : "f"(65504.f), "f"(-65504.f));
  return x;
}

__device__ __forceinline__ float reciprocalRoot(float x) {
  float y;
  asm("rsqrt.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ float root(float x) {
  float y;
  asm("sqrt.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
