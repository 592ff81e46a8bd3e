// Moves the words of all streams from their slots to one run of bytes. Every block sums the lengths
// before its own streams by itself: they are few bytes, and a launch costs more.
#pragma once
#include "rans_common.cuh"

/// Waits for the end of the kernel before this one, whose launch may have let this one begin earlier.
__device__ __forceinline__ void ransAwaitEncoder() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// Exclusive scan over the block; `total` gets the sum. `scratch` holds 32 values.
__device__ __forceinline__ u64 ransScan(u64 value, u64* scratch, u64& total) {
  const u32 lane = threadIdx.x & 31, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  u64 sum = value;
#pragma unroll
  for (int d = 1; d < 32; d <<= 1) {
    const u64 below = __shfl_up_sync(RANS_ALL, sum, d);
    if (lane >= d) sum += below;
  }
  __syncthreads();
  if (lane == 31) scratch[warp] = sum;
  __syncthreads();
  u64 before = 0;
  total = 0;
  for (u32 w = 0; w < warps; w++) {
    before += w < warp ? scratch[w] : 0;
    total += scratch[w];
  }
  return before + sum - value;
}

/// Offsets in bytes (count + 1 of them) and the streams' words of WORD bytes one after the other.
/// A stream that does not fit into `capacity` bytes is left out and reported.
template <class WORD>
__device__ __forceinline__ void ransPack(const WORD* slots, u64 slotWords, const u32* lengths, u32 count, u64* offsets,
                                         WORD* packed, u64 capacity, u32* errors) {
  __shared__ u64 scratch[32];
  __shared__ u64 starts[1024];
  __shared__ u32 sizes[1024];
  const u32 per = (count - 1) / gridDim.x + 1, first = min(blockIdx.x * per, count), end = min(first + per, count);
  if (first >= end) return;
  ransAwaitEncoder();
  u64 sum = 0, before;
  const u32 quads = (u32)(u64)lengths % 16 == 0 ? first / 4 : 0;
#pragma unroll 4
  for (u32 i = threadIdx.x; i < quads; i += blockDim.x) {
    const uint4 v = ((const uint4*)lengths)[i];
    sum += (u64)v.x + v.y + v.z + v.w;
  }
  for (u32 i = quads * 4 + threadIdx.x; i < first; i += blockDim.x) sum += lengths[i];
  ransScan(sum, scratch, before);
  for (u32 from = first; from < end; from += blockDim.x) {
    const u32 i = from + threadIdx.x;
    const u32 size = i < end ? lengths[i] : 0;
    u64 total;
    const u64 at = before + ransScan(size, scratch, total);
    if (i < end) offsets[i] = at * sizeof(WORD);
    if (i < end && i == count - 1) offsets[count] = (at + size) * sizeof(WORD);
    const bool fits = (at + size) * sizeof(WORD) <= capacity;
    if (!fits && size > 0) ransBad(errors, i, RANS_SPACE);
    starts[threadIdx.x] = at;
    sizes[threadIdx.x] = fits ? size : 0;
    __syncthreads();
    const u32 here = min(end - from, blockDim.x);
    for (u32 s = threadIdx.x / 32; s < here; s += blockDim.x / 32) {
      const u32 n = sizes[s];
      const WORD* source = slots + (from + s + 1) * slotWords - n;
      WORD* target = packed + starts[s];
#pragma unroll 4
      for (u32 w = threadIdx.x & 31; w < n; w += 32) target[w] = source[w];
    }
    before += total;
    __syncthreads();
  }
}
