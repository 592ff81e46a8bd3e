// A layer of the learned transforms as an implicit matrix product: pixels x output channels, summed over
// taps and input channels. Options, parameters and layouts: conv_portable_parameters.cuh.
#include "conv_portable_epilogue.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, CONV_BLOCKS) conv_portable(const __grid_constant__ PortableConvolution p) {
  extern __shared__ __align__(1024) char shared[];
  const PixelTable table = {(int2*)(shared + RING_BYTES), (u32*)(shared + RING_BYTES + BLOCK_PIXELS * 8)};
  u32 block = blockIdx.x, phaseY = 0, phaseX = 0;
  i64 firstStep = 0;
  Taps taps = {CONV_KERNEL, CONV_KERNEL};
#if CONV_TRANSPOSED
  // the phases of the same pixels run at the same time: they read the same input
  const u32 phase = block % 4;
  block /= 4;
  for (u32 i = 0; i <= phase; i++) {
    if (i > 0) firstStep += (taps.down * taps.across * p.inputChannels + STEP - 1) / STEP;
    phaseY = i / 2;
    phaseX = i % 2;
    taps = {3 - (i32)phaseY, 3 - (i32)phaseX};
  }
#endif
  fillPixels(p, table, block, phaseY, phaseX, taps);
  __syncthreads();
  StageLoader loader(p, table, firstStep, taps);
  const i32 steps = (taps.down * taps.across * p.inputChannels + STEP - 1) / STEP;
  const u32 ring = (u32)__cvta_generic_to_shared(shared), firstRow = firstRowOf(threadIdx.x / 32);
  Sums sums;
  multiplyAll(sums, loader, steps, ring, firstRow);
  waitCopies<0>();
  addBias(p, sums);
  finish(p, sums, table.outputs, ring, firstRow);
}
