// First layer of g_a: planar tiles to NHWC activations, 5x5 convolution of stride 2 with bias and GDN or ReLU.
// Options, launch and operands: edge_parameters.cuh.
//
// A group of 128 threads makes ROWS x 16 output pixels x all channels at a time, each warp 16 neighbours of one row.
// The input they see lies in shared memory as halves, two neighbours of a row to a word: an even one and the next, as
// the taps pair them under stride 2. Of the fifth tap of a row only the even value is left; those of two rows share a
// word of a third line. So each pair of taps is one word, at the pixel's place plus a constant: the A operand is loaded
// straight into registers and im2col costs one load per two taps. 13 words per channel; one more pair holds 1, 1 and
// adds the bias, in two halves.
//
// The sums of a pixel are the registers of four threads; packed and squared they are the A operand of GDN's product. Its
// columns are permuted (slots) so that each thread's results are neighbours in memory: nothing goes back through shared
// memory.
#include "edge_first_norm.cuh"

// Both rows' word of a pair; the bias' pair is 1, 1.
template <int PAIR>
static __device__ __forceinline__ void loadPair(const u32* pixel, u32 offset, i32 t, u32* upper, u32* lower) {
  *upper = pixel[offset];
  *lower = pixel[offset + 8];
  if (!SPLIT && PAIR / 4 == BIAS_PAIR / 4) {
    bool bias = t == BIAS_PAIR % 4;
    *upper = bias ? 0x3c003c00u : *upper;
    *lower = bias ? 0x3c003c00u : *lower;
  }
}

template <int FIRST, int COUNT>
static __device__ __forceinline__ void convolve(
    float (&x)[N / 2], const u32* pixel, const u32* offsets, const Operands& b, i32 t) {
  u32 a[COUNT * 4];
  u32 rest[SPLIT ? COUNT * 4 : 1];
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    u32 near = offsets[(FIRST + i) * 8 + t];
    u32 far = offsets[(FIRST + i) * 8 + 4 + t];
    if (FIRST + i == STEPS - 1) {
      loadPair<(STEPS - 1) * 8>(pixel, near, t, &a[4 * i], &a[4 * i + 1]);
      loadPair<(STEPS - 1) * 8 + 4>(pixel, far, t, &a[4 * i + 2], &a[4 * i + 3]);
    } else {
      loadPair<-4>(pixel, near, t, &a[4 * i], &a[4 * i + 1]);
      loadPair<-4>(pixel, far, t, &a[4 * i + 2], &a[4 * i + 3]);
    }
    if (SPLIT) {
      loadPair<-4>(pixel + PATCH, near, t, &rest[4 * i], &rest[4 * i + 1]);
      loadPair<-4>(pixel + PATCH, far, t, &rest[4 * i + 2], &rest[4 * i + 3]);
    }
  }
  beginProducts(x);
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    const u32* w = a + 4 * i;
    if (FIRST + i == 0) {
      multiply<N, false>(x, w[0], w[1], w[2], w[3], b.weights, 0, 0);
    } else {
      multiply<N, true>(x, w[0], w[1], w[2], w[3], b.weights, 0, FIRST + i);
    }
    if (SPLIT) {
      const u32* r = rest + 4 * i;
      multiply<N, true>(x, r[0], r[1], r[2], r[3], b.weights, 0, FIRST + i);
      multiply<N, true>(x, w[0], w[1], w[2], w[3], b.weightsRest, 0, FIRST + i);
    }
  }
  endProducts(x);
  if constexpr (FIRST + COUNT < STEPS) {
    constexpr int NEXT = STEPS - FIRST - COUNT < COUNT ? STEPS - FIRST - COUNT : COUNT;
    convolve<FIRST + COUNT, NEXT>(x, pixel, offsets, b, t);
  }
}

extern "C" __global__ void __launch_bounds__(128 * WARPGROUPS, 1)
    edge_first(const __grid_constant__ EdgeFirstParameters p) {
  extern __shared__ __align__(128) u8 shared[];
  i32 group = threadIdx.x / 128;
  i32 tid = threadIdx.x % 128;
  i32 lane = tid % 32;
  i32 warp = tid / 32;
  u8* weights = shared;
  u8* gamma = weights + PARTS * WEIGHT_BYTES;
  float* bias = (float*)(gamma + (GDN && GAMMA_SHARED ? PARTS * GAMMA_BYTES : 0));
  float* beta = bias + N;
  u32* offsets = (u32*)(beta + N);
  u8* own = (u8*)(offsets + K / 2) + group * GROUP_BYTES;
  u32* patch = (u32*)own;
  copyToShared(weights, p.weights, PARTS * WEIGHT_BYTES);
  if (GDN && GAMMA_SHARED) {
    copyToShared(gamma, p.gamma, PARTS * GAMMA_BYTES);
  }
  for (i32 i = threadIdx.x; i < N; i += blockDim.x) {
    bias[i] = SPLIT ? p.bias[i] : 0;
    beta[i] = GDN ? p.beta[i] : 0;
  }
  for (i32 i = threadIdx.x; i < K / 2; i += blockDim.x) {
    offsets[i] = pairOffset(i);
  }
  publishOperands();
  __syncthreads();
  Operands b = {operandAt(weights, K, lane), operandAt(weights + WEIGHT_BYTES, K, lane), operandAt(gamma, N, lane),
                operandAt(gamma + GAMMA_BYTES, N, lane)};
  i32 outHeight = p.height / 2;
  i32 outWidth = p.width / 2;
#pragma unroll 1
  for (i64 i = (i64)blockIdx.x * WARPGROUPS + group; i < p.groups; i += (i64)gridDim.x * WARPGROUPS) {
    Place at = placeOf(p, i);
    float scale = 1;
#if SPLIT
    // the largest magnitude comes to [2^13, 2^14): what halves cannot hold is then 2^-38 of it
    u32 exponent = min(max(largestExponent(p, at, patch, (u32*)(own + PARTS * PATCH * 4), group, tid), 14u), 254u);
    scale = powerOfTwo(267 - exponent);
    float unscale = powerOfTwo(exponent - 13) * p.weightScale;
#endif
    fillPatch(p, at, patch, tid, scale);
    if (PREFETCH) {
      prefetchPatch(p, i + (i64)gridDim.x * WARPGROUPS, tid);
    }
    groupBarrier(group);
#pragma unroll 1
    for (i32 part = 0; part < ROWS / 4 && at.y + 4 * part < outHeight; part++) {
      i32 row = 4 * part + warp;
      i32 y = at.y + row;
      i32 x0 = at.x + lane / 4;
      float x[N / 2];
      convolve<0, STEPS_AT_ONCE>(x, patch + row * LINES + lane / 4, offsets, b, lane % 4);
      Rows to;
      to.row[0] = (u8*)p.output
          + (((at.tile * outHeight + y) * outWidth + x0) * N + G / 4 * (lane % 4)) * ACTIVATION_BYTES;
      to.row[1] = to.row[0] + 8 * N * ACTIVATION_BYTES;
      to.inside[0] = y < outHeight && x0 < outWidth;
      to.inside[1] = y < outHeight && x0 + 8 < outWidth;
#if SPLIT
#pragma unroll
      for (int j = 0; j < N / 8; j++) {
        float2 b2 = *(const float2*)(bias + 8 * j + 2 * (lane % 4));
        x[4 * j] = __fmaf_rn(x[4 * j], unscale, b2.x);
        x[4 * j + 1] = __fmaf_rn(x[4 * j + 1], unscale, b2.y);
        x[4 * j + 2] = __fmaf_rn(x[4 * j + 2], unscale, b2.x);
        x[4 * j + 3] = __fmaf_rn(x[4 * j + 3], unscale, b2.y);
      }
#endif
      if constexpr (GDN) {
        normalize(p, x, b, beta, to, lane);
      } else {
#pragma unroll
        for (int j = 0; j < N / 2; j++) {
          // a comparison, not a maximum: NaN stays
          x[j] = EPILOGUE == EPILOGUE_RELU && x[j] < 0 ? 0 : x[j] * p.outputScale;
        }
        storeBoth<N>(to, 0, x);
      }
    }
    groupBarrier(group);
  }
}
