// The variant that the options name, as constants, and what follows from them.
#pragma once
#include "conv_portable_parameters.cuh"

#ifndef CONV_PRECISION
#define CONV_PRECISION CONV_F16
#endif
#ifndef CONV_OUTPUT
#define CONV_OUTPUT CONV_PRECISION
#endif
#ifndef CONV_ACTIVATION
#define CONV_ACTIVATION CONV_GDN
#endif
#ifndef CONV_TRANSPOSED
#define CONV_TRANSPOSED 0
#endif
#ifndef CONV_KERNEL
#define CONV_KERNEL 5
#endif
#ifndef CONV_STRIDE
#define CONV_STRIDE 2
#endif
#ifndef CONV_CHANNELS
#define CONV_CHANNELS 128
#endif
#ifndef CONV_ROW_BYTES
#define CONV_ROW_BYTES 128
#endif
#ifndef CONV_WARPS
#define CONV_WARPS 4
#endif
#ifndef CONV_WARP_ROWS
#define CONV_WARP_ROWS 32
#endif
#ifndef CONV_STAGES
#define CONV_STAGES 3
#endif
#ifndef CONV_BLOCKS
#define CONV_BLOCKS 1
#endif

#ifndef CONV_WGMMA
#define CONV_WGMMA 0
#endif

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 890 && (CONV_PRECISION == CONV_E4M3 || CONV_OUTPUT == CONV_E4M3)
#error e4m3 needs sm_89 or newer
#endif

#define CONV_HAS_GDN (CONV_ACTIVATION == CONV_GDN || CONV_ACTIVATION == CONV_INVERSE_GDN)

constexpr i32 THREADS = 32 * CONV_WARPS;
constexpr i32 BLOCK_PIXELS = CONV_WARPS * CONV_WARP_ROWS;
constexpr i32 CHANNELS = CONV_CHANNELS;
constexpr i32 GROUPS = CHANNELS / 16;             // of output channels: two n8 tiles of a matrix product
constexpr i32 ROW_TILES = CONV_WARP_ROWS / 16;    // m16 tiles of a warp
constexpr i32 ELEMENT_BYTES = CONV_PRECISION == CONV_F16 ? 2 : CONV_PRECISION == CONV_E4M3 ? 1 : 4;
constexpr i32 STEP = CONV_ROW_BYTES / ELEMENT_BYTES;        // k of a stage
constexpr i32 ROW_CHUNKS = CONV_ROW_BYTES / 16;             // chunks of 16 bytes: units of copying
constexpr i32 STAGE_BYTES = (BLOCK_PIXELS + CHANNELS) * CONV_ROW_BYTES;
constexpr i32 RING_BYTES = CONV_STAGES * STAGE_BYTES;

// Gamma passes through the memory of the ring: some rows at a time, two such portions in flight.
constexpr i32 GAMMA_PARTS = CONV_PRECISION == CONV_F32 ? 2 : 1;
constexpr i32 GAMMA_PITCH = CHANNELS * 2 + 16;              // odd in chunks: no two rows share their banks
constexpr i32 GAMMA_GROUP_BYTES = 16 * GAMMA_PARTS * GAMMA_PITCH;
constexpr bool GAMMA_PAIRS = GROUPS % 2 == 0 && ROW_TILES * GROUPS <= 20 && 4 * GAMMA_GROUP_BYTES <= RING_BYTES;
constexpr i32 GAMMA_GROUPS = GAMMA_PAIRS ? 2 : 1;           // of 16 rows in a portion
constexpr i32 GAMMA_ROWS = 16 * GAMMA_GROUPS;
constexpr i32 GAMMA_BYTES = GAMMA_GROUPS * GAMMA_GROUP_BYTES;

static_assert(CHANNELS % 16 == 0 && CHANNELS <= 320, "channels");
static_assert(CONV_ROW_BYTES == 128 || CONV_ROW_BYTES == 64, "bytes of a row");
static_assert(CONV_WARP_ROWS == 16 || CONV_WARP_ROWS == 32, "pixels of a warp");
static_assert(CONV_STAGES >= 2, "stages");
static_assert(BLOCK_PIXELS * ROW_CHUNKS % THREADS == 0, "each thread copies as many chunks of pixels");
static_assert(!CONV_HAS_GDN || 2 * GAMMA_BYTES <= RING_BYTES, "two portions of gamma fit into the ring");
static_assert(!CONV_WGMMA || (CONV_PRECISION == CONV_F32 && CONV_ROW_BYTES == 128 && CONV_WARPS % 4 == 0), "wgmma");
static_assert(!CONV_TRANSPOSED || (CONV_KERNEL == 5 && CONV_STRIDE == 2), "transposed: 5x5, stride 2");
