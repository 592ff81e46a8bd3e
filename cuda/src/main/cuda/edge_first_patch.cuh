// First layer of g_a: options and sizes, and the input under a group of output pixels in shared memory.
#pragma once
#include "edge_mma.cuh"
#include "edge_values.cuh"
#if FIELD_VALUES
#include "tile_values.cuh"
#endif

#ifndef C_IN
#define C_IN 3
#endif
#ifndef N
#define N 128
#endif
#ifndef EPILOGUE
#define EPILOGUE 1
#endif
#define EPILOGUE_NONE 0
#define EPILOGUE_GDN 1
#define EPILOGUE_RELU 2
#ifndef WARPGROUPS
#define WARPGROUPS 3
#endif
#ifndef ROWS
#define ROWS 8
#endif
#ifndef GAMMA_SHARED
#define GAMMA_SHARED 1
#endif
// Columns of GDN's product at a time.
#ifndef NORM_COLUMNS
#define NORM_COLUMNS (N % 64 == 0 ? 64 : N)
#endif
// 1: x waits for GDN's product as halves, which saves N / 4 registers a thread.
#ifndef HALF_X
#define HALF_X 0
#endif
#ifndef PREFETCH
#define PREFETCH 1
#endif

constexpr int STEPS = (26 * C_IN + 2 + 15) / 16;  // of 16 columns
constexpr int K = 16 * STEPS;
constexpr int BIAS_PAIR = 13 * C_IN;
constexpr int LINE = 18;            // words of 2 neighbours under 16 pixels
constexpr int LINES = 3 * LINE;     // an even row, the odd one below, their even values
constexpr int PLANE = (ROWS + 2) * LINES;
constexpr int PATCH = C_IN * PLANE;
constexpr int PARTS = SPLIT ? 2 : 1;
constexpr int GROUP_BYTES = PARTS * PATCH * 4 + 16;
constexpr int G = groupOf(N);
constexpr bool GDN = EPILOGUE == EPILOGUE_GDN;
constexpr int WEIGHT_BYTES = N * K * 2;
constexpr int GAMMA_BYTES = N * N * 2;
// steps of which A waits in registers at once
constexpr int STEPS_AT_ONCE = STEPS <= (SPLIT ? 4 : 6) ? STEPS : 4;

struct Place {
  i64 tile;
  i32 y, x;  // first output pixel
};

static __device__ __forceinline__ Place placeOf(const EdgeFirstParameters& p, i64 group) {
  i32 across = (p.width / 2 + 15) / 16;
  i32 perTile = ((p.height / 2 + ROWS - 1) / ROWS) * across;
  i64 tile = group / perTile;
  i32 rest = (i32)(group - tile * perTile);
  return {tile, rest / across * ROWS, rest % across * 16};
}

// Two neighbours in each of two rows of the input, zero outside the tile. Tiles begin and end between pairs.
struct Quad {
  float2 upper, lower;
};

struct Unit {
  i32 channel, row, word;  // pair of rows, pair of columns
};

static __device__ __forceinline__ Unit unitOf(i32 i) {
  i32 channel = i / ((ROWS + 2) * LINE);
  i32 rest = i - channel * ((ROWS + 2) * LINE);
  i32 row = rest / LINE;
  return {channel, row, rest - row * LINE};
}

constexpr int UNITS = C_IN * (ROWS + 2) * LINE;
constexpr int ROUNDS = (UNITS + 127) / 128;
// loads that are under way together; normalizing takes the registers that more would
constexpr int ROUNDS_AT_ONCE = FIELD_VALUES ? 1 : ROUNDS < 8 ? ROUNDS : 8;

static __device__ __forceinline__ Quad quadAt(const EdgeFirstParameters& p, const Place& at, i32 i) {
  Quad q = {make_float2(0, 0), make_float2(0, 0)};
  Unit u = unitOf(i);
  i32 y = 2 * (at.y + u.row) - 2;
  i32 x = 2 * (at.x + u.word) - 2;
  if (i < UNITS && (u32)y < (u32)p.height && (u32)x < (u32)p.width) {
    i64 plane = at.tile * C_IN + u.channel;
#if FIELD_VALUES
    float v[4];
    i64 first = (i64)y * p.width + x;
    const u8* values = planeAt(p.values, p.input, plane, (i64)p.height * p.width);
    normalizedPairs(p.values, p.values.planes[plane], values, first, first + p.width, v);
    q.upper = make_float2(v[0], v[1]);
    q.lower = make_float2(v[2], v[3]);
#else
    const float* from = (const float*)p.input + (plane * p.height + y) * p.width + x;
    q.upper = __ldg((const float2*)from);
    q.lower = __ldg((const float2*)(from + p.width));
#endif
  }
  return q;
}

static __device__ __forceinline__ u32* wordOf(u32* patch, i32 i) {
  Unit u = unitOf(i);
  return patch + u.channel * PLANE + u.row * LINES + u.word;
}

#if SPLIT
static __device__ __forceinline__ u32 largestOf(const Quad& q) {
  u32 upper = max(__float_as_uint(q.upper.x) & 0x7fffffff, __float_as_uint(q.upper.y) & 0x7fffffff);
  u32 lower = max(__float_as_uint(q.lower.x) & 0x7fffffff, __float_as_uint(q.lower.y) & 0x7fffffff);
  return max(upper, lower);
}

// Biased exponent of the largest magnitude under this group's pixels. What a field's values become waits in the patch.
static __device__ __forceinline__ u32 largestExponent(
    const EdgeFirstParameters& p, const Place& at, u32* patch, u32* exchange, i32 group, i32 tid) {
  u32 most = 0;
#if FIELD_VALUES
#pragma unroll 1
  for (i32 unit = tid; unit < UNITS; unit += 128) {
    Quad q = quadAt(p, at, unit);
    u32* to = wordOf(patch, unit);
    to[0] = __float_as_uint(q.upper.x);
    to[PATCH] = __float_as_uint(q.upper.y);
    to[LINE] = __float_as_uint(q.lower.x);
    to[PATCH + LINE] = __float_as_uint(q.lower.y);
    most = max(most, largestOf(q));
  }
#else
#pragma unroll 2
  for (int round = 0; round < ROUNDS; round++) {
    most = max(most, largestOf(quadAt(p, at, tid + 128 * round)));
  }
#endif
  most = __reduce_max_sync(0xffffffffu, most);
  if (tid % 32 == 0) {
    exchange[tid / 32] = most;
  }
  groupBarrier(group);
  most = max(max(exchange[0], exchange[1]), max(exchange[2], exchange[3]));
  return most >> 23;
}
#endif

static __device__ __forceinline__ void storePatch(u32* patch, i32 i, const Quad& q, float scale) {
  u32* to = wordOf(patch, i);
#if SPLIT
  u32 upper, lower, upperRest, lowerRest;
  splitHalves(q.upper.x * scale, q.upper.y * scale, &upper, &upperRest);
  splitHalves(q.lower.x * scale, q.lower.y * scale, &lower, &lowerRest);
  to[PATCH] = upperRest;
  to[PATCH + LINE] = lowerRest;
  to[PATCH + 2 * LINE] = __byte_perm(upperRest, lowerRest, 0x5410);
#else
  u32 upper = saturateHalves(packHalves(q.upper.x, q.upper.y));
  u32 lower = saturateHalves(packHalves(q.lower.x, q.lower.y));
#endif
  to[0] = upper;
  to[LINE] = lower;
  to[2 * LINE] = __byte_perm(upper, lower, 0x5410);
}

#if SPLIT && FIELD_VALUES
// Splits what largestExponent has left: each thread its own.
static __device__ __forceinline__ void fillPatch(
    const EdgeFirstParameters& p, const Place& at, u32* patch, i32 tid, float scale) {
#pragma unroll 2
  for (i32 unit = tid; unit < UNITS; unit += 128) {
    const u32* w = wordOf(patch, unit);
    Quad q = {make_float2(__uint_as_float(w[0]), __uint_as_float(w[PATCH])),
              make_float2(__uint_as_float(w[LINE]), __uint_as_float(w[PATCH + LINE]))};
    storePatch(patch, unit, q, scale);
  }
}
#else
static __device__ __forceinline__ void fillPatch(
    const EdgeFirstParameters& p, const Place& at, u32* patch, i32 tid, float scale) {
#pragma unroll 1
  for (int first = 0; first < ROUNDS; first += ROUNDS_AT_ONCE) {
    Quad q[ROUNDS_AT_ONCE];
#pragma unroll
    for (int i = 0; i < ROUNDS_AT_ONCE; i++) {
      q[i] = quadAt(p, at, tid + 128 * (first + i));
    }
#pragma unroll
    for (int i = 0; i < ROUNDS_AT_ONCE; i++) {
      i32 unit = tid + 128 * (first + i);
      if (unit < UNITS) {
        storePatch(patch, unit, q[i], scale);
      }
    }
  }
}
#endif

// Asks for the lines of this group's next pixels into the L2 cache; neighbours ask for what overlaps.
static __device__ __forceinline__ void prefetchPatch(const EdgeFirstParameters& p, i64 group, i32 tid) {
  if (group >= p.groups) {
    return;
  }
  Place at = placeOf(p, group);
  for (i32 i = tid; i < C_IN * 2 * ROWS; i += 128) {
    i32 channel = i / (2 * ROWS);
    i32 y = 2 * at.y + i - channel * (2 * ROWS);
    if (y < p.height) {
      i64 first = ((at.tile * C_IN + channel) * p.height + y) * p.width + 2 * at.x;
#if FIELD_VALUES
      const u8* line = (const u8*)p.input + first * bytesOf(p.values.type);
#else
      const float* line = (const float*)p.input + first;
#endif
      asm volatile("prefetch.global.L2 [%0];" ::"l"(line));
    }
  }
}

// Where pair w of taps lies, from the word of the pixel's first tap on.
static __device__ __forceinline__ u32 pairOffset(i32 w) {
  if (w >= BIAS_PAIR) {
    return 0;
  }
  i32 channel = w / 13;
  i32 q = w - channel * 13;
  i32 line = q < 10 ? q / 4 * LINES + (q / 2 & 1) * LINE + (q & 1) : (q - 10) * LINES + 2 * LINE + 2;
  return channel * PLANE + line;
}
