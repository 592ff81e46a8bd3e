// The tables of chunks: histograms of the residuals of each class, and what is made of them, in the
// integers of FORMAT.md, so that every encoder finds the same.
#include "rans_pack.cuh"
#include "residual_rans.cuh"

#define HISTOGRAM_THREADS 256
#define HISTOGRAM_BLOCKS 16  // consecutive blocks of a chunk that one thread block counts
#define NEAR 256             // residuals from -NEAR to NEAR - 1 are counted in shared memory
#define NEAR_BINS (2 * NEAR + 1)

// Launch: chunks * ceil(blocks / HISTOGRAM_BLOCKS) thread blocks. `counts` has RESIDUAL_BINS for each
// slot of each chunk and is zero before.
extern "C" __global__ void __launch_bounds__(HISTOGRAM_THREADS) residual_histograms(
    ResidualLayout l, const i32* residuals, const u8* classes, const u32* occurring, u32* counts) {
  __shared__ u32 near[15 * NEAR_BINS];
  const i32 parts = (l.blocks - 1) / HISTOGRAM_BLOCKS + 1;
  const i32 chunk = blockIdx.x / parts, first = (blockIdx.x - chunk * parts) * HISTOGRAM_BLOCKS;
  const i32 end = min(first + HISTOGRAM_BLOCKS, l.blocks), lane = threadIdx.x & 31;
  const u32 mask = occurring[chunk], slots = residualSlots(mask);
  u32* own = counts + (u64)chunk * l.slots * RESIDUAL_BINS;
  for (u32 i = threadIdx.x; i < slots * NEAR_BINS; i += HISTOGRAM_THREADS) near[i] = 0;
  __syncthreads();
  for (i32 b = first; b < end; b++) {
    const u64 block = (u64)chunk * l.blocks + b;
    const u32 residualClass = classes[block];
    if (residualClass == 0) continue;
    const u32 slot = residualSlot(mask, residualClass);
    u32* bins = near + slot * NEAR_BINS;
    u32* far = own + slot * RESIDUAL_BINS;
    const uint4* from = (const uint4*)(residuals + block * RESIDUAL_PLACES) + threadIdx.x;
    uint4 v[4];
#pragma unroll
    for (i32 i = 0; i < 4; i++) v[i] = __ldg(from + i * HISTOGRAM_THREADS);
    // zeros are many, and would wait for each other
    u32 zeros = 0, outside = 0;
#pragma unroll
    for (i32 i = 0; i < 4; i++) {
      const i32 r[4] = {(i32)v[i].x, (i32)v[i].y, (i32)v[i].z, (i32)v[i].w};
#pragma unroll
      for (i32 k = 0; k < 4; k++) {
        const u32 bin = (u32)r[k] + NEAR;
        if (r[k] == 0) {
          zeros++;
        } else if (bin < 2 * NEAR) {
          atomicAdd(bins + bin, 1);
        } else if ((u32)(r[k] - RESIDUAL_LEAST) < RESIDUAL_SYMBOLS) {
          atomicAdd(far + (r[k] - RESIDUAL_LEAST), 1);
        } else {
          outside++;
        }
      }
    }
    zeros = ransSum(zeros);
    outside = ransSum(outside);
    if (lane == 0 && zeros != 0) atomicAdd(bins + NEAR, zeros);
    if (lane == 0 && outside != 0) atomicAdd(bins + 2 * NEAR, outside);
  }
  __syncthreads();
  for (u32 i = threadIdx.x; i < slots * NEAR_BINS; i += HISTOGRAM_THREADS) {
    const u32 slot = i / NEAR_BINS, bin = i - slot * NEAR_BINS;
    const u32 to = bin == 2 * NEAR ? RESIDUAL_SYMBOLS : bin + (-RESIDUAL_LEAST - NEAR);
    if (near[i] != 0) atomicAdd(own + slot * RESIDUAL_BINS + to, near[i]);
  }
}

#define TABLE_THREADS 256

// What the threads of a table find out together.
struct TableSums {
  u32 low, high;     // bins
  u32 total, escaped;
  u32 left;
  u64 best;          // count and place of the symbol with the highest count, the lowest of equals
};

// The ends of the table: while the rarer end is rare enough, it is left to the escape.
static __device__ __forceinline__ void trimTable(const u32* counts, TableSums& sums) {
  const u32 zero = -RESIDUAL_LEAST, allowance = sums.total >> 12;
  u32 low = sums.low, high = sums.high, escaped = sums.escaped;
  while (low < high) {
    const bool takeHigh = high > zero && (low == zero || counts[high] <= counts[low]);
    const u32 count = counts[takeHigh ? high : low];
    if (count > 0 && escaped + count > allowance) break;
    escaped += count;
    high -= takeHigh ? 1 : 0;
    low += takeHigh ? 0 : 1;
  }
  sums.low = low;
  sums.high = high;
  sums.escaped = escaped;
}

// An interval as the encoder needs it: x / frequency is (x * z + x-word) >> 32 >> shift, the shift in
// the lowest bits; then start and 65536 - frequency.
static __device__ __forceinline__ uint4 residualEntry(u32 start, u32 frequency) {
  const u32 shift = 31 - __clz(frequency);
  const u64 one = 1ull << (32 + shift);
  const bool power = (frequency & (frequency - 1)) == 0;
  u64 reciprocal = (power ? one - 1 : one) / frequency;
  u32 addend = 0x80000000u;
  if (!power && shift == 15 && one - reciprocal * frequency > 1u << 15) {
    // with 16 bits of frequency only one of the two roundings is exact
    reciprocal++;
    addend = 0;
  }
  return make_uint4(addend | shift, 0, (u32)reciprocal, start | (65536 - frequency) << 16);
}

// Launch: chunks * slots thread blocks. Writes the tables that exist, the frequencies of their
// symbols, the entries of their intervals and their numbers of symbols (0: no table).
extern "C" __global__ void __launch_bounds__(TABLE_THREADS) residual_tables(
    ResidualLayout l, ResidualFlags flags, const u32* counts, const u32* occurring,
    ResidualTable* tables, u16* frequencies, uint4* entries, u32* lengths) {
  __shared__ u32 bins[RESIDUAL_BINS];
  __shared__ TableSums sums;
  __shared__ u64 scratch[32];
  const i32 chunk = blockIdx.x / l.slots;
  const u32 slot = blockIdx.x - chunk * l.slots;
  if (slot >= residualSlots(occurring[chunk])) {
    if (threadIdx.x == 0) lengths[blockIdx.x] = 0;
    return;
  }
  const u32 zero = -RESIDUAL_LEAST;
  const u32 lane = threadIdx.x & 31;
  if (threadIdx.x == 0) sums = {zero, zero, 0, 0, 0, 0};
  __syncthreads();
  u32 sum = 0, low = zero, high = zero;
  for (u32 i = threadIdx.x; i < RESIDUAL_BINS; i += TABLE_THREADS) {
    const u32 n = counts[(u64)blockIdx.x * RESIDUAL_BINS + i];
    bins[i] = n;
    sum += n;
    if (n != 0 && i < RESIDUAL_SYMBOLS) {
      low = min(low, i);
      high = max(high, i);
    }
  }
  sum = __reduce_add_sync(RANS_ALL, sum);
  low = __reduce_min_sync(RANS_ALL, low);
  high = __reduce_max_sync(RANS_ALL, high);
  if (lane == 0) {
    atomicAdd(&sums.total, sum);
    atomicMin(&sums.low, low);
    atomicMax(&sums.high, high);
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    sums.escaped = bins[RESIDUAL_SYMBOLS];
    trimTable(bins, sums);
  }
  __syncthreads();
  const u32 first = sums.low, symbols = sums.high - first + 1, total = sums.total;
  const u64 spare = 65536 - symbols - 1;
  u32 own = 0;
  u64 best = 0;
  for (u32 i = threadIdx.x; i < symbols; i += TABLE_THREADS) {
    const u64 n = bins[first + i];
    best = max(best, n << 12 | (RESIDUAL_SYMBOLS - 1 - i));
    const u32 frequency = (u32)(1 + n * spare / total);
    bins[first + i] = frequency;
    own += frequency;
  }
  own = __reduce_add_sync(RANS_ALL, own);
#pragma unroll
  for (u32 d = 16; d > 0; d >>= 1) best = max(best, __shfl_xor_sync(RANS_ALL, best, d));
  if (lane == 0) {
    atomicMax(&sums.best, best);
    atomicAdd(&sums.left, own);
  }
  __syncthreads();
  const u32 escape = (u32)(1 + sums.escaped * spare / total);
  const u32 favourite = RESIDUAL_SYMBOLS - 1 - (u32)(sums.best & (RESIDUAL_SYMBOLS - 1));
  if (threadIdx.x == 0) bins[first + favourite] += 65536 - escape - sums.left;
  __syncthreads();
  u16* stored = frequencies + (u64)blockIdx.x * RESIDUAL_SYMBOLS;
  uint4* coded = entries + (u64)blockIdx.x * RESIDUAL_BINS;
  u32 before = 0;
  for (u32 from = 0; from < symbols; from += TABLE_THREADS) {
    const u32 i = from + threadIdx.x, frequency = i < symbols ? bins[first + i] : 0;
    u64 all;
    const u32 start = before + (u32)ransScan(frequency, scratch, all);
    before += (u32)all;
    if (i < symbols) {
      stored[i] = (u16)frequency;
      coded[i] = residualEntry(start, frequency);
    }
    if (first + i == zero) {
      u32 bits = 0;
      while (bits < 16 && frequency < flags.least[bits]) bits++;
      const u32 dead = bits == 16 ? 1 : min(65536u >> bits, 65535u);
      tables[blockIdx.x] = {(i32)first + RESIDUAL_LEAST, symbols, dead, 0};
    }
  }
  if (threadIdx.x == 0) {
    coded[symbols] = residualEntry(65536 - escape, escape);
    lengths[blockIdx.x] = symbols;
  }
}
