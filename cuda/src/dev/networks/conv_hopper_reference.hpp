// What conv_hopper computes, one output pixel at a time in float64, from the operands as they are stored.
#pragma once
#include <cmath>
#include <cstdint>
#include <vector>
#include "../../main/cuda/conv_hopper_parameters.cuh"

inline float halfToFloat(uint16_t h) {
  int e = h >> 10 & 31, m = h & 1023;
  float v = e == 31 ? (m ? NAN : INFINITY) : e ? std::ldexp(1024.f + m, e - 25) : std::ldexp((float)m, -24);
  return h >> 15 ? -v : v;
}

/// Rounds to nearest even, saturating.
inline uint16_t floatToHalf(double v) {
  uint16_t sign = std::signbit(v) ? 0x8000 : 0;
  v = std::fabs(v);
  if (v >= 65504) return sign | 0x7bff;
  int e = v < 0x1p-14 ? -14 : std::ilogb(v);
  double m = std::nearbyint(std::ldexp(v, 10 - e));  // 1024 ... 2048, or a subnormal
  if (m == 0) return sign;
  return sign | (uint16_t)((e + 14) * 1024 + (int)m);
}

inline float e4m3ToFloat(uint8_t b) {
  int e = b >> 3 & 15, m = b & 7;
  float v = e == 15 && m == 7 ? NAN : e ? std::ldexp(8.f + m, e - 10) : std::ldexp((float)m, -9);
  return b >> 7 ? -v : v;
}

inline uint8_t floatToE4m3(double v) {
  uint8_t sign = std::signbit(v) ? 0x80 : 0;
  v = std::fabs(v);
  if (v >= 448) return sign | 0x7e;
  int e = v < 0x1p-6 ? -6 : std::ilogb(v);
  double m = std::nearbyint(std::ldexp(v, 3 - e));
  return sign | (uint8_t)((e + 6) * 8 + (int)m);
}

inline uint32_t mix(uint64_t i) {
  uint32_t h = (uint32_t)i * 0x9e3779b1u ^ (uint32_t)(i >> 32) * 0x85ebca6bu;
  h = (h ^ h >> 15) * 0x2c1b3c6du;
  h = (h ^ h >> 12) * 0x297a2d39u;
  return h ^ h >> 15;
}

/// What a kernel was compiled for; the names are those of its options.
struct Variant {
  int kind, e4m3, input, width, tiles, blocks, groups, activation, store;
  bool normalizes() const { return activation == ACTIVATION_GDN || activation == ACTIVATION_INVERSE_GDN; }
  bool planar() const { return store == STORE_PLANAR_F32 || store == STORE_PLANAR_SYMBOLS; }
  int bytes() const { return e4m3 ? 1 : 2; }
  int side() const { return kind == CONV_SAME ? 3 : 5; }
};

/// A layer and its data. Inputs follow from a hash of their index, so that the host needs no copy of them.
struct Layer {
  Variant v;
  int images, height, width;  // of the input
  int in, out;                // true channels
  double inputScale;          // real value = stored * scale
  double outputScale;
  std::vector<uint16_t> codes;  // 4096 stored input values
  std::vector<float> values;    // the same, decoded
  std::vector<float> weights;   // stored values [out][ky][kx][in]
  std::vector<double> weightScale, bias, beta, gamma, median;

  int outHeight() const { return v.kind == CONV_STRIDE2 ? height / 2 : v.kind == CONV_TRANSPOSED ? height * 2 : height; }
  int outWidth() const { return v.kind == CONV_STRIDE2 ? width / 2 : v.kind == CONV_TRANSPOSED ? width * 2 : width; }

  /// Real output values of one pixel, before the output's rounding and scale.
  std::vector<double> pixel(int image, int oy, int ox) const {
    const int side = v.side();
    std::vector<double> x(out), y(out);
    for (int o = 0; o < out; o++) x[o] = 0;
    for (int ky = 0; ky < side; ky++) {
      for (int kx = 0; kx < side; kx++) {
        int iy, ix;
        if (v.kind == CONV_TRANSPOSED) {  // oy = 2 iy - 2 + ky
          if ((oy + 2 - ky) % 2 || (ox + 2 - kx) % 2) continue;
          iy = (oy + 2 - ky) / 2;
          ix = (ox + 2 - kx) / 2;
        } else {
          const int stride = v.kind == CONV_STRIDE2 ? 2 : 1;
          iy = oy * stride + ky - side / 2;
          ix = ox * stride + kx - side / 2;
        }
        if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
        std::vector<float> pixelValues(in);
        const uint64_t first = (((uint64_t)image * height + iy) * width + ix) * v.input;
        for (int c = 0; c < in; c++) pixelValues[c] = values[mix(first + c) & 4095];
        for (int o = 0; o < out; o++) {
          const float* w = &weights[((size_t)(o * side + ky) * side + kx) * in];
          double sum = 0;
          for (int c = 0; c < in; c++) sum += (double)w[c] * pixelValues[c];
          x[o] += sum;
        }
      }
    }
    for (int o = 0; o < out; o++) x[o] = x[o] * weightScale[o] * inputScale + bias[o];
    for (int o = 0; o < out; o++) {
      double norm = 1;
      if (v.normalizes()) {
        norm = beta[o];
        for (int j = 0; j < out; j++) norm += gamma[(size_t)o * out + j] * x[j] * x[j];
        norm = v.activation == ACTIVATION_GDN ? 1 / std::sqrt(norm) : std::sqrt(norm);
      }
      y[o] = x[o] * norm;
      if (v.activation == ACTIVATION_RELU && y[o] < 0) y[o] = 0;
      if (v.activation == ACTIVATION_LEAKY_RELU && y[o] < 0) y[o] *= 0.01;
    }
    return y;
  }
};
