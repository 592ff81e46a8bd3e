// Checks of the kernels against reference.h, stream by stream, on random shapes, and of what damaged
// streams do.
#pragma once
#include <random>
#include "device.h"

int failures = 0;
void fail(const char* what, const Batch& b) {
  const Layout& l = b.layout;
  if (failures++ < 20) printf("FAILED %s: %dx%dx%dx%d P=%d R=%d\n", what, l.tiles, l.channels, l.height, l.width, l.p, l.rows);
}

template <int TYPE, bool INDEXED, int STREAMS, bool WIDE = false>
void checkOne(const Batch& b, const std::vector<float>& medians, const std::vector<std::vector<uint32_t>>& want) {
  Tables d = upload(b, medians, WIDE);
  Setup s = setup(b, d, true, WIDE);
  std::vector<u8> input = typed<TYPE>(b, medians);
  Device<u8> in(input), out(input.size());
  Shape shape = {4, STREAMS, (int)std::min<u32>(s.streams, 7)};
  encode<TYPE, INDEXED, WIDE, STREAMS>(s, in.at, shape);
  pack<WIDE>(s, shape);
  decode<TYPE, INDEXED, WIDE>(s, out.at, shape);
  CUDA(cudaDeviceSynchronize());
  CUDA(cudaGetLastError());
  auto lengths = s.lengths.host();
  auto offsets = s.offsets.host();
  auto packed = s.packed.host();
  u64 at = 0;
  for (size_t i = 0; i < want.size(); i++) {
    if (lengths[i] != want[i].size() || offsets[i] != at) return fail("length", b);
    for (size_t w = 0; w < want[i].size(); w++)
      if (((typename RansProfile<WIDE>::Word*)(packed.data() + at))[w] != want[i][w]) return fail("bytes", b);
    at += lengths[i] * sizeof(typename RansProfile<WIDE>::Word);
  }
  if (offsets[want.size()] != at) fail("total", b);
  if (s.errors.host() != std::vector<u32>{0, 0}) fail("error word", b);
  if (out.host() != input) fail("decoded", b);
  auto checks = s.checks.host();
  for (int t = 0; t < b.layout.tiles; t++)
    if (checks[t] != symbolCheck(b, t) || checks[b.layout.tiles + t] != checks[t]) return fail("check", b);
}

/// Damages streams in every way and decodes: nothing may be read or written outside (compute-sanitizer
/// watches), and no damage to a length goes unnoticed.
template <bool INDEXED, bool WIDE>
void checkCorrupt(const Batch& b, const std::vector<float>& medians, std::mt19937& random) {
  Tables d = upload(b, medians, WIDE);
  Setup s = setup(b, d, false, WIDE);
  Device<i32> in(b.symbols), out(b.symbols.size());
  Shape shape = {4, 1, 1};
  encode<RANS_I32, INDEXED, WIDE, 1>(s, in.at, shape);
  pack<WIDE>(s, shape);
  auto lengths = s.lengths.host();
  auto offsets = s.offsets.host();
  auto packed = s.packed.host();
  s.decoding.packedBytes = offsets[s.streams];
  for (int kind = 0; kind < 4; kind++) {
    auto l = lengths;
    auto o = offsets;
    auto p = packed;
    if (kind == 0) for (auto& v : p) v = (u8)random();
    if (kind == 1) for (auto& v : l) v = random() % 3 ? v + random() % 5 : random();
    if (kind == 2) for (auto& v : o) v = random() % 2 ? v + random() % 9 : ((u64)random() << 32 | random());
    if (kind == 3) for (auto& v : l) v += 1;
    CUDA(cudaMemcpy(s.lengths.at, l.data(), l.size() * 4, cudaMemcpyHostToDevice));
    CUDA(cudaMemcpy(s.offsets.at, o.data(), o.size() * 8, cudaMemcpyHostToDevice));
    CUDA(cudaMemcpy(s.packed.at, p.data(), p.size(), cudaMemcpyHostToDevice));
    CUDA(cudaMemset(s.errors.at, 0, 8));
    decode<RANS_I32, INDEXED, WIDE>(s, out.at, shape);
    CUDA(cudaDeviceSynchronize());
    u32 error = s.errors.host()[1];
    if (kind == 3 && !(error & RANS_CORRUPT)) fail("longer streams were not noticed", b);
  }
}

Batch randomBatch(std::mt19937& random, int round) {
  Batch b;
  auto pick = [&](std::vector<int> v) { return v[random() % v.size()]; };
  Layout& l = b.layout;
  l.tiles = pick({1, 2, 3, 5, 9});
  l.channels = pick({1, 2, 3, 7, 24, 33, 65, 192, 320});
  l.height = pick({1, 1, 2, 3, 5, 8, 16});
  l.width = pick({1, 1, 2, 3, 7, 8, 16});
  l.p = pick({1, 2, 5, 8, 31, 64, 192, 400});
  l.rows = pick({1, 2, 3, 100, 100});
  bool indexed = random() % 3 == 0;
  int tables = indexed ? pick({1, 4, 64}) : l.channels, kind = round % 6;
  for (int t = 0; t < tables; t++) {
    Table table;
    int length = pick({2, 3, 4, 5, 9, 34, 40, 150, 600, 4096});
    if (random() % 4) length = std::min(length, 40);
    table.offset = -(int)(random() % length);
    if (random() % 10 == 0) table.offset = (int)random();
    std::vector<double> weight(length - 1);
    double sum = 0, decay = pick({1, 4, 20, 200}) / 4.0;
    for (int i = 0; i < length - 1; i++) sum += weight[i] = std::exp(-std::fabs(i + table.offset) / decay) + 1e-9;
    uint32_t left = 65536 - (length - 1);
    table.c = {0};
    for (int i = 0; i < length - 1; i++) {
      uint32_t f = 1 + (uint32_t)(weight[i] / sum * (65536 - (length - 1)));
      f = std::min(f, left + 1);
      left -= f - 1;
      table.c.push_back(table.c.back() + f);
    }
    table.c.back() = 65536;
    b.tables.push_back(table);
  }
  size_t n = (size_t)l.tiles * l.channels * l.height * l.width;
  if (indexed) for (size_t i = 0; i < n; i++) b.indexes.push_back(random() % tables);
  size_t plane = (size_t)l.height * l.width;
  bool dead = false;
  for (size_t i = 0; i < n; i++) {
    size_t c = i / plane % l.channels;
    if (i % plane == 0) dead = random() % 3 != 0;
    const Table& t = b.tables[indexed ? b.indexes[i] : c];
    uint32_t slot = random() & 0xffff;
    int s = (int)(std::upper_bound(t.c.begin(), t.c.end(), slot) - t.c.begin()) - 1;
    int32_t v = s == t.escape() ? (int32_t)((int)random() >> random() % 32) : t.offset + s;
    if (kind == 0 && dead) v = 0;
    if (kind == 1) v = 0;
    if (kind == 2) v = (int32_t)random();
    if (kind == 3 && dead) v = (int)(random() % 9) - 4;
    b.symbols.push_back(v);
  }
  int order = (int)(random() % 4);
  if (order == 3) {
    b.order.resize(l.channels);
    std::iota(b.order.begin(), b.order.end(), 0);
    std::shuffle(b.order.begin(), b.order.end(), random);
  } else {
    b.order = channelOrder(b.tables, l.channels, l.p, indexed ? 0 : order);
  }
  if (random() % 4 == 0) for (int c = 0; c < l.channels; c++) b.stored.push_back(1 + random() % 65535);
  return b;
}

void checkRandom(int rounds) {
  std::mt19937 random(7);
  int done = 0;
  for (int round = 0; round < rounds; round++) {
    Batch b = randomBatch(random, round);
    if (b.symbols.size() > 400000) continue;
    std::vector<float> medians(b.layout.channels);
    for (float& m : medians) m = (int)(random() % 64) / 128.0f - 0.25f;
    auto reference = [&](const Batch& batch, bool wide = false) {
      std::vector<std::vector<uint32_t>> want;
      for (int t = 0; t < batch.layout.tiles; t++)
        for (int i = 0; i < batch.layout.streams(); i++) want.push_back(encodeStream(batch, t, i, wide));
      return want;
    };
    auto want = reference(b);
    if (!b.indexes.empty()) {
      checkOne<RANS_I32, true, 1>(b, medians, want);
      checkOne<RANS_I32, true, 2>(b, medians, want);
      checkCorrupt<true, false>(b, medians, random);
      checkOne<RANS_I32, true, 2, true>(b, medians, reference(b, true));
      checkCorrupt<true, true>(b, medians, random);
    } else {
      checkOne<RANS_I32, false, 1>(b, medians, want);
      checkOne<RANS_I32, false, 2>(b, medians, want);
      checkOne<RANS_I32, false, 4>(b, medians, want);
      checkCorrupt<false, false>(b, medians, random);
      checkOne<RANS_I32, false, 1, true>(b, medians, reference(b, true));
      checkOne<RANS_I32, false, 4, true>(b, medians, reference(b, true));
      checkCorrupt<false, true>(b, medians, random);
      Batch small = b;
      for (int32_t& v : small.symbols) v = std::clamp(v, -500, 500);
      want = reference(small);
      checkOne<RANS_I16, false, 1>(small, medians, want);
      checkOne<RANS_F32, false, 1>(small, medians, want);
      for (float& m : medians) m = std::round(m * 4) / 4;
      checkOne<RANS_F16, false, 1>(small, medians, want);
    }
    done++;
  }
  printf("random checks: %d batches, %d failures\n", done, failures);
}
