// Last layer of g_s: NHWC activations to planar tiles, transposed 5x5 convolution of stride 2 with bias.
// Options, launch and operands: edge_parameters.cuh.
//
// A row of 64 input pixels is multiplied once with all taps: 25 values per output channel, of which output rows 2i - 2
// .. 2i + 2 each want five. A group of 128 threads walks down a strip and keeps three sums: of the output rows 2y and
// 2y + 1 for y = i - 1 (whose last input is row i), i and i + 1. So vertical taps add up in the accumulators and every
// input is read once; the five horizontal taps meet in shared memory, from where output rows leave as whole lines.
//
// The A operand comes straight from global memory: channels are permuted (slots) so that the 16 bytes that a thread
// loads are its fragments of 1, 2 or 4 steps.
#include "edge_mma.cuh"
#include "edge_values.cuh"
#if FIELD_VALUES
#include "tile_values.cuh"
#endif

#ifndef N
#define N 128
#endif
#ifndef CHANNELS
#define CHANNELS 3
#endif
#ifndef WARPGROUPS
#define WARPGROUPS 4
#endif

constexpr int TAPS = (10 * CHANNELS + 15) / 16 * 16;  // columns of one y: 2 rows x channels x 5 horizontal taps
constexpr int COLUMNS = 3 * TAPS;
constexpr int STEPS = N / 16;
constexpr int G = groupOf(N);
constexpr int PARTS = SPLIT ? 2 : 1;
constexpr int WEIGHT_BYTES = COLUMNS * N * 2;
constexpr int LINE = 68;  // floats from column to column: 64 pixels, and no two of a fragment's in one bank
constexpr int SUM_FLOATS = TAPS * LINE;
constexpr int LOAD_WORDS = G / 16 * ACTIVATION_BYTES;  // that a thread loads at once, of a group of channels
constexpr int ROW_WORDS = N / G * LOAD_WORDS;

struct Strip {
  i64 tile;   // first of the tiles side by side
  i32 x;      // input column of pixel 0
  i32 first;  // row
};

static __device__ __forceinline__ Strip stripOf(const EdgeLastParameters& p, i64 strip, i32 images, i32 segments) {
  i32 down = (p.height + p.stripRows - 1) / p.stripRows;
  i64 column = strip / down;
  i64 tiles = column / segments;
  i32 segment = (i32)(column - tiles * segments);
  return {tiles * images, segments == 1 ? 0 : segment * 62 - 1, (i32)(strip - column * down) * p.stripRows};
}

// Pixel of the strip's rows: its tile and column, and whether it exists.
struct Pixel {
  i64 tile;
  i32 x;
  bool exists;
};

static __device__ __forceinline__ Pixel pixelOf(const EdgeLastParameters& p, const Strip& s, i32 i, i32 images) {
  i32 image = images == 1 ? 0 : i / p.width;
  i32 x = s.x + i - image * p.width;
  return {s.tile + image, x, image < images && s.tile + image < p.tiles && (u32)x < (u32)p.width};
}

static __device__ __forceinline__ void loadRow(const u8* from, bool exists, u32 (&w)[ROW_WORDS]) {
#pragma unroll
  for (int i = 0; i < ROW_WORDS; i++) {
    w[i] = 0;
  }
  if (exists) {
#pragma unroll
    for (int g = 0; g < N / G; g++) {
      loadWords<LOAD_WORDS>(from + g * G * ACTIVATION_BYTES, w + g * LOAD_WORDS);
    }
  }
}

#if SPLIT

// Brings a row's largest magnitude to [2^13, 2^14) and returns what undoes it.
static __device__ __forceinline__ float scaleRow(u32 (&w)[ROW_WORDS]) {
  u32 most = 0;
#pragma unroll
  for (int i = 0; i < ROW_WORDS; i++) {
    most = max(most, w[i] & 0x7fffffff);
  }
  most = max(most, __shfl_xor_sync(0xffffffffu, most, 1));
  most = max(most, __shfl_xor_sync(0xffffffffu, most, 2));
  u32 exponent = min(max(most >> 23, 14u), 254u);
  float factor = powerOfTwo(267 - exponent);
#pragma unroll
  for (int i = 0; i < ROW_WORDS; i++) {
    w[i] = __float_as_uint(__uint_as_float(w[i]) * factor);
  }
  return powerOfTwo(exponent - 13);
}

// sums = products of one row of pixels with the columns, not scaled back.
template <int STEP>
static __device__ __forceinline__ void multiplySplit(
    float (&d)[COLUMNS / 2], const u32* upper, const u32* lower, const Operand& b, const Operand& rest) {
  constexpr int COUNT = STEPS - STEP < 4 ? STEPS - STEP : 4;
  u32 a[4 * COUNT];
  u32 r[4 * COUNT];
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const u32* from = (j % 2 == 0 ? upper : lower) + (STEP + i) * 4 + j / 2 * 2;
      splitHalves(__uint_as_float(from[0]), __uint_as_float(from[1]), &a[4 * i + j], &r[4 * i + j]);
    }
  }
  beginProducts(d);
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    const u32* w = a + 4 * i;
    const u32* v = r + 4 * i;
    if (STEP + i == 0) {
      multiply<COLUMNS, false>(d, w[0], w[1], w[2], w[3], b, 0, 0);
    } else {
      multiply<COLUMNS, true>(d, w[0], w[1], w[2], w[3], b, 0, STEP + i);
    }
    multiply<COLUMNS, true>(d, v[0], v[1], v[2], v[3], b, 0, STEP + i);
    multiply<COLUMNS, true>(d, w[0], w[1], w[2], w[3], rest, 0, STEP + i);
  }
  endProducts(d);
  if constexpr (STEP + COUNT < STEPS) {
    multiplySplit<STEP + COUNT>(d, upper, lower, b, rest);
  }
}

#else

// Words of halves of a step: columns 2t .. and 2t + 8 .. of one row.
static __device__ __forceinline__ void halvesOf(const u32 (&w)[ROW_WORDS], int step, u32* near, u32* far) {
#if ACTIVATION == ACTIVATION_E4M3
  unpackBytes(w[step], near, far);
#else
  *near = w[2 * step];
  *far = w[2 * step + 1];
#endif
}

#endif

// Adds a row of pixels to the three sums.
static __device__ __forceinline__ void addRow(
    float (&sums)[COLUMNS / 2], u32 (&upper)[ROW_WORDS], u32 (&lower)[ROW_WORDS], const Operand& b, const Operand& rest) {
#if SPLIT
  float upperUnscale = scaleRow(upper);
  float lowerUnscale = scaleRow(lower);
  float d[COLUMNS / 2];
  multiplySplit<0>(d, upper, lower, b, rest);
#pragma unroll
  for (int i = 0; i < COLUMNS / 2; i++) {
    sums[i] = __fmaf_rn(d[i], i / 2 % 2 == 0 ? upperUnscale : lowerUnscale, sums[i]);
  }
#else
  u32 a[4 * STEPS];
#pragma unroll
  for (int i = 0; i < STEPS; i++) {
    halvesOf(upper, i, &a[4 * i], &a[4 * i + 2]);
    halvesOf(lower, i, &a[4 * i + 1], &a[4 * i + 3]);
  }
  beginProducts(sums);
#pragma unroll
  for (int i = 0; i < STEPS; i++) {
    multiply<COLUMNS, true>(sums, a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3], b, 0, i);
  }
  endProducts(sums);
#endif
}

// Output of the input row y from the sums in shared memory: this thread's row 2y + py, columns 2x and 2x + 1, which
// stand at `to` in channel `channel` of all tiles' values.
static __device__ __forceinline__ void writeRow(
    const EdgeLastParameters& p, const float* sums, i64 to, const Pixel& out, i32 pixel, i32 py, i32 channel, const float* bias) {
  bool left = out.x > 0;
  bool right = out.x < p.width - 1;
  i64 plane = 4 * (i64)p.height * p.width;
#pragma unroll
  for (int c = 0; c < CHANNELS; c++) {
    if (channel + c < p.channels) {
      const float* taps = sums + ((py * CHANNELS + c) * 5) * LINE + pixel;
      float even = taps[2 * LINE];
      float odd = taps[3 * LINE];
      if (left) {
        even += taps[4 * LINE - 1];
      }
      if (right) {
        even += taps[1];
        odd += taps[LINE + 1];
      }
      even = __fmaf_rn(even, p.outputScale, bias[c]);
      odd = __fmaf_rn(odd, p.outputScale, bias[c]);
#if FIELD_VALUES
      const PlaneMap& map = p.values.planes[out.tile * p.channels + channel + c].map;
      storeRestored(p.values, map, p.output, to + c * plane, even, odd);
#else
      __stcs((float2*)((float*)p.output + to + c * plane), make_float2(even, odd));
#endif
    }
  }
}

extern "C" __global__ void __launch_bounds__(128 * WARPGROUPS, 1) edge_last(const __grid_constant__ EdgeLastParameters p) {
  extern __shared__ __align__(128) u8 shared[];
  i32 group = threadIdx.x / 128;
  i32 tid = threadIdx.x % 128;
  i32 lane = tid % 32;
  u8* weights = shared;
  float* sumsShared = (float*)(weights + PARTS * WEIGHT_BYTES) + group * 2 * SUM_FLOATS;
  copyToShared(weights, (const u8*)p.weights + (i64)blockIdx.y * PARTS * WEIGHT_BYTES, PARTS * WEIGHT_BYTES);
  publishOperands();
  __syncthreads();
  Operand b = operandAt(weights, N, lane);
  Operand rest = operandAt(weights + WEIGHT_BYTES, N, lane);
  i32 channel = blockIdx.y * CHANNELS;
  float bias[CHANNELS];
#pragma unroll
  for (int c = 0; c < CHANNELS; c++) {
    bias[c] = channel + c < p.channels ? p.bias[channel + c] : 0;
  }
  i32 images = p.width <= 64 ? 64 / p.width : 1;
  i32 segments = p.width <= 64 ? 1 : (p.width + 61) / 62;
  i64 rowBytes = (i64)p.width * N * ACTIVATION_BYTES;
  // of the fragment: rows r and r + 8 of the warp's 16 pixels
  i32 fragment = tid / 32 * 16 + lane / 4;
  // of the output: a pixel and one of its two rows
  i32 outPixel = tid % 64;
  i32 py = tid / 64;
#pragma unroll 1
  for (i64 i = (i64)blockIdx.x * WARPGROUPS + group; i < p.strips; i += (i64)gridDim.x * WARPGROUPS) {
    Strip s = stripOf(p, i, images, segments);
    i32 end = min(s.first + p.stripRows, p.height);
    Pixel upperPixel = pixelOf(p, s, fragment, images);
    Pixel lowerPixel = pixelOf(p, s, fragment + 8, images);
    Pixel out = pixelOf(p, s, outPixel, images);
    // neighbours of a segment belong to the next one
    bool writes = out.exists && (segments == 1 || (outPixel >= 1 && outPixel <= 62));
    i32 y = s.first - 1;
    const u8* base = (const u8*)p.input + G / 4 * (lane % 4) * ACTIVATION_BYTES;
    const u8* upperFrom = base + ((upperPixel.tile * p.height + y) * p.width + upperPixel.x) * N * ACTIVATION_BYTES;
    const u8* lowerFrom = base + ((lowerPixel.tile * p.height + y) * p.width + lowerPixel.x) * N * ACTIVATION_BYTES;
    i64 to = (((out.tile * p.channels + channel) * p.height + s.first) * 2 + py) * 2 * p.width + 2 * out.x;
    u32 upper[ROW_WORDS];
    u32 lower[ROW_WORDS];
    loadRow(upperFrom, upperPixel.exists && y >= 0, upper);
    loadRow(lowerFrom, lowerPixel.exists && y >= 0, lower);
    float sums[COLUMNS / 2];
#pragma unroll
    for (int j = 0; j < COLUMNS / 2; j++) {
      sums[j] = 0;
    }
#pragma unroll 1
    for (; y <= end; y++) {
      upperFrom += rowBytes;
      lowerFrom += rowBytes;
      u32 nextUpper[ROW_WORDS];
      u32 nextLower[ROW_WORDS];
      bool more = y < end && y + 1 < p.height;
      loadRow(upperFrom, upperPixel.exists && more, nextUpper);
      loadRow(lowerFrom, lowerPixel.exists && more, nextLower);
      if (y >= 0 && y < p.height) {
        addRow(sums, upper, lower, b, rest);
      }
      if (y > s.first) {
        float* box = sumsShared + (y & 1) * SUM_FLOATS + 2 * (lane % 4) * LINE + fragment;
#pragma unroll
        for (int j = 0; j < TAPS / 8; j++) {
          box[8 * j * LINE] = sums[4 * j];
          box[(8 * j + 1) * LINE] = sums[4 * j + 1];
          box[8 * j * LINE + 8] = sums[4 * j + 2];
          box[(8 * j + 1) * LINE + 8] = sums[4 * j + 3];
        }
        groupBarrier(group);
        if (writes) {
          writeRow(p, sumsShared + (y & 1) * SUM_FLOATS, to, out, outPixel, py, channel, bias);
        }
        to += 4 * p.width;
      }
#pragma unroll
      for (int j = 0; j < COLUMNS / 2; j++) {
        sums[j] = j + TAPS / 2 < COLUMNS / 2 ? sums[j + TAPS / 2] : 0;
      }
#pragma unroll
      for (int j = 0; j < ROW_WORDS; j++) {
        upper[j] = nextUpper[j];
        lower[j] = nextLower[j];
      }
    }
  }
}
