// Layers of h_s: convolutions whose every output value is one sequence of roundings (FORMAT.md,
// "Hyper-synthesis arithmetic"): bias, then for each tap by row, column and input channel the rounded
// product, added and rounded. Compiled with -fmad=false, so that * and + are those two roundings.
//
// Compiled for FIXED_KERNEL 5 (transposed, stride 2) and 3 (stride 1); with FIXED_LAST the 3x3 layer
// is the last one and gives tables and means in place of values.
//
// A block makes 64 pixels of one phase (all rows and columns of one parity; a 3x3 layer has one phase)
// by 64 channels; a thread 8 pixels by 4 channels. Grid: blocks of pixels, blocks of 64 output
// channels, phases; 128 threads. Values that lie outside the image are multiplications by zero, which
// the format allows since weights are finite.
#include "common.cuh"

#ifndef FIXED_KERNEL
#define FIXED_KERNEL 5
#endif
#ifndef FIXED_LAST
#define FIXED_LAST 0
#endif

#define TRANSPOSED (FIXED_KERNEL == 5)
#define PIXELS 64
#define OUTPUTS 64
#define DEPTH 16
#define THREADS 128

// The same fields in the same order as FixedOrderLayer.java writes them.
struct FixedOrderLayer {
  const float* input;    // [tile][height][width][inputs]
  const float* weights;  // [tap row][tap column][inputs][outputs]
  const float* bias;     // [outputs]
  float* output;         // [tile][2 height or height][2 width or width][outputs], but for the last layer
  const float* scales;   // the last layer: standard deviations of the tables, rising
  u16* tables;           // the last layer: [tile][latent channels][height][width]
  float* means;          // the last layer: likewise; null for models without
  u32 pixels;            // of all tiles' inputs
  u32 height, width;     // of the input
  u32 inputs;            // channels with their padding, a multiple of 16; what is padded is zero
  u32 outputs;           // channels with their padding, a multiple of 64
  u32 latentChannels;    // the last layer: channels of the latent
  u32 scaleCount;        // the last layer: number of tables
  float slope;           // activation of values that are not above 0: times this
  u32 activation;        // 0 none, 1 ReLU, 2 leaky ReLU
};

// The taps of one direction that a phase sees: tap `phase + 2 j` (or j) sees the input at this place
// plus tapOffset(j).
static __device__ __forceinline__ u32 tapCount(u32 phase) { return TRANSPOSED ? 3 - phase : 3; }
static __device__ __forceinline__ u32 tapAt(u32 phase, u32 j) { return TRANSPOSED ? phase + 2 * j : j; }
static __device__ __forceinline__ i32 tapOffset(u32 j) { return TRANSPOSED ? 1 - (i32)j : (i32)j - 1; }

// ReLU gives +0 for everything that is not above 0, NaN included; leaky ReLU keeps NaN.
static __device__ __forceinline__ float activated(const FixedOrderLayer& in, float v) {
  if (in.activation == 0 || v > 0) return v;
  return in.activation == 1 ? 0.0f : v * in.slope;
}

// What the format makes of the last layer's values: nothing but finite numbers, no -0.
static __device__ __forceinline__ float settled(float v) {
  return (__float_as_uint(v) & 0x7f800000u) == 0x7f800000u ? 0.0f : v + 0.0f;
}

// The number of the table for a standard deviation: how many scales, the last one excepted, are smaller.
static __device__ __forceinline__ u32 tableOf(const FixedOrderLayer& in, float deviation) {
  u32 low = 0, high = in.scaleCount - 1;
  while (low < high) {
    const u32 middle = (low + high) / 2;
    if (__ldg(in.scales + middle) < deviation) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

extern "C" __global__ void __launch_bounds__(THREADS) fixed_order(const __grid_constant__ FixedOrderLayer in) {
  // a row is padded by one float4, so that it stays aligned
  __shared__ float4 values[2][DEPTH][PIXELS / 4 + 1];
  __shared__ float4 weights[2][DEPTH][OUTPUTS / 4];
  const u32 thread = threadIdx.x, firstPixel = blockIdx.x * PIXELS, firstOutput = blockIdx.y * OUTPUTS;
  const u32 phaseRow = TRANSPOSED ? blockIdx.z / 2 : 0, phaseColumn = TRANSPOSED ? blockIdx.z % 2 : 0;
  const u32 plane = in.height * in.width;

  // what this thread loads: eight channels of one pixel, eight channels of one row of weights
  const u32 loadPixel = thread % PIXELS, loadDepth = thread / PIXELS * 8;
  const u32 pixel = firstPixel + loadPixel, place = pixel % plane;
  const i32 y = (i32)(place / in.width), x = (i32)(place % in.width);
  const u32 weightRow = thread / 8, weightColumn = thread % 8 * 2;
  float4 nextValues[2], nextWeights[2];
  auto fetch = [&](u32 row, u32 column, u32 depth) {
    const i32 atY = y + tapOffset(row), atX = x + tapOffset(column);
    const bool inside = pixel < in.pixels && atY >= 0 && atY < (i32)in.height && atX >= 0 && atX < (i32)in.width;
    const u64 at = ((u64)(pixel - place) + (u64)(inside ? atY * (i32)in.width + atX : 0)) * in.inputs + depth + loadDepth;
    const float4 zero = make_float4(0, 0, 0, 0);
    nextValues[0] = inside ? __ldg((const float4*)(in.input + at)) : zero;
    nextValues[1] = inside ? __ldg((const float4*)(in.input + at) + 1) : zero;
    const u64 tap = tapAt(phaseRow, row) * FIXED_KERNEL + tapAt(phaseColumn, column);
    const float4* from = (const float4*)(in.weights + (tap * in.inputs + depth + weightRow) * in.outputs + firstOutput);
    nextWeights[0] = __ldg(from + weightColumn);
    nextWeights[1] = __ldg(from + weightColumn + 1);
  };
  auto stage = [&](u32 buffer) {
    float* column = (float*)&values[buffer][loadDepth][0] + loadPixel;
    const float v[8] = {nextValues[0].x, nextValues[0].y, nextValues[0].z, nextValues[0].w,
                        nextValues[1].x, nextValues[1].y, nextValues[1].z, nextValues[1].w};
#pragma unroll
    for (int k = 0; k < 8; k++) column[k * (PIXELS + 4)] = v[k];
    weights[buffer][weightRow][weightColumn] = nextWeights[0];
    weights[buffer][weightRow][weightColumn + 1] = nextWeights[1];
  };

  // what it computes
  const u32 ownPixel = thread / 16 * 8, ownOutput = thread % 16 * 4;
  float sums[8][4];
  const float4 bias = __ldg((const float4*)(in.bias + firstOutput + ownOutput));
#pragma unroll
  for (int p = 0; p < 8; p++) {
    sums[p][0] = bias.x;
    sums[p][1] = bias.y;
    sums[p][2] = bias.z;
    sums[p][3] = bias.w;
  }
  const u32 columns = tapCount(phaseColumn), steps = tapCount(phaseRow) * columns * (in.inputs / DEPTH);
  u32 row = 0, column = 0, depth = 0;
  fetch(0, 0, 0);
  stage(0);
  __syncthreads();
  for (u32 step = 0; step < steps; step++) {
    depth += DEPTH;
    if (depth == in.inputs) {
      depth = 0;
      if (++column == columns) {
        column = 0;
        row++;
      }
    }
    const bool more = step + 1 < steps;
    if (more) fetch(row, column, depth);
#pragma unroll
    for (int k = 0; k < DEPTH; k++) {
      const float4 w = weights[step % 2][k][ownOutput / 4];
      const float4 a = values[step % 2][k][ownPixel / 4], b = values[step % 2][k][ownPixel / 4 + 1];
      const float v[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
#pragma unroll
      for (int p = 0; p < 8; p++) {
        sums[p][0] = sums[p][0] + v[p] * w.x;
        sums[p][1] = sums[p][1] + v[p] * w.y;
        sums[p][2] = sums[p][2] + v[p] * w.z;
        sums[p][3] = sums[p][3] + v[p] * w.w;
      }
    }
    if (more) stage((step + 1) % 2);
    __syncthreads();
  }

#pragma unroll
  for (int p = 0; p < 8; p++) {
    const u32 number = firstPixel + ownPixel + p;
    if (number >= in.pixels) break;
    const u32 tile = number / plane, at = number % plane;
#if FIXED_LAST
#pragma unroll
    for (int k = 0; k < 4; k++) {
      const u32 output = firstOutput + ownOutput + k;
      const float v = settled(activated(in, sums[p][k]));
      const u64 first = (u64)tile * in.latentChannels;
      if (output < in.latentChannels) {
        in.tables[(first + output) * plane + at] = (u16)tableOf(in, v);
      } else if (in.means && output < 2 * in.latentChannels) {
        in.means[(first + output - in.latentChannels) * plane + at] = v;
      }
    }
#else
    const u32 atY = at / in.width, atX = at % in.width, up = TRANSPOSED ? 2 : 1;
    const u64 target = ((u64)tile * up * in.height + up * atY + phaseRow) * (up * in.width) + up * atX + phaseColumn;
    *(float4*)(in.output + target * in.outputs + firstOutput + ownOutput) =
        make_float4(activated(in, sums[p][0]), activated(in, sums[p][1]), activated(in, sums[p][2]), activated(in, sums[p][3]));
#endif
  }
}
