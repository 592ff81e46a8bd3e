// What the host tells the kernels of a pipeline. The same structure stands in CudaPipelineParameters.
#pragma once
#include "common.cuh"
#include "field_parameters.cuh"

// Kinds of quantizer.
#define QUANTIZER_AFFINE 0
#define QUANTIZER_POINTWISE 1
#define QUANTIZER_REFERENCE 2

// 1 where a normalizer is applied before the quantizer: kernels of their own, since its arithmetic
// would take registers from the tuned paths, which it has no use for.
#ifndef NORMALIZED
#define NORMALIZED 0
#endif

// What the host found out about a launch.
#define FLAG_ALIGNED_ROWS 1   // groups of four neighbours along x start at multiples of 16 bytes
#define FLAG_QUICK_AFFINE 2   // float32, affine: `quickResidual` and `quickReach` are set
#define FLAG_QUICK_IDENTITY 8 // int32 values that are the symbols
#define FLAG_FILL 32          // `fill` is a value that is kept as it is (no quick path restores it)
#define FLAG_NO_OVERFLOW 16   // no symbol restores to a value beyond the range of float32

// Errors that the decoder reports (bits of one word) and the encoder's only one.
#define ERROR_CORRUPT 1
#define ERROR_CAPACITY 2

// The same fields in the same order as the host's structure. Extents are in values, z slowest.
struct PipelineParameters {
  double offset;         // value of symbol 0, in units of what is quantized
  double step;           // distance of two symbols
  double inverse;        // 1 / step
  double bound;          // largest error, or share of |x| for the point-wise kind
  double scale;          // reference kind: factor before quantization
  double inverseScale;   // 1 / scale
  double quickReach;     // if |x| (float32) is at most this and
  double quickResidual;  // |t - q| is below this, the bound certainly holds and |q| < 2^30
  u64 fill;              // bits of the fill value, zero-extended
  i64 volumeValues;      // depth * height * width
  i64 capacityWords;     // size of the output of the encoder
  i32 depth, height, width;
  i32 chunkDepth, chunkHeight, chunkWidth;
  i32 chunksZ, chunksY, chunksX;
  i32 tilesPerChunk;     // thread blocks for a chunk that is not clipped
  i32 type, kind;
  i32 axes;              // axes of the Lorenzo predictor, 0..3
  i32 flags;
#if NORMALIZED
  NormalizerParameters normalizer;
#endif
};

