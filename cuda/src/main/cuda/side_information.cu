// Symbols of models with side information, one value at a time: latents to symbols and back, and the
// input of h_s. Latents and symbols stand by tile, channel, row, column. Any grid; one dimension.
#include "common.cuh"

#define LARGEST 16777216.0f

static __device__ __forceinline__ u64 firstValue() { return (u64)blockIdx.x * blockDim.x + threadIdx.x; }
static __device__ __forceinline__ u64 stride() { return (u64)gridDim.x * blockDim.x; }

// The nearest integer, ties to even. A value that is no number below 2^24 sets the error.
static __device__ __forceinline__ i32 symbolOf(float centred, u32* error) {
  if (centred > -LARGEST && centred < LARGEST) return __float2int_rn(centred);
  *error = 1;
  return 0;
}

/// Symbols of values whose channels have medians; of latents, whose values have means (or none: null).
extern "C" __global__ void __launch_bounds__(256) symbols_by_median(
    const float* values, const float* medians, u32 channels, u32 plane, u64 count, i32* symbols, u32* error) {
  for (u64 i = firstValue(); i < count; i += stride()) {
    symbols[i] = symbolOf(values[i] - __ldg(medians + i / plane % channels), error);
  }
}

extern "C" __global__ void __launch_bounds__(256)
    symbols_by_mean(const float* latents, const float* means, u64 count, i32* symbols, u32* error) {
  for (u64 i = firstValue(); i < count; i += stride()) {
    symbols[i] = symbolOf(latents[i] - (means ? means[i] : 0.0f), error);
  }
}

/// Latents that such symbols stand for.
extern "C" __global__ void __launch_bounds__(256)
    latents_by_mean(const i32* symbols, const float* means, u64 count, float* latents) {
  for (u64 i = firstValue(); i < count; i += stride()) latents[i] = (float)symbols[i] + (means ? means[i] : 0.0f);
}

/// The input of h_s: [tile][place][padded], the padding zero.
extern "C" __global__ void __launch_bounds__(256) side_values(
    const i32* symbols, const float* medians, u32 channels, u32 padded, u32 plane, u64 count, float* values) {
  for (u64 i = firstValue(); i < count; i += stride()) {
    const u32 channel = (u32)(i % padded);
    const u64 pixel = i / padded, tile = pixel / plane;
    values[i] = channel < channels
        ? (float)symbols[(tile * channels + channel) * plane + pixel % plane] + __ldg(medians + channel)
        : 0.0f;
  }
}
