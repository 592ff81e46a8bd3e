// The Lorenzo predictor on the symbols of one step of a block, held by a warp: lane l has the 32
// symbols of group l. Places before the block's edge count as zero; arithmetic wraps.
#pragma once
#include "pipeline.cuh"

// What the next step needs of this one, per lane: in mode 3 the last plane (differenced along x and
// y, if the predictor is), in mode 2 the last row, in mode 1 the last value.
template <int MODE>
struct LorenzoCarry {
  static constexpr int SIZE = MODE == 3 ? 16 : MODE == 2 ? 4 : 1;
  u32 value[SIZE];

  __device__ __forceinline__ LorenzoCarry() {
#pragma unroll
    for (int i = 0; i < SIZE; i++) {
      value[i] = 0;
    }
  }
};

// Differences along the vector.
static __device__ __forceinline__ void differenceLine(
    u32 (&q)[32], LorenzoCarry<1>& carry, i32 lane) {
  u32 last = q[31];
  u32 left = __shfl_sync(ALL_LANES, lane == 31 ? carry.value[0] : last, (lane - 1) & 31);
  carry.value[0] = last;
#pragma unroll
  for (int j = 31; j > 0; j--) {
    q[j] -= q[j - 1];
  }
  q[0] -= left;
}

static __device__ __forceinline__ void sumLine(u32 (&q)[32], LorenzoCarry<1>& carry, i32 lane) {
#pragma unroll
  for (int j = 1; j < 32; j++) {
    q[j] += q[j - 1];
  }
  u32 sum = q[31];
#pragma unroll
  for (int d = 1; d < 32; d *= 2) {
    u32 other = __shfl_up_sync(ALL_LANES, sum, d);
    sum += lane >= d ? other : 0;
  }
  u32 before = carry.value[0] + sum - q[31];
  carry.value[0] += __shfl_sync(ALL_LANES, sum, 31);
#pragma unroll
  for (int j = 0; j < 32; j++) {
    q[j] += before;
  }
}

// Differences along x of the eight rows of four.
static __device__ __forceinline__ void differenceX(u32 (&q)[32], i32 lane) {
#pragma unroll
  for (int row = 0; row < 8; row++) {
    u32 left = __shfl_up_sync(ALL_LANES, q[4 * row + 3], 1);
    q[4 * row + 3] -= q[4 * row + 2];
    q[4 * row + 2] -= q[4 * row + 1];
    q[4 * row + 1] -= q[4 * row];
    q[4 * row] -= (lane & 7) == 0 ? 0 : left;
  }
}

static __device__ __forceinline__ void sumX(u32 (&q)[32], i32 lane) {
#pragma unroll
  for (int row = 0; row < 8; row++) {
    q[4 * row + 1] += q[4 * row];
    q[4 * row + 2] += q[4 * row + 1];
    u32 own = q[4 * row + 3] + q[4 * row + 2];
    u32 sum = own;
#pragma unroll
    for (int d = 1; d < 8; d *= 2) {
      u32 other = __shfl_up_sync(ALL_LANES, sum, d);
      sum += (lane & 7) >= d ? other : 0;
    }
    u32 before = sum - own;
    q[4 * row] += before;
    q[4 * row + 1] += before;
    q[4 * row + 2] += before;
    q[4 * row + 3] = sum;
  }
}

// Differences along y. A lane has two planes of four rows (mode 3) or eight rows (mode 2), in which
// case the step before lies above the first groups.
template <int MODE>
static __device__ __forceinline__ void differenceY(
    u32 (&q)[32], LorenzoCarry<MODE>& carry, i32 lane) {
  constexpr int ROWS = MODE == 3 ? 4 : 8;
#pragma unroll
  for (int first = 0; first < 32; first += 4 * ROWS) {
#pragma unroll
    for (int column = 0; column < 4; column++) {
      int base = first + column;
      u32 last = q[base + 4 * (ROWS - 1)];
      u32 above = MODE == 2 ? carry.value[column] : 0;
      u32 up = __shfl_sync(ALL_LANES, lane >= 24 ? above : last, (lane - 8) & 31);
      if (MODE == 2) {
        carry.value[column] = last;
      }
#pragma unroll
      for (int row = ROWS - 1; row > 0; row--) {
        q[base + 4 * row] -= q[base + 4 * (row - 1)];
      }
      q[base] -= up;
    }
  }
}

template <int MODE>
static __device__ __forceinline__ void sumY(u32 (&q)[32], LorenzoCarry<MODE>& carry, i32 lane) {
  constexpr int ROWS = MODE == 3 ? 4 : 8;
#pragma unroll
  for (int first = 0; first < 32; first += 4 * ROWS) {
#pragma unroll
    for (int column = 0; column < 4; column++) {
      int base = first + column;
#pragma unroll
      for (int row = 1; row < ROWS; row++) {
        q[base + 4 * row] += q[base + 4 * (row - 1)];
      }
      u32 own = q[base + 4 * (ROWS - 1)];
      u32 sum = own;
#pragma unroll
      for (int d = 8; d < 32; d *= 2) {
        u32 other = __shfl_up_sync(ALL_LANES, sum, d);
        sum += lane >= d ? other : 0;
      }
      u32 before = sum - own;
      if (MODE == 2) {
        before += carry.value[column];
        carry.value[column] += __shfl_sync(ALL_LANES, sum, 24 + (lane & 7));
      }
#pragma unroll
      for (int row = 0; row < ROWS; row++) {
        q[base + 4 * row] += before;
      }
    }
  }
}

// Symbols to residuals, in place; `axes` of the predictor, at most MODE are used.
template <int MODE>
static __device__ __forceinline__ void predict(
    u32 (&q)[32], LorenzoCarry<MODE>& carry, i32 axes, i32 lane) {
  if (axes < 1) {
    return;
  }
  if constexpr (MODE == 1) {
    differenceLine(q, carry, lane);
  } else {
    differenceX(q, lane);
    if (axes >= 2) {
      differenceY<MODE>(q, carry, lane);
    }
    if constexpr (MODE == 3) {
      if (axes >= 3) {
#pragma unroll
        for (int i = 0; i < 16; i++) {
          u32 before = carry.value[i];
          carry.value[i] = q[16 + i];
          q[16 + i] -= q[i];
          q[i] -= before;
        }
      }
    }
  }
}

// Residuals to symbols, in place. The axes are undone in the opposite order.
template <int MODE>
static __device__ __forceinline__ void unpredict(
    u32 (&q)[32], LorenzoCarry<MODE>& carry, i32 axes, i32 lane) {
  if (axes < 1) {
    return;
  }
  if constexpr (MODE == 1) {
    sumLine(q, carry, lane);
  } else {
    if constexpr (MODE == 3) {
      if (axes >= 3) {
#pragma unroll
        for (int i = 0; i < 16; i++) {
          q[i] += carry.value[i];
          q[16 + i] += q[i];
          carry.value[i] = q[16 + i];
        }
      }
    }
    if (axes >= 2) {
      sumY<MODE>(q, carry, lane);
    }
    sumX(q, lane);
  }
}
