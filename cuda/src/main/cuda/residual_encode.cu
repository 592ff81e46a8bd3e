// Residuals to streams. A lane codes a stream from its end to its beginning and writes the words over
// residuals that it has coded: all but an escape take at most 16 of their 32 bits. The words of all
// streams are then moved to one run.
#include "rans_pack.cuh"
#include "residual_rans.cuh"

#define BATCH 16  // residuals that are looked up together, well before they are coded
#define QUADS (BATCH / 4)
#define BATCHES (RESIDUAL_PLACES / BATCH)

struct ResidualEncoder {
  u32 x;
  u16* out;  // words stand from here on
  bool overflow;

  // Codes an interval whose words have room for certain.
  __device__ __forceinline__ void step(uint4 e) {
    const u32 limit = ~e.w | 0xffff;
    if (x > limit) {
      *--out = (u16)x;
      x >>= 16;
    }
    advance(e);
  }

  __device__ __forceinline__ void advance(uint4 e) {
    const u32 high = (u32)(((u64)x * e.z + e.x) >> 32);
    x = __funnelshift_r(high, 0, e.x) * (e.w >> 16) + (x + (e.w & 0xffff));
  }

  // Emits a word where there is room above `floor`.
  __device__ __forceinline__ void emit(const u16* floor) {
    if (out > floor) {
      *--out = (u16)x;
    } else {
      overflow = true;
    }
    x >>= 16;
  }

  __device__ __forceinline__ void digit(u32 d, const u16* floor) {
    if (x >= 1u << 28) emit(floor);
    x = x << 4 | d;
  }

  // A residual that its table does not hold.
  __device__ __forceinline__ void escape(u32 value, u32 symbols, uint4 e, const u16* floor) {
    const u32 raw = (i32)value < 0 ? (u32)-2 * value - 1 : 2 * (value - symbols);
    const i32 digits = (35 - __clz(raw)) / 4;
    for (i32 d = digits - 1; d >= 0; d--) digit(raw >> 4 * d & 15, floor);
    digit(digits, floor);
    if (x > (~e.w | 0xffff)) emit(floor);
    advance(e);
  }

  __device__ __forceinline__ void flag(bool zeros, u32 dead, const u16* floor) {
    const u32 start = zeros ? 0 : dead, frequency = zeros ? dead : 65536 - dead;
    if (x >= frequency << 16) emit(floor);
    x = (x / frequency << 16) + x % frequency + start;
  }

  __device__ __forceinline__ void finish(const u16* floor) {
    if (x >= RESIDUAL_STATE) emit(floor);
    if (x != 0) emit(floor);
  }
};

// Codes one block that is not all zero; `entries` are those of its table.
static __device__ __forceinline__ void encodeResiduals(
    ResidualEncoder& coder, const i32* symbols, const ResidualTable& table, const uint4* entries) {
  const u32 lowest = table.lowest, count = table.symbols;
  const uint4* quads = (const uint4*)symbols;
  uint4 raw[QUADS], later[QUADS], entry[BATCH], next[BATCH];
  u32 escapes = 0, nextEscapes = 0;
  // no read-only loads: words are written to the same memory
  auto load = [&](uint4(&to)[QUADS], i32 batch) {
#pragma unroll
    for (i32 i = 0; i < QUADS; i++) to[i] = quads[max(batch, 0) * QUADS + i];
  };
  auto lookUp = [&](const uint4(&from)[QUADS], uint4(&to)[BATCH]) {
    u32 found = 0;
#pragma unroll
    for (i32 i = 0; i < QUADS; i++) {
      const u32 v[4] = {from[i].x - lowest, from[i].y - lowest, from[i].z - lowest, from[i].w - lowest};
#pragma unroll
      for (i32 k = 0; k < 4; k++) {
        found |= v[k] >= count ? 1u << (4 * i + k) : 0;
        to[4 * i + k] = __ldg(entries + min(v[k], count));
      }
    }
    return found;
  };
  load(raw, BATCHES - 1);
  load(later, BATCHES - 2);
  escapes = lookUp(raw, entry);
#pragma unroll 1
  for (i32 batch = BATCHES - 1; batch >= 0; batch--) {
#pragma unroll
    for (i32 i = 0; i < QUADS; i++) raw[i] = later[i];
    load(later, batch - 2);
    nextEscapes = lookUp(raw, next);
    if (escapes == 0) {
#pragma unroll
      for (i32 k = BATCH - 1; k >= 0; k--) coder.step(entry[k]);
    } else {
#pragma unroll 1
      for (i32 k = BATCH - 1; k >= 0; k--) {
        const i32* at = symbols + batch * BATCH + k;
        const u32 value = (u32)*at - lowest;
        const uint4 e = __ldg(entries + min(value, count));
        if (value >= count) {
          coder.escape(value, count, e, (const u16*)at);
        } else {
          coder.step(e);
        }
        if (coder.overflow) return;
      }
    }
    escapes = nextEscapes;
#pragma unroll
    for (i32 k = 0; k < BATCH; k++) entry[k] = next[k];
  }
}

// Launch: enough warps for all streams, `lanes` of each warp working. `overflows` (one u32 per chunk)
// is zero before; a chunk where it is not has a stream that is longer than its residuals. `lengths`
// receives the words of each stream, which stand at the end of the stream's residuals.
extern "C" __global__ void __launch_bounds__(128) residual_encode(
    ResidualLayout l, i32 lanes, i32* residuals, const u8* classes, const u32* occurring,
    const ResidualTable* tables, const uint4* entries, u32* lengths, u32* overflows) {
  const i32 lane = threadIdx.x & 31;
  const i64 number = (i64)(blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32) * lanes + lane;
  if (lane >= lanes || number >= (i64)l.chunks * l.streams) return;
  const ResidualStream stream(l, (i32)number);
  const u32 mask = occurring[stream.chunk];
  const u32 firstTable = stream.chunk * l.slots;
  const u8* own = classes + stream.block;
  i32* symbols = residuals + stream.block * RESIDUAL_PLACES;
  u16* end = (u16*)(symbols + (i64)stream.count * RESIDUAL_PLACES);
  ResidualEncoder coder = {0, end, false};
  i32 b = stream.count - 1;
  for (;;) {
    // every lane goes to its next block, so that all of them have one again
    while (b >= 0 && own[b] == 0) b--;
    if (b < 0 || coder.overflow) break;
    const u32 table = firstTable + residualSlot(mask, own[b]);
    encodeResiduals(
        coder, symbols + (i64)b * RESIDUAL_PLACES, tables[table], entries + (u64)table * RESIDUAL_BINS);
    b--;
  }
  const u16* floor = (const u16*)symbols;
  for (b = stream.count - 1; b >= 0; b--) {
    const bool zeros = own[b] == 0;
    coder.flag(zeros, zeros ? 65535 : tables[firstTable + residualSlot(mask, own[b])].dead, floor);
  }
  coder.finish(floor);
  if (coder.overflow) atomicOr(overflows + stream.chunk, 1);
  lengths[number] = coder.overflow ? 0 : (u32)(end - coder.out);
}

// Moves the frequencies of all tables and then the words of all streams to one run of u16. `lengths`
// are those of the tables and then those of the streams; `offsets` receives where each begins, in
// words, and where all end. Any number of thread blocks.
extern "C" __global__ void __launch_bounds__(512) residual_pack(
    ResidualLayout l, const u16* frequencies, const i32* residuals, const u32* lengths, u64* offsets,
    u16* packed) {
  __shared__ u64 scratch[32];
  __shared__ u64 starts[512];
  const u32 tables = l.chunks * l.slots, count = tables + l.chunks * l.streams;
  const u32 per = (count - 1) / gridDim.x + 1, first = min(blockIdx.x * per, count), end = min(first + per, count);
  if (first >= end) return;
  u64 sum = 0, before, total;
#pragma unroll 4
  for (u32 i = threadIdx.x; i < first; i += blockDim.x) sum += lengths[i];
  ransScan(sum, scratch, before);
  for (u32 from = first; from < end; from += blockDim.x) {
    const u32 i = from + threadIdx.x, length = i < end ? lengths[i] : 0;
    const u64 at = before + ransScan(length, scratch, total);
    if (i < end) offsets[i] = at;
    if (i < end && i == count - 1) offsets[count] = at + length;
    starts[threadIdx.x] = at;
    __syncthreads();
    const u32 here = min(end - from, blockDim.x);
    for (u32 p = threadIdx.x / 32; p < here; p += blockDim.x / 32) {
      const u32 piece = from + p, words = lengths[piece];
      const u16* source = frequencies + (u64)piece * RESIDUAL_SYMBOLS;
      if (piece >= tables) {
        const ResidualStream stream(l, piece - tables);
        source = (const u16*)(residuals + (stream.block + stream.count) * RESIDUAL_PLACES) - words;
      }
      u16* target = packed + starts[p];
#pragma unroll 4
      for (u32 w = threadIdx.x & 31; w < words; w += 32) target[w] = source[w];
    }
    before += total;
    __syncthreads();
  }
}
