// Normalizers on the CPU, one value at a time, and how they are measured: what stands before the
// quantizer of reference.hpp.
#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace reference {

struct Stage { int kind; double scale; };  // 1 log10, 2 log1p, 3 asinh

// What happens to a plane after the stages.
struct Map {
  double offset = 0, width = 1;
  double scale = 1;   // 1/4 where limits are so large that sums could overflow
  bool flat = false;  // all values become 0 and come back as offset
};

struct Normalizer {
  std::vector<Stage> stages;
  double lowest = -HUGE_VAL, highest = HUGE_VAL;  // between these, without them
  bool affine = false, clamps = false;
  std::vector<Map> maps;  // one for all planes, or one for each

  bool accepts(double x) const { return x > lowest && x < highest; }
  const Map& map(int plane) const { return maps[maps.size() == 1 ? 0 : plane]; }

  double stagesOf(double x) const {
    for (const Stage& s : stages)
      x = s.kind == 1 ? decimalLogarithm(x) : s.kind == 2 ? logarithmOnePlus(x) : inverseSinh(x, s.scale, naturalLogarithm(s.scale));
    return x;
  }

  double forward(int plane, double x) const {
    if (!affine) return stagesOf(x);
    const Map& m = map(plane);
    if (m.flat) return 0;
    double y = (stagesOf(x) * m.scale - m.offset) / m.width;
    return clamps ? std::fmax(0, std::fmin(1, y)) : y;
  }

  double backward(int plane, double y) const {
    if (affine) {
      const Map& m = map(plane);
      if (m.flat) return m.offset;
      if (clamps) y = std::fmax(0, std::fmin(1, y));
      y = (y * m.width + m.offset) * (1 / m.scale);
      y = std::fmax(-LARGEST_DOUBLE, std::fmin(LARGEST_DOUBLE, y));
    }
    for (size_t i = stages.size(); i-- > 0;) {
      const Stage& s = stages[i];
      y = s.kind == 1 ? powerOfTen(y) : s.kind == 2 ? exponentialMinusOne(y) : scaledSinh(y, s.scale, naturalLogarithm(s.scale));
    }
    return y;
  }
};

// From a comma list: log10, log1p, asinh:SCALE, minmax:slice, meanstd:slice, meanstd:field. Limits
// are not rounded as those of a file are: any are valid.
inline Normalizer parseNormalizer(const std::string& text) {
  Normalizer n;
  for (size_t at = 0; at < text.size();) {
    std::string part = text.substr(at, text.find(',', at) - at);
    at += part.size() + 1;
    if (part == "log10") n.stages.push_back({1, 1});
    else if (part == "log1p") n.stages.push_back({2, 1});
    else if (part.rfind("asinh", 0) == 0) n.stages.push_back({3, part.size() > 6 ? std::stod(part.substr(6)) : 1});
    else {
      n.affine = true;
      n.clamps = part.rfind("minmax", 0) == 0;
      n.maps.resize(part.find(":field") == std::string::npos ? 2 : 1);
    }
  }
  // log10 takes what is above 0, of whatever the stages before it make of a value; log1p what is above -1
  double low = -HUGE_VAL;
  for (size_t i = n.stages.size(); i-- > 0;) {
    Normalizer one;
    one.stages.push_back(n.stages[i]);
    low = std::isinf(low) ? low : one.backward(0, low);
    if (n.stages[i].kind < 3) low = std::fmax(low, n.stages[i].kind == 1 ? 0 : -1);
  }
  n.lowest = low;
  return n;
}

// Measures planes of `values` numbers each; `number(i)` is the i-th, NaN where it does not count.
template <class F>
void measure(Normalizer& n, int planes, long values, F number) {
  if (!n.affine) return;
  bool whole = n.maps.size() == 1;
  n.maps.assign(whole ? 1 : planes, {});
  for (size_t m = 0; m < n.maps.size(); m++) {
    long first = whole ? 0 : (long)m * values, last = whole ? planes * values : first + values;
    double low = HUGE_VAL, high = -HUGE_VAL, sum = 0, squares = 0, some = 0;
    long count = 0;
    for (long i = first; i < last; i++) {
      double x = number(i);
      if (!std::isfinite(x) || !n.accepts(x)) continue;
      double y = n.stagesOf(x);
      low = std::fmin(low, y);
      high = std::fmax(high, y);
      sum += y;
      squares += y * y;
      some = x;
      count++;
    }
    Map& map = n.maps[m];
    if (!(low < high)) {
      map.flat = true;
      map.offset = count > 0 ? some : 0;
      continue;
    }
    if (!n.clamps) {  // mean and deviation
      double mean = sum / count;
      map.offset = mean;
      map.width = std::sqrt(std::fmax(squares / count - mean * mean, 1e-6 * std::fabs(mean)));
      if (!(std::isfinite(map.offset) && std::isfinite(map.width) && map.width > 0)) map.offset = 0, map.width = 1;
      continue;
    }
    map.scale = std::fmax(std::fabs(low), std::fabs(high)) >= 0x1p1000 ? 0.25 : 1;
    map.offset = low * map.scale;
    map.width = high * map.scale - low * map.scale;
  }
}

}  // namespace reference
