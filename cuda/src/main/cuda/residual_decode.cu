// Streams of residuals to residuals. A lane decodes a stream; the tables of its chunk lie in shared
// memory: which interval a state belongs to is what every symbol waits for.
#include "residual_rans.cuh"

#define REFILL 16      // residuals between two looks at the ring
#ifndef BUCKET_BITS
#define BUCKET_BITS 9
#endif
#define BUCKETS (1 << BUCKET_BITS)
#define BUCKET_SHIFT (16 - BUCKET_BITS)
#define RING_WORDS 64  // of a stream, on their way to its lane
#define PART_WORDS 8   // what is fetched at once

// Loads from addresses of shared memory, which take fewer steps than pointers to anywhere.
static __device__ __forceinline__ u32 sharedHalf(u32 address) {
  u16 v;
  asm volatile("ld.shared.u16 %0, [%1];" : "=h"(v) : "r"(address));
  return v;
}

static __device__ __forceinline__ uint2 sharedPair(u32 address) {
  uint2 v;
  asm volatile("ld.shared.v2.u32 {%0, %1}, [%2];" : "=r"(v.x), "=r"(v.y) : "r"(address));
  return v;
}

// A table in shared memory, where its parts have addresses.
struct SharedTable {
  u32 buckets;      // of each 512th of the slots: start | interval << 16; its last slot | the next one's << 16
  u32 lasts;        // last slot of each interval
  u32 count;        // of intervals
  i32 lowest;
  u32 dead;
  u32 escapeStart;  // first slot of the escape
};

static __host__ __device__ __forceinline__ u32 tableBytes(u32 count) {
  return BUCKETS * 8 + (count * 2 + 7) / 8 * 8;
}

// First interval from `low` on whose last slot is not below `slot`; `high` is one of them.
static __device__ __forceinline__ u32 intervalOf(u32 lasts, u32 low, u32 high, u32 slot) {
  while (low < high) {
    const u32 middle = (low + high) / 2;
    if (sharedHalf(lasts + 2 * middle) < slot) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Brings a chunk's tables to shared memory; all threads of the block.
static __device__ __forceinline__ void shareTables(
    const ResidualIntervals* own, const u16* lasts, u8* memory, SharedTable* tables) {
  if (threadIdx.x < RESIDUAL_CLASSES) {
    u8* at = memory;
    for (u32 c = 0; c < threadIdx.x; c++) at += own[c].count > 0 ? tableBytes(own[c].count) : 0;
    const ResidualIntervals t = own[threadIdx.x];
    const u32 before = t.count > 1 ? lasts[t.at + t.count - 2] : 0;
    const u32 address = (u32)__cvta_generic_to_shared(at);
    tables[threadIdx.x] = {address, address + BUCKETS * 8, t.count, t.lowest, t.dead, before + 1};
  }
  __syncthreads();
  u8* at = memory;
  for (u32 c = 0; c < RESIDUAL_CLASSES; c++) {
    u16* to = (u16*)(at + BUCKETS * 8);
    for (u32 i = threadIdx.x; i < tables[c].count; i += blockDim.x) to[i] = lasts[own[c].at + i];
    at += tables[c].count > 0 ? tableBytes(tables[c].count) : 0;
  }
  __syncthreads();
  at = memory;
  for (u32 c = 0; c < RESIDUAL_CLASSES; c++) {
    const u32 count = tables[c].count;
    const u16* sorted = (const u16*)(at + BUCKETS * 8);
    for (u32 k = threadIdx.x; k < BUCKETS && count > 0; k += blockDim.x) {
      const u32 i = intervalOf(tables[c].lasts, 0, count - 1, k << BUCKET_SHIFT);
      const u32 start = i == 0 ? 0 : sorted[i - 1] + 1, next = i + 1 < count ? sorted[i + 1] : 65535;
      ((uint2*)at)[k] = make_uint2(start | i << 16, sorted[i] | next << 16);
    }
    at += count > 0 ? tableBytes(count) : 0;
  }
  __syncthreads();
}

struct ResidualDecoder {
  const u16* words;  // at a multiple of 16 bytes, at most 7 words before the stream
  u32 next, end;     // word that comes next, and the one after the last
  u32 fetched;       // words before this one are in the ring or on their way there
  u32 ring;          // its address in shared memory
  u32 x;
  u32 word;          // the next one
  bool bad;

  // Where no ring is needed: a state below the limit takes a word, if there is one.
  __device__ __forceinline__ void renormalize() {
    if (x < RESIDUAL_STATE && next < end) x = x << 16 | words[next++];
  }

  __device__ __forceinline__ void start() {
    if (next < end) {
      x = words[next++];
      bad |= x == 0;
      renormalize();
    }
  }

  __device__ __forceinline__ bool flag(u32 dead) {
    const u32 slot = x & 0xffff, high = x >> 16;
    const bool zeros = slot < dead;
    x = zeros ? high * dead + slot : high * (65536 - dead) + slot - dead;
    renormalize();
    return zeros;
  }

  __device__ __forceinline__ void take() { word = sharedHalf(ring + 2 * (next % RING_WORDS)); }

  __device__ __forceinline__ void fetch() {
    const u32 to = ring + 2 * (fetched % RING_WORDS);
    asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" ::"r"(to), "l"(words + fetched) : "memory");
    fetched += PART_WORDS;
  }

  // Takes what was on its way, and asks for as much as may be needed till then.
  __device__ __forceinline__ void refill() {
    asm volatile("cp.async.wait_all;" ::: "memory");
#pragma unroll
    for (u32 i = 0; i < REFILL / PART_WORDS; i++) {
      if (fetched < end && fetched + PART_WORDS <= next + RING_WORDS) fetch();
    }
    take();
  }

  // Fills the ring from where the stream is now.
  __device__ __forceinline__ void restart() {
    asm volatile("cp.async.wait_all;" ::: "memory");
    fetched = next / PART_WORDS * PART_WORDS;
    while (fetched < end && fetched + PART_WORDS <= next + RING_WORDS) fetch();
    asm volatile("cp.async.wait_all;" ::: "memory");
    take();
  }

  __device__ __forceinline__ u32 digit() {
    const u32 d = x & 15;
    x >>= 4;
    renormalize();
    return d;
  }

  // A residual of a bucket of more than two intervals, or one that its table does not hold.
  __device__ __noinline__ u32 rare(const SharedTable& t) {
    const u32 slot = x & 0xffff, bucket = slot >> BUCKET_SHIFT;
    const u32 high = bucket + 1 < BUCKETS ? sharedPair(t.buckets + 8 * (bucket + 1)).x >> 16 : t.count - 1;
    u32 value = intervalOf(t.lasts, sharedPair(t.buckets + 8 * bucket).x >> 16, high, slot);
    const u32 start = value == 0 ? 0 : sharedHalf(t.lasts + 2 * (value - 1)) + 1;
    x = (sharedHalf(t.lasts + 2 * value) - start + 1) * (x >> 16) + (slot - start);
    renormalize();
    if (value == t.count - 1) value = escaped(value);
    if (next + 2 * REFILL > fetched) {  // the latest words may be on their way still
      restart();
    } else {
      take();
    }
    return value;
  }

  // The digits after an escape: the residual less the table's lowest.
  __device__ __forceinline__ u32 escaped(u32 escape) {
    const u32 count = digit();
    u32 raw = 0;
    bad |= count > 8;
    for (u32 d = 0; d < min(count, 8u); d++) raw |= digit() << 4 * d;
    return raw & 1 ? ~(raw >> 1) : escape + (raw >> 1);
  }

  __device__ __forceinline__ u32 symbol(const SharedTable& table, u32 buckets, u32 escapeStart) {
    const u32 slot = x & 0xffff;
    const uint2 bucket = sharedPair(buckets + 8 * (slot >> BUCKET_SHIFT));
    const u32 first = bucket.y & 0xffff, second = bucket.y >> 16;
    if (slot > second || slot >= escapeStart) {
      ResidualDecoder copy = *this;  // so that this one stays in registers
      const u32 value = copy.rare(table);
      *this = copy;
      return value;
    }
    const bool later = slot > first;
    const u32 start = later ? first + 1 : bucket.x & 0xffff;
    const u32 frequency = (later ? second : first) + 1 - start;
    const u32 state = frequency * (x >> 16) + (slot - start);
    const bool need = state < RESIDUAL_STATE && next < end;
    x = need ? state << 16 | word : state;
    next += need ? 1 : 0;
    take();
    return (bucket.x >> 16) + (later ? 1 : 0);
  }

  __device__ __forceinline__ void block(const SharedTable& table, i32* symbols) {
    const u32 buckets = table.buckets, escapeStart = table.escapeStart, lowest = table.lowest;
    uint4* quads = (uint4*)symbols;
#pragma unroll 1
    for (i32 quad = 0; quad < RESIDUAL_PLACES / 4; quad++) {
      if (quad % (REFILL / 4) == 0) refill();
      uint4 v;
      v.x = symbol(table, buckets, escapeStart) + lowest;
      v.y = symbol(table, buckets, escapeStart) + lowest;
      v.z = symbol(table, buckets, escapeStart) + lowest;
      v.w = symbol(table, buckets, escapeStart) + lowest;
      quads[quad] = v;
    }
  }
};

// Launch: chunks * ceil(streams / (warps of a block * lanes)) thread blocks; dynamic shared memory:
// RING_WORDS words for each stream of a block, then the chunk's tables. Words begin at a multiple of
// 16 bytes and have room up to one. Streams begin at `starts`, in words. `errors` (one u32 per chunk)
// is zero before. Residuals of blocks whose `zeros` is set are not written.
extern "C" __global__ void __launch_bounds__(128) residual_decode(
    ResidualLayout l, i32 lanes, const u16* words, const u64* starts, const u32* lengths,
    const u8* classes, const ResidualIntervals* tables, const u16* lasts, i32* residuals, u8* zeros,
    u32* errors) {
  extern __shared__ __align__(16) u8 memory[];
  __shared__ SharedTable shared[RESIDUAL_CLASSES];
  const i32 perBlock = blockDim.x / 32 * lanes, parts = (l.streams - 1) / perBlock + 1;
  const i32 chunk = blockIdx.x / parts, lane = threadIdx.x & 31, place = threadIdx.x / 32 * lanes + lane;
  const i32 part = (blockIdx.x - chunk * parts) * perBlock + place;
  shareTables(tables + chunk * RESIDUAL_CLASSES, lasts, memory + perBlock * RING_WORDS * 2, shared);
  if (lane >= lanes || part >= l.streams) return;
  const i64 number = (i64)chunk * l.streams + part;
  const ResidualStream stream(l, (i32)number);
  const u64 start = starts[number];
  const u32 shift = start % PART_WORDS;
  ResidualDecoder coder;
  coder.words = words + (start - shift);
  coder.next = shift;
  coder.end = shift + lengths[number];
  coder.fetched = 0;
  coder.ring = (u32)__cvta_generic_to_shared(memory) + 2 * place * RING_WORDS;
  coder.x = 0;
  coder.word = 0;
  coder.bad = false;
  coder.start();
  const u8* own = classes + stream.block;
  for (i32 b = 0; b < stream.count; b++) zeros[stream.block + b] = coder.flag(shared[own[b]].dead);
  coder.restart();
  i32 b = 0;
  for (;;) {
    // every lane goes to its next block, so that all of them have one again
    while (b < stream.count && zeros[stream.block + b]) b++;
    if (b == stream.count || coder.bad) break;
    coder.block(shared[own[b]], residuals + (stream.block + b) * RESIDUAL_PLACES);
    b++;
  }
  if (coder.bad || coder.next != coder.end || coder.x != 0) atomicOr(errors + chunk, 1);
}
