// Groups of values through a normalizer and back, for the encoder and the decoder: rows of float32, and
// the careful path for the rest.
#pragma once
#include "pipeline.cuh"
#include "pipeline_quantizer.cuh"

// How many the kernels with bitpack take together: neighbours of one row, so 1, 2 or 4.
#ifndef TOGETHER
#define TOGETHER 4
#endif

// Whether values can be loaded and stored by the row of four.
template <int MODE>
static __device__ __forceinline__ bool hasRows(const PipelineParameters& p) {
  return MODE != 1 && (p.flags & FLAG_ALIGNED_ROWS) != 0 && p.type == TYPE_F32;
}

template <int MODE>
static __device__ __forceinline__ bool mayBeQuick(const PipelineParameters& p, const Chunk& c) {
  return hasRows<MODE>(p);
}

template <int MODE>
static __device__ __forceinline__ bool mayBeTuned(const PipelineParameters& p, const Chunk& c) {
  return hasRows<MODE>(p);
}

// Rows are loaded when they are coded, which takes much longer than to load them.
template <int MODE>
static __device__ __forceinline__ void beginRows(
    const Chunk& c, const void* values, i32 block, u32* input, i32 lane) {}

// Values to symbols, four neighbours at a time (modes 3 and 2).
template <int MODE>
static __device__ __forceinline__ u32 normalizedRows(
    const Work& w, const Group& g, u32* scratch, u32 (&q)[32], u32* exact, u32* check) {
  Rows<MODE> rows(w.c, g, w.lane);
  uint4* cells = (uint4*)scratch + w.lane;
  u32 kept = 0;
#pragma unroll 1
  for (int row = 0; row < 8; row++) {
    u32 symbols[4] = {0, 0, 0, 0};
    if (rows.has(row)) {
      uint4 v = *(const uint4*)((const u32*)w.values + rows.index(row));
      u64 bits[4] = {v.x, v.y, v.z, v.w};
      i32 numbers[4];
      i32 plane = w.c.plane + (MODE == 3 ? g.z + (row >> 2) : 0);
      u32 coded = quantize(w.p, TYPE_F32, plane, bits, numbers);
      kept |= (~coded & 15) << 4 * row;
      u32 first = rows.numberOf(row) * CHECK_STEP + CHECK_BIAS;
      u32 last = 0;
#pragma unroll
      for (int k = 0; k < 4; k++) {
        last = (coded >> k & 1) != 0 ? (u32)numbers[k] : last;
        symbols[k] = last;
        *check += checkTerm(last, first + k * CHECK_STEP);
      }
    }
    cells[row * WARP_SIZE] = make_uint4(symbols[0], symbols[1], symbols[2], symbols[3]);
  }
#pragma unroll
  for (int row = 0; row < 8; row++) {
    uint4 v = cells[row * WARP_SIZE];
    q[4 * row] = v.x;
    q[4 * row + 1] = v.y;
    q[4 * row + 2] = v.z;
    q[4 * row + 3] = v.w;
  }
  __syncwarp();
  *exact = kept;
  return rows.places(w.c, g);
}

// The careful path: any type and shape. Symbols pass through shared memory, so that the loop
// need not be unrolled. Returns the places that the chunk has.
template <int MODE>
static __device__ __forceinline__ u32 carefulGroup(
    const Work& w, const Group& g, u32* scratch, u32 (&q)[32], u32* exact, u32* check) {
  bool wide = w.p.type == TYPE_I64 || w.p.type == TYPE_F64;
  u32* own = scratch + w.lane;
  u32 inside = 0;
  // ask for all values before the first is used
#pragma unroll 8
  for (int j = 0; j < 32; j++) {
    Place a = placeAt<MODE>(w.c, g, j);
    if (a.inside) {
      inside |= 1u << j;
      if (!wide) {
        own[j * WARP_SIZE] = (u32)loadBits(w.values, a.index, w.p.type);
      }
    }
  }
  u32 last = 0;
  u32 kept = 0;
  // neighbours have one plane, and where the first is outside all are
#pragma unroll 1
  for (int j = 0; j < 32; j += TOGETHER) {
    u32 here = inside >> j & ((1 << TOGETHER) - 1);
    u64 bits[TOGETHER] = {};
    i32 symbols[TOGETHER] = {};
    u32 coded = 0;
    if (here != 0) {
#pragma unroll
      for (int k = 0; k < TOGETHER; k++) {
        if ((here >> k & 1) != 0) {
          bits[k] = wide ? ((const u64*)w.values)[placeAt<MODE>(w.c, g, j + k).index]
                         : own[(j + k) * WARP_SIZE];
        }
      }
      coded = quantize(w.p, w.p.type, placeAt<MODE>(w.c, g, j).plane, bits, symbols);
    }
    kept |= (here & ~coded) << j;
    last = MODE != 1 && (j & 3) == 0 ? 0 : last;
#pragma unroll
    for (int k = 0; k < TOGETHER; k++) {
      last = (here & coded) >> k & 1 ? (u32)symbols[k] : last;
      u32 symbol = (here >> k & 1) != 0 ? last : 0;
      u32 number = placeAt<MODE>(w.c, g, j + k).number;
      *check += checkTerm(symbol, number * CHECK_STEP + CHECK_BIAS);
      own[(j + k) * WARP_SIZE] = symbol;
    }
  }
#pragma unroll
  for (int j = 0; j < 32; j++) {
    q[j] = own[j * WARP_SIZE];
  }
  __syncwarp();
  *exact = kept;
  return inside;
}

// Symbols of one group of one step, the places that the chunk has and those that keep their value,
// and the check.
template <int MODE>
static __device__ __forceinline__ u32 symbolsOf(
    const Work& w, i32 step, u32* input, u32* scratch, u32 (&q)[32], u32* exact, u32* check) {
  Group g = groupAt<MODE>(w.c, w.block, step, w.lane);
  return w.quick ? normalizedRows<MODE>(w, g, scratch, q, exact, check)
                 : carefulGroup<MODE>(w, g, scratch, q, exact, check);
}

// Symbols to values, four neighbours at a time (modes 3 and 2).
template <int MODE>
static __device__ __forceinline__ u32 quickStore(
    const PipelineParameters& p,
    const Chunk& c,
    void* values,
    const Group& g,
    u32* scratch,
    i32 lane,
    const u32 (&q)[32]) {
  Rows<MODE> rows(c, g, lane);
  uint4* cells = (uint4*)scratch + lane;
#pragma unroll
  for (int row = 0; row < 8; row++) {
    cells[row * WARP_SIZE] = make_uint4(q[4 * row], q[4 * row + 1], q[4 * row + 2], q[4 * row + 3]);
  }
  u32 check = 0;
#pragma unroll 1
  for (int row = 0; row < 8; row++) {
    if (!rows.has(row)) {
      continue;
    }
    uint4 v = cells[row * WARP_SIZE];
    i32 symbols[4] = {(i32)v.x, (i32)v.y, (i32)v.z, (i32)v.w};
    u64 bits[4];
    i32 plane = c.plane + (MODE == 3 ? g.z + (row >> 2) : 0);
    restore(p, TYPE_F32, planeMap(p.normalizer, plane), symbols, bits);
    u32 first = rows.numberOf(row) * CHECK_STEP + CHECK_BIAS;
    u32 x[4];
#pragma unroll
    for (int k = 0; k < 4; k++) {
      check += checkTerm((u32)symbols[k], first + k * CHECK_STEP);
      x[k] = (u32)bits[k];
    }
    storeQuad((u32*)values + rows.index(row), x);
  }
  return check;
}

// The careful path: any type and shape.
template <int MODE>
static __device__ __forceinline__ u32 carefulStore(
    const PipelineParameters& p,
    const Chunk& c,
    void* values,
    const Group& g,
    u32* scratch,
    i32 lane,
    const u32 (&q)[32]) {
#pragma unroll
  for (int j = 0; j < 32; j++) {
    scratch[j * WARP_SIZE + lane] = q[j];
  }
  u32 check = 0;
  // neighbours have one plane, and where the first is outside all are
#pragma unroll 1
  for (int j = 0; j < 32; j += TOGETHER) {
    Place first = placeAt<MODE>(c, g, j);
    if (first.inside) {
      i32 symbols[TOGETHER];
#pragma unroll
      for (int k = 0; k < TOGETHER; k++) {
        symbols[k] = (i32)scratch[(j + k) * WARP_SIZE + lane];
      }
      u64 bits[TOGETHER];
      restore(p, p.type, planeMap(p.normalizer, first.plane), symbols, bits);
#pragma unroll
      for (int k = 0; k < TOGETHER; k++) {
        Place a = placeAt<MODE>(c, g, j + k);
        if (a.inside) {
          check += checkTerm((u32)symbols[k], a.number * CHECK_STEP + CHECK_BIAS);
          storeBits(values, a.index, p.type, bits[k]);
        }
      }
    }
  }
  return check;
}
