// The ring of stages: a stage holds a step of k for all pixels of the block, then for all channels.
// Each chunk of 16 bytes is copied by itself, so that a step may cross from one tap to the next and taps
// outside the image arrive as zeros.
#pragma once
#include "conv_portable_options.cuh"
#include "conv_portable_ptx.cuh"

/// Where a chunk of a row stands, so that eight rows read at the same k do not share their banks.
__device__ __forceinline__ u32 chunkOffset(u32 row, u32 chunk) {
  const u32 swizzle = CONV_ROW_BYTES == 128 ? row & 7 : row >> 1 & 3;
  return row * CONV_ROW_BYTES + (chunk ^ swizzle) * 16;
}

/// The same for pixels, which f32 reads by four chunks of a row.
__device__ __forceinline__ u32 pixelOffset(u32 row, u32 chunk) {
#if CONV_PRECISION == CONV_F32
  return row * CONV_ROW_BYTES + (CONV_ROW_BYTES == 128 ? chunk ^ (row & 1) << 2 : chunk) * 16;
#else
  return chunkOffset(row, chunk);
#endif
}

/// A kernel's taps of one launch or sub-pixel phase: `across` in a row.
struct Taps {
  i32 down, across;
};

/// Which pixels of the output a block has, and where their inputs are.
struct PixelTable {
  int2* inputs;   // per pixel of the block: input pixel of tap 0, and a bit for each tap inside the image
  u32* outputs;   // per pixel: place in the output, in pixels; ~0: none
};

/// Fills the table of a block.
__device__ void fillPixels(const PortableConvolution& p, const PixelTable& table, u32 block, u32 phaseY, u32 phaseX, Taps taps) {
  const u32 gridHeight = CONV_TRANSPOSED ? p.inputHeight : (p.inputHeight - 1) / CONV_STRIDE + 1;
  const u32 gridWidth = CONV_TRANSPOSED ? p.inputWidth : (p.inputWidth - 1) / CONV_STRIDE + 1;
  const u32 plane = gridHeight * gridWidth, pixels = p.tiles * plane;
  for (u32 row = threadIdx.x; row < BLOCK_PIXELS; row += THREADS) {
    const u32 pixel = block * BLOCK_PIXELS + row;
    const u32 tile = pixel / plane, rest = pixel % plane;
    const i32 y = rest / gridWidth, x = rest % gridWidth;
    const i32 y0 = CONV_TRANSPOSED ? y + 1 : y * CONV_STRIDE - CONV_KERNEL / 2;
    const i32 x0 = CONV_TRANSPOSED ? x + 1 : x * CONV_STRIDE - CONV_KERNEL / 2;
    u32 inside = 0;
    for (i32 ty = 0; ty < taps.down; ty++)
      for (i32 tx = 0; tx < taps.across; tx++) {
        const i32 iy = CONV_TRANSPOSED ? y0 - ty : y0 + ty, ix = CONV_TRANSPOSED ? x0 - tx : x0 + tx;
        const bool in = iy >= 0 && iy < p.inputHeight && ix >= 0 && ix < p.inputWidth;
        inside |= (u32)in << (ty * taps.across + tx);
      }
    const bool exists = pixel < pixels;
    table.inputs[row] = make_int2((i32)(tile * p.inputHeight + y0) * p.inputWidth + x0, exists ? (i32)inside : 0);
    const u32 place = CONV_TRANSPOSED ? (tile * 2 * gridHeight + 2 * y + phaseY) * 2 * gridWidth + 2 * x + phaseX : pixel;
    table.outputs[row] = exists ? place : ~0u;
  }
}

/// Copies stages one after the other; each thread has its own chunk of k, in rows of its own.
struct StageLoader {
  const char* input;
  const char* weights;   // of the next step
  const int2* pixels;
  i64 pixelBytes;
  i32 width, channels, across;
  i32 channel, tap, tapX, delta;   // of this thread's next chunk; delta: its tap's distance in pixels

  __device__ StageLoader(const PortableConvolution& p, const PixelTable& table, i64 firstStep, Taps taps)
      : input((const char*)p.input),
        weights((const char*)p.weights + firstStep * CHANNELS * CONV_ROW_BYTES),
        pixels(table.inputs),
        pixelBytes((i64)p.inputChannels * ELEMENT_BYTES),
        width(p.inputWidth),
        channels(p.inputChannels),
        across(taps.across),
        channel(threadIdx.x % ROW_CHUNKS * (16 / ELEMENT_BYTES)),
        tap(0),
        tapX(0),
        delta(0) {
    settle();
  }

  /// Moves to the tap that the channel has run into.
  __device__ __forceinline__ void settle() {
    while (channel >= channels) {
      channel -= channels;
      tap++;
      i32 move = 1;
      if (++tapX == across) {
        tapX = 0;
        move = width - across + 1;
      }
      delta += CONV_TRANSPOSED ? -move : move;
    }
  }

  __device__ __forceinline__ void load(u32 stage) {
    const u32 chunk = threadIdx.x % ROW_CHUNKS, shift = min(tap, 31);
    const char* from = input + (i64)channel * ELEMENT_BYTES;
#pragma unroll
    for (u32 i = 0; i < BLOCK_PIXELS * ROW_CHUNKS / THREADS; i++) {
      const u32 row = threadIdx.x / ROW_CHUNKS + i * (THREADS / ROW_CHUNKS);
      const int2 pixel = pixels[row];
      const bool valid = (u32)pixel.y >> shift & 1;
      copyAsync(stage + pixelOffset(row, chunk), valid ? from + (pixel.x + delta) * pixelBytes : input, valid);
    }
    const u32 matrix = stage + BLOCK_PIXELS * CONV_ROW_BYTES;
#pragma unroll
    for (u32 i = 0; i < (CHANNELS * ROW_CHUNKS + THREADS - 1) / THREADS; i++) {
      const u32 index = threadIdx.x + i * THREADS;
      if (CHANNELS * ROW_CHUNKS % THREADS == 0 || index < CHANNELS * ROW_CHUNKS)
        copyAsync(matrix + chunkOffset(index / ROW_CHUNKS, chunk), weights + index * 16);
    }
    weights += CHANNELS * CONV_ROW_BYTES;
    channel += STEP;
    settle();
  }
};
