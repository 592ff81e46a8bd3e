// Symbols of one group of one step of a block to values of a field: the tuned path, which stores whole
// rows, and the careful one.
#pragma once
#include "pipeline.cuh"
#include "pipeline_quantizer.cuh"

// Whether the tuned path takes a chunk.
template <int MODE>
static __device__ __forceinline__ bool mayBeTuned(const PipelineParameters& p, const Chunk& c) {
  return (p.flags & FLAG_ALIGNED_ROWS) != 0
      && (p.flags & (FLAG_QUICK_AFFINE | FLAG_QUICK_IDENTITY)) != 0
      && (MODE != 1 || c.height == 1);
}

static __device__ __forceinline__ void clampFloats(u32 (&x)[32]) {
#pragma unroll
  for (int j = 0; j < 32; j++) {
    float f = __uint_as_float(x[j]);
    f = f > LARGEST_FLOAT ? LARGEST_FLOAT : f;
    f = f < -LARGEST_FLOAT ? -LARGEST_FLOAT : f;
    x[j] = __float_as_uint(f);
  }
}

// The tuned path: restores and stores whole groups of float32 (affine) or of int32 symbols.
template <int MODE>
static __device__ __forceinline__ u32 quickStore(
    const PipelineParameters& p,
    const Chunk& c,
    void* values,
    const Group& g,
    u32* scratch,
    i32 lane,
    u32 (&q)[32]) {
  if (MODE == 1) {
    groupToRows(q, scratch, lane);
  }
  Rows<MODE> rows(c, g, lane);
  bool whole = rows.whole();
  if (!whole) {
    rows.fillOutside(q, 0);
  }
  u32 check = checkRows(q, rows);
  bool identity = (p.flags & FLAG_QUICK_IDENTITY) != 0;
  bool clamp = (p.flags & FLAG_NO_OVERFLOW) == 0;
  double offset = p.offset, unit = p.step;
  if (!identity) {
#pragma unroll
    for (int j = 0; j < 32; j++) {
      q[j] = __float_as_uint(__double2float_rn(offset + (double)(i32)q[j] * unit));
    }
    if (clamp) {
      clampFloats(q);
    }
  }
  if (whole) {
#pragma unroll
    for (int row = 0; row < 8; row++) {
      storeQuad((u32*)values + rows.index(row), &q[4 * row]);
    }
  } else {
#pragma unroll
    for (int row = 0; row < 8; row++) {
      if (rows.has(row)) {
        storeQuad((u32*)values + rows.index(row), &q[4 * row]);
      }
    }
  }
  return check;
}

// The careful path: any type, kind and shape.
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
#pragma unroll 1
  for (int j = 0; j < 32; j++) {
    Place a = placeAt<MODE>(c, g, j);
    if (a.inside) {
      u32 symbol = scratch[j * WARP_SIZE + lane];
      check += checkTerm(symbol, a.number * CHECK_STEP + CHECK_BIAS);
      storeBits(values, a.index, p.type, restore(p, a.plane, (i32)symbol));
    }
  }
  return check;
}
