// Loads cubins of the shipped kernels, fills their parameters as the host program does, and runs them.
#pragma once
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
#define NORMALIZED 1  // kernels without a normalizer take the first part of the parameters only
#include "../../main/cuda/pipeline_parameters.cuh"
#include "reference.hpp"

#define CUDA(call)                                                                    \
  do {                                                                                \
    cudaError_t e_ = (call);                                                          \
    if (e_ != cudaSuccess) {                                                          \
      fprintf(stderr, "%s:%d %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(e_)); \
      exit(2);                                                                        \
    }                                                                                 \
  } while (0)

struct Variant {
  std::string name;
  int warps;
  int stage;  // STAGE of the source
  bool encoder;
  cudaKernel_t kernel;

  size_t sharedBytes() const {
    return encoder ? (size_t)warps * (28 + 128 + 1024 + stage + 4) * 4 : (size_t)warps * (stage + 4 + 1024) * 4;
  }
};

inline Variant loadVariant(const std::string& path, bool encoder, int warps, int stage) {
  Variant v{path, warps, stage, encoder, nullptr};
  cudaLibrary_t library;
  CUDA(cudaLibraryLoadFromFile(&library, path.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  CUDA(cudaLibraryGetKernel(&v.kernel, library, encoder ? "pipeline_encode" : "pipeline_decode"));
  CUDA(cudaFuncSetAttribute((const void*)v.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)v.sharedBytes()));
  return v;
}

struct Field {
  int volumes, d, h, w;     // of the field
  int cd, ch, cw;           // of a chunk
  size_t values() const { return (size_t)volumes * d * h * w; }
  int chunks() const { return volumes * ((d + cd - 1) / cd) * ((h + ch - 1) / ch) * ((w + cw - 1) / cw); }
};

// Largest number of blocks of any chunk, clipped or not.
inline int mostBlocks(const Field& f) {
  int most = 0;
  for (int i = 0; i < 8; i++) {
    auto extent = [&](int n, int c, bool last) { int full = n < c ? n : c; int rest = n % c; return last && rest ? rest : full; };
    reference::Geometry g({extent(f.d, f.cd, i & 1), extent(f.h, f.ch, i & 2), extent(f.w, f.cw, i & 4)});
    most = g.blocks > most ? g.blocks : most;
  }
  return most;
}

// The normalizer; the maps of planes, where there is one for each, go to device memory.
inline void putNormalizer(PipelineParameters& p, const reference::Normalizer& from) {
  NormalizerParameters& n = p.normalizer;
  n.lowest = std::nextafter(from.lowest, HUGE_VAL);
  n.highest = std::nextafter(from.highest, -HUGE_VAL);
  n.stages = (i32)from.stages.size();
  for (i32 i = 0; i < n.stages; i++) {
    n.kinds[i] = from.stages[i].kind;
    n.scales[i] = from.stages[i].scale;
    n.scaleLogarithms[i] = naturalLogarithm(n.scales[i]);
  }
  n.flags = (from.affine ? NORMALIZER_AFFINE : 0) | (from.clamps ? NORMALIZER_CLAMPS : 0);
  std::vector<PlaneMap> maps;
  for (const reference::Map& m : from.maps) {
    double scale = m.flat ? 0 : m.scale;
    maps.push_back({m.offset, m.width, scale, m.flat ? 0 : 1 / scale});
  }
  if (maps.size() == 1) n.map = maps[0];
  if (maps.size() > 1) {
    PlaneMap* table;
    CUDA(cudaMalloc(&table, maps.size() * sizeof(PlaneMap)));
    CUDA(cudaMemcpy(table, maps.data(), maps.size() * sizeof(PlaneMap), cudaMemcpyHostToDevice));
    n.maps = table;
  }
}

inline PipelineParameters parametersOf(const reference::Quantizer& z, const Field& f, int axes, int warps) {
  PipelineParameters p = {};
  p.offset = z.offset;
  p.step = z.step;
  p.inverse = 1 / z.step;
  p.bound = z.bound;
  p.scale = z.scale;
  p.inverseScale = 1 / z.scale;
  p.volumeValues = (i64)f.d * f.h * f.w;
  p.depth = f.d; p.height = f.h; p.width = f.w;
  p.chunkDepth = f.cd; p.chunkHeight = f.ch; p.chunkWidth = f.cw;
  p.chunksZ = (f.d + f.cd - 1) / f.cd;
  p.chunksY = (f.h + f.ch - 1) / f.ch;
  p.chunksX = (f.w + f.cw - 1) / f.cw;
  p.tilesPerChunk = (mostBlocks(f) + warps - 1) / warps;
  p.type = z.type;
  p.kind = z.kind;
  p.axes = axes;
  if (f.w % 4 == 0 && f.cw % 4 == 0) p.flags |= FLAG_ALIGNED_ROWS;
  const double largestFloat = 3.40282346638528859812e+38;
  if (std::fabs(z.offset) + 2147483648.0 * z.step < largestFloat) p.flags |= FLAG_NO_OVERFLOW;
  if (z.normalized) {
    putNormalizer(p, z.normalizer);
  } else if (z.kind == reference::AFFINE && z.type == reference::F32) {
    // Rounding to float32 errs by at most half an ulp of the largest binade for which the bound
    // leaves room: |x - v| <= step / 2 and |v - xhat| <= ulp / 2 <= bound - step / 2.
    double room = (2 * z.bound - z.step) * (1 + 0x1p-20);
    int exponent = 0;
    std::frexp(room, &exponent);
    double ulp = std::ldexp(1.0, exponent - 1);
    double top = std::fmin(ulp * 0x1p24, 0x1p127);
    double reach = std::fmin(top - z.step, (0x1p30 - 2) * z.step - std::fabs(z.offset));
    double most = (reach + std::fabs(z.offset)) / z.step;
    double sure = (z.bound - ulp / 2 - top * 0x1p-50) / z.step - most * 0x1p-50;
    if (z.offset == 0 && z.step == 1 && z.bound == 0.5) {
      reach = 0x1p30 - 64;  // integers come back exactly
      sure = 0.75;
    }
    if (room > 0 && reach > 0 && sure > 0.25) p.flags |= FLAG_QUICK_AFFINE;
    p.quickReach = std::nextafter((float)reach, 0.0f);
    p.quickResidual = sure;
  }
  if (!z.normalized && z.kind == reference::AFFINE && z.type == reference::I32 && z.offset == 0 && z.step == 1 && z.bound == 0.5)
    p.flags |= FLAG_QUICK_IDENTITY;
  if (z.filled) {
    // only where no symbol of the quick path can restore to the fill value or come from it
    double f = reference::valueAt((const uint8_t*)&z.fill, 0, z.type).number;
    bool apart = z.type == reference::F32 && !(std::fabs(f) <= p.quickReach + 2 * z.step);
    p.flags |= FLAG_FILL;
    p.fill = z.fill;
    if (!apart) p.flags &= ~FLAG_QUICK_AFFINE;
    p.flags &= ~FLAG_QUICK_IDENTITY;
  }
  return p;
}

// Device memory of one field's coding.
struct Coder {
  Field f;
  PipelineParameters p;
  size_t capacityWords;
  uint32_t* out = nullptr;
  uint8_t* zeroed = nullptr;
  size_t zeroedBytes;
  uint64_t *state, *begun, *starts;
  uint32_t *checks, *checks2, *error, *words;
  Variant encoder, decoder;

  Coder(const Field& f, const PipelineParameters& q, size_t capacity, const Variant& e, const Variant& d)
      : f(f), p(q), capacityWords(capacity), encoder(e), decoder(d) {
    size_t chunks = f.chunks(), tiles = chunks * ((mostBlocks(f) + e.warps - 1) / e.warps);
    CUDA(cudaMalloc(&out, capacity * 4 + 64));
    zeroedBytes = (tiles + chunks) * 8 + chunks * 8 + 16;
    CUDA(cudaMalloc(&zeroed, zeroedBytes + chunks * 12));
    state = (uint64_t*)zeroed;
    begun = state + tiles;
    checks = (uint32_t*)(begun + chunks);
    checks2 = checks + chunks;
    error = checks2 + chunks;
    starts = (uint64_t*)(zeroed + zeroedBytes);
    words = (uint32_t*)(starts + chunks);
    p.capacityWords = capacity;
  }
  ~Coder() { cudaFree(out); cudaFree(zeroed); }

  void encode(const void* values, cudaStream_t stream) {
    CUDA(cudaMemsetAsync(zeroed, 0, zeroedBytes, stream));
    PipelineParameters q = p;
    q.tilesPerChunk = (mostBlocks(f) + encoder.warps - 1) / encoder.warps;
    void* args[] = {&q, &values, &out, &state, &begun, &checks, &starts, &words, &error};
    CUDA(cudaLaunchKernel((const void*)encoder.kernel, dim3(f.chunks() * q.tilesPerChunk), dim3(encoder.warps * 32), args,
                          encoder.sharedBytes(), stream));
  }
  void decode(void* values, cudaStream_t stream) {
    CUDA(cudaMemsetAsync(checks2, 0, (size_t)f.chunks() * 4 + 4, stream));
    PipelineParameters q = p;
    q.tilesPerChunk = (mostBlocks(f) + decoder.warps - 1) / decoder.warps;
    void* args[] = {&q, &out, &starts, &words, &values, &checks2, &error};
    CUDA(cudaLaunchKernel((const void*)decoder.kernel, dim3(f.chunks() * q.tilesPerChunk), dim3(decoder.warps * 32), args,
                          decoder.sharedBytes(), stream));
  }
  size_t totalWords() const {
    std::vector<uint32_t> n(f.chunks());
    CUDA(cudaMemcpy(n.data(), words, n.size() * 4, cudaMemcpyDeviceToHost));
    size_t sum = 0;
    for (uint32_t v : n) sum += v;
    return sum;
  }
};
