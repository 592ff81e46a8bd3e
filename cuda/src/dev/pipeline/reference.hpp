// The pipeline's chunk format on the CPU, written from FORMAT.md ("Pipelines") as plainly as possible:
// whole arrays, one value at a time. What the kernels are compared with. Compile with
// -ffp-contract=off.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

static inline double __longlong_as_double(long long v) { double d; memcpy(&d, &v, 8); return d; }
static inline long long __double_as_longlong(double d) { long long v; memcpy(&v, &d, 8); return v; }
#ifndef __device__
#define __device__
#define __forceinline__ inline
#endif
#include "../../main/cuda/elementary.cuh"
#include "normalizers.hpp"

namespace reference {

enum Type { I8, I16, I32, I64, U8, U16, U32, F32, F64 };
enum Kind { AFFINE, POINTWISE, REFERENCE };
inline int bytesOf(Type t) {
  return t == I8 || t == U8 ? 1 : t == I16 || t == U16 ? 2 : t == I64 || t == F64 ? 8 : 4;
}

struct Quantizer {
  Type type;
  Kind kind;
  double offset, step, bound, scale;
  bool filled = false;
  uint64_t fill = 0;
  bool normalized = false;  // then only of kind AFFINE
  Normalizer normalizer;
};

struct Shape { int d, h, w; };

// One value of a chunk, in all the forms that the quantizer needs.
struct Value {
  uint64_t bits;
  double number;   // nearest binary64
};

inline Value valueAt(const uint8_t* data, size_t i, Type t) {
  Value v{0, 0};
  memcpy(&v.bits, data + i * bytesOf(t), bytesOf(t));
  switch (t) {
    case I8: v.number = (int8_t)v.bits; break;
    case I16: v.number = (int16_t)v.bits; break;
    case I32: v.number = (int32_t)v.bits; break;
    case I64: v.number = (double)(int64_t)v.bits; break;
    case U8: case U16: case U32: v.number = (double)v.bits; break;
    case F32: { float f; memcpy(&f, &v.bits, 4); v.number = f; break; }
    case F64: memcpy(&v.number, &v.bits, 8);
  }
  return v;
}

inline uint64_t toType(double v, Type t) {
  static const double lowest[] = {-128, -32768, -2147483648.0, 0, 0, 0, 0};
  static const double highest[] = {127, 32767, 2147483647.0, 0, 255, 65535, 4294967295.0};
  if (t == F64) { uint64_t b; memcpy(&b, &v, 8); return b; }
  if (t == F32) {
    float f = (float)v;
    if (f > 3.40282346638528859812e+38f) f = 3.40282346638528859812e+38f;
    if (f < -3.40282346638528859812e+38f) f = -3.40282346638528859812e+38f;
    uint32_t b; memcpy(&b, &f, 4); return b;
  }
  double r = std::nearbyint(v);
  if (t == I64) {
    if (r >= 9223372036854775808.0) return INT64_MAX;
    if (r <= -9223372036854775808.0) return (uint64_t)INT64_MIN;
    return (uint64_t)(int64_t)r;
  }
  r = std::fmax(lowest[t], std::fmin(highest[t], r));
  uint64_t mask = bytesOf(t) == 1 ? 0xff : bytesOf(t) == 2 ? 0xffff : 0xffffffffu;
  return (uint64_t)(int64_t)r & mask;
}

inline uint64_t restored(const Quantizer& z, int plane, int32_t q) {
  double v;
  if (z.normalized) {
    v = z.normalizer.backward(plane, z.offset + q * z.step);
  } else if (z.kind == AFFINE) {
    v = z.offset + q * z.step;
  } else if (z.kind == REFERENCE) {
    v = z.offset + (q * z.step) * (1 / z.scale);
  } else if (q == 0) {
    v = 0;
  } else {
    v = exponential(z.offset + (std::fabs((double)q) - 1) * z.step);
    if (q < 0) v = -v;
  }
  return toType(v, z.type);
}

inline bool symbolOf(const Quantizer& z, int plane, const Value& v, int32_t& q) {
  double x = v.number;
  if (z.normalized) {
    if (!z.normalizer.accepts(x)) return false;
    x = z.normalizer.forward(plane, x);
  }
  double inverse = 1 / z.step;
  if (!std::isfinite(x) || (z.filled && v.bits == z.fill)) return false;
  if (z.kind == REFERENCE) {
    double k = std::floor((x - z.offset) * z.scale * inverse + 0.5);
    q = (int32_t)std::fmax(-32768, std::fmin(32767, k));
  } else if (z.kind == POINTWISE && x == 0) {
    q = 0;
  } else if (z.kind == POINTWISE) {
    double k = std::nearbyint((naturalLogarithm(std::fabs(x)) - z.offset) * inverse);
    if (!(k >= 0 && k < 1073741824.0)) return false;
    q = (int32_t)k + 1;
    if (x < 0) q = -q;
  } else {
    double t = (x - z.offset) * inverse;
    if (!(std::fabs(t) < 1073741824.0)) return false;
    q = (int32_t)std::nearbyint(t);
  }
  uint64_t back = restored(z, plane, q);
  if (z.filled && back == z.fill) return false;
  if (z.kind == REFERENCE) return true;
  double y = valueAt((const uint8_t*)&back, 0, z.type).number;
  if (z.normalized) {
    if (!z.normalizer.accepts(y)) return false;
    y = z.normalizer.forward(plane, y);
  }
  double d = x - y;
  if (z.type == I64 && !z.normalized) {
    __int128 whole = (__int128)(int64_t)v.bits - (int64_t)back;
    if (whole < 0) whole = -whole;
    if (z.kind == AFFINE) return whole <= (z.bound >= 0x1p63 ? (__int128)INT64_MAX : (__int128)std::floor(z.bound));
    if (whole > INT64_MAX) return false;
    d = (double)(int64_t)whole;
  }
  if (z.kind == POINTWISE) return d == 0 || std::fabs(d) < z.bound * std::fabs(x) * (1 - 0x1p-51);
  if (std::fabs(d) == z.bound) {
    double t = d - x, error = (x - (d - t)) + (-y - t);
    return error == 0;
  }
  return std::fabs(d) < z.bound;
}

struct Geometry {
  Shape s;
  int mode, blocks, by, bx;
  explicit Geometry(Shape s) : s(s) {
    mode = s.d >= 2 ? 3 : s.h >= 4 ? 2 : 1;
    bx = (s.w + 31) / 32;
    by = mode == 3 ? (s.h + 15) / 16 : (s.h + 127) / 128;
    blocks = mode == 3 ? (s.d + 7) / 8 * by * bx : mode == 2 ? by * bx : (s.d * s.h * s.w + 4095) / 4096;
  }
  // C-order index in the chunk of a place, or -1
  long index(int block, int place) const {
    int step = place / 1024, l = place / 32 % 32, j = place % 32;
    if (mode == 1) {
      long i = (long)block * 4096 + place;
      return i < (long)s.d * s.h * s.w ? i : -1;
    }
    int z = 0, y, x = block % bx * 32 + l % 8 * 4 + j % 4;
    if (mode == 3) {
      z = block / bx / by * 8 + 2 * step + j / 16;
      y = block / bx % by * 16 + l / 8 * 4 + j / 4 % 4;
    } else {
      y = block / bx * 128 + step * 32 + l / 8 * 8 + j / 4;
    }
    return z < s.d && y < s.h && x < s.w ? ((long)z * s.h + y) * s.w + x : -1;
  }
  // offset of a place within its block's own array, and that array's extents
  void box(int& bd, int& bh, int& bw) const {
    bd = mode == 3 ? 8 : 1;
    bh = mode == 3 ? 16 : mode == 2 ? 128 : 1;
    bw = mode == 1 ? 4096 : 32;
  }
  int cell(int place) const {
    int step = place / 1024, l = place / 32 % 32, j = place % 32;
    if (mode == 1) return place;
    int x = l % 8 * 4 + j % 4;
    if (mode == 3) return ((2 * step + j / 16) * 16 + l / 8 * 4 + j / 4 % 4) * 32 + x;
    return (step * 32 + l / 8 * 8 + j / 4) * 32 + x;
  }
};

inline uint32_t mix(uint32_t h) {
  h = (h ^ h >> 16) * 0x85EBCA6Bu;
  h = (h ^ h >> 13) * 0xC2B2AE35u;
  return h ^ h >> 16;
}

inline int bits(uint32_t v) { return v == 0 ? 0 : 32 - __builtin_clz(v); }

// Words of a chunk whose values lie in C order; the first word is the mode. `first` is the number of
// its first plane.
inline std::vector<uint32_t> encode(
    const Quantizer& z, int axes, Shape s, int first, const uint8_t* data, uint32_t& check) {
  Geometry g(s);
  if (axes > g.mode) axes = g.mode;
  std::vector<uint16_t> table(g.blocks + (g.blocks & 1), 0);
  std::vector<uint32_t> body;
  check = 0;
  for (int b = 0; b < g.blocks; b++) {
    std::vector<uint32_t> cube(4096, 0);
    std::vector<char> inside(4096, 0);
    std::vector<int> exact;
    int32_t last = 0;
    for (int place = 0; place < 4096; place++) {
      if (place % (g.mode == 1 ? 32 : 4) == 0) last = 0;
      long i = g.index(b, place);
      if (i < 0) continue;
      int32_t q;
      if (symbolOf(z, first + i / ((long)s.h * s.w), valueAt(data, i, z.type), q)) last = q;
      else exact.push_back(place);
      inside[g.cell(place)] = 1;
      cube[g.cell(place)] = last;
      if (last != 0) check += mix((uint32_t)last * 0x9E3779B1u + (uint32_t)i * 0x85EBCA77u + 0x165667B1u);
    }
    int bd, bh, bw;
    g.box(bd, bh, bw);
    std::vector<uint32_t> r = cube;
    int strides[] = {1, bw, bw * bh};
    int extents[] = {bw, bh, bd};
    for (int a = 0; a < axes; a++)
      for (int i = 4095; i >= 0; i--)
        if (i / strides[a] % extents[a] > 0) r[i] -= r[i - strides[a]];
    std::vector<uint32_t> u(4096);
    for (int place = 0; place < 4096; place++) {
      int i = g.cell(place);
      u[place] = inside[i] ? (r[i] << 1) ^ (uint32_t)((int32_t)r[i] >> 31) : 0;
    }
    std::vector<uint32_t> words(1, 0), payload;
    for (int step = 0; step < 4; step++) {
      int width[32], base = 32, most = 0;
      for (int l = 0; l < 32; l++) {
        uint32_t any = 0;
        for (int j = 0; j < 32; j++) any |= u[step * 1024 + l * 32 + j];
        width[l] = bits(any);
        base = width[l] < base ? width[l] : base;
        most = width[l] > most ? width[l] : most;
      }
      int planes = bits(most - base);
      words[0] |= (uint32_t)(7 * base + planes) << 8 * step;
      for (int p = 0; p < planes; p++) {
        uint32_t word = 0;
        for (int l = 0; l < 32; l++) word |= (uint32_t)((width[l] - base) >> p & 1) << l;
        words.push_back(word);
      }
      for (int l = 0; l < 32; l++) {
        size_t first = payload.size();
        payload.resize(first + width[l], 0);
        for (int j = 0; j < 32; j++)
          for (int k = 0; k < width[l]; k++) {
            int bit = j * width[l] + k;
            payload[first + bit / 32] |= (u[step * 1024 + l * 32 + j] >> k & 1) << bit % 32;
          }
      }
    }
    words.insert(words.end(), payload.begin(), payload.end());
    if (!exact.empty()) {
      words.push_back((uint32_t)exact.size());
      for (size_t i = 0; i < exact.size(); i += 2)
        words.push_back(exact[i] | (i + 1 < exact.size() ? (uint32_t)exact[i + 1] << 16 : 0));
      for (int place : exact) {
        uint64_t v = valueAt(data, g.index(b, place), z.type).bits;
        words.push_back((uint32_t)v);
        if (bytesOf(z.type) == 8) words.push_back((uint32_t)(v >> 32));
      }
    }
    table[b] = (uint16_t)(words.size() | (exact.empty() ? 0 : 0x8000));
    body.insert(body.end(), words.begin(), words.end());
  }
  std::vector<uint32_t> out(1, 0);
  for (size_t i = 0; i < table.size(); i += 2) out.push_back(table[i] | (uint32_t)table[i + 1] << 16);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

// Values of a chunk; the words are trusted (they come from encode).
inline void decode(
    const Quantizer& z, int axes, Shape s, int first, const std::vector<uint32_t>& in, uint8_t* data) {
  Geometry g(s);
  if (axes > g.mode) axes = g.mode;
  size_t at = 1 + (g.blocks + 1) / 2;
  for (int b = 0; b < g.blocks; b++) {
    uint32_t entry = in[1 + b / 2] >> b % 2 * 16 & 0xffff;
    const uint32_t* w = &in[at];
    at += entry & 0x7fff;
    const uint32_t* plane = w + 1;
    int width[128] = {};
    for (int step = 0; step < 4; step++) {
      int code = w[0] >> 8 * step & 0xff;
      for (int l = 0; l < 32; l++) {
        width[step * 32 + l] = code / 7;
        for (int p = 0; p < code % 7; p++) width[step * 32 + l] += (plane[p] >> l & 1) << p;
      }
      plane += code % 7;
    }
    std::vector<uint32_t> r(4096);
    const uint32_t* from = plane;
    for (int group = 0; group < 128; group++) {
      for (int j = 0; j < 32; j++) {
        uint32_t u = 0;
        for (int k = 0; k < width[group]; k++) {
          int bit = j * width[group] + k;
          u |= (from[bit / 32] >> bit % 32 & 1) << k;
        }
        r[g.cell(group * 32 + j)] = (u >> 1) ^ (0 - (u & 1));
      }
      from += width[group];
    }
    int bd, bh, bw;
    g.box(bd, bh, bw);
    int strides[] = {1, bw, bw * bh};
    int extents[] = {bw, bh, bd};
    for (int a = 0; a < axes; a++)
      for (int i = 0; i < 4096; i++)
        if (i / strides[a] % extents[a] > 0) r[i] += r[i - strides[a]];
    int size = bytesOf(z.type);
    for (int place = 0; place < 4096; place++) {
      long i = g.index(b, place);
      if (i < 0) continue;
      uint64_t v = restored(z, first + i / ((long)s.h * s.w), (int32_t)r[g.cell(place)]);
      memcpy(data + i * size, &v, size);
    }
    if (entry & 0x8000) {
      uint32_t n = *from++;
      const uint32_t* raw = from + (n + 1) / 2;
      for (uint32_t i = 0; i < n; i++) {
        int place = from[i / 2] >> i % 2 * 16 & 0xffff;
        uint64_t v = size == 8 ? (uint64_t)raw[2 * i + 1] << 32 | raw[2 * i] : raw[i];
        memcpy(data + g.index(b, place) * size, &v, size);
      }
    }
  }
}

}  // namespace reference
