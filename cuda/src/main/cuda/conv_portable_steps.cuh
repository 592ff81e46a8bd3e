// The sum over all steps of k, a stage of the ring after the other.
#pragma once
#include "conv_portable_operands.cuh"  // before the branch: included files are put in place once
#if CONV_WGMMA
#include "conv_portable_wgmma.cuh"
#else
#include "conv_portable_product.cuh"
#endif

/// All steps of k.
__device__ __forceinline__ void multiplyAll(Sums& sums, StageLoader& loader, i32 steps, u32 ring, u32 firstRow) {
#pragma unroll
  for (i32 i = 0; i < ROW_TILES * GROUPS * 8; i++) sums[i / (GROUPS * 8)][i / 4 % (GROUPS * 2)][i % 4] = 0;
#pragma unroll
  for (i32 s = 0; s < CONV_STAGES - 1; s++) {
    if (s < steps) loader.load(ring + s * STAGE_BYTES);
    commitCopies();
  }
  u32 reading = 0, writing = CONV_STAGES - 1;
#pragma unroll 1
  for (i32 s = 0; s < steps; s++) {
    waitCopies<CONV_STAGES - 2>();
#if CONV_WGMMA
    showCopies();
#endif
    __syncthreads();
    if (s + CONV_STAGES - 1 < steps) loader.load(ring + writing * STAGE_BYTES);
    commitCopies();
    multiplyStage(sums, ring + reading * STAGE_BYTES, firstRow);
    if (++reading == CONV_STAGES) reading = 0;
    if (++writing == CONV_STAGES) writing = 0;
  }
}
