// Packs a layer as conv_hopper_parameters.cuh says, makes its tensor maps, and launches a kernel: the host's side
// of that text.
#pragma once
#include <cuda.h>
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include "conv_hopper_reference.hpp"

#define CUDA(call)                                                                          \
  do {                                                                                      \
    auto e_ = (call);                                                                       \
    if ((int)e_ != 0) {                                                                     \
      printf("%s:%d %s: error %d\n", __FILE__, __LINE__, #call, (int)e_);                   \
      exit(2);                                                                              \
    }                                                                                       \
  } while (0)

template <class T>
T* upload(const std::vector<T>& values) {
  T* p;
  CUDA(cudaMalloc(&p, values.size() * sizeof(T) + 256));
  CUDA(cudaMemcpy(p, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return p;
}

inline size_t swizzled(size_t row, size_t byte) { return row * 128 + ((byte / 16) ^ (row % 8)) * 16 + byte % 16; }

struct Tuning {
  int weightStages = 0, patchStages = 2;  // 0: as many as fit
  int row = 1;        // launches in a row that one time is measured of
  bool early = false;  // a launch may begin while the one before it ends
};

struct Packed {
  u8* weights;
  u8* gamma;
  float *scale, *bias, *beta, *median;
  float factor;
};

inline Packed pack(const Layer& l) {
  const Variant& v = l.v;
  const int positions = v.width * v.tiles, side = v.side(), chunk = 128 / v.bytes(), chunks = (v.input + chunk - 1) / chunk;
  auto channel = [&](int p) { return p / v.width * v.width + channelAt(p % v.width, v.width, v.store); };
  const double square = v.normalizes() ? 4 : 1, gammaScale = v.normalizes() ? 16 : 1;
  std::vector<float> scale(positions), bias(positions), beta(positions, 1), median(positions);
  for (int p = 0; p < positions; p++) {
    const int c = channel(p);
    if (c >= l.out) continue;
    scale[p] = square * l.weightScale[c] * l.inputScale;
    bias[p] = square * l.bias[c];
    beta[p] = square * square * gammaScale * l.beta[c];
    median[p] = l.median[c];
  }
  std::vector<u8> weights((size_t)v.tiles * side * side * chunks * v.width * 128), gamma;
  size_t stage = 0;
  auto put = [&](int tile, int chunkAt, int ky, int kx) {
    u8* to = &weights[stage++ * v.width * 128];
    for (int row = 0; row < v.width; row++) {
      const int o = channel(tile * v.width + row);
      for (int i = 0; i < chunk; i++) {
        const int c = chunkAt * chunk + i;
        if (o >= l.out || c >= l.in) continue;
        const float w = l.weights[((size_t)(o * side + ky) * side + kx) * l.in + c];
        if (v.e4m3) {
          to[swizzled(row, i)] = floatToE4m3(w);
        } else {
          const uint16_t h = floatToHalf(w);
          memcpy(to + swizzled(row, 2 * i), &h, 2);
        }
      }
    }
  };
  for (int tile = 0; tile < v.tiles; tile++) {
    if (v.kind == CONV_TRANSPOSED) {
      for (int phase = 0; phase < 4; phase++)
        for (int c = 0; c < chunks; c++)
          for (int ty = phase >> 1; ty < 3; ty++)
            for (int tx = phase & 1; tx < 3; tx++) put(tile, c, 4 + (phase >> 1) - 2 * ty, 4 + (phase & 1) - 2 * tx);
    } else if (v.kind == CONV_STRIDE2) {
      for (int c = 0; c < chunks; c++)
        for (int plane = 0; plane < 4; plane++)
          for (int ty = 0; ty < 3 - (plane >> 1); ty++)
            for (int tx = 0; tx < 3 - (plane & 1); tx++) put(tile, c, 2 * ty + (plane >> 1), 2 * tx + (plane & 1));
    } else {
      for (int c = 0; c < chunks; c++)
        for (int ty = 0; ty < 3; ty++)
          for (int tx = 0; tx < 3; tx++) put(tile, c, ty, tx);
    }
  }
  if (stage * v.width * 128 != weights.size()) { printf("packed %zu stages\n", stage); exit(2); }
  if (v.normalizes()) {
    const int blocks = (v.width + 63) / 64;
    gamma.resize((size_t)v.width * 128 * blocks);
    u8* to = gamma.data();
    for (int p0 = 0; p0 < v.width; p0 += 64) {
      const int rows = std::min(64, v.width - p0);
      for (int q0 = 0; q0 < v.width; q0 += 64, to += rows * 128) {
        for (int r = 0; r < rows; r++) {
          for (int q = q0; q < std::min(q0 + 64, v.width); q++) {
            const int i = channel(p0 + r), j = channel(q);
            const uint16_t h = i < l.out && j < l.out ? floatToHalf(gammaScale * l.gamma[(size_t)i * l.out + j]) : 0;
            memcpy(to + swizzled(r, 2 * (q - q0)), &h, 2);
          }
        }
      }
    }
  }
  double factor = 1;
  if (v.activation == ACTIVATION_GDN) factor = std::sqrt(gammaScale);
  if (v.activation == ACTIVATION_INVERSE_GDN) factor = 1 / (square * square * std::sqrt(gammaScale));
  return {upload(weights), upload(gamma), upload(scale), upload(bias), upload(beta), upload(median), (float)(factor / l.outputScale)};
}

inline TensorMap tensorMap(const Layer& l, const u8* base, int plane, int tileRows, int tileImages) {
  typedef CUresult (*Encode)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*, const cuuint64_t*,
                             const cuuint32_t*, const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle,
                             CUtensorMapL2promotion, CUtensorMapFloatOOBfill);
  static Encode encode = [] {
    void* p;
    cudaDriverEntryPointQueryResult q;
    CUDA(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &p, 12000, cudaEnableDefault, &q));
    return (Encode)p;
  }();
  const Variant& v = l.v;
  const cuuint64_t pixel = (cuuint64_t)v.input * v.bytes();
  const int step = v.kind == CONV_STRIDE2 ? 2 : 1, py = plane >> 1, px = plane & 1;
  cuuint64_t extents[4] = {(cuuint64_t)v.input, (cuuint64_t)l.width / step, (cuuint64_t)l.images, (cuuint64_t)l.height / step};
  cuuint64_t strides[3] = {step * pixel, (cuuint64_t)l.height * l.width * pixel, step * l.width * pixel};
  cuuint32_t box[4] = {(cuuint32_t)(128 / v.bytes()), 10, (cuuint32_t)tileImages, (cuuint32_t)(tileRows + 2 - py)};
  cuuint32_t ones[4] = {1, 1, 1, 1};
  CUtensorMap map;
  CUDA(encode(&map, v.e4m3 ? CU_TENSOR_MAP_DATA_TYPE_UINT8 : CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 4,
              (void*)(base + (size_t)(py * l.width + px) * pixel), extents, strides, box, ones, CU_TENSOR_MAP_INTERLEAVE_NONE,
              CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE));
  TensorMap result;
  static_assert(sizeof map == sizeof result, "a tensor map has 128 bytes");
  memcpy(&result, &map, sizeof map);
  return result;
}

/// A kernel with everything but its input and output.
struct Launch {
  cudaKernel_t kernel;
  ConvHopper p;
  int blocks, threads;
  size_t shared;
};

inline Launch prepare(const Layer& l, cudaKernel_t kernel, const Packed& packed, const Tuning& tuning, int multiprocessors) {
  const Variant& v = l.v;
  Launch launch = {kernel};
  ConvHopper& p = launch.p;
  p.weights = packed.weights;
  p.gamma = packed.gamma;
  p.scale = packed.scale;
  p.bias = packed.bias;
  p.beta = packed.beta;
  p.median = packed.median;
  p.factor = packed.factor;
  p.images = l.images;
  p.gridHeight = v.kind == CONV_TRANSPOSED ? l.height : l.outHeight();
  p.gridWidth = v.kind == CONV_TRANSPOSED ? l.width : l.outWidth();
  p.channels = l.out;
  const int most = v.blocks == 2 ? 4 : 3;
  p.tileRowsLog2 = v.blocks - 1;
  while (p.tileRowsLog2 < most && (1 << p.tileRowsLog2) < p.gridHeight) p.tileRowsLog2++;
  p.tileImagesLog2 = most - p.tileRowsLog2;
  p.patchBytes = ((1280 << p.tileImagesLog2) * ((1 << p.tileRowsLog2) + 2) + 1023) / 1024 * 1024;
  p.patchStages = tuning.patchStages;
  const int stage = 128 * (v.normalizes() ? (v.width + 63) / 64 * 64 : v.width);
  const size_t fixed = 1024 + (size_t)v.groups * p.patchStages * p.patchBytes + 12 * v.width * v.tiles + 512;
  p.weightStages = tuning.weightStages ? tuning.weightStages : std::min<int>(12, (232448 - fixed) / stage);
  const long long across = (p.gridWidth + 7) / 8, down = (p.gridHeight + (1 << p.tileRowsLog2) - 1) >> p.tileRowsLog2;
  const long long deep = (p.images + (1 << p.tileImagesLog2) - 1) >> p.tileImagesLog2;
  const long long items = (across * down * deep + v.groups - 1) / v.groups * v.tiles * (v.kind == CONV_TRANSPOSED ? 4 : 1);
  launch.blocks = (int)std::min<long long>(multiprocessors, items);
  launch.threads = (v.groups + 1) * 128;
  launch.shared = fixed + (size_t)p.weightStages * stage;
  if (p.weightStages < 2 || launch.shared > 232448) { printf("%d stages, %zu bytes of shared memory\n", p.weightStages, launch.shared); exit(2); }
  CUDA(cudaFuncSetAttribute((const void*)kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)launch.shared));
  return launch;
}

inline void bind(Launch& launch, const Layer& l, const void* input, void* output, u32* errors) {
  for (int plane = 0; plane < (l.v.kind == CONV_STRIDE2 ? 4 : 1); plane++) {
    launch.p.input[plane] = tensorMap(l, (const u8*)input, plane, 1 << launch.p.tileRowsLog2, 1 << launch.p.tileImagesLog2);
  }
  launch.p.output = output;
  launch.p.errors = errors;
}

inline void run(Launch& launch, cudaStream_t stream, bool early = false) {
  void* arguments[] = {&launch.p};
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {dim3(launch.blocks), dim3(launch.threads), launch.shared, stream, &attribute, early ? 1u : 0u};
  CUDA(cudaLaunchKernelExC(&config, (const void*)launch.kernel, arguments));
}
