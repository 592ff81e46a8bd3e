// A pipeline without our own encoder: values of chunks to predicted integers and back. One warp
// works on one block; the integers of a block stand in coded order, the blocks of all chunks one
// after the other. All chunks of a launch have the same extents.
//
// Launch: WARPS * 32 threads, chunks * tilesPerChunk thread blocks. `counts`, `checks` and
// `occurring` (one u32 per chunk) are zero before.
//
// For the encoder rans there are `classes` (null: not wanted), the class of each block, and in
// `occurring` a bit for each class that a chunk has. In decoding, integers of blocks whose `zeros`
// (null: none) is set are not looked at: they are 0.
#include "pipeline.cuh"
#include "pipeline_quantizer.cuh"
#include "lorenzo.cuh"
// last, since a file stands in the text once: what these include must not stand in one branch only
#if NORMALIZED
#include "pipeline_normalized.cuh"
#else
#include "pipeline_symbols.cuh"
#endif

#ifndef WARPS
#define WARPS 4
#endif

// How integers stand in memory.
#define FORM_ZIGZAG 0  // u32, sign in the lowest bit
#define FORM_INT 1     // i32
#define FORM_SHORT 2   // i16; differences wrap

static __device__ __forceinline__ void storeGroupOf(void* to, u64 group, i32 form, const u32 (&r)[32]) {
  if (form == FORM_SHORT) {
    uint4* at = (uint4*)to + group * 4;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      u32 w[4];
#pragma unroll
      for (int k = 0; k < 4; k++) {
        w[k] = (r[8 * i + 2 * k] & 0xffff) | r[8 * i + 2 * k + 1] << 16;
      }
      at[i] = make_uint4(w[0], w[1], w[2], w[3]);
    }
    return;
  }
  uint4* at = (uint4*)to + group * 8;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    u32 w[4];
#pragma unroll
    for (int k = 0; k < 4; k++) {
      u32 v = r[4 * i + k];
      w[k] = form == FORM_ZIGZAG ? (v << 1) ^ (u32)((i32)v >> 31) : v;
    }
    at[i] = make_uint4(w[0], w[1], w[2], w[3]);
  }
}

static __device__ __forceinline__ void loadGroupOf(const void* from, u64 group, i32 form, u32 (&r)[32]) {
  if (form == FORM_SHORT) {
    const uint4* at = (const uint4*)from + group * 4;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint4 v = at[i];
      u32 w[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
      for (int k = 0; k < 4; k++) {
        r[8 * i + 2 * k] = (u32)(i32)(i16)(w[k] & 0xffff);
        r[8 * i + 2 * k + 1] = (u32)((i32)w[k] >> 16);
      }
    }
    return;
  }
  const uint4* at = (const uint4*)from + group * 8;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    uint4 v = at[i];
    u32 w[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
    for (int k = 0; k < 4; k++) {
      r[4 * i + k] = form == FORM_ZIGZAG ? (w[k] >> 1) ^ (0 - (w[k] & 1)) : w[k];
    }
  }
}

// Sum of the residuals as the rans encoder counts it, sign in the lowest bit.
static __device__ __forceinline__ u64 sizeOf(const u32 (&r)[32]) {
  u64 sum = 0;
#pragma unroll
  for (int j = 0; j < 32; j++) {
    sum += (r[j] << 1) ^ (u32)((i32)r[j] >> 31);
  }
  return sum;
}

// The class of a block whose residuals have such a sum, FORMAT.md, "rANS of residuals".
static __device__ __forceinline__ u32 classOf(u64 sum) {
  u32 mean = (u32)((sum + BLOCK_VALUES - 1) / BLOCK_VALUES);
  return least(15, 32 - __clz(mean));
}

template <int MODE>
static __device__ __forceinline__ void encodeBlock(
    const PipelineParameters& p, const Chunk& c, i32 block, u64 firstGroup, const void* values,
    void* integers, i32 form, u32* exactMasks, u32* input, u32* scratch, i32 lane, u32* exactCount,
    u32* check, u64* size) {
  bool quick = mayBeQuick<MODE>(p, c);
  Work w = {p, c, values, block, lane, quick};
  LorenzoCarry<MODE> carry;
  if (quick) {
    beginRows<MODE>(c, values, block, input, lane);
  }
#pragma unroll 1
  for (int step = 0; step < STEPS; step++) {
    u32 q[32];
    u32 exact;
    u32 inside = symbolsOf<MODE>(w, step, input, scratch, q, &exact, check);
    predict<MODE>(q, carry, p.axes, lane);
#pragma unroll
    for (int j = 0; j < 32; j++) {
      q[j] = (inside >> j & 1) != 0 ? q[j] : 0;
    }
    u64 group = firstGroup + step * WARP_SIZE + lane;
    storeGroupOf(integers, group, form, q);
    exactMasks[group] = exact;
    *exactCount += __popc(exact);
    *size += sizeOf(q);
  }
}

template <int MODE>
static __device__ __forceinline__ void decodeBlock(
    const PipelineParameters& p, const Chunk& c, i32 block, u64 firstGroup, const void* integers,
    i32 form, bool zeros, void* values, u32* scratch, i32 lane, u32* check) {
  LorenzoCarry<MODE> carry;
#pragma unroll 1
  for (int step = 0; step < STEPS; step++) {
    u32 q[32] = {};
    if (!zeros) {
      loadGroupOf(integers, firstGroup + step * WARP_SIZE + lane, form, q);
    }
    unpredict<MODE>(q, carry, p.axes, lane);
#pragma unroll
    for (int j = 0; j < 32; j++) {
      scratch[j * WARP_SIZE + lane] = form == FORM_SHORT ? (u32)(i32)(i16)(q[j] & 0xffff) : q[j];
    }
    Group g = groupAt<MODE>(c, block, step, lane);
#pragma unroll 1
    for (int j = 0; j < 32; j++) {
      Place a = placeAt<MODE>(c, g, j);
      if (a.inside) {
        u32 symbol = scratch[j * WARP_SIZE + lane];
        *check += checkTerm(symbol, a.number * CHECK_STEP + CHECK_BIAS);
        storeBits(values, a.index, p.type, restore(p, a.plane, (i32)symbol));
      }
    }
    __syncwarp();
  }
}

extern "C" __global__ void __launch_bounds__(WARPS * WARP_SIZE) integers_encode(
    const __grid_constant__ PipelineParameters p, const void* values, void* integers, i32 form,
    u32* exactMasks, u32* counts, u32* checks, u8* classes, u32* occurring) {
  __shared__ __align__(16) u32 inputs[WARPS][STEP_VALUES];
  __shared__ __align__(16) u32 scratches[WARPS][STEP_VALUES];
  i32 chunk = blockIdx.x / p.tilesPerChunk;
  i32 lane = threadIdx.x & 31;
  i32 warp = threadIdx.x >> 5;
  i32 block = (blockIdx.x - chunk * p.tilesPerChunk) * WARPS + warp;
  Chunk c = chunkAt(p, chunk);
  if (block >= c.blocks) {
    return;
  }
  u64 first = ((u64)chunk * c.blocks + block) * (STEPS * WARP_SIZE);
  u32 exact = 0;
  u32 check = 0;
  u64 size = 0;
#define ENCODE(MODE) \
  encodeBlock<MODE>(p, c, block, first, values, integers, form, exactMasks, inputs[warp], \
                    scratches[warp], lane, &exact, &check, &size)
  if (c.mode == 3) {
    ENCODE(3);
  } else if (c.mode == 2) {
    ENCODE(2);
  } else {
    ENCODE(1);
  }
  exact = __reduce_add_sync(ALL_LANES, exact);
  check = __reduce_add_sync(ALL_LANES, check);
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) {
    size += __shfl_xor_sync(ALL_LANES, size, d);
  }
  if (lane == 0) {
    if (exact != 0) {
      atomicAdd(counts + chunk, exact);
    }
    if (check != 0) {
      atomicAdd(checks + chunk, check);
    }
    if (classes != 0) {
      u32 found = classOf(size);
      classes[(u64)chunk * c.blocks + block] = (u8)found;
      atomicOr(occurring + chunk, 1u << found);
    }
  }
}

extern "C" __global__ void __launch_bounds__(WARPS * WARP_SIZE) integers_decode(
    const __grid_constant__ PipelineParameters p, const void* integers, i32 form, const u8* zeros,
    void* values, u32* checks) {
  __shared__ u32 shared[WARPS][STEP_VALUES];
  i32 chunk = blockIdx.x / p.tilesPerChunk;
  i32 lane = threadIdx.x & 31;
  i32 warp = threadIdx.x >> 5;
  i32 block = (blockIdx.x - chunk * p.tilesPerChunk) * WARPS + warp;
  Chunk c = chunkAt(p, chunk);
  if (block >= c.blocks) {
    return;
  }
  u64 first = ((u64)chunk * c.blocks + block) * (STEPS * WARP_SIZE);
  u32 check = 0;
  bool zero = zeros != 0 && zeros[(u64)chunk * c.blocks + block] != 0;
#define DECODE(MODE) \
  decodeBlock<MODE>(p, c, block, first, integers, form, zero, values, shared[warp], lane, &check)
  if (c.mode == 3) {
    DECODE(3);
  } else if (c.mode == 2) {
    DECODE(2);
  } else {
    DECODE(1);
  }
  check = __reduce_add_sync(ALL_LANES, check);
  if (lane == 0 && check != 0) {
    atomicAdd(checks + chunk, check);
  }
}

// Moves coded pieces from their places to one run of bytes, each at a multiple of 8 bytes. One
// thread block per piece; every one adds up the lengths before its own by itself. Up to 7 bytes
// beyond a piece are read.
extern "C" __global__ void __launch_bounds__(256)
    pieces_pack(const u64* addresses, const u64* lengths, u64* packed) {
  __shared__ u64 sums[8];
  u64 sum = 0;
  for (u32 i = threadIdx.x; i < blockIdx.x; i += blockDim.x) {
    sum += (lengths[i] + 7) / 8;
  }
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) {
    sum += __shfl_xor_sync(ALL_LANES, sum, d);
  }
  if ((threadIdx.x & 31) == 0) {
    sums[threadIdx.x >> 5] = sum;
  }
  __syncthreads();
  u64 start = 0;
#pragma unroll
  for (int w = 0; w < 8; w++) {
    start += sums[w];
  }
  const u64* from = (const u64*)addresses[blockIdx.x];
  u64 words = (lengths[blockIdx.x] + 7) / 8;
  for (u64 i = threadIdx.x; i < words; i += blockDim.x) {
    packed[start + i] = from[i];
  }
}
