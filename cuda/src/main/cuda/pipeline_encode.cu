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

struct Work {
  const PipelineParameters& p;
  const Chunk& c;
  const void* values;
  i32 block;
  i32 lane;
  bool quick;  // the tuned path may try it
};

static __device__ __forceinline__ u32 zigzag(u32 r) { return (r << 1) ^ (u32)((i32)r >> 31); }

static __device__ __forceinline__ u32 bitsFor(u32 value) { return 32 - __clz(value); }

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
      if (quantize(w.p, wide ? ((const u64*)w.values)[a.index] : own[j * WARP_SIZE], &coded)) {
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
// and the check. The tuned path finds the step's rows in `stage` and asks for the next step's.
template <int MODE>
static __device__ __forceinline__ u32 symbolsOf(
    const Work& w, i32 step, WarpStage& stage, u32* scratch, u32 (&q)[32], u32* exact, u32* check) {
  Group g = groupAt<MODE>(w.c, w.block, step, w.lane);
  *exact = 0;
  if (w.quick) {
    Rows<MODE> rows(w.c, g, w.lane);
    takeRows(stage.input, w.lane, q);
    bool whole = rows.whole();
    if (!whole) {
      bool identity = (w.p.flags & FLAG_QUICK_IDENTITY) != 0;
      rows.fillOutside(q, identity ? 0 : __float_as_uint((float)w.p.offset));
    }
    bool done = quickRows(w.p, q);
    if (MODE != 1 && !done && (w.p.flags & FLAG_QUICK_IDENTITY) == 0) {
      __syncwarp();  // so that the compiler reads the values again and does not keep them till here
      done = decideRows<MODE>(w, rows, stage.input, q, exact);
    }
    if (step + 1 < STEPS) {
      Rows<MODE> next(w.c, groupAt<MODE>(w.c, w.block, step + 1, w.lane), w.lane);
      fetchRows<MODE>(w.values, next, stage.input, w.lane);
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
  bool quick = (p.flags & FLAG_ALIGNED_ROWS) != 0
      && (p.flags & (FLAG_QUICK_AFFINE | FLAG_QUICK_IDENTITY)) != 0 && (MODE != 1 || c.height == 1);
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
        Rows<MODE> first(c, groupAt<MODE>(c, block, 0, lane), lane);
        fetchRows<MODE>(values, first, stage.input, lane);
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
            w, step, stage, stage.payload + ((position + 3) & ~3u), q, &exact, &stepCheck);
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
