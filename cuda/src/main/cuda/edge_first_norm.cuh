// First layer of g_a: GDN on the sums in registers, and results to global memory.
#pragma once
#include "edge_first_patch.cuh"

struct Operands {
  Operand weights, weightsRest, gamma, gammaRest;
};

// Writes COLUMNS slots from `first` on of the fragment's row r (HALF 0) or r + 8 (1). `row` points at the pixel's
// channel G / 4 * t.
template <int HALF, int COLUMNS>
static __device__ __forceinline__ void storeSlots(u8* row, i32 first, const float (&y)[COLUMNS / 2]) {
#pragma unroll
  for (int g = 0; g < COLUMNS / G; g++) {
    const float* v = y + g * G / 2 + 2 * HALF;
    constexpr int WORDS = G / 16 * ACTIVATION_BYTES;
    u32 w[WORDS];
#if ACTIVATION == ACTIVATION_F16
#pragma unroll
    for (int j = 0; j < WORDS; j++) {
      w[j] = saturateHalves(packHalves(v[4 * j], v[4 * j + 1]));
    }
#elif ACTIVATION == ACTIVATION_E4M3
#pragma unroll
    for (int j = 0; j < WORDS; j++) {
      w[j] = packBytes(v[8 * j], v[8 * j + 1], v[8 * j + 4], v[8 * j + 5]);
    }
#else
#pragma unroll
    for (int j = 0; j < WORDS; j++) {
      w[j] = __float_as_uint(v[4 * (j / 2) + j % 2]);
    }
#endif
    storeWords<WORDS>(row + (first + g * G) * ACTIVATION_BYTES, w);
  }
}

struct Rows {
  u8* row[2];      // where the pixels of both rows of the fragment go
  bool inside[2];
};

template <int COLUMNS>
static __device__ __forceinline__ void storeBoth(const Rows& to, i32 first, const float (&y)[COLUMNS / 2]) {
  if (to.inside[0]) {
    storeSlots<0, COLUMNS>(to.row[0], first, y);
  }
  if (to.inside[1]) {
    storeSlots<1, COLUMNS>(to.row[1], first, y);
  }
}

#if SPLIT
// Brings each row's largest magnitude to [2^6, 2^7), so that squares fit halves, and returns the squares of the factors.
static __device__ __forceinline__ float2 scaleRows(float (&x)[N / 2]) {
  float square[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    u32 most = 0;
#pragma unroll
    for (int j = 0; j < N / 8; j++) {
      most = max(most, max(__float_as_uint(x[4 * j + 2 * half]) & 0x7fffffff,
                           __float_as_uint(x[4 * j + 2 * half + 1]) & 0x7fffffff));
    }
    most = max(most, __shfl_xor_sync(0xffffffffu, most, 1));
    most = max(most, __shfl_xor_sync(0xffffffffu, most, 2));
    // a pixel below 2^-40 is nothing beside beta: its squares need no scale, and beta's keeps finite
    float factor = powerOfTwo(260 - min(max(most >> 23, 87u), 254u));
    square[half] = factor * factor;
#pragma unroll
    for (int j = 0; j < N / 8; j++) {
      x[4 * j + 2 * half] *= factor;
      x[4 * j + 2 * half + 1] *= factor;
    }
  }
  return make_float2(square[0], square[1]);
}
#endif

// Adds to `norm` the products of steps FIRST .. FIRST + COUNT with the columns of gamma from `column` on.
template <int FIRST, int COUNT>
static __device__ __forceinline__ void addNorms(
    float (&norm)[NORM_COLUMNS / 2], const u32* squares, const u32* rests, const Operands& b, const u8* gamma, i32 column) {
  beginProducts(norm);
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    const u32* w = squares + 4 * i;
#if GAMMA_SHARED
    if (FIRST + i == 0) {
      multiply<NORM_COLUMNS, false>(norm, w[0], w[1], w[2], w[3], b.gamma, column, 0);
    } else {
      multiply<NORM_COLUMNS, true>(norm, w[0], w[1], w[2], w[3], b.gamma, column, FIRST + i);
    }
#if SPLIT
    const u32* r = rests + 4 * i;
    multiply<NORM_COLUMNS, true>(norm, r[0], r[1], r[2], r[3], b.gamma, column, FIRST + i);
    multiply<NORM_COLUMNS, true>(norm, w[0], w[1], w[2], w[3], b.gammaRest, column, FIRST + i);
#endif
#else
    if (FIRST + i == 0) {
      multiplyGlobal<NORM_COLUMNS, false>(norm, w[0], w[1], w[2], w[3], gamma, N * 16, column, 0);
    } else {
      multiplyGlobal<NORM_COLUMNS, true>(norm, w[0], w[1], w[2], w[3], gamma, N * 16, column, FIRST + i);
    }
#if SPLIT
    const u32* r = rests + 4 * i;
    multiplyGlobal<NORM_COLUMNS, true>(norm, r[0], r[1], r[2], r[3], gamma, N * 16, column, FIRST + i);
    multiplyGlobal<NORM_COLUMNS, true>(norm, w[0], w[1], w[2], w[3], gamma + GAMMA_BYTES, N * 16, column, FIRST + i);
#endif
#endif
  }
  endProducts(norm);
}

#if SPLIT

template <int FIRST>
static __device__ __forceinline__ void splitNorms(
    float (&norm)[NORM_COLUMNS / 2], const float (&x)[N / 2], const Operands& b, const u8* gamma, i32 column) {
  constexpr int COUNT = N / 16 - FIRST < 4 ? N / 16 - FIRST : 4;  // steps of which squares wait in registers
  u32 squares[4 * COUNT];
  u32 rests[4 * COUNT];
#pragma unroll
  for (int i = 0; i < 4 * COUNT; i++) {
    float low = x[8 * FIRST + 2 * i];
    float high = x[8 * FIRST + 2 * i + 1];
    splitHalves(low * low, high * high, &squares[i], &rests[i]);
  }
  addNorms<FIRST, COUNT>(norm, squares, rests, b, gamma, column);
  if constexpr (FIRST + COUNT < N / 16) {
    splitNorms<FIRST + COUNT>(norm, x, b, gamma, column);
  }
}

#endif

static __device__ __forceinline__ void normalize(
    const EdgeFirstParameters& p,
    float (&x)[N / 2],
    const Operands& b,
    const float* beta,
    const Rows& to,
    i32 lane) {
  const u8* gamma = (const u8*)p.gamma + 4 * lane;
#if SPLIT
  float2 square = scaleRows(x);
#else
  u32 squares[N / 4];
#if HALF_X
  u32 halves[N / 4];
#endif
#pragma unroll
  for (int i = 0; i < N / 4; i++) {
    u32 h = packHalves(x[2 * i], x[2 * i + 1]);
    squares[i] = squareHalves(h);
#if HALF_X
    halves[i] = h;
#endif
  }
#endif
#pragma unroll
  for (int column = 0; column < N; column += NORM_COLUMNS) {
    float norm[NORM_COLUMNS / 2];
#if SPLIT
    splitNorms<0>(norm, x, b, gamma, column);
#else
    addNorms<0, N / 16>(norm, squares, nullptr, b, gamma, column);
#endif
#pragma unroll
    for (int j = 0; j < NORM_COLUMNS / 8; j++) {
      float2 betas = *(const float2*)(beta + column + 8 * j + 2 * (lane % 4));
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float own = i % 2 == 0 ? betas.x : betas.y;
#if SPLIT
        own *= i / 2 == 0 ? square.x : square.y;
#endif
        float root = reciprocalRoot(__fmaf_rn(norm[4 * j + i], p.normScale, own));
#if HALF_X && !SPLIT
        u32 h = halves[column / 4 + 2 * j + i / 2];
        norm[4 * j + i] = (i % 2 == 0 ? lowHalf(h) : highHalf(h)) * root;
#else
        norm[4 * j + i] = x[column / 2 + 4 * j + i] * root;
#endif
      }
    }
    storeBoth<NORM_COLUMNS>(to, column, norm);
  }
}
