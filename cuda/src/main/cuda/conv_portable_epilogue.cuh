// From sums to what the next layer reads: scale, bias, activation, type and place. A thread holds, for each
// of its pixels and each group of 16 channels, four neighbouring channels: 16 g + 4 (lane % 4) and on.
#pragma once
#include "conv_portable_steps.cuh"

/// Stores four channels of a pixel.
__device__ __forceinline__ void store(const PortableConvolution& p, u32 pixel, u32 channel, float4 v) {
#if CONV_OUTPUT == CONV_F16
  uint2 packed = make_uint2(packHalf(clampHalf(v.x), clampHalf(v.y)), packHalf(clampHalf(v.z), clampHalf(v.w)));
  *(uint2*)((u16*)p.output + (u64)pixel * CHANNELS + channel) = packed;
#elif CONV_OUTPUT == CONV_E4M3
  const float s = p.outputScale;
  *(u32*)((u8*)p.output + (u64)pixel * CHANNELS + channel) = packE4m3(v.x * s, v.y * s) | packE4m3(v.z * s, v.w * s) << 16;
#elif CONV_OUTPUT == CONV_F32
  *(float4*)((float*)p.output + (u64)pixel * CHANNELS + channel) = v;
#else
  const i32 side = CONV_TRANSPOSED ? 2 : 1, stride = CONV_TRANSPOSED ? 1 : CONV_STRIDE;
  const u32 plane = side * side * ((p.inputHeight - 1) / stride + 1) * ((p.inputWidth - 1) / stride + 1);
  const u32 tile = pixel / plane;
  const u64 place = ((u64)tile * p.outputChannels + channel) * plane + pixel % plane;
  const float values[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
  for (u32 i = 0; i < 4; i++)
    if (channel + i < (u32)p.outputChannels) {
#if CONV_OUTPUT == CONV_PLANAR
      ((float*)p.output)[place + (u64)i * plane] = values[i];
#else
      const float latent = values[i] - p.medians[channel + i];
      const bool codable = fabsf(latent) < 16777216.f;
      if (!codable) atomicOr(p.errors, CONV_ERROR_RANGE);
      ((i32*)p.output)[place + (u64)i * plane] = codable ? __float2int_rn(latent) : 0;
#endif
    }
#endif
}

/// Scale and bias.
__device__ __forceinline__ void addBias(const PortableConvolution& p, Sums& sums) {
#pragma unroll
  for (i32 g = 0; g < GROUPS; g++) {
    const u32 channel = 16 * g + threadIdx.x % 4 * 4;
    const float4 bias = *(const float4*)(p.bias + channel);
    const float4 scale = CONV_PRECISION == CONV_F16 ? make_float4(1, 1, 1, 1) : *(const float4*)(p.scale + channel);
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
      for (i32 half = 0; half < 2; half++) {
        float* low = sums[m][2 * g] + 2 * half;
        float* high = sums[m][2 * g + 1] + 2 * half;
        low[0] = low[0] * scale.x + bias.x;
        low[1] = low[1] * scale.y + bias.y;
        high[0] = high[0] * scale.z + bias.z;
        high[1] = high[1] * scale.w + bias.w;
      }
  }
}

#if CONV_HAS_GDN

/// Copies the rows of a portion of gamma.
__device__ __forceinline__ void loadGamma(const PortableConvolution& p, u32 to, i32 portion) {
  constexpr u32 chunks = CHANNELS / 8, all = GAMMA_PARTS * GAMMA_ROWS * chunks;
  for (u32 i = threadIdx.x; i < all; i += THREADS) {
    const u32 row = i / chunks, chunk = i % chunks;
    const u32 part = row / GAMMA_ROWS, from = part * CHANNELS + portion * GAMMA_ROWS + row % GAMMA_ROWS;
    copyAsync(to + row * GAMMA_PITCH + chunk * 16, (const char*)p.gamma + ((u64)from * chunks + chunk) * 16);
  }
}

/// The squares of a group of channels as operands.
struct Squares {
  u32 high[ROW_TILES][4];
#if CONV_PRECISION == CONV_F32
  u32 low[ROW_TILES][4];
#endif

  __device__ __forceinline__ Squares(const Sums& scaled, i32 group) {
#pragma unroll
    for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
      for (i32 i = 0; i < 4; i++) {
        const float* x = scaled[m][2 * group + i / 2] + i % 2 * 2;
#if CONV_PRECISION == CONV_F32
        splitHalf(high[m][i], low[m][i], x[0] * x[0], x[1] * x[1]);
#else
        high[m][i] = packHalf(x[0] * x[0], x[1] * x[1]);
#endif
      }
  }
};

/// Sum over j of gamma[i][j] x[j]^2 for a group of 16 channels i, of which `rows` has gamma.
__device__ __forceinline__ void sumSquares(float (&norm)[GAMMA_GROUPS][ROW_TILES][2][4], const Sums& scaled, u32 rows) {
  const u32 lane = threadIdx.x % 32;
  const u32 address = rows + (lane % 8 + lane / 16 * 8) * GAMMA_PITCH + lane / 8 % 2 * 16;
#pragma unroll
  for (i32 k = 0; k < GROUPS; k++) {
    const Squares squares(scaled, k);
#pragma unroll
    for (i32 g = 0; g < GAMMA_GROUPS; g++) {
      u32 b[4];
      loadMatrices(b, address + g * 16 * GAMMA_PITCH + k * 32);
#if CONV_PRECISION == CONV_F32
      u32 low[4];
      loadMatrices(low, address + (GAMMA_ROWS + g * 16) * GAMMA_PITCH + k * 32);
#endif
#pragma unroll
      for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
        for (i32 t = 0; t < 2; t++) {
#if CONV_PRECISION == CONV_F32
          multiplyHalf(norm[g][m][t], squares.high[m], low[2 * t], low[2 * t + 1]);
          multiplyHalf(norm[g][m][t], squares.low[m], b[2 * t], b[2 * t + 1]);
#endif
          multiplyHalf(norm[g][m][t], squares.high[m], b[2 * t], b[2 * t + 1]);
        }
    }
  }
}

/// Value times or by the root of its norm.
__device__ __forceinline__ float normalized(float x, float norm) {
  return CONV_ACTIVATION == CONV_GDN ? x * reciprocalRoot(norm) : x * root(norm);
}

/// Applies GDN, portion by portion of gamma, and stores.
__device__ __forceinline__ void finish(const PortableConvolution& p, Sums& sums, const u32* outputs, u32 ring, u32 firstRow) {
  constexpr i32 portions = GROUPS / GAMMA_GROUPS;
  __syncthreads();  // the last stage has been read
  loadGamma(p, ring, 0);
  commitCopies();
  // every pixel has a power of two of its own, with which its squares fit into f16
  float inverse[ROW_TILES][2];
#pragma unroll
  for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
    for (i32 half = 0; half < 2; half++) {
      float largest = 0;
#pragma unroll
      for (i32 n = 0; n < 2 * GROUPS; n++) largest = fmaxf(largest, fmaxf(fabsf(sums[m][n][2 * half]), fabsf(sums[m][n][2 * half + 1])));
      const BlockScale scale(largestOfPixel(largest), 6);
      inverse[m][half] = scale.inverse;
#pragma unroll
      for (i32 n = 0; n < 2 * GROUPS; n++) {
        sums[m][n][2 * half] *= scale.factor;
        sums[m][n][2 * half + 1] *= scale.factor;
      }
    }
#pragma unroll
  for (i32 q = 0; q < portions; q++) {
    if (q + 1 < portions) loadGamma(p, ring + (q + 1) % 2 * GAMMA_BYTES, q + 1);
    commitCopies();
    waitCopies<1>();
    __syncthreads();
    // squares are made anew for each portion: kept, they would not fit into the registers
#pragma unroll
    for (i32 i = 0; i < ROW_TILES * GROUPS * 8; i++) asm volatile("" : "+f"(sums[i / (GROUPS * 8)][i / 4 % (GROUPS * 2)][i % 4]));
    float norm[GAMMA_GROUPS][ROW_TILES][2][4] = {};
    sumSquares(norm, sums, ring + q % 2 * GAMMA_BYTES);
#pragma unroll
    for (i32 g = 0; g < GAMMA_GROUPS; g++) {
      const i32 group = q * GAMMA_GROUPS + g;
      const u32 channel = 16 * group + threadIdx.x % 4 * 4;
      const float4 beta = *(const float4*)(p.beta + channel);
#pragma unroll
      for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
        for (i32 half = 0; half < 2; half++) {
          const u32 pixel = outputs[firstRow + TILE_DISTANCE * m + 8 * half + threadIdx.x % 32 / 4];
          const float* x0 = sums[m][2 * group] + 2 * half;
          const float* x1 = sums[m][2 * group + 1] + 2 * half;
          const float* n0 = norm[g][m][0] + 2 * half;
          const float* n1 = norm[g][m][1] + 2 * half;
          const float s = inverse[m][half], n = p.normScale;
          const float4 y = make_float4(
              normalized(x0[0] * s, n0[0] * n * s * s + beta.x), normalized(x0[1] * s, n0[1] * n * s * s + beta.y),
              normalized(x1[0] * s, n1[0] * n * s * s + beta.z), normalized(x1[1] * s, n1[1] * n * s * s + beta.w));
          if (pixel != ~0u) store(p, pixel, channel, y);
        }
    }
    __syncthreads();  // this portion's memory is written again
  }
}

#else

__device__ __forceinline__ float activated(const PortableConvolution& p, float x) {
  return CONV_ACTIVATION == CONV_RELU && x < 0 ? x * p.slope : x;
}

/// Applies the activation and stores.
__device__ __forceinline__ void finish(const PortableConvolution& p, Sums& sums, const u32* outputs, u32, u32 firstRow) {
#pragma unroll
  for (i32 m = 0; m < ROW_TILES; m++)
#pragma unroll
    for (i32 half = 0; half < 2; half++) {
      const u32 pixel = outputs[firstRow + TILE_DISTANCE * m + 8 * half + threadIdx.x % 32 / 4];
      if (pixel == ~0u) continue;
#pragma unroll
      for (i32 g = 0; g < GROUPS; g++) {
        const float* x0 = sums[m][2 * g] + 2 * half;
        const float* x1 = sums[m][2 * g + 1] + 2 * half;
        store(p, pixel, 16 * g + threadIdx.x % 4 * 4,
              make_float4(activated(p, x0[0]), activated(p, x0[1]), activated(p, x1[0]), activated(p, x1[1])));
      }
    }
}

#endif
