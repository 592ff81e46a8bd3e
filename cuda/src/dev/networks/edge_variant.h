// A compiled variant of an edge kernel; its options are read from the name of its file: kernel-letterNumber-...
#pragma once
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include "../../main/cuda/edge_parameters.cuh"

#define CUDA(call)                                                                            \
  do {                                                                                        \
    cudaError_t e_ = (call);                                                                  \
    if (e_ != cudaSuccess) {                                                                  \
      fprintf(stderr, "%s:%d %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(e_));   \
      exit(2);                                                                                \
    }                                                                                         \
  } while (0)

constexpr int F16 = 0, E4M3 = 1, F32 = 2;

struct Variant {
  std::string name, kind;
  std::map<char, int> options;
  cudaKernel_t kernel = nullptr;

  int get(char option, int otherwise) const {
    auto found = options.find(option);
    return found == options.end() ? otherwise : found->second;
  }
  int activation() const { return get('a', F16); }
  int parts() const { return activation() == F32 ? 2 : 1; }
  int bytes() const { return activation() == F16 ? 2 : activation() == E4M3 ? 1 : 4; }
  int channelsIn() const { return get('c', 3); }
  int n() const { return get('n', kind == "load" ? 192 : 128); }
  int epilogue() const { return get('e', 1); }
  int warpgroups() const { return get('w', kind == "last" ? 4 : 3); }
  int rows() const { return get('r', 8); }
  int columns() const { return (26 * channelsIn() + 2 + 15) / 16 * 16; }  // K of the first layer
  int taps() const { return (10 * channelsIn() + 15) / 16 * 16; }         // L of the last layer

  // Bytes of dynamic shared memory, as edge_parameters.cuh states them.
  size_t sharedBytes() const {
    int s = parts();
    if (kind == "first") {
      size_t gamma = epilogue() == 1 && get('g', 1) ? (size_t)s * n() * n() * 2 : 0;
      return (size_t)s * n() * columns() * 2 + gamma + 8 * n() + columns() * 2
          + warpgroups() * ((size_t)s * channelsIn() * (rows() + 2) * 54 * 4 + 16);
    }
    if (kind == "last") return (size_t)s * 3 * taps() * n() * 2 + (size_t)warpgroups() * 2 * taps() * 68 * 4;
    return 0;
  }

  // Slots: see edge_parameters.cuh.
  int channelOf(int slot) const {
    int g = activation() == F16 ? 32 : activation() == E4M3 ? 64 : 16;
    while (n() % g != 0) g /= 2;
    int j = slot % g / 8, t = slot % 8 / 2, e = slot % 2;
    return slot / g * g + g / 4 * t + 2 * j + e;
  }
};

inline Variant loadVariant(const std::string& path) {
  Variant v;
  size_t from = path.rfind('/') + 1, to = path.rfind(".cubin");
  v.name = path.substr(from, to - from);
  size_t dash = v.name.find('-');
  v.kind = v.name.substr(0, dash);
  while (dash != std::string::npos) {
    v.options[v.name[dash + 1]] = atoi(v.name.c_str() + dash + 2);
    dash = v.name.find('-', dash + 1);
  }
  cudaLibrary_t library;
  CUDA(cudaLibraryLoadFromFile(&library, path.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  CUDA(cudaLibraryGetKernel(&v.kernel, library, ("edge_" + v.kind).c_str()));
  CUDA(cudaFuncSetAttribute((const void*)v.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)v.sharedBytes()));
  return v;
}
