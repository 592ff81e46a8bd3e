// What the host tells kernels of a field's values: their type, and the normalizer. The same structures stand in
// CudaNormalizerParameters, CudaPlaneMaps and CudaTileValues.
#pragma once
#include "common.cuh"

// Types of a field's values.
#define TYPE_I8 0
#define TYPE_I16 1
#define TYPE_I32 2
#define TYPE_I64 3
#define TYPE_U8 4
#define TYPE_U16 5
#define TYPE_U32 6
#define TYPE_F32 7
#define TYPE_F64 8

// Pointwise stages of a normalizer.
#define STAGE_LOG10 1
#define STAGE_LOG1P 2
#define STAGE_ASINH 3
#define MOST_STAGES 16

// Its last stage.
#define NORMALIZER_AFFINE 1  // an affine map follows the pointwise stages
#define NORMALIZER_CLAMPS 2  // its result is clamped to 0..1, forward and before going back

// x -> (x * scale - offset) / width. Where scale is 0 the plane is flat: its values become 0, and
// offset is the value that all of them come back as.
struct PlaneMap {
  double offset, width, scale;
  double inverseScale;
};

struct NormalizerParameters {
  double lowest, highest;              // the stages accept the values from here to there
  PlaneMap map;                        // of all planes, if
  const PlaneMap* maps;                // this is null; else one for each plane of all volumes
  double scales[MOST_STAGES];          // of asinh
  double scaleLogarithms[MOST_STAGES]; // their natural logarithms
  i32 kinds[MOST_STAGES];
  i32 stages;                          // how many
  i32 flags;
};

// Of a plane of a tile.
struct TilePlane {
  PlaneMap map;
  i32 isNormalized;  // 1: float32 stand there from the plane's first byte on, normalized already
  i32 reserved;
};

// Tiles of a field's own values.
struct TileValues {
  NormalizerParameters normalizer;  // its maps are not used
  const TilePlane* planes;          // [tiles][channels]
  i32 type;
  i32 reserved;
};
