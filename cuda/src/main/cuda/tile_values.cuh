// Values of a field to what networks take, and back, two neighbours of a row or two such pairs at a time: the
// arithmetic of dev.tessera.codec.Tiler, with the same bits.
#pragma once
#include "common.cuh"
#include "field_values.cuh"
#include "normalizer.cuh"

// Where a tile's plane begins.
static __device__ __forceinline__ const u8* planeAt(const TileValues& v, const void* tiles, i64 plane, i64 places) {
  return (const u8*)tiles + plane * places * bytesOf(v.type);
}

// Values `first` and `second` of a plane and the neighbour of each, normalized. Indices are even.
static __device__ __forceinline__ void normalizedPairs(
    const TileValues& v, const TilePlane& plane, const u8* values, i64 first, i64 second, float (&to)[4]) {
  u64 bits[2][2];
  if (plane.isNormalized != 0) {
    loadTwo(values, first, TYPE_F32, bits[0]);
    loadTwo(values, second, TYPE_F32, bits[1]);
#pragma unroll
    for (int k = 0; k < 4; k++) {
      to[k] = __uint_as_float((u32)bits[k / 2][k % 2]);
    }
    return;
  }
  loadTwo(values, first, v.type, bits[0]);
  loadTwo(values, second, v.type, bits[1]);
  Several<4> x;
#pragma unroll
  for (int k = 0; k < 4; k++) {
    x.v[k] = valueOf(bits[k / 2][k % 2], v.type);
  }
  x = normalize(v.normalizer, plane.map, x);
#pragma unroll
  for (int k = 0; k < 4; k++) {
    to[k] = __double2float_rn(x.v[k]);
  }
}

// Restores two neighbours, from an even index of all tiles' values on.
static __device__ __forceinline__ void storeRestored(
    const TileValues& v, const PlaneMap& map, void* tiles, i64 index, float even, float odd) {
  Several<2> y = {{even, odd}};
  y = denormalize(v.normalizer, map, y);
  u64 bits[2] = {bitsOf(y.v[0], v.type), bitsOf(y.v[1], v.type)};
  storeTwo(tiles, index, v.type, bits);
}
