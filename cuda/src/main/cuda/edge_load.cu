// Planar latents, or the symbols that stand for them, to NHWC activations. Options and launch: edge_parameters.cuh.
#include "edge_values.cuh"

#ifndef N
#define N 192
#endif
#ifndef SYMBOLS
#define SYMBOLS 1
#endif
#ifndef ABSOLUTE
#define ABSOLUTE 0
#endif

#define SIDE 64  // pixels and channels of a thread block

static __device__ __forceinline__ float valueAt(const EdgeLoadParameters& p, i64 tile, i32 channel, i32 pixel) {
  if (channel >= p.channels || pixel >= p.pixels) {
    return 0;
  }
  i64 at = (tile * p.channels + channel) * p.pixels + pixel;
#if SYMBOLS
  float value = (float)__ldg((const i32*)p.input + at);
#else
  float value = __ldg((const float*)p.input + at);
#endif
  value = p.medians == nullptr ? value : value + p.medians[channel];
  return (ABSOLUTE ? fabsf(value) : value) * p.inverseScale;
}

// Four neighbouring channels of a pixel.
static __device__ __forceinline__ void storeFour(u8* to, const float* v) {
#if ACTIVATION == ACTIVATION_F16
  u32 w[2] = {saturateHalves(packHalves(v[0], v[1])), saturateHalves(packHalves(v[2], v[3]))};
  storeWords<2>(to, w);
#elif ACTIVATION == ACTIVATION_E4M3
  u32 w[1] = {packBytes(v[0], v[1], v[2], v[3])};
  storeWords<1>(to, w);
#else
  u32 w[4] = {__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]), __float_as_uint(v[3])};
  storeWords<4>(to, w);
#endif
}

extern "C" __global__ void __launch_bounds__(256) edge_load(const __grid_constant__ EdgeLoadParameters p) {
  // a column for each pixel; 65 keeps both ways free of bank conflicts
  __shared__ float values[SIDE][SIDE + 1];
  constexpr i32 across = (N + SIDE - 1) / SIDE;
  i32 blocks = (p.pixels + SIDE - 1) / SIDE;
  i64 rest = blockIdx.x / across;
  i32 channel0 = (i32)(blockIdx.x - rest * across) * SIDE;
  i64 tile = rest / blocks;
  i32 pixel0 = (i32)(rest - tile * blocks) * SIDE;
#pragma unroll 8
  for (i32 i = threadIdx.x; i < SIDE * SIDE; i += 256) {
    values[i / SIDE][i % SIDE] = valueAt(p, tile, channel0 + i / SIDE, pixel0 + i % SIDE);
  }
  __syncthreads();
#pragma unroll 4
  for (i32 i = threadIdx.x; i < SIDE * SIDE / 4; i += 256) {
    i32 pixel = i / (SIDE / 4);
    i32 channel = i % (SIDE / 4) * 4;
    if (pixel0 + pixel < p.pixels && channel0 + channel < N) {
      float v[4];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        v[j] = values[channel + j][pixel];
      }
      storeFour((u8*)p.output + ((tile * p.pixels + pixel0 + pixel) * N + channel0 + channel) * ACTIVATION_BYTES, v);
    }
  }
}
