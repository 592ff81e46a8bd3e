// Convolutions and transposed convolutions of the learned transforms for sm_80 and newer: options,
// parameters, and how the host lays out what they read. One launch is one layer of all tiles, with
// bias and activation.
//
// Options (-D) of conv_portable.cu; compile with -fmad=true:
//   CONV_PRECISION      operands: 0 f16, 1 e4m3 (sm_89 and newer), 2 f32 (as three products of f16)
//   CONV_OUTPUT         0 f16 NHWC, 1 e4m3 NHWC, 2 f32 NHWC, 3 f32 planar, 4 i32 planar symbols
//   CONV_ACTIVATION     0 none, 1 GDN, 2 inverse GDN, 3 leaky ReLU (slope 0: ReLU)
//   CONV_TRANSPOSED     1: transposed convolution 5x5, stride 2 (doubles both sides); 0: convolution
//   CONV_KERNEL         taps along a side, 5 or 3 (3: convolution only); padding is CONV_KERNEL / 2
//   CONV_STRIDE         2 or 1; 2 if transposed
//   CONV_CHANNELS       output channels, rounded up to a multiple of 16 (Np), up to 320
//   CONV_ROW_BYTES      bytes of K in a row of a stage, 128 or 64
//   CONV_WARPS          warps of a block
//   CONV_WARP_ROWS      pixels of a warp, 16 or 32
//   CONV_STAGES         stages of the ring in shared memory, 2 and more
//   CONV_BLOCKS         blocks that are to fit on a multiprocessor (launch bounds)
//   CONV_WGMMA          1: products by wgmma (precision 2 on sm_90a, rows of 128 bytes, warps a multiple of 4)
// Good values, in the order of ROW_BYTES, WARPS, WARP_ROWS, STAGES, BLOCKS (measured on one H200; fewer stages,
// then rows of 64 bytes, where shared memory is small):
//   precision 0: Np <= 128: 128 4 32 3 2;  Np <= 192: 128 4 32 2 1;  more: 128 4 16 3 1
//   precision 1: Np <= 128: 128 4 32 2 2;  more: 128 4 16 3 1
//   precision 2: Np <= 128: 128 4 32 2 2;  more: 128 4 16 3 1
//   precision 2 on sm_90a, CONV_WGMMA 1: Np <= 128: 128 12 16 3 1;  Np <= 192: 128 8 16 4 1;  more: CONV_WGMMA 0
//
// Launch of conv_portable(const __grid_constant__ PortableConvolution):
//   pixels = tiles * outputHeight * outputWidth of a convolution,
//            tiles * inputHeight * inputWidth of a transposed one
//   grid   = ceil(pixels / blockPixels) * (transposed ? 4 : 1), blockPixels = CONV_WARPS * CONV_WARP_ROWS
//   block  = 32 * CONV_WARPS
//   shared = stages * (blockPixels + Np) * CONV_ROW_BYTES + blockPixels * 12, dynamic
// outputHeight = (inputHeight - 1) / stride + 1 of a convolution, 2 * inputHeight of a transposed one.
//
// Channels are stored in order everywhere in activations (NHWC: Cp = channels rounded up to 16, the
// padding zero). In weights and gamma, output channels stand permuted in groups of 16, so that a thread
// ends with four neighbours: position p of a group holds channel
//   order(p) = 4 * (p % 8 / 2) + 2 * (p / 8) + p % 2          (0 <= p < 16)
//
// Weights. KC = CONV_ROW_BYTES / (2, 1, 4 for precision 0, 1, 2). The sum runs over k = tap * Cp + c for
// all taps of the kernel and c < Cp of the input, in steps of KC. A step is Np rows (position n) of
// CONV_ROW_BYTES, with values zero where k >= taps * Cp or a channel is padding:
//   [phase][k / KC][n][k % KC]        f16 or e4m3 elements
//   [phase][k / KC][n][part][k % KC]  precision 2: f16 elements, part 0 hi = f16(value), 1 lo = f16(value - hi);
//                                     here k stands in `order` as well: column p of a group of 16 is k = order(p)
// - convolution: one phase, tap = ky * CONV_KERNEL + kx;
// - transposed: phases (py, px) = (0,0), (0,1), (1,0), (1,1) of output pixels (2y + py, 2x + px), one
//   after the other; phase (py, px) has (3 - py) * (3 - px) taps, tap = ty * (3 - px) + tx, of the filter's
//   ky = py + 2 * ty, kx = px + 2 * tx (they read the input at y + 1 - ty, x + 1 - tx);
//   each phase has ceil(taps * Cp / KC) steps.
// `scale` (Np floats) multiplies the sums, before the bias:
// - precision 0: not read; the values are the weights;
// - precision 1: activation scale * weightScale[channel]; value = weight / weightScale[channel];
// - precision 2: 1 / weightFactor[channel]; value = weight * weightFactor[channel], a power of two that brings the
//   channel's largest magnitude into [2^13, 2^14), so that no lo part is lost to subnormals.
//
// Gamma (activations 1 and 2), f16, rows and columns in `order`:
//   [position i < Np][position j < Np]; precision 2: [part][i][j], hi and lo as above
// of gamma * gammaFactor, a power of two that brings the largest gamma into [2^13, 2^14) ([1, 2) will do for
// precisions 0 and 1); normScale = 1 / gammaFactor. The kernel scales squares by itself, pixel by pixel.
//
// bias, beta, scale: Np floats in the channels' order; padding: bias 0, beta 1, scale 0. medians:
// outputChannels floats.
#pragma once
#include "common.cuh"

#define CONV_F16 0
#define CONV_E4M3 1
#define CONV_F32 2
#define CONV_PLANAR 3
#define CONV_SYMBOLS 4

#define CONV_NO_ACTIVATION 0
#define CONV_GDN 1
#define CONV_INVERSE_GDN 2
#define CONV_RELU 3

// Set in the error word by outputs that no symbol can hold: not finite, or 2^24 and more.
#define CONV_ERROR_RANGE 1

struct PortableConvolution {
  const void* input;     // NHWC [tiles][inputHeight][inputWidth][inputChannels]; 16-byte aligned as all of them
  void* output;          // NHWC [...][Np], or planar [tiles][outputChannels][outputHeight][outputWidth]
  const void* weights;
  const float* scale;    // precisions 1 and 2
  const float* bias;
  const void* gamma;     // activations 1 and 2
  const float* beta;     // activations 1 and 2
  const float* medians;  // output 4: symbol = rint(value - median)
  u32* errors;           // output 4: one word, bits are set
  i32 tiles;
  i32 inputHeight, inputWidth;
  i32 inputChannels;     // Cp: a multiple of 16
  i32 outputChannels;    // without padding; planar outputs
  float slope;           // activation 3: factor of negative values
  float normScale;       // activations 1 and 2: 1 / gammaFactor
  float outputScale;     // output 1: stored = value * outputScale
};
