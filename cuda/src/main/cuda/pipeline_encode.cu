// Encoder of a pipeline: values of a field to the words of its chunks in one pass. One warp codes
// one block; a thread block (tile) codes WARPS consecutive blocks of a chunk, keeps their words in
// shared memory, learns where they go by looking back over the tiles before it, and writes them.
//
// Launch: WARPS * 32 threads, chunks * tilesPerChunk thread blocks. `state` (one u64 per thread
// block), `begun` (one u64 per chunk), `checks` (one u32 per chunk) and `error` are zero before.
#include "pipeline.cuh"
#include "pipeline_quantizer.cuh"
#include "bitpack.cuh"
#include "lookback.cuh"
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
#ifndef BLOCKS_PER_MULTIPROCESSOR
#define BLOCKS_PER_MULTIPROCESSOR (16 / WARPS)
#endif
// Words of a block that shared memory holds; a block that needs more is coded a second time.
#ifndef STAGE
#define STAGE 2048
#endif

struct WarpStage {
  u32 header[28];  // word 0 and up to 24 planes of widths
  u32 exact[STEPS][WARP_SIZE];
  u32 input[STEP_VALUES];  // values of the next step on their way, eight rows of a quad per lane
  u32 payload[STAGE + 4];  // and room to begin the scratch of a step at a multiple of 16 bytes
};

static __device__ __forceinline__ u32 zigzag(u32 r) { return (r << 1) ^ (u32)((i32)r >> 31); }

static __device__ __forceinline__ u32 bitsFor(u32 value) { return 32 - __clz(value); }

// Words of the list of n exact values.
static __device__ __forceinline__ u32 exactWords(u32 n, i32 type) {
  return n == 0 ? 0 : 1 + (n + 1) / 2 + n * (type == TYPE_I64 || type == TYPE_F64 ? 2 : 1);
}

template <int MODE>
static __device__ __forceinline__ void writeExact(const Work& w, const WarpStage& stage, u32 n, u32* to) {
  bool wide = w.p.type == TYPE_I64 || w.p.type == TYPE_F64;
  u16* places = (u16*)(to + 1);
  u32* raw = to + 1 + (n + 1) / 2;
  if (w.lane == 0) {
    to[0] = n;
    if (n & 1) {
      places[n] = 0;
    }
  }
  u32 before = 0;
#pragma unroll 1
  for (int step = 0; step < STEPS; step++) {
    Group g = groupAt<MODE>(w.c, w.block, step, w.lane);
    u32 mask = stage.exact[step][w.lane];
    u32 own = __popc(mask);
    u32 sum = own;
    for (int d = 1; d < 32; d *= 2) {
      u32 other = __shfl_up_sync(ALL_LANES, sum, d);
      sum += w.lane >= d ? other : 0;
    }
    u32 at = before + sum - own;
    before += __shfl_sync(ALL_LANES, sum, 31);
    for (; mask != 0; mask &= mask - 1, at++) {
      i32 j = __ffs(mask) - 1;
      places[at] = (u16)(step * STEP_VALUES + w.lane * GROUP_VALUES + j);
      u64 bits = loadBits(w.values, placeAt<MODE>(w.c, g, j).index, w.p.type);
      if (wide) {
        raw[2 * at] = (u32)bits;
        raw[2 * at + 1] = (u32)(bits >> 32);
      } else {
        raw[at] = (u32)bits;
      }
    }
  }
}

struct TileStart {
  u64 chunk;  // word where the chunk begins
  u64 tile;   // word where the tile's first block goes
  bool room;
};

template <int MODE>
static __device__ __forceinline__ void encodeTile(
    const PipelineParameters& p,
    const Chunk& c,
    i32 chunk,
    i32 tileOfChunk,
    const void* values,
    u32* out,
    u64* state,
    u64* begun,
    u32* checks,
    u64* starts,
    u32* words,
    u32* error,
    WarpStage* stages) {
  __shared__ u32 sizes[WARPS];
  __shared__ TileStart found;
  i32 lane = threadIdx.x & 31;
  i32 warp = threadIdx.x >> 5;
  i32 block = tileOfChunk * WARPS + warp;
  bool active = block < c.blocks;
  bool quick = mayBeQuick<MODE>(p, c);
  Work w = {p, c, values, block, lane, quick};
  WarpStage& stage = stages[warp];
  u32 stepsWord = 0;
  u32 planesSum = 0;
  u32 payloadWords = 0;
  u32 exactCount = 0;
  u32 size = 0;
  u32 check = 0;
  bool fits = true;
  u32* to = out;
  for (int pass = 0; pass < 2; pass++) {
    if (active) {
      LorenzoCarry<MODE> carry;
      u32 position = 0;
      if (quick) {
        beginRows<MODE>(c, values, block, stage.input, lane);
      }
#pragma unroll 1
      for (int step = 0; step < STEPS; step++) {
        if (position + STEP_VALUES > STAGE) {
          fits = false;
          position = 0;
        }
        u32 q[32];
        u32 exact;
        u32 stepCheck = 0;
        u32 inside = symbolsOf<MODE>(
            w, step, stage.input, stage.payload + ((position + 3) & ~3u), q, &exact, &stepCheck);
        predict<MODE>(q, carry, p.axes, lane);
        u32 any = 0;
#pragma unroll
        for (int j = 0; j < 32; j++) {
          q[j] = zigzag(q[j]);
          any |= q[j];
        }
        if (!__all_sync(ALL_LANES, inside == 0xffffffffu)) {
          any = 0;
#pragma unroll
          for (int j = 0; j < 32; j++) {
            q[j] = (inside >> j & 1) != 0 ? q[j] : 0;
            any |= q[j];
          }
        }
        u32 width = bitsFor(any);
        u32 base = __reduce_min_sync(ALL_LANES, width);
        u32 widest = __reduce_max_sync(ALL_LANES, width);
        u32 planes = bitsFor(widest - base);
        u32 before = lane * base;
        u32 total = 32 * base;
        for (u32 plane = 0; plane < planes; plane++) {
          u32 bits = __ballot_sync(ALL_LANES, ((width - base) >> plane & 1) != 0);
          before += __popc(bits & ((1u << lane) - 1)) << plane;
          total += __popc(bits) << plane;
          if (pass == 0 && lane == 0) {
            stage.header[1 + planesSum + plane] = bits;
          }
        }
        packGroup(q, width, widest, stage.payload + position + before);
        if (pass == 0) {
          stage.exact[step][lane] = exact;
          exactCount += __reduce_add_sync(ALL_LANES, __popc(exact));
          check += stepCheck;
          stepsWord |= (7 * base + planes) << 8 * step;
          planesSum += planes;
          payloadWords += total;
          position += total;
        } else {
          __syncwarp();
          for (u32 i = lane; i < total; i += WARP_SIZE) {
            to[i] = stage.payload[i];
          }
          to += total;
          __syncwarp();
        }
      }
    }
    if (pass == 1) {
      return;
    }
    if (active) {
      size = 1 + planesSum + payloadWords + exactWords(exactCount, p.type);
      check = __reduce_add_sync(ALL_LANES, check);
    }
    if (lane == 0) {
      sizes[warp] = size;
      if (check != 0) {
        atomicAdd(checks + chunk, check);
      }
    }
    __syncthreads();
    if (warp == 0) {
      i64 tile = blockIdx.x;
      u32 head = 1 + (c.blocks + 1) / 2;
      u32 own = __reduce_add_sync(ALL_LANES, lane < WARPS ? sizes[lane] : 0);
      own += tileOfChunk == 0 ? head : 0;
      u64 start = sumBefore(state, tile, own, lane);
      if (lane == 0) {
        u64 end = start + own;
        u64 chunkStart = start;
        if (tileOfChunk == 0) {
          storeShared64(begun + chunk, start + 1);
          start += head;
        } else {
          u64 seen;
          do {
            seen = loadShared64(begun + chunk);
          } while (seen == 0);
          chunkStart = seen - 1;
        }
        bool room = end <= (u64)p.capacityWords;
        if (!room) {
          atomicOr(error, ERROR_CAPACITY);
        } else if (tileOfChunk == 0) {
          out[chunkStart] = 0;
        }
        if ((tileOfChunk + 1) * WARPS >= c.blocks) {
          starts[chunk] = chunkStart;
          words[chunk] = (u32)(end - chunkStart);
          if (room && (c.blocks & 1) != 0) {
            ((u16*)(out + chunkStart + 1))[c.blocks] = 0;
          }
        }
        found.chunk = chunkStart;
        found.tile = start;
        found.room = room;
      }
    }
    __syncthreads();
    if (!active || !found.room) {
      return;
    }
    u32 mine = 0;
    for (int i = 0; i < WARPS; i++) {
      mine += i < warp ? sizes[i] : 0;
    }
    to = out + found.tile + mine;
    if (lane == 0) {
      ((u16*)(out + found.chunk + 1))[block] = (u16)(size | (exactCount != 0 ? 0x8000 : 0));
      stage.header[0] = stepsWord;
    }
    __syncwarp();
    if ((u32)lane < 1 + planesSum) {
      to[lane] = stage.header[lane];
    }
    to += 1 + planesSum;
    if (exactCount != 0) {
      writeExact<MODE>(w, stage, exactCount, to + payloadWords);
    }
    if (fits) {
      for (u32 i = lane; i < payloadWords; i += WARP_SIZE) {
        to[i] = stage.payload[i];
      }
      return;
    }
    __syncwarp();
  }
}

extern "C" __global__ void __launch_bounds__(WARPS * WARP_SIZE, BLOCKS_PER_MULTIPROCESSOR)
    pipeline_encode(
        const __grid_constant__ PipelineParameters p,
        const void* values,
        u32* out,
        u64* state,
        u64* begun,
        u32* checks,
        u64* starts,
        u32* words,
        u32* error) {
  extern __shared__ u32 shared[];
  WarpStage* stages = (WarpStage*)shared;
  i32 chunk = blockIdx.x / p.tilesPerChunk;
  i32 tileOfChunk = blockIdx.x - chunk * p.tilesPerChunk;
  Chunk c = chunkAt(p, chunk);
  if (tileOfChunk * WARPS >= c.blocks) {
    if (threadIdx.x == 0) {
      storeShared64(state + blockIdx.x, TILE_SUM);
    }
    return;
  }
#define ENCODE(MODE) \
  encodeTile<MODE>(p, c, chunk, tileOfChunk, values, out, state, begun, checks, starts, words, error, stages)
  if (c.mode == 3) {
    ENCODE(3);
  } else if (c.mode == 2) {
    ENCODE(2);
  } else {
    ENCODE(1);
  }
}
