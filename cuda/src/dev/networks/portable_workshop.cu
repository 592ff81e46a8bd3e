// Checks variants of conv_portable against float64 and times them at the benchmark's shapes.
//   portable_workshop FOLDER check|time|quick < variants
// A line of the list is a name and options; FOLDER/name.cubin is conv_portable.cu compiled with them.
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>
#include "portable_reference.hpp"

#define CUDA(call)                                                                  \
  do {                                                                              \
    cudaError_t e = (call);                                                         \
    if (e != cudaSuccess) {                                                         \
      printf("%s:%d %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(e));   \
      exit(1);                                                                      \
    }                                                                               \
  } while (0)

static int failures = 0;

__global__ void fillInput(void* to, uint64_t pixels, int channels, int padded, int precision) {
  for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; i < pixels * padded; i += (uint64_t)gridDim.x * blockDim.x) {
    const float v = (int)(i % padded) < channels ? valueOf(i) : 0;
    if (precision == CONV_F16) ((__half*)to)[i] = __float2half_rn(v);
    else if (precision == CONV_E4M3) ((__nv_fp8_e4m3*)to)[i] = __nv_fp8_e4m3(v);
    else ((float*)to)[i] = v;
  }
}

struct Memory {
  char* at = nullptr;
  size_t bytes;
  explicit Memory(size_t n) : bytes(n) {
    CUDA(cudaMalloc(&at, std::max<size_t>(n, 16)));
    CUDA(cudaMemset(at, 0xff, std::max<size_t>(n, 16)));
  }
  template <class T>
  explicit Memory(const std::vector<T>& v) : Memory(v.size() * sizeof(T)) {
    CUDA(cudaMemcpy(at, v.data(), bytes, cudaMemcpyHostToDevice));
  }
  Memory(const Memory&) = delete;
  ~Memory() { cudaFree(at); }
};

/// One layer on the device.
struct Run {
  Layer& layer;
  cudaKernel_t kernel;
  Memory input, output, weights, scale, bias, gamma, beta, medians, errors;
  PortableConvolution p = {};
  dim3 grid;

  static size_t inBytes(const Variant& v) { return v.precision() == CONV_F16 ? 2 : v.precision() == CONV_E4M3 ? 1 : 4; }
  static size_t outBytes(const Variant& v) { return v.output() == CONV_F16 ? 2 : v.output() == CONV_E4M3 ? 1 : 4; }
  bool planar() const { return layer.v.output() >= CONV_PLANAR; }
  int outStride() const { return planar() ? layer.s.out : layer.np(); }

  Run(Layer& l, cudaKernel_t k)
      : layer(l), kernel(k), input(l.inPixels() * l.inPadded() * inBytes(l.v)),
        output(l.outPixels() * (l.v.output() >= CONV_PLANAR ? l.s.out : l.np()) * outBytes(l.v)),
        weights(l.packedWeights()), scale(l.scale), bias(l.bias), gamma(l.packedGamma()), beta(l.beta), medians(l.medians), errors(std::vector<u32>(1, 0)) {
    fillInput<<<2048, 256>>>(input.at, l.inPixels(), l.s.in, l.inPadded(), l.v.precision());
    p.input = input.at;
    p.output = output.at;
    p.weights = weights.at;
    p.scale = (float*)scale.at;
    p.bias = (float*)bias.at;
    p.gamma = gamma.at;
    p.beta = (float*)beta.at;
    p.medians = (float*)medians.at;
    p.errors = (u32*)errors.at;
    p.tiles = l.s.tiles;
    p.inputHeight = l.s.height;
    p.inputWidth = l.s.width;
    p.inputChannels = l.inPadded();
    p.outputChannels = l.s.out;
    p.slope = l.slope;
    p.normScale = 1 / l.gammaFactor;
    p.outputScale = l.outputScale;
    const uint64_t pixels = l.v.transposed() ? l.inPixels() : l.outPixels();
    grid = dim3((unsigned)((pixels + l.v.blockPixels() - 1) / l.v.blockPixels() * (l.v.transposed() ? 4 : 1)));
    CUDA(cudaFuncSetAttribute((const void*)kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, l.v.shared()));
    CUDA(cudaDeviceSynchronize());
  }

  void launch() {
    void* arguments[] = {&p};
    CUDA(cudaLaunchKernel((const void*)kernel, grid, dim3(32 * layer.v.warps()), arguments, layer.v.shared(), 0));
  }

  /// Reads the output's values of a pixel.
  std::vector<double> pixel(uint64_t at, bool& paddingZero) {
    const int n = outStride();
    const size_t size = outBytes(layer.v), plane = (size_t)layer.outHeight() * layer.outWidth();
    std::vector<uint8_t> raw(n * size);
    if (planar()) {
      CUDA(cudaMemcpy2D(raw.data(), 4, output.at + (at / plane * n * plane + at % plane) * 4, plane * 4, 4, n, cudaMemcpyDeviceToHost));
    } else {
      CUDA(cudaMemcpy(raw.data(), output.at + at * n * size, n * size, cudaMemcpyDeviceToHost));
    }
    std::vector<double> v(n);
    for (int c = 0; c < n; c++) {
      if (layer.v.output() == CONV_F16) v[c] = __half2float(((__half*)raw.data())[c]);
      else if (layer.v.output() == CONV_E4M3) v[c] = (float)((__nv_fp8_e4m3*)raw.data())[c] / (double)layer.outputScale;
      else if (layer.v.output() == CONV_SYMBOLS) v[c] = ((i32*)raw.data())[c] + (double)layer.medians[c];
      else v[c] = ((float*)raw.data())[c];
      if (c >= layer.s.out && v[c] != 0) paddingZero = false;
    }
    v.resize(layer.s.out);
    return v;
  }
};

cudaKernel_t load(const std::string& folder, const Variant& v) {
  cudaLibrary_t library;
  cudaKernel_t kernel;
  cudaError_t e = cudaLibraryLoadFromFile(&library, (folder + "/" + v.name + ".cubin").c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0);
  if (e != cudaSuccess) {
    printf("%s does not load: %s\n", v.name.c_str(), cudaGetErrorString(e));
    exit(1);
  }
  CUDA(cudaLibraryGetKernel(&kernel, library, "conv_portable"));
  return kernel;
}

/// Error of sampled pixels against float64; symbols: the share of them that differ by more than one.
double check(Run& run, int samples, const char* what) {
  Layer& l = run.layer;
  run.launch();
  CUDA(cudaDeviceSynchronize());
  std::mt19937_64 random(5);
  const uint64_t pixels = l.outPixels(), plane = (uint64_t)l.outHeight() * l.outWidth();
  const bool all = pixels <= (uint64_t)samples;
  double error = 0, norm = 0, reach = 0;
  bool paddingZero = true;
  int wrong = 0;
  for (uint64_t i = 0; i < (all ? pixels : samples); i++) {
    const uint64_t at = all ? i : i == 0 ? 0 : i == 1 ? pixels - 1 : random() % pixels;
    const std::vector<double> got = run.pixel(at, paddingZero);
    const std::vector<double> want = l.pixel((int)(at / plane), (int)(at % plane / l.outWidth()), (int)(at % plane % l.outWidth()));
    for (int c = 0; c < l.s.out; c++) {
      double w = want[c];
      if (l.v.output() == CONV_SYMBOLS) w = std::nearbyint(w - l.medians[c]) + l.medians[c];
      if (l.v.output() == CONV_E4M3) w = (float)__nv_fp8_e4m3((float)(w * l.outputScale)) / (double)l.outputScale;
      const double d = std::isfinite(got[c]) ? std::fabs(got[c] - w) : 1e30;
      if (l.v.output() == CONV_SYMBOLS && d > 1.001) wrong++;
      if (l.v.output() == CONV_E4M3 && !(d <= 0.13 * std::fabs(w) + 0.01)) wrong++;
      error += d * d;
      norm += w * w;
      reach = std::max(reach, std::fabs(w));
    }
  }
  const double relative = std::sqrt(error / norm);
  const double bound = l.v.output() == CONV_SYMBOLS ? 0.1 : l.v.output() == CONV_E4M3 ? 0.01 : l.v.precision() == CONV_F16 ? 2e-3 : l.v.precision() == CONV_E4M3 ? 5e-3 : 1e-5;
  const bool good = relative <= bound && wrong == 0 && paddingZero;
  if (!good) failures++;
  if (what) printf("  %-9s %d x %d x %dx%d -> %d: error %.2e, largest %.1f%s%s %s\n", what, l.s.tiles, l.s.in, l.s.height, l.s.width, l.s.out, relative, reach,
         wrong ? " WRONG VALUES" : "", paddingZero ? "" : " PADDING NOT ZERO", good ? "" : "FAILED");
  return relative;
}

float medianMs(Run& run, int repeats) {
  cudaEvent_t a, b;
  CUDA(cudaEventCreate(&a));
  CUDA(cudaEventCreate(&b));
  std::vector<float> times;
  for (int i = 0; i < repeats + 3; i++) {
    CUDA(cudaEventRecord(a));
    run.launch();
    CUDA(cudaEventRecord(b));
    CUDA(cudaEventSynchronize(b));
    float ms;
    CUDA(cudaEventElapsedTime(&ms, a, b));
    if (i >= 3) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void checkVariant(const std::string& folder, const Variant& v, bool quick) {
  cudaKernel_t kernel = load(folder, v);
  printf("%s\n", v.name.c_str());
  const int n = v.channels();
  std::vector<Size> sizes = {{3, 7, 5, 24, n - 8}, {2, 1, 1, 16, n}, {5, 12, 20, 40, n}, {1, 16, 16, 320, n}, {9, 4, 6, 128, n - 8}};
  if (quick) sizes = {{3, 7, 5, 24, n - 8}};
  for (const Size& s : sizes) {
    Layer layer(v, s);
    Run run(layer, kernel);
    check(run, quick ? 4 : 24, "check");
    std::vector<uint8_t> first(run.output.bytes), second(run.output.bytes);
    CUDA(cudaMemcpy(first.data(), run.output.at, first.size(), cudaMemcpyDeviceToHost));
    CUDA(cudaMemset(run.output.at, 0x77, run.output.bytes));
    run.launch();
    CUDA(cudaMemcpy(second.data(), run.output.at, first.size(), cudaMemcpyDeviceToHost));
    if (first != second) {
      printf("  NOT THE SAME BYTES TWICE\n");
      failures++;
    }
  }
}

/// The benchmark's layer that the variant's options fit: 512 tiles of 128x128.
Size benchmarkSize(const Variant& v, int side) {
  const int n = v.channels();
  if (v.transposed()) return {512, side ? side : 32, side ? side : 32, v.get("IN", n), n};
  return {512, side ? side : 64, side ? side : 64, v.get("IN", 128), n};
}

void timeVariant(const std::string& folder, const Variant& v) {
  cudaKernel_t kernel = load(folder, v);
  Layer layer(v, benchmarkSize(v, v.get("SIDE", 0)));
  Run run(layer, kernel);
  const double error = check(run, 24, nullptr);
  const float ms = medianMs(run, 15);
  const Size& s = layer.s;
  double flops = 2.0 * s.in * s.out * (v.transposed() ? 25.0 * layer.inPixels() : (double)v.kernel() * v.kernel() * layer.outPixels());
  if (v.gdn()) flops += 2.0 * s.out * s.out * layer.outPixels();
  cudaFuncAttributes a;
  CUDA(cudaFuncGetAttributes(&a, (const void*)kernel));
  printf("%-34s %3dx%d %3d->%3d %7.3f ms %6.1f TFLOP/s error %.1e regs %d spill %zu shared %d\n", v.name.c_str(), s.height, s.width, s.in, s.out, ms, flops / ms / 1e9, error,
         a.numRegs, a.localSizeBytes, v.shared());
  fflush(stdout);
}

int main(int count, char** arguments) {
  const std::string folder = arguments[1], mode = arguments[2];
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    Variant v;
    if (!(words >> v.name) || v.name[0] == '#') continue;
    std::string option;
    while (words >> option) {
      const size_t equals = option.find('=');
      v.options[option.substr(2, equals - 2)] = atoi(option.c_str() + equals + 1);
    }
    if (mode == "time") timeVariant(folder, v);
    else checkVariant(folder, v, mode == "quick");
  }
  printf("%d failures\n", failures);
  return failures != 0;
}
