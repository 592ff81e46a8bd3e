// Values of a field to the symbols of one step of a block: the tuned path, which fetches a step ahead,
// the second try and the careful path.
#pragma once
#include "pipeline.cuh"
#include "pipeline_quantizer.cuh"
#include "lorenzo.cuh"

// Whether the tuned path may try a chunk.
template <int MODE>
static __device__ __forceinline__ bool mayBeQuick(const PipelineParameters& p, const Chunk& c) {
  return (p.flags & FLAG_ALIGNED_ROWS) != 0
      && (p.flags & (FLAG_QUICK_AFFINE | FLAG_QUICK_IDENTITY)) != 0 && (MODE != 1 || c.height == 1);
}

#define ROUNDING 6755399441055744.0  // 1.5 * 2^52: its sum with t rounds t to an integer, half even

// Starts to fetch a step's rows, so that they arrive while the step before is coded. Rows outside
// the chunk become zero.
template <int MODE>
static __device__ __forceinline__ void fetchRows(
    const void* values, const Rows<MODE>& rows, u32* input, i32 lane) {
  u32 to = (u32)__cvta_generic_to_shared(input) + lane * 16;
#pragma unroll
  for (int row = 0; row < 8; row++) {
    const u32* from = (const u32*)values + (rows.has(row) ? rows.index(row) : 0);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 : : "r"(to + row * 512), "l"(from), "r"(rows.has(row) ? 16 : 0) : "memory");
  }
}

// Asks for the first step's rows.
template <int MODE>
static __device__ __forceinline__ void beginRows(
    const Chunk& c, const void* values, i32 block, u32* input, i32 lane) {
  Rows<MODE> first(c, groupAt<MODE>(c, block, 0, lane), lane);
  fetchRows<MODE>(values, first, input, lane);
}

// Waits for the rows. Every lane reads what it fetched itself.
static __device__ __forceinline__ void takeRows(const u32* input, i32 lane, u32 (&x)[32]) {
  asm volatile("cp.async.wait_all;" : : : "memory");
  const uint4* cells = (const uint4*)input + lane;
#pragma unroll
  for (int row = 0; row < 8; row++) {
    uint4 v = cells[row * WARP_SIZE];
    x[4 * row] = v.x;
    x[4 * row + 1] = v.y;
    x[4 * row + 2] = v.z;
    x[4 * row + 3] = v.w;
  }
}

// The tuned path: values to symbols in place, or false if any lane has a doubt about one of them.
static __device__ __forceinline__ bool quickRows(const PipelineParameters& p, u32 (&q)[32]) {
  bool doubt = false;
  if ((p.flags & FLAG_QUICK_IDENTITY) != 0) {
#pragma unroll
    for (int j = 0; j < 32; j++) {
      doubt |= q[j] + 0x3fffffffu > 0x7ffffffeu;  // not -2^30 < q < 2^30
    }
  } else {
    double offset = p.offset, inverse = p.inverse;
    double residual = p.quickResidual;
    float reach = (float)p.quickReach;
#pragma unroll
    for (int j = 0; j < 32; j++) {
      float x = __uint_as_float(q[j]);
      double t = ((double)x - offset) * inverse;
      double sum = t + ROUNDING;
      doubt |= !(fabsf(x) <= reach);
      doubt |= !(fabs(t - (sum - ROUNDING)) < residual);
      q[j] = (u32)__double2loint(sum);
    }
  }
  return !__any_sync(ALL_LANES, doubt);
}

// The second try, for float32 with exact values in between: decides every value, but gives up where
// an error equals the bound. Rows of four only (modes 3 and 2).
template <int MODE>
static __device__ __forceinline__ bool decideRows(
    const Work& w, const Rows<MODE>& rows, const u32* input, u32 (&q)[32], u32* exact) {
  double offset = w.p.offset, unit = w.p.step, inverse = w.p.inverse, bound = w.p.bound;
  bool filled = (w.p.flags & FLAG_FILL) != 0;
  u32 fill = (u32)w.p.fill;
  bool doubt = false;
  u32 kept = 0;
#pragma unroll
  for (int row = 0; row < 8; row++) {
    uint4 v = ((const uint4*)input)[row * WARP_SIZE + w.lane];
    u32 bits[4] = {v.x, v.y, v.z, v.w};
    u32 last = 0;
#pragma unroll
    for (int k = 0; k < 4; k++) {
      int j = 4 * row + k;
      float x = __uint_as_float(bits[k]);
      double t = ((double)x - offset) * inverse;
      double sum = t + ROUNDING;
      float back = __double2float_rn(offset + (sum - ROUNDING) * unit);
      back = back > LARGEST_FLOAT ? LARGEST_FLOAT : back;
      back = back < -LARGEST_FLOAT ? -LARGEST_FLOAT : back;
      double d = fabs((double)x - (double)back);
      doubt |= d == bound;
      bool coded = fabs(t) < 1073741824.0 && d < bound;
      coded = coded && !(filled && (bits[k] == fill || __float_as_uint(back) == fill));
      coded = coded || !rows.has(row);
      kept |= coded ? 0 : 1u << j;
      last = coded ? (u32)__double2loint(sum) : last;
      q[j] = last;
    }
  }
  *exact = kept;
  return !__any_sync(ALL_LANES, doubt);
}

// The careful path: any type, kind and shape. Symbols pass through shared memory, so that the loop
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
#pragma unroll 1
  for (int j = 0; j < 32; j++) {
    if (MODE != 1 && (j & 3) == 0) {
      last = 0;
    }
    u32 symbol = 0;
    if ((inside >> j & 1) != 0) {
      Place a = placeAt<MODE>(w.c, g, j);
      i32 coded;
      if (quantize(w.p, a.plane, wide ? ((const u64*)w.values)[a.index] : own[j * WARP_SIZE], &coded)) {
        last = coded;
      } else {
        kept |= 1u << j;
      }
      symbol = last;
      *check += checkTerm(symbol, a.number * CHECK_STEP + CHECK_BIAS);
    }
    own[j * WARP_SIZE] = symbol;
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
// and the check. The tuned path finds the step's rows in `input` and asks for the next step's.
template <int MODE>
static __device__ __forceinline__ u32 symbolsOf(
    const Work& w, i32 step, u32* input, u32* scratch, u32 (&q)[32], u32* exact, u32* check) {
  Group g = groupAt<MODE>(w.c, w.block, step, w.lane);
  *exact = 0;
  if (w.quick) {
    Rows<MODE> rows(w.c, g, w.lane);
    takeRows(input, w.lane, q);
    bool whole = rows.whole();
    if (!whole) {
      bool identity = (w.p.flags & FLAG_QUICK_IDENTITY) != 0;
      rows.fillOutside(q, identity ? 0 : __float_as_uint((float)w.p.offset));
    }
    bool done = quickRows(w.p, q);
    if (MODE != 1 && !done && (w.p.flags & FLAG_QUICK_IDENTITY) == 0) {
      __syncwarp();  // so that the compiler reads the values again and does not keep them till here
      done = decideRows<MODE>(w, rows, input, q, exact);
    }
    if (step + 1 < STEPS) {
      Rows<MODE> next(w.c, groupAt<MODE>(w.c, w.block, step + 1, w.lane), w.lane);
      fetchRows<MODE>(w.values, next, input, w.lane);
    }
    if (done) {
      if (!whole) {
        rows.fillOutside(q, 0);
      }
      *check += checkRows(q, rows);
      if (MODE == 1) {
        rowsToGroup(q, scratch, w.lane);
      }
      return whole ? 0xffffffffu : rows.places(w.c, g);
    }
  }
  return carefulGroup<MODE>(w, g, scratch, q, exact, check);
}
