// Convolutions 5x5 of stride 2 and transposed convolutions 5x5 of stride 2 for sm_90a (wgmma, TMA), with
// bias and GDN, inverse GDN or ReLU. This text is what the host needs to know.
//
// A kernel is compiled for one layer with these options:
//   CONV_KIND        0 convolution: output side = input side / 2; 1 transposed: output side = input side * 2;
//                    2 convolution 3x3 of stride 1
//   CONV_E4M3        0: operands f16; 1: operands e4m3
//   CONV_INPUT       channels of the input, padded (multiple of 16)
//   CONV_WIDTH       channels of one output tile, multiple of 16, at most 320
//   CONV_TILES       output tiles: CONV_WIDTH * CONV_TILES = padded channels of the output. 1 with GDN
//   CONV_BLOCKS      blocks of 64 pixels of a consumer warpgroup, 1 or 2 (2 only where CONV_WIDTH <= 128)
//   CONV_GROUPS      consumer warpgroups, 1, 2 or 3 (3 only where CONV_BLOCKS * CONV_WIDTH <= 192)
//                    Weights do not depend on these two. Which are best depends on how well items fill the
//                    multiprocessors: HopperVariant.java
//   CONV_ACTIVATION  0 none, 1 ReLU, 2 GDN, 3 inverse GDN, 4 leaky ReLU (0.01)
//   CONV_STORE       0 NHWC f16, 1 NHWC e4m3, 2 planar f32, 3 planar i32 symbols
// Compile with -fmad=true -arch=sm_90a. Kernel `conv_hopper`, one parameter: ConvHopper, by value.
//
// The kernel may be launched as a programmatic dependent of the kernel before it (CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_
// SERIALIZATION): it reads its input and writes its output only when that has ended. It lets the next kernel begin early.
//
// Launch: (CONV_GROUPS + 1) * 128 threads; blocks = min(multiprocessors, items), where
//   items = ceil(pixelTiles / CONV_GROUPS) * CONV_TILES * (CONV_KIND == 1 ? 4 : 1)
//   pixelTiles = ceil(gridWidth / 8) * ceil(gridHeight / tileRows) * ceil(images / tileImages)
// (gridWidth, gridHeight: the output's for kinds 0 and 2, the input's for kind 1.) Dynamic shared bytes:
//   1024 + CONV_GROUPS * patchStages * patchBytes + weightStages * STAGE + 12 * CONV_WIDTH * CONV_TILES + 512
//   STAGE = 128 * CONV_WIDTH, with (inverse) GDN 128 * (CONV_WIDTH rounded up to a multiple of 64)
// weightStages: as many as 227 KiB (232448) hold, at most 12, at least 2 (GDN: at least 3 where CONV_BLOCKS is 2).
//
// A consumer's tile is CONV_BLOCKS * 64 pixels: 8 adjacent in x, tileRows in y, tileImages images;
//   tileRows * tileImages = 8 * CONV_BLOCKS, both powers of two, tileImages <= 8 (so: tileRows = the smallest
//   power of two >= gridHeight, between CONV_BLOCKS and 8 * CONV_BLOCKS).
// patchBytes = 1280 * tileImages * (tileRows + 2), rounded up to a multiple of 1024. patchStages = 2.
//
// Input: NHWC [image][H][W][CONV_INPUT] of f16 or e4m3, at a multiple of 16 bytes. It is read through tensor maps
// (cuTensorMapEncodeTiled, rank 4, FLOAT16 or UINT8, interleave none, swizzle 128B, L2 promotion 128B,
// out-of-bounds zeros, element strides 1); with E bytes an element, box[0] = 128 / E:
//   kind 0: four maps, input[2 * py + px], base = input + (py * W + px) * CONV_INPUT * E,
//           extents {CONV_INPUT, W / 2, images, H / 2},
//           strides in bytes {2 * CONV_INPUT * E, H * W * CONV_INPUT * E, 2 * W * CONV_INPUT * E},
//           box {128 / E, 10, tileImages, tileRows + 2 - py}
//   kinds 1, 2: one map, input[0], base = input, extents {CONV_INPUT, W, images, H},
//           strides {CONV_INPUT * E, H * W * CONV_INPUT * E, W * CONV_INPUT * E}, box {128 / E, 10, tileImages, tileRows + 2}
// The other maps are copies of the first or zero. Images at most 2^31 - 16, sides at most 65536.
//
// Output: NHWC [image][Ho][Wo][CONV_WIDTH * CONV_TILES] (padding channels are written as zeros), or planar
// [image][channels][Ho][Wo] with the true number of channels in `channels`.
//
// Position p of an output tile holds channel channelAt(p) (below: a permutation that makes the channels of one
// thread adjacent). Everything per output channel stands by position, tile after tile, padding included:
//   scale[p]  f32  u = accumulator * scale + bias. Convolution's real value times `square`, where
//   bias[p]   f32  square = 1 without GDN. So scale = square * (activation scale * weight scale), bias = square * bias
//   beta[p]   f32  square^2 * gammaScale * beta (GDN), 1 for padding channels
//   median[p] f32  for symbols
//   gamma     f16  gammaScale * gamma, packed as below. gammaScale: power of 4 chosen so that gamma fits f16
//   factor    f32  what is stored is: none, ReLU: u * factor; GDN: u * rsqrt(norm) * factor; inverse: u * sqrt(norm) * factor,
//                  norm = beta[p] + sum over q of gamma[p][q] * f16(u_q^2); conversions saturate
//     GDN:     factor = sqrt(gammaScale) / output scale          (output scale: 1 for f16; e4m3: real = stored * scale)
//     inverse: factor = 1 / (square^2 * sqrt(gammaScale)) / output scale
//     others:  factor = 1 / output scale
// Choose `square`, a power of two, so that |u| stays below 256 and typical |u| is above 0.03.
//
// Weights: stages of [CONV_WIDTH rows][128 bytes], a row for each position, 128 / E input channels of one tap.
//   Byte b of row r stands at r * 128 + ((b / 16) ^ (r % 8)) * 16 + b % 16. Channels beyond the input's are zeros.
//   The order of stages, outermost first, with CHUNKS = ceil(CONV_INPUT * E / 128):
//   kind 0: output tile; chunk; py; px; ty in 0 ... 2 - py; tx in 0 ... 2 - px.   ky = 2 ty + py, kx = 2 tx + px
//   kind 1: output tile; phase (py, px) = (0,0), (0,1), (1,0), (1,1); chunk; ty in py ... 2; tx in px ... 2.
//           ky = 4 + py - 2 ty, kx = 4 + px - 2 tx     (weight[in][out][ky][kx] of the transposed convolution)
//   kind 2: output tile; chunk; ty in 0 ... 2; tx in 0 ... 2.   ky = ty, kx = tx
//   So 25 (kind 2: 9) * CHUNKS stages for each output tile.
// Gamma: f16, for each block of 64 output positions p0 (the last one narrower: B = min(64, CONV_WIDTH - p0) positions),
//   for each chunk of 64 input positions q0: rows [B][128 bytes], row = position p - p0, 64 values gamma[p][q0 ...], swizzled as
//   above (r = p - p0), zeros beyond CONV_WIDTH. One after another: CONV_WIDTH * 128 * ceil(CONV_WIDTH / 64) bytes.
#pragma once
#include "hopper.cuh"

#define CONV_STRIDE2 0
#define CONV_TRANSPOSED 1
#define CONV_SAME 2

#define ACTIVATION_NONE 0
#define ACTIVATION_RELU 1
#define ACTIVATION_GDN 2
#define ACTIVATION_INVERSE_GDN 3
#define ACTIVATION_LEAKY_RELU 4

#define STORE_F16 0
#define STORE_E4M3 1
#define STORE_PLANAR_F32 2
#define STORE_PLANAR_SYMBOLS 3

// A latent that is no finite number below 2^24 in magnitude (bit of `errors`).
#define CONV_ERROR_LATENT 1

struct ConvHopper {
  TensorMap input[4];
  const void* weights;
  const void* gamma;
  const float* scale;
  const float* bias;
  const float* beta;
  const float* median;
  void* output;
  u32* errors;       // one word, or'ed; for symbols
  float factor;
  i32 images;
  i32 gridHeight;    // sides of the output, of the input where transposed
  i32 gridWidth;
  i32 channels;      // of a planar output
  i32 tileRowsLog2;
  i32 tileImagesLog2;
  i32 patchBytes;
  i32 patchStages;
  i32 weightStages;
};

/// The channel, within its output tile of `width`, at a position. Groups of 32 positions (e4m3: 64), then what is
/// left in groups of 32 and 16; a thread has the columns 8q + 2t + b of a group, t = 0 ... 3, and these are adjacent.
__host__ __device__ __forceinline__ i32 channelAt(i32 position, i32 width, i32 store) {
  if (store == STORE_PLANAR_F32 || store == STORE_PLANAR_SYMBOLS) return position;
  i32 start = 0;
  for (i32 group = store == STORE_E4M3 ? 64 : 32; group >= 16; group /= 2) {
    i32 whole = (width - start) / group * group;
    if (position < start + whole) {
      i32 at = (position - start) % group;
      return position - at + at % 8 / 2 * (group / 4) + at / 8 * 2 + at % 2;
    }
    start += whole;
  }
  return position;
}
