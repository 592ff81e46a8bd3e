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
  const u32 weights = patches + CONV_GROUPS * p.patchStages * p.patchBytes;
  const u32 numbersAt = weights + p.weightStages * STAGE_BYTES;
  constexpr i32 POSITIONS = CONV_WIDTH * CONV_TILES;
  float* numbers = (float*)(unaligned + (numbersAt - sharedAddress(unaligned)));
  const u32 barriers = numbersAt + 12 * POSITIONS;
  const u32 weightBarriers = barriers;
  const u32 patchBarriers = weightBarriers + 16 * p.weightStages;

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
  }
  __syncthreads();
  letNextKernelBegin();

  if (warp < 4) {
    if constexpr (SHARES_REGISTERS) keepRegisters<PRODUCER_REGISTERS>();
    if (threadIdx.x % 32 != 0) return;
    if (warp == 0) {
      produceWeights(p, tiling, Ring(weights, weightBarriers, STAGE_BYTES, p.weightStages));
    } else if (warp <= CONV_GROUPS) {
      waitForKernelBefore();  // weights and numbers are nobody's output: only pixels, and what follows from them, wait
      producePatches(p, tiling, Ring(patches, patchBarriers, p.patchBytes, p.patchStages).of(warp - 1), warp - 1);
    }
    return;
  }

  if constexpr (SHARES_REGISTERS) takeRegisters<CONSUMER_REGISTERS>();
  for (i32 i = threadIdx.x - 128; i < POSITIONS; i += CONV_GROUPS * CONSUMER_THREADS) {
    numbers[i] = p.scale[i];
    numbers[POSITIONS + i] = p.bias[i];
    if (NORMALIZING) numbers[2 * POSITIONS + i] = p.beta[i];
    if (CONV_STORE == STORE_PLANAR_SYMBOLS) numbers[2 * POSITIONS + i] = p.median[i];
  }
  namedBarrierSync(1, CONV_GROUPS * CONSUMER_THREADS);
  const Channels channels{numbers, numbers + POSITIONS, numbers + 2 * POSITIONS, numbers + 2 * POSITIONS};
  const i32 consumer = __shfl_sync(0xffffffffu, warp / 4 - 1, 0);  // the same for the warp, and known to be
  const i32 thread = threadIdx.x % CONSUMER_THREADS;
  Consumer c{Ring(weights, weightBarriers, STAGE_BYTES, p.weightStages),
             Ring(patches, patchBarriers, p.patchBytes, p.patchStages).of(consumer),
             0, 0, thread % 32 == 0};
  Items items(tiling.groups);
  i32 group = -1;
  PixelTile tile;
  while (items.next()) {
    if (items.item.group != group) tile = tiling.at(p, items.item, consumer);
    group = items.item.group;
    float sums[CONV_BLOCKS][CONV_WIDTH / 2];
    multiplyItem(p, items.item, c, sums);
    finishItem(p, items.item, tile, channels, sums, thread, c.weights);
  }
}
