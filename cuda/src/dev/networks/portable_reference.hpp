// A layer in float64 for single output pixels, written from docs/FORMAT.md, and the layouts that
// conv_portable_parameters.cuh asks of the host.
#pragma once
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>
#include "../../main/cuda/conv_portable_parameters.cuh"

inline int roundUp(int v, int to) { return (v + to - 1) / to * to; }

/// What the options name.
struct Variant {
  std::string name;
  std::map<std::string, int> options;
  int get(const std::string& key, int other) const {
    auto found = options.find(key);
    return found == options.end() ? other : found->second;
  }
  int precision() const { return get("CONV_PRECISION", CONV_F16); }
  int output() const { return get("CONV_OUTPUT", precision()); }
  int activation() const { return get("CONV_ACTIVATION", CONV_GDN); }
  bool gdn() const { return activation() == CONV_GDN || activation() == CONV_INVERSE_GDN; }
  bool transposed() const { return get("CONV_TRANSPOSED", 0) != 0; }
  int kernel() const { return get("CONV_KERNEL", 5); }
  int stride() const { return get("CONV_STRIDE", 2); }
  int channels() const { return get("CONV_CHANNELS", 128); }
  int rowBytes() const { return get("CONV_ROW_BYTES", 128); }
  int warps() const { return get("CONV_WARPS", 4); }
  int blockPixels() const { return warps() * get("CONV_WARP_ROWS", 32); }
  int stages() const { return get("CONV_STAGES", 3); }
  int shared() const { return stages() * (blockPixels() + channels()) * rowBytes() + blockPixels() * 12; }
  int step() const { return rowBytes() / (precision() == CONV_F16 ? 2 : precision() == CONV_E4M3 ? 1 : 4); }
};

struct Size {
  int tiles, height, width, in, out;   // of the input; channels without padding
};

// A value of an input by its number: the same on the device.
__host__ __device__ inline float valueOf(uint64_t i) {
  uint64_t z = i * 0x9e3779b97f4a7c15ull + 0x1234567;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  z ^= z >> 31;
  const float v = (float)(int)(z & 0xffffff) / 8388608.f - 1;
  return v * (float)(1 << (z >> 24 & 3)) * ((z >> 26 & 63) == 0 ? 4.f : 0.5f);
}

inline float stored(float v, int precision) {
  if (precision == CONV_F16) return __half2float(__float2half_rn(v));
  if (precision == CONV_E4M3) return (float)__nv_fp8_e4m3(v);
  return v;
}

/// Weights and what belongs to them, in float64, as the kernel's operands hold them.
struct Layer {
  Variant v;
  Size s;
  std::vector<double> weights;   // [ky][kx][in][out], real values
  std::vector<double> gamma;     // [i][j]
  std::vector<float> bias, beta, medians, scale, weightFactor;
  float gammaFactor = 1, inputScale = 1, outputScale = 1, slope = 0.01f;

  int inPadded() const { return roundUp(s.in, 16); }
  int np() const { return v.channels(); }
  int outHeight() const { return v.transposed() ? 2 * s.height : (s.height - 1) / v.stride() + 1; }
  int outWidth() const { return v.transposed() ? 2 * s.width : (s.width - 1) / v.stride() + 1; }
  uint64_t outPixels() const { return (uint64_t)s.tiles * outHeight() * outWidth(); }
  uint64_t inPixels() const { return (uint64_t)s.tiles * s.height * s.width; }
  double& weight(int o, int i, int ky, int kx) { return weights[(((size_t)ky * v.kernel() + kx) * s.in + i) * s.out + o]; }

  Layer(const Variant& variant, const Size& size) : v(variant), s(size) {
    const int k = v.kernel();
    weights.resize((size_t)s.out * s.in * k * k);
    bias.assign(np(), 0);
    beta.assign(np(), 1);
    scale.assign(np(), 0);
    medians.assign(s.out, 0);
    weightFactor.assign(np(), 1);
    if (v.precision() == CONV_E4M3) inputScale = 0.25f;
    const double spread = 1.5 / std::sqrt((double)s.in * k * k / (v.transposed() ? 4 : 1));
    for (int o = 0; o < s.out; o++) {
      double largest = 0;
      for (size_t i = 0; i < (size_t)s.in * k * k; i++) {
        double w = valueOf(1000003ull * o + i) * spread * (1 + o % 3);
        weights[i * s.out + o] = w;
        largest = std::max(largest, std::fabs(w));
      }
      float factor = 1;
      if (v.precision() == CONV_E4M3) factor = (float)(448 / largest);
      if (v.precision() == CONV_F32) factor = std::ldexp(1.f, 13 - std::ilogb(largest));
      weightFactor[o] = factor;
      scale[o] = (v.precision() == CONV_E4M3 ? inputScale : 1) / factor;
      for (size_t i = 0; i < (size_t)s.in * k * k; i++) {
        double& w = weights[i * s.out + o];
        if (v.precision() == CONV_E4M3) w = stored((float)w * factor, CONV_E4M3) / (double)factor;
        else w = stored((float)w, v.precision());
      }
      bias[o] = valueOf(77 + o) * 0.1f;
      beta[o] = 0.5f + std::fabs(valueOf(99 + o)) * 0.2f;
      medians[o] = valueOf(55 + o);
    }
    gamma.assign((size_t)np() * np(), 0);
    gammaFactor = v.precision() == CONV_F32 ? 4096.f : 8;
    for (int i = 0; i < s.out; i++)
      for (int j = 0; j < s.out; j++) {
        float g = std::fabs(valueOf(5000011ull * i + j)) * (i == j ? 0.1f : 0.02f);
        gamma[(size_t)i * np() + j] = v.precision() == CONV_F32 ? g : stored(g * gammaFactor, CONV_F16) / gammaFactor;
      }
    if (v.output() == CONV_E4M3) outputScale = v.activation() == CONV_GDN ? 16 : 0.125f;
  }

  /// Input value of a channel as the layer reads it.
  double input(uint64_t pixel, int c) const {
    return stored(valueOf(pixel * inPadded() + c), v.precision()) * (double)inputScale;
  }

  /// All channels of one output pixel.
  std::vector<double> pixel(int tile, int oy, int ox) {
    const int k = v.kernel(), pad = k / 2;
    std::vector<double> x(s.out), y(s.out), in(s.in);
    for (int o = 0; o < s.out; o++) x[o] = bias[o];
    for (int ky = 0; ky < k; ky++)
      for (int kx = 0; kx < k; kx++) {
        int iy, ix;
        if (v.transposed()) {
          iy = oy + 2 - ky;
          ix = ox + 2 - kx;
          if (iy & 1 || ix & 1) continue;
          iy /= 2;
          ix /= 2;
        } else {
          iy = oy * v.stride() + ky - pad;
          ix = ox * v.stride() + kx - pad;
        }
        if (iy < 0 || ix < 0 || iy >= s.height || ix >= s.width) continue;
        const uint64_t at = ((uint64_t)tile * s.height + iy) * s.width + ix;
        for (int c = 0; c < s.in; c++) in[c] = input(at, c);
        for (int c = 0; c < s.in; c++)
          for (int o = 0; o < s.out; o++) x[o] += in[c] * weight(o, c, ky, kx);
      }
    for (int i = 0; i < s.out; i++) {
      double norm = beta[i];
      if (v.gdn()) for (int j = 0; j < s.out; j++) norm += gamma[(size_t)i * np() + j] * x[j] * x[j];
      y[i] = v.activation() == CONV_GDN ? x[i] / std::sqrt(norm) : v.activation() == CONV_INVERSE_GDN ? x[i] * std::sqrt(norm) : x[i];
      if (v.activation() == CONV_RELU && y[i] < 0) y[i] *= slope;
    }
    return y;
  }

  static int order(int p) { return 4 * (p % 8 / 2) + 2 * (p / 8) + p % 2; }

  std::vector<uint8_t> packedWeights() {
    const int step = v.step(), row = v.rowBytes(), cp = inPadded();
    std::vector<uint8_t> all;
    for (int phase = 0; phase < (v.transposed() ? 4 : 1); phase++) {
      const int py = phase / 2, px = phase % 2;
      const int down = v.transposed() ? 3 - py : v.kernel(), across = v.transposed() ? 3 - px : v.kernel();
      const int sum = down * across * cp, steps = (sum + step - 1) / step;
      const size_t base = all.size();
      all.resize(base + (size_t)steps * np() * row, 0);
      for (int at = 0; at < sum; at++) {
        const int k = v.precision() == CONV_F32 ? at / 16 * 16 + order(at % 16) : at, tap = k / cp, c = k % cp;
        const int ky = v.transposed() ? py + 2 * (tap / across) : tap / across, kx = v.transposed() ? px + 2 * (tap % across) : tap % across;
        if (c >= s.in) continue;
        for (int n = 0; n < np(); n++) {
          const int o = n / 16 * 16 + order(n % 16);
          if (o >= s.out) continue;
          uint8_t* to = &all[base + ((size_t)(at / step) * np() + n) * row];
          const float w = (float)(weight(o, c, ky, kx) * (v.precision() == CONV_F16 ? 1 : weightFactor[o]));
          if (v.precision() == CONV_E4M3) {
            to[at % step] = __nv_fp8_e4m3(w).__x;
          } else {
            const __half high = __float2half_rn(w), low = __float2half_rn(w - __half2float(high));
            memcpy(to + at % step * 2, &high, 2);
            if (v.precision() == CONV_F32) memcpy(to + (step + at % step) * 2, &low, 2);
          }
        }
      }
    }
    return all;
  }

  std::vector<__half> packedGamma() {
    const int n = np(), parts = v.precision() == CONV_F32 ? 2 : 1;
    std::vector<__half> all((size_t)parts * n * n);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        const float g = (float)(gamma[(size_t)(i / 16 * 16 + order(i % 16)) * n + j / 16 * 16 + order(j % 16)] * gammaFactor);
        all[(size_t)i * n + j] = __float2half_rn(g);
        if (parts == 2) all[(size_t)(n + i) * n + j] = __float2half_rn(g - __half2float(all[(size_t)i * n + j]));
      }
    return all;
  }
};
