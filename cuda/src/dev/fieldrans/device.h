// Device memory of some chunks of one shape, and the launches as the host program makes them.
#pragma once
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include "../../main/cuda/integers.cu"
#include "../../main/cuda/residual_tables.cu"
#include "../../main/cuda/residual_encode.cu"
#include "../../main/cuda/residual_decode.cu"
#include "reference.h"

#define CUDA(call)                                                                            \
  do {                                                                                        \
    cudaError_t e_ = (call);                                                                  \
    if (e_ != cudaSuccess) {                                                                  \
      fprintf(stderr, "%s:%d %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(e_));   \
      exit(2);                                                                                \
    }                                                                                         \
  } while (0)

template <class T>
struct Buffer {
  T* data = nullptr;
  size_t count = 0;
  Buffer() {}
  explicit Buffer(size_t n) : count(n) { CUDA(cudaMalloc(&data, std::max<size_t>(n * sizeof(T), 256))); }
  explicit Buffer(const std::vector<T>& from) : Buffer(from.size()) { upload(from); }
  Buffer(Buffer&& other) : data(other.data), count(other.count) { other.data = nullptr; }
  Buffer& operator=(Buffer&& other) {
    std::swap(data, other.data);
    std::swap(count, other.count);
    return *this;
  }
  ~Buffer() { cudaFree(data); }
  void upload(const std::vector<T>& from) { CUDA(cudaMemcpy(data, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice)); }
  std::vector<T> download() const { return download(count); }
  std::vector<T> download(size_t n) const {
    std::vector<T> to(n);
    CUDA(cudaMemcpy(to.data(), data, n * sizeof(T), cudaMemcpyDeviceToHost));
    return to;
  }
  void fill(int byte, cudaStream_t s = 0) { CUDA(cudaMemsetAsync(data, byte, count * sizeof(T), s)); }
};

inline ResidualLayout layoutOf(int chunks, int blocks, int blocksPerStream) {
  return {chunks, blocks, blocksPerStream, (blocks - 1) / blocksPerStream + 1, std::min(15, blocks)};
}

inline ResidualFlags flagsOf() {
  ResidualFlags flags;
  for (int bits = 0; bits < 16; bits++) {
    int f = 65535;
    while (f > 1 && std::round(4096 * std::log2(65536.0 / (f - 1))) <= bits) f--;
    flags.least[bits] = (u16)f;
  }
  return flags;
}

// Smallest share of a warp with which every scheduler has some warps.
inline int lanesFor(int64_t streams, int warps) {
  int lanes = 1;
  while (lanes < 32 && streams > (int64_t)lanes * warps) lanes *= 2;
  return lanes;
}

struct Residuals {
  ResidualLayout l;
  ResidualFlags flags = flagsOf();
  int tables, streams;
  Buffer<i32> numbers;
  Buffer<u8> classes, zeros;
  Buffer<u32> occurring, counts, lengths, overflows, errors;
  Buffer<ResidualTable> found;
  Buffer<u16> frequencies, packed;
  Buffer<uint4> entries;
  Buffer<u64> offsets;
  // the decoder's
  Buffer<ResidualIntervals> intervals;
  Buffer<u16> lasts;
  size_t tableMemory = 0;
  int packBlocks = 528;

  explicit Residuals(ResidualLayout layout)
      : l(layout),
        tables(l.chunks * l.slots),
        streams(l.chunks * l.streams),
        numbers((size_t)l.chunks * l.blocks * RESIDUAL_PLACES),
        classes((size_t)l.chunks * l.blocks),
        zeros((size_t)l.chunks * l.blocks),
        occurring(l.chunks),
        counts((size_t)tables * RESIDUAL_BINS),
        lengths(tables + streams),
        overflows(l.chunks),
        errors(l.chunks),
        found(tables),
        frequencies((size_t)tables * RESIDUAL_SYMBOLS),
        packed((size_t)tables * RESIDUAL_SYMBOLS + numbers.count * 2 + 8),
        entries((size_t)tables * RESIDUAL_BINS),
        offsets(tables + streams + 1) {}

  void histograms(cudaStream_t s) {
    counts.fill(0, s);
    residual_histograms<<<l.chunks * ((l.blocks - 1) / HISTOGRAM_BLOCKS + 1), HISTOGRAM_THREADS, 0, s>>>(
        l, numbers.data, classes.data, occurring.data, counts.data);
    CUDA(cudaGetLastError());
  }
  void makeTables(cudaStream_t s) {
    residual_tables<<<tables, TABLE_THREADS, 0, s>>>(
        l, flags, counts.data, occurring.data, found.data, frequencies.data, entries.data, lengths.data);
    CUDA(cudaGetLastError());
  }
  void encode(cudaStream_t s, int lanes, int warps = 4) {
    overflows.fill(0, s);
    residual_encode<<<((streams - 1) / lanes) / warps + 1, 32 * warps, 0, s>>>(
        l, lanes, numbers.data, classes.data, occurring.data, found.data, entries.data, lengths.data + tables, overflows.data);
    CUDA(cudaGetLastError());
  }
  void pack(cudaStream_t s) {
    residual_pack<<<packBlocks, 512, 0, s>>>(l, frequencies.data, numbers.data, lengths.data, offsets.data, packed.data);
    CUDA(cudaGetLastError());
  }

  // What the decoder is told of each chunk's tables, made of what the encoder found.
  void prepareDecoder() {
    std::vector<u32> n = lengths.download(), occurs = occurring.download();
    std::vector<ResidualTable> t = found.download();
    std::vector<u64> at = offsets.download();
    std::vector<u16> f = packed.download(at[tables]);
    std::vector<ResidualIntervals> all(l.chunks * 16, ResidualIntervals{0, 0, 0, 0});
    std::vector<u16> ends = {65534, 65535};
    tableMemory = 0;
    for (int c = 0; c < l.chunks; c++) {
      all[c * 16] = {0, 2, 0, 65535};
      int slot = 0;
      size_t memory = tableBytes(2);
      for (int k = 1; k < 16; k++) {
        if (!(occurs[c] >> k & 1)) continue;
        int table = c * l.slots + slot++;
        all[c * 16 + k] = {(u32)ends.size(), n[table] + 1, t[table].lowest, t[table].dead};
        u32 sum = 0;
        for (u32 i = 0; i < n[table]; i++) {
          sum += f[at[table] + i];
          ends.push_back((u16)(sum - 1));
        }
        ends.push_back(65535);
        memory += tableBytes(n[table] + 1);
      }
      tableMemory = std::max(tableMemory, memory);
    }
    intervals = Buffer<ResidualIntervals>(all);
    lasts = Buffer<u16>(ends);
  }
  void decode(cudaStream_t s, int lanes, int warps) {
    int perBlock = lanes * warps;
    size_t shared = perBlock * RING_WORDS * 2 + tableMemory;
    CUDA(cudaFuncSetAttribute(residual_decode, cudaFuncAttributeMaxDynamicSharedMemorySize, 230000));
    errors.fill(0, s);
    residual_decode<<<l.chunks * ((l.streams - 1) / perBlock + 1), 32 * warps, shared, s>>>(
        l, lanes, packed.data, offsets.data + tables, lengths.data + tables, classes.data, intervals.data, lasts.data,
        numbers.data, zeros.data, errors.data);
    CUDA(cudaGetLastError());
  }
};
