// Where streams stand that follow one another, from their lengths.
#include "common.cuh"
#include "rans_pack.cuh"

/// Offsets in bytes, count + 1 of them, of streams of lengths[i] words. Any number of blocks of 1024
/// threads; each sums the lengths before its own by itself.
extern "C" __global__ void __launch_bounds__(1024) stream_offsets(const u32* lengths, u32 count, u32 wordBytes, u64* offsets) {
  __shared__ u64 scratch[32];
  const u32 per = (count - 1) / gridDim.x + 1, first = min(blockIdx.x * per, count), end = min(first + per, count);
  if (first >= end) return;
  u64 sum = 0, before, total;
#pragma unroll 4
  for (u32 i = threadIdx.x; i < first; i += blockDim.x) sum += lengths[i];
  ransScan(sum, scratch, before);
  for (u32 from = first; from < end; from += blockDim.x) {
    const u32 i = from + threadIdx.x, length = i < end ? lengths[i] : 0;
    const u64 at = before + ransScan(length, scratch, total);
    if (i < end) offsets[i] = at * wordBytes;
    if (i < end && i == count - 1) offsets[count] = (at + length) * wordBytes;
    before += total;
  }
}
