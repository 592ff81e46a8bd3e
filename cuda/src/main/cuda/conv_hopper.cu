// Convolutions for sm_90a. conv_hopper_parameters.cuh says what is computed and how it is launched,
// conv_hopper_mainloop.cuh how.
#include "conv_hopper_epilogue.cuh"

extern "C" __global__ void __launch_bounds__(conv::THREADS, 1) conv_hopper(const __grid_constant__ ConvHopper p) {
  using namespace conv;
  extern __shared__ u8 unaligned[];
  const u32 base = sharedAddress(unaligned) + 1023 & ~1023u;
  const i32 warp = threadIdx.x / 32;
  const Tiling tiling(p);

  const u32 patches = base;
  const u32 patchRing = p.patchStages * p.patchBytes;
  const u32 weights = patches + CONV_GROUPS * patchRing;
  float* numbers = (float*)(unaligned + (weights + p.weightStages * STAGE_BYTES - sharedAddress(unaligned)));
  constexpr i32 POSITIONS = CONV_WIDTH * CONV_TILES;
  const u32 barriers = sharedAddress(numbers + 3 * POSITIONS);
  const u32 weightBarriers = barriers;
  const u32 patchBarriers = barriers + 16 * p.weightStages;

  if (threadIdx.x == 0) {
    for (i32 i = 0; i < p.weightStages; i++) {
      barrierInit(weightBarriers + 16 * i, 1);
      barrierInit(weightBarriers + 16 * i + 8, CONV_GROUPS * WARPS);
    }
    for (i32 i = 0; i < CONV_GROUPS * p.patchStages; i++) {
      barrierInit(patchBarriers + 16 * i, 1);
      barrierInit(patchBarriers + 16 * i + 8, WARPS);
    }
    barrierInitFence();
    for (i32 i = 0; i < PLANES; i++) prefetchMap(&p.input[i]);
  }
  for (i32 i = threadIdx.x; i < POSITIONS; i += THREADS) {
    numbers[i] = p.scale[i];
    numbers[POSITIONS + i] = p.bias[i];
    if (NORMALIZING) numbers[2 * POSITIONS + i] = p.beta[i];
  }
  __syncthreads();

  if (warp < 4) {
    keepRegisters<CONV_GROUPS == 2 ? 40 : 32>();
    if (threadIdx.x % 32 != 0) return;
    if (warp == 0) {
      produceWeights(p, tiling, Ring(weights, weightBarriers, STAGE_BYTES, p.weightStages));
    } else if (warp <= CONV_GROUPS) {
      const i32 consumer = warp - 1;
      producePatches(p, tiling, Ring(patches + consumer * patchRing, patchBarriers + 16 * consumer * p.patchStages,
                                     p.patchBytes, p.patchStages), consumer);
    }
    return;
  }

  takeRegisters<CONV_GROUPS == 2 ? 232 : 160>();
  const i32 consumer = __shfl_sync(0xffffffffu, warp / 4 - 1, 0);  // the same for the warp, and known to be
  const i32 thread = threadIdx.x % CONSUMER_THREADS;
  const Channels channels{numbers, numbers + POSITIONS, numbers + 2 * POSITIONS};
  Consumer c{Ring(weights, weightBarriers, STAGE_BYTES, p.weightStages),
             Ring(patches + consumer * patchRing, patchBarriers + 16 * consumer * p.patchStages, p.patchBytes, p.patchStages),
             0, 0, thread % 32 == 0, consumer + 1 < CONV_GROUPS && p.lead > 0 ? p.lead : -1, consumer + 1};
  // A consumer that runs some stages ahead finishes an item while the next one still multiplies.
  if (consumer > 0 && p.lead > 0) waitAtStart(consumer);
  Item item;
  for (i32 i = 0; itemAt(i, tiling.groups, item); i++) {
    float sums[CONV_BLOCKS][CONV_WIDTH / 2];
    multiplyItem(p, item, c, sums);
    finishItem(p, item, tiling.at(p, item, consumer), channels, sums, thread, c.weights);
  }
}
