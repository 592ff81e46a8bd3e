// Decoder of a pipeline: words of chunks to values of a field. One warp decodes one block.
//
// Launch: WARPS * 32 threads, chunks * tilesPerChunk thread blocks. Chunk i has words[i] words from
// in[starts[i]]; nothing outside them is used (up to three words around them may be read, so the
// buffer begins at a multiple of 16 bytes and is padded to one). `checks` (one u32 per chunk) and
// `error` are zero before. Values of a chunk with an error are undefined.
#include "pipeline.cuh"
#include "pipeline_quantizer.cuh"
#include "bitpack.cuh"
#include "lorenzo.cuh"
// last, since a file stands in the text once: what these include must not stand in one branch only
#if NORMALIZED
#include "pipeline_normalized.cuh"
#else
#include "pipeline_store.cuh"
#endif

#ifndef WARPS
#define WARPS 4
#endif
#ifndef BLOCKS_PER_MULTIPROCESSOR
#define BLOCKS_PER_MULTIPROCESSOR (16 / WARPS)
#endif
// Words of a block that shared memory holds at a time; at least a step's and its alignment.
#ifndef STAGE
#define STAGE 1280
#endif

#define LONGEST_HEADER 25
#define STAGE_PADDING 4  // unpacking reads up to two words beyond a group

struct Block {
  const u32* words;
  u32 size;
  bool exact;
  bool good;
};

// Finds a block by adding up the sizes of those before it. All lanes get the result.
static __device__ __forceinline__ Block findBlock(
    const u32* chunkWords, u32 chunkSize, const Chunk& c, i32 block, i32 lane) {
  u32 tableWords = (c.blocks + 1) / 2;
  Block b = {chunkWords, 0, false, false};
  if (chunkSize < 1 + tableWords) {
    return b;
  }
  const u16* table = (const u16*)(chunkWords + 1);
  u32 before = 0;
  for (i32 i = 2 * lane; i < block; i += 2 * WARP_SIZE) {
    u32 pair = ((const u32*)table)[i >> 1];
    before += (pair & 0x7fff) + (i + 1 < block ? pair >> 16 & 0x7fff : 0);
  }
  before = __reduce_add_sync(ALL_LANES, before);
  u32 entry = table[block];
  u64 from = (u64)1 + tableWords + before;
  b.size = entry & 0x7fff;
  b.exact = (entry & 0x8000) != 0;
  b.good = b.size >= 1 && from + b.size <= chunkSize;
  if (block == c.blocks - 1) {
    bool padded = (c.blocks & 1) == 0 || table[c.blocks] == 0;
    b.good = b.good && padded && from + b.size == chunkSize && chunkWords[0] == 0;
  }
  b.words = chunkWords + (b.good ? from : 0);
  return b;
}

// A window of a block's words in shared memory.
struct Window {
  u32* stage;
  const u32* words;
  u32 size;   // of the block
  u32 begin;  // words [begin, end) are in the stage from stage[shift]
  u32 end;
  u32 shift;
};

static __device__ __forceinline__ void fillWindow(Window& w, u32 from, i32 lane) {
  __syncwarp();
  const u32* first = w.words + from;
  w.shift = (u32)((u64)first >> 2) & 3;
  w.begin = from;
  u32 count = w.size - from;
  count = count < STAGE - w.shift ? count : STAGE - w.shift;
  w.end = from + count;
  const u32* aligned = first - w.shift;
  u32 target = (u32)__cvta_generic_to_shared(w.stage);
  for (u32 i = lane * 4; i < w.shift + count; i += WARP_SIZE * 4) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;"
                 : : "r"(target + i * 4), "l"(aligned + i) : "memory");
  }
  asm volatile("cp.async.wait_all;" : : : "memory");
  __syncwarp();
}

static __device__ __forceinline__ const u32* at(const Window& w, u32 index) {
  return w.stage + w.shift + (index - w.begin);
}

// Puts the exact values of a block over the restored ones. False if the list is not well formed.
template <int MODE>
static __device__ __forceinline__ bool placeExact(
    const PipelineParameters& p,
    const Chunk& c,
    i32 block,
    const u32* list,
    u32 size,
    void* values,
    i32 lane) {
  u32 n = size > 0 ? list[0] : 0;
  bool wide = p.type == TYPE_I64 || p.type == TYPE_F64;
  if (n < 1 || n > BLOCK_VALUES || size != 1 + (n + 1) / 2 + n * (wide ? 2 : 1)) {
    return false;
  }
  const u16* places = (const u16*)(list + 1);
  const u32* raw = list + 1 + (n + 1) / 2;
  bool good = (n & 1) == 0 || places[n] == 0;
  for (u32 i = lane; i < n; i += WARP_SIZE) {
    u32 place = places[i];
    if (place >= BLOCK_VALUES || (i > 0 && places[i - 1] >= place)) {
      good = false;
      continue;
    }
    Group g = groupAt<MODE>(c, block, place >> 10, place >> 5 & 31);
    Place a = placeAt<MODE>(c, g, place & 31);
    if (!a.inside) {
      good = false;
      continue;
    }
    u64 bits = wide ? (u64)raw[2 * i + 1] << 32 | raw[2 * i] : raw[i];
    storeBits(values, a.index, p.type, bits);
  }
  return __all_sync(ALL_LANES, good);
}

// Decodes a block. False if it is not well formed.
template <int MODE>
static __device__ __forceinline__ bool decodeBlock(
    const PipelineParameters& p,
    const Chunk& c,
    i32 block,
    const Block& b,
    void* values,
    u32* stage,
    u32* scratch,
    i32 lane,
    u32* check) {
  Window w = {stage, b.words, b.size, 0, 0, 0};
  fillWindow(w, 0, lane);
  u32 stepsWord = *at(w, 0);
  u32 planesSum = 0;
#pragma unroll
  for (int step = 0; step < STEPS; step++) {
    u32 code = stepsWord >> 8 * step & 0xff;
    if (code > 230) {
      return false;
    }
    planesSum += code % 7;
  }
  u32 next = 1 + planesSum;
  if (next > b.size) {
    return false;
  }
  // planes of widths stay in a register: lane i holds word 1 + i
  u32 planeWord = (u32)lane < planesSum ? *at(w, 1 + lane) : 0;
  bool tuned = mayBeTuned<MODE>(p, c);
  LorenzoCarry<MODE> carry;
  u32 plane = 0;
#pragma unroll 1
  for (int step = 0; step < STEPS; step++) {
    u32 code = stepsWord >> 8 * step & 0xff;
    u32 base = code / 7;
    u32 planes = code - 7 * base;
    u32 width = base;
    u32 before = lane * base;
    u32 total = 32 * base;
    for (u32 i = 0; i < planes; i++, plane++) {
      u32 bits = __shfl_sync(ALL_LANES, planeWord, plane);
      width += (bits >> lane & 1) << i;
      before += __popc(bits & ((1u << lane) - 1)) << i;
      total += __popc(bits) << i;
    }
    u32 widest = __reduce_max_sync(ALL_LANES, width);
    if (widest > 32 || next + total > b.size) {
      return false;
    }
    if (next + total > w.end) {
      fillWindow(w, next, lane);
    }
    u32 q[32];
    unpackSigned(q, width, widest, at(w, next + before));
    next += total;
    unpredict<MODE>(q, carry, p.axes, lane);
    Group g = groupAt<MODE>(c, block, step, lane);
    if (tuned) {
      *check += quickStore<MODE>(p, c, values, g, scratch, lane, q);
    } else {
      *check += carefulStore<MODE>(p, c, values, g, scratch, lane, q);
    }
  }
  if (!b.exact) {
    return next == b.size;
  }
  __syncwarp();
  return placeExact<MODE>(p, c, block, b.words + next, b.size - next, values, lane);
}

extern "C" __global__ void __launch_bounds__(WARPS * WARP_SIZE, BLOCKS_PER_MULTIPROCESSOR)
    pipeline_decode(
        const __grid_constant__ PipelineParameters p,
        const u32* in,
        const u64* starts,
        const u32* words,
        void* values,
        u32* checks,
        u32* error) {
  extern __shared__ u32 shared[];
  i32 chunk = blockIdx.x / p.tilesPerChunk;
  i32 tileOfChunk = blockIdx.x - chunk * p.tilesPerChunk;
  i32 lane = threadIdx.x & 31;
  i32 warp = threadIdx.x >> 5;
  Chunk c = chunkAt(p, chunk);
  i32 block = tileOfChunk * WARPS + warp;
  if (block >= c.blocks) {
    return;
  }
  u32* stage = shared + warp * (STAGE + STAGE_PADDING + STEP_VALUES);
  u32* scratch = stage + STAGE + STAGE_PADDING;
  Block b = findBlock(in + starts[chunk], words[chunk], c, block, lane);
  bool good = b.good;
  u32 check = 0;
  if (good) {
    if (c.mode == 3) {
      good = decodeBlock<3>(p, c, block, b, values, stage, scratch, lane, &check);
    } else if (c.mode == 2) {
      good = decodeBlock<2>(p, c, block, b, values, stage, scratch, lane, &check);
    } else {
      good = decodeBlock<1>(p, c, block, b, values, stage, scratch, lane, &check);
    }
  }
  check = __reduce_add_sync(ALL_LANES, check);
  if (lane == 0) {
    if (!good) {
      atomicOr(error, ERROR_CORRUPT);
    }
    if (check != 0) {
      atomicAdd(checks + chunk, check);
    }
  }
}
