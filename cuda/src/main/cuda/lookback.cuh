// Prefix sums over the thread blocks of one launch in a single pass: every tile publishes its own
// sum, then looks back over its predecessors' until one has published its whole prefix (Merrill and
// Garland, "Single-pass parallel prefix scan with decoupled look-back", 2016). Tiles are numbered
// as the device starts them, so a tile waits only for tiles that already run.
#pragma once
#include "pipeline.cuh"

#define TILE_SUM 1      // the value is the tile's own sum
#define TILE_PREFIX 2   // the value is the sum up to and including the tile

static __device__ __forceinline__ u64 loadShared64(const u64* from) {
  u64 v;
  asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(v) : "l"(from) : "memory");
  return v;
}

static __device__ __forceinline__ void storeShared64(u64* to, u64 v) {
  asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" : : "l"(to), "l"(v) : "memory");
}

// Sum of all tiles before this one; called by one whole warp. `state` is zero before the launch.
static __device__ __forceinline__ u64 sumBefore(u64* state, i64 tile, u32 own, i32 lane) {
  if (lane == 0) {
    storeShared64(state + tile, (u64)own << 2 | (tile == 0 ? TILE_PREFIX : TILE_SUM));
  }
  u64 sum = 0;
  i64 nearest = tile - 1;
  bool open = tile > 0;
  while (open) {
    i64 other = nearest - lane;
    u64 v;
    u32 prefixes;
    i32 last;
    bool waiting;
    do {
      v = other >= 0 ? loadShared64(state + other) : TILE_PREFIX;
      prefixes = __ballot_sync(ALL_LANES, (v & 3) == TILE_PREFIX);
      last = prefixes != 0 ? __ffs(prefixes) - 1 : 31;
      waiting = __any_sync(ALL_LANES, v == 0 && lane <= last);
    } while (waiting);
    open = prefixes == 0;
    sum += __reduce_add_sync(ALL_LANES, lane < last || open ? (u32)(v >> 2) : 0);
    if (!open) {
      sum += __shfl_sync(ALL_LANES, v, last) >> 2;
    }
    nearest -= 32;
  }
  if (lane == 0 && tile > 0) {
    storeShared64(state + tile, (sum + own) << 2 | TILE_PREFIX);
  }
  return sum;
}
