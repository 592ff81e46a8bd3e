// The compact and the compatible profile on the CPU, written from FORMAT.md with plain divisions:
// what the kernels are compared with.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

struct Table {
  int32_t offset;
  std::vector<uint32_t> c;  // 0 ... 65536
  int escape() const { return (int)c.size() - 2; }
};

struct Layout {
  int tiles, channels, height, width, p, rows;
  int groups() const { return (channels + p - 1) / p; }
  int bands() const { return (height + rows - 1) / rows; }
  int streams() const { return groups() * bands(); }
};

struct Batch {
  Layout layout;
  std::vector<int32_t> symbols;   // tiles x channels x height x width
  std::vector<uint16_t> indexes;  // empty: the table of a symbol is its channel's
  std::vector<Table> tables;
  std::vector<uint16_t> order;    // empty: identity
  std::vector<uint16_t> stored;   // frequencies of dead per channel; empty: derived
};

inline uint32_t surprise(const Table& t) {
  int s = -t.offset;
  if (s < 0 || s >= t.escape()) return 65536;
  return (uint32_t)std::llrint(4096 * std::log2(65536.0 / (t.c[s + 1] - t.c[s])));
}

inline std::vector<uint64_t> powers() {
  std::vector<uint64_t> v(321);
  for (int i = 0; i <= 256; i++) v[i] = (uint64_t)std::llrintl(std::exp2l(32 - i / 16.0L));
  for (int k = 0; k < 64; k++) v[257 + k] = (uint64_t)std::llrintl(std::exp2l(16 - k / 1024.0L));
  return v;
}

inline uint32_t deadFrequency(uint64_t s) {
  static const std::vector<uint64_t> v = powers();
  uint64_t i = std::min<uint64_t>(s >> 8, 256), k = i == 256 ? 0 : (s >> 2) & 63;
  return (uint32_t)std::clamp<uint64_t>(v[i] * v[257 + k] >> 32, 1, 65535);
}

/// kind 0 identity, 1 active first, 2 dealt.
inline std::vector<uint16_t> channelOrder(const std::vector<Table>& tables, int channels, int p, int kind) {
  std::vector<uint16_t> byActivity(channels), order;
  std::iota(byActivity.begin(), byActivity.end(), 0);
  if (kind == 0) return {};
  std::stable_sort(byActivity.begin(), byActivity.end(), [&](int a, int b) { return surprise(tables[a]) > surprise(tables[b]); });
  if (kind == 1) return byActivity;
  int k = (channels + p - 1) / p, turn = 0;
  std::vector<std::vector<uint16_t>> streams(k);
  for (uint16_t c : byActivity) {
    auto full = [&](int s) { return (int)streams[s].size() >= (s == k - 1 ? channels - (k - 1) * p : p); };
    while (full(turn)) turn = (turn + 1) % k;
    streams[turn].push_back(c);
    turn = (turn + 1) % k;
  }
  for (auto& s : streams) order.insert(order.end(), s.begin(), s.end());
  return order;
}

struct Coder {
  bool compatible;
  uint64_t x;
  std::vector<uint32_t> words;  // last word first
  explicit Coder(bool compatible) : compatible(compatible), x(compatible ? 1ull << 31 : 0) {}
  void emit() {
    words.push_back((uint32_t)(compatible ? x & 0xffffffff : x & 0xffff));
    x >>= compatible ? 32 : 16;
  }
  void put(uint32_t start, uint32_t f) {
    if (x >= (uint64_t)f << (compatible ? 47 : 16)) emit();
    x = (x / f << 16) + x % f + start;
  }
  void digit(uint32_t d) {
    if (x >= 1ull << (compatible ? 59 : 28)) emit();
    x = x << 4 | d;
  }
  void symbol(int32_t symbol, const Table& t) {
    int32_t value = (int32_t)((uint32_t)symbol - (uint32_t)t.offset);
    int e = t.escape(), s = value;
    if (value < 0 || value >= e) {
      s = e;
      uint32_t raw = value < 0 ? (uint32_t)-2 * (uint32_t)value - 1 : 2 * ((uint32_t)value - (uint32_t)e);
      int n = 0;
      while (n < 8 && raw >> 4 * n) n++;
      for (int j = n - 1; j >= 0; j--) digit(raw >> 4 * j & 15);
      digit(n);
    }
    put(t.c[s], t.c[s + 1] - t.c[s]);
  }
  void finish() {
    if (compatible) {
      words.push_back((uint32_t)(x >> 32));
      words.push_back((uint32_t)x);
    } else {
      if (x >= 65536) emit();
      if (x > 0) words.push_back((uint32_t)x);
    }
    std::reverse(words.begin(), words.end());
  }
};

/// Words of stream `part` of a tile, in stream order.
inline std::vector<uint32_t> encodeStream(const Batch& b, int tile, int part, bool compatible) {
  const Layout& l = b.layout;
  int group = part / l.bands(), band = part % l.bands(), row0 = band * l.rows, rows = std::min(l.rows, l.height - row0);
  int first = group * l.p, count = std::min(l.p, l.channels - first), n = rows * l.width;
  auto at = [&](int position) {
    int channel = b.order.empty() || compatible ? position : b.order[position];
    return (((size_t)tile * l.channels + channel) * l.height + row0) * l.width;
  };
  auto table = [&](int position, size_t index) -> const Table& {
    return b.tables[b.indexes.empty() ? (b.order.empty() || compatible ? position : b.order[position]) : b.indexes[index]];
  };
  Coder coder(compatible);
  std::vector<bool> alive(count, compatible);
  for (int j = 0; j < count; j++)
    for (int i = 0; i < n; i++) if (b.symbols[at(first + j) + i]) alive[j] = true;
  for (int j = count - 1; j >= 0; j--)
    for (int i = n - 1; alive[j] && i >= 0; i--) coder.symbol(b.symbols[at(first + j) + i], table(first + j, at(first + j) + i));
  for (int j = count - 1; !compatible && j >= 0; j--) {
    uint64_t s = 0;
    for (int i = 0; i < n; i++) s += surprise(table(first + j, at(first + j) + i));
    uint32_t dead = b.stored.empty() ? deadFrequency(s) : b.stored[b.order.empty() ? first + j : b.order[first + j]];
    if (alive[j]) coder.put(dead, 65536 - dead); else coder.put(0, dead);
  }
  coder.finish();
  return coder.words;
}

inline uint32_t symbolCheck(const Batch& b, int tile) {
  uint32_t sum = 0, n = b.layout.channels * b.layout.height * b.layout.width;
  for (uint32_t i = 0; i < n; i++) {
    int32_t s = b.symbols[(size_t)tile * n + i];
    if (s == 0) continue;
    uint32_t h = (uint32_t)s * 0x9E3779B1u + i * 0x85EBCA77u + 0x165667B1u;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    sum += h ^ h >> 16;
  }
  return sum;
}
