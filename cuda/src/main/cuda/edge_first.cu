// First layer of g_a: planar float32 tiles to NHWC activations, 5x5 convolution of stride 2 with bias and GDN or ReLU.
// Options, launch and operands: edge_parameters.cuh.
//
// A group of 128 threads makes ROWS x 16 output pixels x all channels at a time, each warp 16 neighbours of one row.
// The input they see lies in shared memory as halves, two neighbours of a row to a word: an even one and the next, as
// the taps pair them under stride 2. Of the fifth tap of a row only the even value is left; those of two rows share a
// word of a third line. So each pair of taps is one word, at the pixel's place plus a constant: the A operand is loaded
// straight into registers and im2col costs one load per two taps. 13 words per channel; one more pair holds 1, 1 and
// adds the bias, in two halves.
//
// The sums of a pixel are the registers of four threads; packed and squared they are the A operand of GDN's product. Its
// columns are permuted (slots) so that each thread's results are neighbours in memory: nothing goes back through shared
// memory.
#include "edge_mma.cuh"
#include "edge_values.cuh"

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
// Columns of GDN's product at a time, and whether x waits for it as halves: fewer registers.
#ifndef NORM_COLUMNS
#define NORM_COLUMNS (N % 64 == 0 ? 64 : N)
#endif
#ifndef HALF_X
#define HALF_X 0
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
constexpr int NORM_STEPS_AT_ONCE = SPLIT ? (N / 16 < 4 ? N / 16 : 4) : N / 16;

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
constexpr int ROUNDS_AT_ONCE = ROUNDS < 6 ? ROUNDS : 6;

static __device__ __forceinline__ Quad quadAt(const EdgeFirstParameters& p, const Place& at, i32 i) {
  Quad q = {make_float2(0, 0), make_float2(0, 0)};
  Unit u = unitOf(i);
  i32 y = 2 * (at.y + u.row) - 2;
  i32 x = 2 * (at.x + u.word) - 2;
  if (i < UNITS && (u32)y < (u32)p.height && (u32)x < (u32)p.width) {
    const float* from = p.input + ((at.tile * C_IN + u.channel) * p.height + y) * p.width + x;
    q.upper = __ldg((const float2*)from);
    q.lower = __ldg((const float2*)(from + p.width));
  }
  return q;
}

#if SPLIT
// Biased exponent of the largest magnitude under this group's pixels.
static __device__ __forceinline__ u32 largestExponent(
    const EdgeFirstParameters& p, const Place& at, u32* exchange, i32 group, i32 tid) {
  u32 most = 0;
#pragma unroll 2
  for (int round = 0; round < ROUNDS; round++) {
    Quad q = quadAt(p, at, tid + 128 * round);
    most = max(most, max(__float_as_uint(q.upper.x) & 0x7fffffff, __float_as_uint(q.upper.y) & 0x7fffffff));
    most = max(most, max(__float_as_uint(q.lower.x) & 0x7fffffff, __float_as_uint(q.lower.y) & 0x7fffffff));
  }
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
  Unit u = unitOf(i);
  u32* to = patch + u.channel * PLANE + u.row * LINES + u.word;
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

// Both rows' word of a pair; the bias' pair is 1, 1.
template <int PAIR>
static __device__ __forceinline__ void loadPair(const u32* pixel, u32 offset, i32 t, u32* upper, u32* lower) {
  *upper = pixel[offset];
  *lower = pixel[offset + 8];
  if (!SPLIT && PAIR / 4 == BIAS_PAIR / 4) {
    bool bias = t == BIAS_PAIR % 4;
    *upper = bias ? 0x3c003c00u : *upper;
    *lower = bias ? 0x3c003c00u : *lower;
  }
}

struct Operands {
  Operand weights, weightsRest, gamma, gammaRest;
};

template <int FIRST, int COUNT>
static __device__ __forceinline__ void convolve(
    float (&x)[N / 2], const u32* pixel, const u32* offsets, const Operands& b, i32 t) {
  u32 a[COUNT * 4];
  u32 rest[SPLIT ? COUNT * 4 : 1];
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    u32 near = offsets[(FIRST + i) * 8 + t];
    u32 far = offsets[(FIRST + i) * 8 + 4 + t];
    if (FIRST + i == STEPS - 1) {
      loadPair<(STEPS - 1) * 8>(pixel, near, t, &a[4 * i], &a[4 * i + 1]);
      loadPair<(STEPS - 1) * 8 + 4>(pixel, far, t, &a[4 * i + 2], &a[4 * i + 3]);
    } else {
      loadPair<-4>(pixel, near, t, &a[4 * i], &a[4 * i + 1]);
      loadPair<-4>(pixel, far, t, &a[4 * i + 2], &a[4 * i + 3]);
    }
    if (SPLIT) {
      loadPair<-4>(pixel + PATCH, near, t, &rest[4 * i], &rest[4 * i + 1]);
      loadPair<-4>(pixel + PATCH, far, t, &rest[4 * i + 2], &rest[4 * i + 3]);
    }
  }
  beginProducts(x);
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    const u32* w = a + 4 * i;
    if (FIRST + i == 0) {
      multiply<N, false>(x, w[0], w[1], w[2], w[3], b.weights, 0, 0);
    } else {
      multiply<N, true>(x, w[0], w[1], w[2], w[3], b.weights, 0, FIRST + i);
    }
    if (SPLIT) {
      const u32* r = rest + 4 * i;
      multiply<N, true>(x, r[0], r[1], r[2], r[3], b.weights, 0, FIRST + i);
      multiply<N, true>(x, w[0], w[1], w[2], w[3], b.weightsRest, 0, FIRST + i);
    }
  }
  endProducts(x);
  if constexpr (FIRST + COUNT < STEPS) {
    constexpr int NEXT = STEPS - FIRST - COUNT < COUNT ? STEPS - FIRST - COUNT : COUNT;
    convolve<FIRST + COUNT, NEXT>(x, pixel, offsets, b, t);
  }
}

// Writes COLUMNS slots from `first` on of the fragment's row r (HALF 0) or r + 8 (1). `row` points at the pixel's
// channel G / 4 * t.
template <int HALF, int COLUMNS>
static __device__ __forceinline__ void storeSlots(u8* row, i32 first, const float (&y)[COLUMNS / 2]) {
#pragma unroll
  for (int g = 0; g < COLUMNS / G; g++) {
    const float* v = y + g * G / 2 + 2 * HALF;
    constexpr int WORDS = G / 16 * ACTIVATION_BYTES;
    u32 w[WORDS];
#if ACTIVATION == ACTIVATION_F16
#pragma unroll
    for (int j = 0; j < WORDS; j++) {
      w[j] = saturateHalves(packHalves(v[4 * j], v[4 * j + 1]));
    }
#elif ACTIVATION == ACTIVATION_E4M3
#pragma unroll
    for (int j = 0; j < WORDS; j++) {
      w[j] = packBytes(v[8 * j], v[8 * j + 1], v[8 * j + 4], v[8 * j + 5]);
    }
#else
#pragma unroll
    for (int j = 0; j < WORDS; j++) {
      w[j] = __float_as_uint(v[4 * (j / 2) + j % 2]);
    }
#endif
    storeWords<WORDS>(row + (first + g * G) * ACTIVATION_BYTES, w);
  }
}

struct Rows {
  u8* row[2];      // where the pixels of both rows of the fragment go
  bool inside[2];
};

template <int COLUMNS>
static __device__ __forceinline__ void storeBoth(const Rows& to, i32 first, const float (&y)[COLUMNS / 2]) {
  if (to.inside[0]) {
    storeSlots<0, COLUMNS>(to.row[0], first, y);
  }
  if (to.inside[1]) {
    storeSlots<1, COLUMNS>(to.row[1], first, y);
  }
}

#if SPLIT
// Brings each row's largest magnitude to [2^6, 2^7), so that squares fit halves, and returns the squares of the factors.
static __device__ __forceinline__ float2 scaleRows(float (&x)[N / 2]) {
  float square[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    u32 most = 0;
#pragma unroll
    for (int j = 0; j < N / 8; j++) {
      most = max(most, max(__float_as_uint(x[4 * j + 2 * half]) & 0x7fffffff,
                           __float_as_uint(x[4 * j + 2 * half + 1]) & 0x7fffffff));
    }
    most = max(most, __shfl_xor_sync(0xffffffffu, most, 1));
    most = max(most, __shfl_xor_sync(0xffffffffu, most, 2));
    // a pixel below 2^-40 is nothing beside beta: its squares need no scale, and beta's keeps finite
    float factor = powerOfTwo(260 - min(max(most >> 23, 87u), 254u));
    square[half] = factor * factor;
#pragma unroll
    for (int j = 0; j < N / 8; j++) {
      x[4 * j + 2 * half] *= factor;
      x[4 * j + 2 * half + 1] *= factor;
    }
  }
  return make_float2(square[0], square[1]);
}
#endif

// Adds to `norm` the products of steps FIRST .. FIRST + COUNT with the columns of gamma from `column` on.
template <int FIRST, int COUNT>
static __device__ __forceinline__ void addNorms(
    float (&norm)[NORM_COLUMNS / 2], const u32* squares, const u32* rests, const Operands& b, const u8* gamma, i32 column) {
  beginProducts(norm);
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    const u32* w = squares + 4 * i;
#if GAMMA_SHARED
    if (FIRST + i == 0) {
      multiply<NORM_COLUMNS, false>(norm, w[0], w[1], w[2], w[3], b.gamma, column, 0);
    } else {
      multiply<NORM_COLUMNS, true>(norm, w[0], w[1], w[2], w[3], b.gamma, column, FIRST + i);
    }
#if SPLIT
    const u32* r = rests + 4 * i;
    multiply<NORM_COLUMNS, true>(norm, r[0], r[1], r[2], r[3], b.gamma, column, FIRST + i);
    multiply<NORM_COLUMNS, true>(norm, w[0], w[1], w[2], w[3], b.gammaRest, column, FIRST + i);
#endif
#else
    if (FIRST + i == 0) {
      multiplyGlobal<NORM_COLUMNS, false>(norm, w[0], w[1], w[2], w[3], gamma, N * 16, column, 0);
    } else {
      multiplyGlobal<NORM_COLUMNS, true>(norm, w[0], w[1], w[2], w[3], gamma, N * 16, column, FIRST + i);
    }
#if SPLIT
    const u32* r = rests + 4 * i;
    multiplyGlobal<NORM_COLUMNS, true>(norm, r[0], r[1], r[2], r[3], gamma, N * 16, column, FIRST + i);
    multiplyGlobal<NORM_COLUMNS, true>(norm, w[0], w[1], w[2], w[3], gamma + GAMMA_BYTES, N * 16, column, FIRST + i);
#endif
#endif
  }
  endProducts(norm);
}

#if SPLIT

template <int FIRST>
static __device__ __forceinline__ void splitNorms(
    float (&norm)[NORM_COLUMNS / 2], const float (&x)[N / 2], const Operands& b, const u8* gamma, i32 column) {
  constexpr int COUNT = N / 16 - FIRST < NORM_STEPS_AT_ONCE ? N / 16 - FIRST : NORM_STEPS_AT_ONCE;
  u32 squares[4 * COUNT];
  u32 rests[4 * COUNT];
#pragma unroll
  for (int i = 0; i < 4 * COUNT; i++) {
    float low = x[8 * FIRST + 2 * i];
    float high = x[8 * FIRST + 2 * i + 1];
    splitHalves(low * low, high * high, &squares[i], &rests[i]);
  }
  addNorms<FIRST, COUNT>(norm, squares, rests, b, gamma, column);
  if constexpr (FIRST + COUNT < N / 16) {
    splitNorms<FIRST + COUNT>(norm, x, b, gamma, column);
  }
}

#endif

static __device__ __forceinline__ void normalize(
    const EdgeFirstParameters& p,
    float (&x)[N / 2],
    const Operands& b,
    const float* beta,
    const Rows& to,
    i32 lane) {
  const u8* gamma = (const u8*)p.gamma + 4 * lane;
#if SPLIT
  float2 square = scaleRows(x);
#else
  u32 squares[N / 4];
#if HALF_X
  u32 halves[N / 4];
#endif
#pragma unroll
  for (int i = 0; i < N / 4; i++) {
    u32 h = packHalves(x[2 * i], x[2 * i + 1]);
    squares[i] = squareHalves(h);
#if HALF_X
    halves[i] = h;
#endif
  }
#endif
#pragma unroll
  for (int column = 0; column < N; column += NORM_COLUMNS) {
    float norm[NORM_COLUMNS / 2];
#if SPLIT
    splitNorms<0>(norm, x, b, gamma, column);
#else
    addNorms<0, N / 16>(norm, squares, nullptr, b, gamma, column);
#endif
#pragma unroll
    for (int j = 0; j < NORM_COLUMNS / 8; j++) {
      float2 betas = *(const float2*)(beta + column + 8 * j + 2 * (lane % 4));
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float own = i % 2 == 0 ? betas.x : betas.y;
#if SPLIT
        own *= i / 2 == 0 ? square.x : square.y;
#endif
        float root = reciprocalRoot(__fmaf_rn(norm[4 * j + i], p.normScale, own));
#if HALF_X && !SPLIT
        u32 h = halves[column / 4 + 2 * j + i / 2];
        norm[4 * j + i] = (i % 2 == 0 ? lowHalf(h) : highHalf(h)) * root;
#else
        norm[4 * j + i] = x[column / 2 + 4 * j + i] * root;
#endif
      }
    }
    storeBoth<NORM_COLUMNS>(to, column, norm);
  }
}

extern "C" __global__ void __launch_bounds__(128 * WARPGROUPS, 1)
    edge_first(const __grid_constant__ EdgeFirstParameters p) {
  extern __shared__ __align__(128) u8 shared[];
  i32 group = threadIdx.x / 128;
  i32 tid = threadIdx.x % 128;
  i32 lane = tid % 32;
  i32 warp = tid / 32;
  u8* weights = shared;
  u8* gamma = weights + PARTS * WEIGHT_BYTES;
  float* bias = (float*)(gamma + (GDN && GAMMA_SHARED ? PARTS * GAMMA_BYTES : 0));
  float* beta = bias + N;
  u32* offsets = (u32*)(beta + N);
  u8* own = (u8*)(offsets + K / 2) + group * GROUP_BYTES;
  u32* patch = (u32*)own;
  copyToShared(weights, p.weights, PARTS * WEIGHT_BYTES);
  if (GDN && GAMMA_SHARED) {
    copyToShared(gamma, p.gamma, PARTS * GAMMA_BYTES);
  }
  for (i32 i = threadIdx.x; i < N; i += blockDim.x) {
    bias[i] = SPLIT ? p.bias[i] : 0;
    beta[i] = GDN ? p.beta[i] : 0;
  }
  for (i32 i = threadIdx.x; i < K / 2; i += blockDim.x) {
    offsets[i] = pairOffset(i);
  }
  publishOperands();
  __syncthreads();
  Operands b = {operandAt(weights, K, lane), operandAt(weights + WEIGHT_BYTES, K, lane), operandAt(gamma, N, lane),
                operandAt(gamma + GAMMA_BYTES, N, lane)};
  i32 outHeight = p.height / 2;
  i32 outWidth = p.width / 2;
#pragma unroll 1
  for (i64 i = (i64)blockIdx.x * WARPGROUPS + group; i < p.groups; i += (i64)gridDim.x * WARPGROUPS) {
    Place at = placeOf(p, i);
    float scale = 1;
#if SPLIT
    // the largest magnitude comes to [2^13, 2^14): what halves cannot hold is then 2^-38 of it
    u32 exponent = min(max(largestExponent(p, at, (u32*)(own + PARTS * PATCH * 4), group, tid), 14u), 254u);
    scale = powerOfTwo(267 - exponent);
    float unscale = powerOfTwo(exponent - 13) * p.weightScale;
#endif
    fillPatch(p, at, patch, tid, scale);
    groupBarrier(group);
#pragma unroll 1
    for (i32 part = 0; part < ROWS / 4 && at.y + 4 * part < outHeight; part++) {
      i32 row = 4 * part + warp;
      i32 y = at.y + row;
      i32 x0 = at.x + lane / 4;
      float x[N / 2];
      convolve<0, STEPS_AT_ONCE>(x, patch + row * LINES + lane / 4, offsets, b, lane % 4);
      Rows to;
      to.row[0] = (u8*)p.output
          + (((at.tile * outHeight + y) * outWidth + x0) * N + G / 4 * (lane % 4)) * ACTIVATION_BYTES;
      to.row[1] = to.row[0] + 8 * N * ACTIVATION_BYTES;
      to.inside[0] = y < outHeight && x0 < outWidth;
      to.inside[1] = y < outHeight && x0 + 8 < outWidth;
#if SPLIT
#pragma unroll
      for (int j = 0; j < N / 8; j++) {
        float2 b2 = *(const float2*)(bias + 8 * j + 2 * (lane % 4));
        x[4 * j] = __fmaf_rn(x[4 * j], unscale, b2.x);
        x[4 * j + 1] = __fmaf_rn(x[4 * j + 1], unscale, b2.y);
        x[4 * j + 2] = __fmaf_rn(x[4 * j + 2], unscale, b2.x);
        x[4 * j + 3] = __fmaf_rn(x[4 * j + 3], unscale, b2.y);
      }
#endif
      if constexpr (GDN) {
        normalize(p, x, b, beta, to, lane);
      } else {
#pragma unroll
        for (int j = 0; j < N / 2; j++) {
          // a comparison, not a maximum: NaN stays
          x[j] = EPILOGUE == EPILOGUE_RELU && x[j] < 0 ? 0 : x[j] * p.outputScale;
        }
        storeBoth<N>(to, 0, x);
      }
    }
    groupBarrier(group);
  }
}
