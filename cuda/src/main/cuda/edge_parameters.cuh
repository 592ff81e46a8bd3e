// What the host tells the kernels of the networks' outer layers: the first one of g_a (edge_first.cu), the last one
// of g_s (edge_last.cu) and the load of latents (edge_load.cu). The same structures stand in the host program.
//
// Options of the compiler (-D...) choose a variant; all of it is known when a kernel is compiled:
//   ACTIVATION  type of NHWC activations: 0 f16, 1 e4m3 (sm_89 and newer), 2 f32 ("fp32": split products, see below)
//   N           channels of the NHWC side, rounded up to a multiple of 16 (the Cp of the layout), 16..320
//   FIELD_VALUES  1: the input of the first layer and the output of the last one are a field's own values in place of
//               float32: the load normalizes them, the store restores them, with the bits of core's Normalizer
//   WGMMA       1 on sm_90a (compile for it by that name), 0 on any other device of sm_80 or newer
//
// Operands in memory. A matrix B of n rows and k columns (both multiples of 8) of f16 stands as 8 x 8 blocks of 128
// bytes: element (n, k) at half  ((n / 8) * (columns / 8) + k / 8) * 64 + (n % 8) * 8 + k % 8.
// With ACTIVATION 2 every matrix stands twice, one after the other: high = f16(value), low = f16(value - high), both of
// the value times a power of two that brings the largest magnitude of the matrix into [2^13, 2^14).
//
// Slots. The order of channels inside a matrix is permuted so that a thread's registers are neighbours in memory:
//   G = ACTIVATION 0: 32, 1: 64, 2: 16; while N % G != 0: G /= 2
//   channelOf(slot): g = slot / G, j = slot % G / 8, t = slot % 8 / 2, e = slot % 2: G * g + G / 4 * t + 2 * j + e
// Channels that only pad (N rounded up) have zero weights, bias and gamma, and beta 1.
#pragma once
#include "common.cuh"
#include "field_parameters.cuh"

#ifndef FIELD_VALUES
#define FIELD_VALUES 0
#endif

// First layer of g_a: planar tiles, 5x5 convolution of stride 2 and padding 2, bias, GDN or ReLU, NHWC.
//   C_IN        channels of a tile, 1..16
//   EPILOGUE    0 none, 1 GDN, 2 ReLU
//   WARPGROUPS  (3) groups of 128 threads, each on tiles of its own;  ROWS (8) rows of such a tile, a multiple of 4
//   NORM_COLUMNS (64 where that divides N, else N) columns of GDN at a time;  HALF_X (0) 1: x waits as halves for GDN;
//   PREFETCH (1) 1: the next tile's input is fetched into the L2 cache
//   GAMMA_SHARED (1) 0 leaves gamma in global memory, where shared memory does not hold it (then mma.sync does GDN)
// Launch: WARPGROUPS * 128 threads; any number of thread blocks, best min(multiprocessors, ceil(groups / WARPGROUPS)),
//   groups = tiles * ceil(height / 2 / ROWS) * ceil(width / 2 / 16); dynamic shared memory, with
//   S = ACTIVATION == 2 ? 2 : 1,  K = 16 * ceil((26 * C_IN + 2) / 16):
//   S*N*K*2 + (EPILOGUE == 1 && GAMMA_SHARED ? S*N*N*2 : 0) + 8*N + K*2 + WARPGROUPS * (S*C_IN*(ROWS+2)*54*4 + 16)
// weights: matrix of N rows (slot of the output channel) and K columns. Column 2w and 2w + 1 of pair w, for
//   w = 13 * c + q, c < C_IN:   q = 0..9: (ky, kx) = (q / 2, q % 2 * 2) and (q / 2, q % 2 * 2 + 1)
//   q = 10: (0, 4), (1, 4);  q = 11: (2, 4), (3, 4);  q = 12: (4, 4), zero
//   w = 13 * C_IN: ACTIVATION 0, 1: f16(bias), f16(bias - f16(bias)); ACTIVATION 2: zeros.  Pairs beyond: zeros.
//   With GDN, weights and bias may be multiplied by a power of two s that suits squares in f16 (they saturate where
//   |s * x| > 255.9, and lose digits below 2^-7); then beta holds s^2 * beta. Not with ACTIVATION 2, which scales pixels.
// gamma: matrix of N rows (slot of i) and N columns (slot of j), times any power of two 1 / normScale.
// beta, bias: float per slot. bias is read with ACTIVATION 2 only (elsewhere it is in the weights).
// GDN: y = x * rsqrt(normScale * sum + beta[slot]).  e4m3, real = stored * scale: both with normScale and beta
//   multiplied by scale^2.  None and ReLU: y = x * outputScale (e4m3: 1 / scale).
// weightScale: what a sum over stored weights is multiplied by (ACTIVATION 2; elsewhere unused).
struct EdgeFirstParameters {
  const void* input;   // [tiles][C_IN][height][width], float32 or the field's type
  void* output;        // [tiles][height / 2][width / 2][N]
  const u16* weights;
  const u16* gamma;
  const float* bias;
  const float* beta;
  i64 groups;          // see above
  i32 height, width;   // of a tile, multiples of 16
  float normScale;
  float outputScale;
  float weightScale;
  i32 reserved;
#if FIELD_VALUES
  TileValues values;
#endif
};

// Last layer of g_s: NHWC, transposed 5x5 convolution of stride 2 (padding 2, output padding 1), bias, planar tiles.
//   CHANNELS    output channels that one launch row makes, 1..4; blockIdx.y counts ceil(channels / CHANNELS) of them
//   WARPGROUPS  (4) groups of 128 threads, each on strips of its own
// Launch: WARPGROUPS * 128 threads; grid (any, best min(multiprocessors, ceil(strips / WARPGROUPS)); ceil(channels /
//   CHANNELS)); dynamic shared memory, with S as above and L = 16 * ceil(10 * CHANNELS / 16):
//   S*3*L*N*2 + WARPGROUPS * 2*L*68*4
// A strip is `stripRows` rows of 64 pixels of the input: with width <= 64 the rows of images = 64 / width (rounded
//   down) tiles side by side, else a segment of 62 pixels and its two neighbours:
//   strips = ceil(tiles / images) * segments * ceil(height / stripRows), segments = width <= 64 ? 1 : ceil(width / 62)
// A strip costs stripRows + 2 rows: best is the stripRows that makes ceil(strips / groups of the launch) * (stripRows + 2)
// least.
// weights: for each of the launch rows (from output channel CHANNELS * blockIdx.y on) a matrix (ACTIVATION 2: two) of
//   3 * L rows and N columns (slot of the input channel), all with one power of two. Row b * L + (py * CHANNELS + c) * 5 + kx holds
//   weight[input channel][output channel c][ky][kx] with ky = 2 * b + py; zeros where ky = 5, where the channel does
//   not exist, and in the rows that pad.
// Output: sum * outputScale + bias[channel].
struct EdgeLastParameters {
  const void* input;     // [tiles][height][width][N]
  void* output;          // [tiles][channels][2 * height][2 * width], float32 or the field's type
  const u16* weights;
  const float* bias;     // per output channel
  i64 tiles;
  i64 strips;
  i32 height, width;     // of the input, multiples of 8
  i32 channels;
  i32 stripRows;         // even
  float outputScale;     // scale of the activations times 1 / that of the weights
  i32 reserved;
#if FIELD_VALUES
  TileValues values;
#endif
};

// Latents into the layout of activations.
//   SYMBOLS     1: i32 symbols, value = symbol + medians[channel]; 0: float32 latents
//   ABSOLUTE    1: absolute values (h_a of a scale hyperprior)
// Launch: 256 threads, tiles * ceil(pixels / 64) * ceil(N / 64) thread blocks, no dynamic shared memory.
// Stored: value * inverseScale (1 / scale with e4m3, else 1).
struct EdgeLoadParameters {
  const void* input;     // [tiles][channels][pixels]
  const float* medians;  // per channel; null: zeros
  void* output;          // [tiles][pixels][N]
  i64 tiles;
  i32 channels, pixels;
  float inverseScale;
  i32 reserved;
};
