// What the encoder and the decoder of a pipeline share: the cut of a field into chunks, blocks and
// groups, and the symbol check. FORMAT.md, section "Pipelines", defines all of it.
#pragma once
#include "common.cuh"
#include "pipeline_parameters.cuh"

#define WARP_SIZE 32
#define GROUP_VALUES 32
#define STEPS 4
#define STEP_VALUES 1024
#define BLOCK_VALUES 4096
#define ALL_LANES 0xffffffffu

struct Chunk {
  i64 origin;     // index of its first value in the field
  i32 plane;      // number of its first plane among those of all volumes
  i64 stridePlane;
  i32 strideRow;
  i32 depth, height, width;
  i32 mode;       // 3, 2 or 1: axes of its blocks
  i32 blocksY, blocksX;
  i32 blocks;
};

static __device__ __forceinline__ i32 ceilDivide(i32 a, i32 b) { return (a + b - 1) / b; }

static __device__ __forceinline__ i32 least(i32 a, i32 b) { return a < b ? a : b; }

static __device__ __forceinline__ Chunk chunkAt(const PipelineParameters& p, i32 index) {
  i32 cx = index % p.chunksX;
  i32 rest = index / p.chunksX;
  i32 cy = rest % p.chunksY;
  rest /= p.chunksY;
  i32 cz = rest % p.chunksZ;
  i32 volume = rest / p.chunksZ;
  i32 z = cz * p.chunkDepth, y = cy * p.chunkHeight, x = cx * p.chunkWidth;
  Chunk c;
  c.strideRow = p.width;
  c.stridePlane = (i64)p.height * p.width;
  c.origin = volume * p.volumeValues + z * c.stridePlane + (i64)y * p.width + x;
  c.plane = volume * p.depth + z;
  c.depth = least(p.chunkDepth, p.depth - z);
  c.height = least(p.chunkHeight, p.height - y);
  c.width = least(p.chunkWidth, p.width - x);
  if (c.depth >= 2) {
    c.mode = 3;
    c.blocksY = ceilDivide(c.height, 16);
    c.blocksX = ceilDivide(c.width, 32);
    c.blocks = ceilDivide(c.depth, 8) * c.blocksY * c.blocksX;
  } else if (c.height >= 4) {
    c.mode = 2;
    c.blocksY = ceilDivide(c.height, 128);
    c.blocksX = ceilDivide(c.width, 32);
    c.blocks = c.blocksY * c.blocksX;
  } else {
    c.mode = 1;
    c.blocksY = 1;
    c.blocksX = 1;
    c.blocks = ceilDivide(c.height * c.width, BLOCK_VALUES);
  }
  return c;
}

// Where one group of 32 values lies: rows of four along x (modes 3 and 2), or 32 in a line (mode 1).
struct Group {
  i32 z, y, x;  // first value within the chunk; in mode 1, x is the place in the chunk's vector
};

template <int MODE>
static __device__ __forceinline__ Group groupAt(const Chunk& c, i32 block, i32 step, i32 lane) {
  Group g;
  if (MODE == 3) {
    i32 bx = block % c.blocksX;
    i32 rest = block / c.blocksX;
    i32 by = rest % c.blocksY;
    g.z = rest / c.blocksY * 8 + 2 * step;
    g.y = by * 16 + (lane >> 3) * 4;
    g.x = bx * 32 + (lane & 7) * 4;
  } else if (MODE == 2) {
    g.z = 0;
    g.y = block / c.blocksX * 128 + step * 32 + (lane >> 3) * 8;
    g.x = block % c.blocksX * 32 + (lane & 7) * 4;
  } else {
    g.z = 0;
    g.y = 0;
    g.x = block * BLOCK_VALUES + step * STEP_VALUES + lane * GROUP_VALUES;
  }
  return g;
}

// A place of a group: whether the chunk has it, its plane among those of all volumes, its number in
// the chunk, its index in the field.
struct Place {
  bool inside;
  i32 plane;
  u32 number;
  i64 index;
};

template <int MODE>
static __device__ __forceinline__ Place placeAt(const Chunk& c, const Group& g, i32 j) {
  Place a;
  i32 z = g.z, y = g.y, x = g.x;
  if (MODE == 1) {
    i32 i = x + j;
    a.inside = i < c.height * c.width;
    y = i / c.width;
    x = i - y * c.width;
    a.number = i;
  } else {
    if (MODE == 3) {
      z += j >> 4;
      y += (j >> 2) & 3;
    } else {
      y += j >> 2;
    }
    x += j & 3;
    a.inside = z < c.depth && y < c.height && x < c.width;
    a.number = ((u32)z * c.height + y) * c.width + x;
  }
  a.plane = c.plane + z;
  a.index = c.origin + z * c.stridePlane + (i64)y * c.strideRow + x;
  return a;
}

// What a warp of the encoder works on.
struct Work {
  const PipelineParameters& p;
  const Chunk& c;
  const void* values;
  i32 block;
  i32 lane;
  bool quick;  // the path for aligned rows may try it
};

// One term of the symbol check.
static __device__ __forceinline__ u32 checkTerm(u32 symbol, u32 position) {
  u32 h = symbol * 0x9E3779B1u + position;
  h = (h ^ h >> 16) * 0x85EBCA6Bu;
  h = (h ^ h >> 13) * 0xC2B2AE35u;
  h ^= h >> 16;
  return symbol != 0 ? h : 0;
}

#define CHECK_STEP 0x85EBCA77u
#define CHECK_BIAS 0x165667B1u

// How a warp loads and stores whole groups: eight rows of four neighbours a lane, so that eight
// lanes (mode 3, 2) or all (mode 1) cover a run of memory. In mode 1 these are not the lane's group:
// exchangeRows takes one to the other.
template <int MODE>
struct Rows {
  u32 inside;      // bit r: the chunk has row r; a row is inside or outside as a whole
  i64 first;       // index in the field of row 0
  i64 strideRow;   // between rows
  i64 stridePlane; // between rows 0 and 4 in mode 3
  u32 number;      // of row 0's first value in the chunk
  u32 numberRow, numberPlane;

  __device__ __forceinline__ Rows(const Chunk& c, const Group& g, i32 lane) {
    if (MODE == 1) {
      number = g.x - lane * GROUP_VALUES + 4 * lane;
      first = c.origin + number;
      strideRow = 128;
      numberRow = 128;
      stridePlane = 4 * 128;
      numberPlane = 4 * 128;
      i32 left = (i32)(c.width - number + 127) >> 7;
      inside = left >= 8 ? 0xffu : left <= 0 ? 0 : (1u << left) - 1;
    } else {
      number = ((u32)g.z * c.height + g.y) * c.width + g.x;
      first = c.origin + g.z * c.stridePlane + (i64)g.y * c.strideRow + g.x;
      strideRow = c.strideRow;
      numberRow = c.width;
      stridePlane = MODE == 3 ? c.stridePlane : 4 * strideRow;
      numberPlane = MODE == 3 ? (u32)c.height * c.width : 4 * numberRow;
      constexpr int ROWS = MODE == 3 ? 4 : 8;
      i32 left = g.x < c.width ? c.height - g.y : 0;
      inside = left >= ROWS ? (1u << ROWS) - 1 : left <= 0 ? 0 : (1u << left) - 1;
      if (MODE == 3) {
        inside = g.z + 1 < c.depth ? inside * 0x11u : g.z < c.depth ? inside : 0;
      }
    }
  }

  __device__ __forceinline__ i64 index(int row) const {
    return first + (row >> 2) * stridePlane + (row & 3) * strideRow;
  }

  __device__ __forceinline__ bool has(int row) const { return (inside >> row & 1) != 0; }

  // All lanes have all rows.
  __device__ __forceinline__ bool whole() const { return __all_sync(ALL_LANES, inside == 0xff); }

  // Sets what lies in rows outside the chunk.
  __device__ __forceinline__ void fillOutside(u32 (&q)[32], u32 filler) const {
#pragma unroll
    for (int j = 0; j < 32; j++) {
      q[j] = has(j >> 2) ? q[j] : filler;
    }
  }

  // The places of the lane's group that the chunk has.
  __device__ __forceinline__ u32 places(const Chunk& c, const Group& g) const {
    if (MODE == 1) {
      i32 left = c.width - g.x;
      return left >= 32 ? 0xffffffffu : left <= 0 ? 0 : (1u << left) - 1;
    }
    u32 spread = (inside | inside << 12) & 0x000f000fu;
    spread = (spread | spread << 6) & 0x03030303u;
    spread = (spread | spread << 3) & 0x11111111u;
    return spread * 15;
  }

  __device__ __forceinline__ u32 numberOf(int row) const {
    return number + (row >> 2) * numberPlane + (row & 3) * numberRow;
  }
};

// Streams out: what is decoded is not read again soon.
static __device__ __forceinline__ void storeQuad(u32* to, const u32* x) {
  asm volatile("st.global.cs.v4.u32 [%0], {%1, %2, %3, %4};"
               : : "l"(to), "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]) : "memory");
}

// Check of rows of four symbols; those outside the chunk are zero. Rows that are zero in the whole
// warp are skipped.
template <int MODE>
static __device__ __forceinline__ u32 checkRows(const u32 (&q)[32], const Rows<MODE>& rows) {
  u32 sum = 0;
#pragma unroll
  for (int row = 0; row < 8; row++) {
    u32 any = q[4 * row] | q[4 * row + 1] | q[4 * row + 2] | q[4 * row + 3];
    if (__any_sync(ALL_LANES, any != 0)) {
      u32 first = rows.numberOf(row) * CHECK_STEP + CHECK_BIAS;
#pragma unroll
      for (int k = 0; k < 4; k++) {
        sum += checkTerm(q[4 * row + k], first + k * CHECK_STEP);
      }
    }
  }
  return sum;
}

// Mode 1: lane l's eight rows of a step (row r holds places 128 r + 4 l ..+3) become group l (places
// 32 l ..+31), or back. `scratch` has room for a step and begins at a multiple of 16 bytes. The order
// within it keeps both sides free of bank conflicts.
static __device__ __forceinline__ void rowsToGroup(u32 (&q)[32], u32* scratch, i32 lane) {
  uint4* cells = (uint4*)scratch;
#pragma unroll
  for (int row = 0; row < 8; row++) {
    i32 group = 4 * row + (lane >> 3);
    cells[8 * group + ((lane ^ group) & 7)] =
        make_uint4(q[4 * row], q[4 * row + 1], q[4 * row + 2], q[4 * row + 3]);
  }
  __syncwarp();
#pragma unroll
  for (int k = 0; k < 8; k++) {
    uint4 v = cells[8 * lane + ((k ^ lane) & 7)];
    q[4 * k] = v.x;
    q[4 * k + 1] = v.y;
    q[4 * k + 2] = v.z;
    q[4 * k + 3] = v.w;
  }
  __syncwarp();
}

static __device__ __forceinline__ void groupToRows(u32 (&q)[32], u32* scratch, i32 lane) {
  uint4* cells = (uint4*)scratch;
#pragma unroll
  for (int k = 0; k < 8; k++) {
    cells[8 * lane + ((k ^ lane) & 7)] = make_uint4(q[4 * k], q[4 * k + 1], q[4 * k + 2], q[4 * k + 3]);
  }
  __syncwarp();
#pragma unroll
  for (int row = 0; row < 8; row++) {
    i32 group = 4 * row + (lane >> 3);
    uint4 v = cells[8 * group + ((lane ^ group) & 7)];
    q[4 * row] = v.x;
    q[4 * row + 1] = v.y;
    q[4 * row + 2] = v.z;
    q[4 * row + 3] = v.w;
  }
  __syncwarp();
}
