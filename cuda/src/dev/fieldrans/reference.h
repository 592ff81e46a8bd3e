// rANS of residuals on the CPU, value by value as FORMAT.md says it: the other side of the check.
#pragma once
#include <cstdint>
#include <cmath>
#include <algorithm>
#include <vector>

namespace fieldrans {

const int PLACES = 4096;

struct Table {
  int lowest = 0;
  std::vector<uint32_t> frequencies;  // without the escape
  std::vector<uint32_t> starts() const {
    std::vector<uint32_t> c(1, 0);
    for (uint32_t f : frequencies) c.push_back(c.back() + f);
    c.push_back(65536);
    return c;
  }
  uint32_t dead() const {
    int zero = -lowest;
    if (zero < 0 || zero >= (int)frequencies.size()) return 1;
    double bits = std::round(4096 * std::log2(65536.0 / frequencies[zero]));  // cost of one zero / 4096
    return bits >= 16 ? 1 : std::min(65536u >> (int)bits, 65535u);
  }
};

inline int classOf(const int32_t* r) {
  uint64_t sum = 0;
  for (int i = 0; i < PLACES; i++) sum += (uint32_t)(r[i] << 1) ^ (uint32_t)(r[i] >> 31);
  uint64_t mean = (sum + PLACES - 1) / PLACES;
  int bits = 0;
  while (mean >> bits) bits++;
  return std::min(bits, 15);
}

inline Table measure(const std::vector<uint64_t>& counts, uint64_t outside) {
  int low = 2048, high = 2048;
  uint64_t total = outside;
  for (int i = 0; i < 4096; i++) {
    total += counts[i];
    if (counts[i]) low = std::min(low, i), high = std::max(high, i);
  }
  uint64_t escaped = outside;
  while (low < high) {
    bool takeHigh = high > 2048 && (low == 2048 || counts[high] <= counts[low]);
    uint64_t n = counts[takeHigh ? high : low];
    if (n > 0 && escaped + n > total / 4096) break;
    escaped += n;
    takeHigh ? high-- : low++;
  }
  Table t;
  t.lowest = low - 2048;
  uint64_t n = high - low + 1, spare = 65535 - n, left = 65536 - (1 + escaped * spare / total);
  int best = low;
  for (int i = low; i <= high; i++) {
    t.frequencies.push_back((uint32_t)(1 + counts[i] * spare / total));
    left -= t.frequencies.back();
    if (counts[i] > counts[best]) best = i;
  }
  t.frequencies[best - low] += (uint32_t)left;
  return t;
}

struct Coder {
  uint32_t x = 0;
  std::vector<uint16_t> reversed;
  void emit() { reversed.push_back((uint16_t)x); x >>= 16; }
  void put(uint32_t start, uint32_t f) {
    if (x >= (uint64_t)f << 16) emit();
    x = x / f * 65536 + x % f + start;
  }
  void digit(uint32_t d) {
    if (x >= 1u << 28) emit();
    x = 16 * x + d;
  }
};

struct Chunk {
  std::vector<int> classes;
  Table tables[16];
  std::vector<std::vector<uint16_t>> streams;
};

// Codes a chunk of residuals; class 0 has a table of its own that is not measured.
inline Chunk encode(const int32_t* residuals, int blocks, int blocksPerStream) {
  Chunk chunk;
  std::vector<std::vector<uint64_t>> counts(16, std::vector<uint64_t>(4096));
  uint64_t outside[16] = {};
  bool occurs[16] = {};
  for (int b = 0; b < blocks; b++) {
    int c = classOf(residuals + b * PLACES);
    chunk.classes.push_back(c);
    occurs[c] = true;
    for (int i = 0; i < PLACES; i++) {
      int64_t bin = (int64_t)residuals[b * PLACES + i] + 2048;
      if (bin >= 0 && bin < 4096) counts[c][bin]++; else outside[c]++;
    }
  }
  for (int c = 1; c < 16; c++) if (occurs[c]) chunk.tables[c] = measure(counts[c], outside[c]);
  chunk.tables[0].frequencies = {65535};
  for (int first = 0; first < blocks; first += blocksPerStream) {
    int end = std::min<int64_t>(blocks, (int64_t)first + blocksPerStream);
    Coder coder;
    for (int b = end - 1; b >= first; b--) {
      const Table& t = chunk.tables[chunk.classes[b]];
      if (chunk.classes[b] == 0) continue;
      std::vector<uint32_t> c = t.starts();
      uint32_t escape = t.frequencies.size();
      for (int i = PLACES - 1; i >= 0; i--) {
        uint32_t value = (uint32_t)residuals[b * PLACES + i] - (uint32_t)t.lowest;
        if (value >= escape) {
          uint32_t raw = (int32_t)value < 0 ? (uint32_t)-2 * value - 1 : 2 * (value - escape);
          int n = 0;
          while (n < 8 && raw >> 4 * n) n++;
          for (int d = n - 1; d >= 0; d--) coder.digit(raw >> 4 * d & 15);
          coder.digit(n);
          value = escape;
        }
        coder.put(c[value], c[value + 1] - c[value]);
      }
    }
    for (int b = end - 1; b >= first; b--) {
      uint32_t dead = chunk.tables[chunk.classes[b]].dead();
      chunk.classes[b] == 0 ? coder.put(0, dead) : coder.put(dead, 65536 - dead);
    }
    if (coder.x >= 65536) coder.emit();
    if (coder.x) coder.emit();
    std::reverse(coder.reversed.begin(), coder.reversed.end());
    chunk.streams.push_back(coder.reversed);
  }
  return chunk;
}

}  // namespace fieldrans
