// Checks and times variants of the networks' outer layers:  edge_workshop check|short|large|time FILE.cubin...
// check: against float64 at odd and at benchmark shapes (sampled), outputs poisoned; short: the same at one small shape,
// for compute-sanitizer; large: activations beyond 2^31 bytes; time: the benchmark's shape, median of 20 launches.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>
#include "edge_data.cuh"
#include "edge_layers.h"

static int failures = 0;

static void report(const Variant& v, const char* shape, const Error& e, double limit, bool intact, bool same) {
  bool good = e.wrong == 0 && e.relative() <= limit && intact && same && e.denominator > 0;
  failures += !good;
  printf("%-34s %-22s error %.2e (rounded %.2e) wrong %ld%s%s %s\n", v.name.c_str(), shape, e.relative(),
      e.withRounding(), e.wrong, intact ? "" : " GUARD", same ? "" : " DIFFERS", good ? "ok" : "FAILED");
  fflush(stdout);
}

static double limitOf(const Variant& v) {
  return v.activation() == F32 ? 1e-5 : v.activation() == F16 ? 2e-3 : 5e-3;
}

template <class Layer>
static void check(const Variant& v, Layer&& layer, u64 samples) {
  char shape[64];
  layer.describe(shape);
  layer.launch();
  CUDA(cudaDeviceSynchronize());
  std::vector<char> first = layer.output.read();
  bool intact = layer.output.guarded();
  layer.output.poison();
  layer.launch();
  CUDA(cudaDeviceSynchronize());
  bool same = first == layer.output.read();
  Error e = layer.compare(first, samples);
  report(v, shape, e, limitOf(v), intact, same);
}

template <class Layer>
static void time(const Variant& v, const Layer& layer, double bytes, double flops) {
  char shape[64];
  layer.describe(shape);
  cudaEvent_t begin, end;
  CUDA(cudaEventCreate(&begin));
  CUDA(cudaEventCreate(&end));
  std::vector<float> times;
  for (int i = 0; i < 25; i++) {
    CUDA(cudaEventRecord(begin));
    layer.launch();
    CUDA(cudaEventRecord(end));
    CUDA(cudaEventSynchronize(end));
    float ms;
    CUDA(cudaEventElapsedTime(&ms, begin, end));
    if (i >= 5) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  double ms = times[times.size() / 2];
  printf("%-34s %-22s %.4f ms (least %.4f) %.0f GB/s %.0f TFLOP/s\n", v.name.c_str(), shape, ms, times[0],
      bytes / ms / 1e6, flops / ms / 1e9);
  fflush(stdout);
}

static void run(const Variant& v, const std::string& mode) {
  if (v.kind == "first") {
    int n = v.n(), c = v.channelsIn();
    if (mode == "time") {
      FirstLayer layer(v, 512, 128, 128, n);
      double pixels = 512.0 * 64 * 64;
      time(v, layer, 512.0 * c * 128 * 128 * 4 + pixels * n * v.bytes(), 2 * pixels * n * (25 * c + (v.epilogue() == 1 ? n : 0)));
    } else if (mode == "large") {
      check(v, FirstLayer(v, 1100, 128, 128, n), 1500);
    } else {
      check(v, FirstLayer(v, 3, 48, 80, n - 8), 400);
      if (mode == "short") return;
      check(v, FirstLayer(v, 1, 16, 16, n), 64);
      check(v, FirstLayer(v, 7, 32, 208, n), 300);
      check(v, FirstLayer(v, c == 3 ? 160 : 40, 128, 128, n), 1500);
    }
  } else if (v.kind == "last") {
    int n = v.n(), c = v.channelsIn();
    if (mode == "time") {
      for (int rows : {64, 32, 16}) {
        LastLayer layer(v, 512, 64, 64, n, c, rows);
        double pixels = 512.0 * 64 * 64;
        time(v, layer, pixels * n * v.bytes() + pixels * c * 16, 2 * pixels * n * 25 * c);
      }
    } else if (mode == "large") {
      check(v, LastLayer(v, 1100, 64, 64, n, c, 32), 20000);
    } else {
      check(v, LastLayer(v, 3, 24, 40, n - 8, c, 10), 4000);
      if (mode == "short") return;
      check(v, LastLayer(v, 1, 8, 8, n, c, 32), 1000);
      check(v, LastLayer(v, 2, 16, 136, n, c + 1, 7), 4000);
      check(v, LastLayer(v, 2, 64, 64, n, 2 * c, 32), 4000);
      check(v, LastLayer(v, 160, 64, 64, n, c, 32), 20000);
    }
  } else {
    int n = v.n();
    if (mode == "time") {
      time(v, LoadLayer(v, 512, 64, n, 4), 512.0 * 64 * n * (4 + v.bytes()), 0);
    } else {
      check(v, LoadLayer(v, 5, 80, n - 8, 1), 1u << 30);
      if (mode == "short") return;
      check(v, LoadLayer(v, 1, 1, n, 1), 1u << 30);
      check(v, LoadLayer(v, 512, 64, n, 1), 1000000);
    }
  }
}

int main(int count, char** arguments) {
  if (count < 3) {
    fprintf(stderr, "usage: edge_workshop check|short|large|time FILE.cubin...\n");
    return 2;
  }
  for (int i = 2; i < count; i++) {
    run(loadVariant(arguments[i]), arguments[1]);
  }
  printf("%d failed\n", failures);
  return failures != 0;
}
