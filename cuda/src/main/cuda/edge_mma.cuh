// Matrix products of one warp's 16 rows (or, with WGMMA, of a group of four warps' 64) for the networks' outer layers.
// Both ways share every layout: a wgmma accumulator fragment is, warp by warp, that of mma.m16n8 tiles side by side, and
// its A operand in registers that of mma.m16n8k16. So kernels are written once.
//
// Fragments, t = lane % 4, r = lane / 4: accumulators of columns 8j .. 8j + 7 are d[4j ..]: (r, 2t), (r, 2t + 1),
// (r + 8, 2t), (r + 8, 2t + 1). A, 16 columns: (r, 2t ..), (r + 8, 2t ..), (r, 2t + 8 ..), (r + 8, 2t + 8 ..), two halves
// each. So accumulators packed two by two are the A operand of a next product over their columns.
#pragma once
#include "common.cuh"

#ifndef WGMMA
#define WGMMA 0
#endif

#define BLOCK_BYTES 128  // of 8 x 8 halves, see edge_parameters.cuh

static __device__ __forceinline__ u32 sharedAddress(const void* p) { return (u32)__cvta_generic_to_shared(p); }

// A matrix of `columns` = K halves a row; `stride` bytes from 8 rows to the next 8.
struct Operand {
  u32 address;  // in shared memory; with mma.sync where this lane's row of ldmatrix begins
  u32 stride;
};

#if WGMMA

static __device__ __forceinline__ Operand operandAt(const void* matrix, u32 columns, i32 lane) {
  return {sharedAddress(matrix), columns * 16};
}

static __device__ __forceinline__ u64 descriptorOf(u32 address, u32 stride) {
  u32 low = address >> 4 | (u32)(BLOCK_BYTES >> 4) << 16;
  u32 high = stride >> 4;
  u64 d;
  asm("mov.b64 %0, {%1, %2};" : "=l"(d) : "r"(low), "r"(high));
  return d;
}

#define LIST8 "%0, %1, %2, %3, %4, %5, %6, %7"
#define LIST16 LIST8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define LIST32 LIST16 ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define LIST48 LIST32 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
#define LIST64 LIST48 ", %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define OUT4(i) "+f"(d[AT + i]), "+f"(d[AT + i + 1]), "+f"(d[AT + i + 2]), "+f"(d[AT + i + 3])
#define OUT8(i) OUT4(i), OUT4(i + 4)
#define OUT16(i) OUT8(i), OUT8(i + 8)
#define OUT32(i) OUT16(i), OUT16(i + 16)
#define DEFINE_WGMMA(COLUMNS, LIST, OUT, A0, A1, A2, A3, B, P)                                                      \
  template <int AT, int SIZE>                                                                                       \
  static __device__ __forceinline__ void wgmma##COLUMNS(                                                            \
      float (&d)[SIZE], u32 a0, u32 a1, u32 a2, u32 a3, u64 b, i32 accumulate) {                                    \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " P ", 0;\n"                                                     \
                 "wgmma.mma_async.sync.aligned.m64n" #COLUMNS "k16.f32.f16.f16 {" LIST "}, "                        \
                 "{" A0 ", " A1 ", " A2 ", " A3 "}, " B ", p, 1, 1, 0;\n}\n"                                        \
                 : OUT                                                                                              \
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b), "r"(accumulate));                                    \
  }
#define COMMA ,
DEFINE_WGMMA(16, LIST8, OUT8(0), "%8", "%9", "%10", "%11", "%12", "%13")
DEFINE_WGMMA(32, LIST16, OUT16(0), "%16", "%17", "%18", "%19", "%20", "%21")
DEFINE_WGMMA(64, LIST32, OUT32(0), "%32", "%33", "%34", "%35", "%36", "%37")
DEFINE_WGMMA(96, LIST48, OUT32(0) COMMA OUT16(32), "%48", "%49", "%50", "%51", "%52", "%53")
DEFINE_WGMMA(128, LIST64, OUT32(0) COMMA OUT32(32), "%64", "%65", "%66", "%67", "%68", "%69")

// d[AT ..] (+)= A * B for 16 columns of A: those from 16 * `step` on of B, rows from 8 * (AT / 4) + `row` on.
template <int COLUMNS, bool ACCUMULATE, int AT = 0, int SIZE>
static __device__ __forceinline__ void multiply(
    float (&d)[SIZE], u32 a0, u32 a1, u32 a2, u32 a3, const Operand& b, i32 row, i32 step) {
  static_assert(COLUMNS % 16 == 0, "columns come in sixteens");
  u64 at = descriptorOf(b.address + step * 2 * BLOCK_BYTES + row / 8 * b.stride, b.stride);
  constexpr i32 ADD = ACCUMULATE ? 1 : 0;
  constexpr int PART = COLUMNS >= 128 ? 128 : COLUMNS >= 96 ? 96 : COLUMNS >= 64 ? 64 : COLUMNS >= 32 ? 32 : 16;
  if constexpr (PART == 128) {
    wgmma128<AT>(d, a0, a1, a2, a3, at, ADD);
  } else if constexpr (PART == 96) {
    wgmma96<AT>(d, a0, a1, a2, a3, at, ADD);
  } else if constexpr (PART == 64) {
    wgmma64<AT>(d, a0, a1, a2, a3, at, ADD);
  } else if constexpr (PART == 32) {
    wgmma32<AT>(d, a0, a1, a2, a3, at, ADD);
  } else {
    wgmma16<AT>(d, a0, a1, a2, a3, at, ADD);
  }
  if constexpr (COLUMNS > PART) {
    multiply<COLUMNS - PART, ACCUMULATE, AT + PART / 2>(d, a0, a1, a2, a3, b, row + PART, step);
  }
}

// Before the first product of a batch: registers that the thread wrote are there.
template <int SIZE>
static __device__ __forceinline__ void beginProducts(float (&d)[SIZE]) {
#pragma unroll
  for (int i = 0; i < SIZE; i++) {
    asm volatile("" : "+f"(d[i])::"memory");
  }
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

// After the last one: the sums are there, and operands may be overwritten.
template <int SIZE>
static __device__ __forceinline__ void endProducts(float (&d)[SIZE]) {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
  for (int i = 0; i < SIZE; i++) {
    asm volatile("" : "+f"(d[i])::"memory");
  }
}

// Makes what threads wrote into shared memory visible to wgmma; a barrier follows.
static __device__ __forceinline__ void publishOperands() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

#else

static __device__ __forceinline__ Operand operandAt(const void* matrix, u32 columns, i32 lane) {
  // lanes 0-7, 8-15: both halves of 16 columns, rows 0-7; lanes 16-31: the same of rows 8-15
  u32 stride = columns * 16;
  return {sharedAddress(matrix) + lane / 16 * stride + (lane / 8 & 1) * BLOCK_BYTES + lane % 8 * 16, stride};
}

template <int SIZE>
static __device__ __forceinline__ void beginProducts(float (&)[SIZE]) {}

template <int SIZE>
static __device__ __forceinline__ void endProducts(float (&)[SIZE]) {}

static __device__ __forceinline__ void publishOperands() {}

#endif

static __device__ __forceinline__ void mma16x8x16(
    float& d0, float& d1, float& d2, float& d3, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3)
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

#if !WGMMA

template <int COLUMNS, bool ACCUMULATE, int AT = 0, int SIZE>
static __device__ __forceinline__ void multiply(
    float (&d)[SIZE], u32 a0, u32 a1, u32 a2, u32 a3, const Operand& b, i32 row, i32 step) {
  static_assert(COLUMNS % 16 == 0, "columns come in sixteens");
  u32 at = b.address + step * 2 * BLOCK_BYTES + row / 8 * b.stride;
#pragma unroll
  for (int j = 0; j < COLUMNS / 16; j++) {
    float* c = d + AT + 8 * j;
    if (!ACCUMULATE) {
#pragma unroll
      for (int i = 0; i < 8; i++) {
        c[i] = 0;
      }
    }
    u32 b0, b1, b2, b3;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(b0), "=r"(b1), "=r"(b2), "=r"(b3)
                 : "r"(at + 2 * j * b.stride));
    mma16x8x16(c[0], c[1], c[2], c[3], a0, a1, a2, a3, b0, b1);
    mma16x8x16(c[4], c[5], c[6], c[7], a0, a1, a2, a3, b2, b3);
  }
}

#endif

// The same with a matrix in global memory: `blocks` points at it, plus 4 bytes per lane; always mma.sync.
template <int COLUMNS, bool ACCUMULATE, int SIZE>
static __device__ __forceinline__ void multiplyGlobal(
    float (&d)[SIZE], u32 a0, u32 a1, u32 a2, u32 a3, const u8* blocks, u32 stride, i32 row, i32 step) {
  const u8* at = blocks + step * 2 * BLOCK_BYTES + (u64)(row / 8) * stride;
#pragma unroll
  for (int j = 0; j < COLUMNS / 8; j++) {
    float* c = d + 4 * j;
    if (!ACCUMULATE) {
      c[0] = c[1] = c[2] = c[3] = 0;
    }
    const u32* b = (const u32*)(at + j * stride);
    mma16x8x16(c[0], c[1], c[2], c[3], a0, a1, a2, a3, __ldg(b), __ldg(b + BLOCK_BYTES / 4));
  }
}
