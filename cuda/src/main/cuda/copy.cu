// Copies and fills device memory: a plain kernel to measure others against, and the self-test's kernels.
#include "common.cuh"

/// to[i] = from[i] for `count` blocks of 16 bytes; any grid.
extern "C" __global__ void copy16(uint4* __restrict__ to, const uint4* __restrict__ from, u64 count) {
  const u64 stride = (u64)gridDim.x * blockDim.x;
  for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    to[i] = from[i];
  }
}

/// to[i] = value + i for `count` 32-bit words; any grid.
extern "C" __global__ void fill_ramp(u32* __restrict__ to, u32 value, u64 count) {
  const u64 stride = (u64)gridDim.x * blockDim.x;
  for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    to[i] = value + (u32)i;
  }
}

/// to[0] = a, to[1] = b, to[2] = c, to[3] = d rounded to float: parameters of every type arrive.
extern "C" __global__ void parameters(float* to, i32 a, float b, i64 c, double d) {
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    to[0] = (float)a;
    to[1] = b;
    to[2] = (float)c;
    to[3] = (float)d;
  }
}

/// to[block] = sum of a block's own thread numbers, through `words` words of dynamic shared memory.
extern "C" __global__ void shared_sum(u32* to, u32 words) {
  extern __shared__ u32 scratch[];
  for (u32 i = threadIdx.x; i < words; i += blockDim.x) {
    scratch[i] = i;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    u32 sum = 0;
    for (u32 i = 0; i < words; i++) {
      sum += scratch[i];
    }
    to[blockIdx.x] = sum;
  }
}
