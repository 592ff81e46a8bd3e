// Times of the kernels and of the reference's mapping, sizes against the ideal, and the cycles of each
// phase of one warp.
#pragma once
#include <functional>
#include "../../main/cuda/rans_baseline.cu"
#include "checks.h"

float median(std::function<void(int)> run, int repeats = 50) {
  std::vector<float> times;
  cudaEvent_t a, b;
  CUDA(cudaEventCreate(&a));
  CUDA(cudaEventCreate(&b));
  for (int i = 0; i < repeats + 8; i++) {
    CUDA(cudaEventRecord(a));
    run(i);
    CUDA(cudaEventRecord(b));
    CUDA(cudaEventSynchronize(b));
    float ms;
    CUDA(cudaEventElapsedTime(&ms, a, b));
    if (i >= 8) times.push_back(ms * 1000);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

double idealBytes(const Batch& b) {
  double bits = 0;
  size_t plane = (size_t)b.layout.height * b.layout.width;
  for (size_t i = 0; i < b.symbols.size(); i++) {
    const Table& t = b.tables[i / plane % b.layout.channels];
    int v = b.symbols[i] - t.offset, e = v < 0 || v >= t.escape() ? t.escape() : v;
    bits -= std::log2((t.c[e + 1] - t.c[e]) / 65536.0);
    if (e == t.escape()) bits += 8;
  }
  return bits / 8;
}

template <int TYPE, int STREAMS, bool WIDE = false>
void timeOne(Batch& b, int p, int kind, double ideal, const std::vector<float>& medians, int warpsE, int warpsD, int resident = -1) {
  b.layout.p = p;
  b.layout.rows = b.layout.height;
  b.order = channelOrder(b.tables, b.layout.channels, p, kind);
  Tables d = upload(b, medians, WIDE);
  Setup s = setup(b, d, false, WIDE);
  std::vector<u8> input = typed<TYPE>(b, medians);
  const int sets = 4;
  std::vector<Device<u8>> in, out;
  for (int i = 0; i < sets; i++) {
    in.emplace_back(input);
    out.emplace_back(input.size());
  }
  Shape se = {warpsE, STREAMS, (int)std::min<u32>(s.streams, packBlocks)}, sd = {warpsD, 1, 1, resident < 0 ? decodeResident(b, warpsD, WIDE) : resident};
  auto whole = [&](int i) {
    encode<TYPE, false, WIDE, STREAMS>(s, in[i % sets].at, se);
    pack<WIDE>(s, se);
  };
  whole(0);
  decode<TYPE, false, WIDE>(s, out[0].at, sd);
  CUDA(cudaDeviceSynchronize());
  bool same = out[0].host() == input && s.errors.host()[1] == 0;
  u64 bytes = s.offsets.host()[s.streams];
  auto lengths = s.lengths.host();
  u64 index = 0;
  auto varint = [](u64 v) { int n = 1; while (v >>= 7) n++; return n; };
  u32 perTile = s.streams / b.layout.tiles;
  for (int t = 0; t < b.layout.tiles; t++) {
    u32 listed = perTile;
    while (!WIDE && perTile > 8 && listed > 0 && lengths[t * perTile + listed - 1] == 0) listed--;
    if (!WIDE && perTile > 8) index += varint(listed);
    for (u32 i = 0; i < listed; i++) index += varint(lengths[t * perTile + i] - (WIDE ? 2 : 0));
  }
  float te = median(whole), tk = median([&](int i) { encode<TYPE, false, WIDE, STREAMS>(s, in[i % sets].at, se); });
  float td = median([&](int i) { decode<TYPE, false, WIDE>(s, out[i % sets].at, sd); });
  double gb = b.symbols.size() * 4 / 1e3;
  printf("%s%3d | %d | %d | %d/%d | %d/%d | %4d | %7.1f us (%6.1f kernel) %6.0f GB/s | %7.1f us %6.0f GB/s | CR %6.2f %6.2f %% | %s\n", WIDE ? "compatible " : "", p, kind, TYPE, STREAMS, warpsE, warpsD, sd.resident, b.layout.tiles,
         te, tk, gb / te, td, gb / td, b.symbols.size() * 4.0 / (bytes + index), 100 * ideal / (bytes + index), same ? "same" : "DIFFERENT");
  if (!same) failures++;
}

/// Cycles by phase of the first stream.
void showPhases(Batch b, int p, const std::vector<float>& medians) {
  b.layout.p = p;
  b.order = channelOrder(b.tables, b.layout.channels, p, 2);
  Tables d = upload(b, medians);
  Setup s = setup(b, d, false);
  Device<i32> in(b.symbols), out(b.symbols.size());
  Device<long long> cycles(7);
  Shape shape = {1, 1, 1};
  encode<RANS_I32, false, false, 1>(s, in.at, shape);
  pack<false>(s, shape);
  s.encoding.symbols = in.at;
  s.decoding.symbols = out.at;
  for (int i = 0; i < 20; i++) encodePhases<<<1, 32, ransEncodeShared(p, 1, false)>>>(s.encoding, cycles.at);
  auto e = cycles.host();
  printf("encode P=%d: find alive %lld, list %lld, %lld symbols %lld (%.1f each), flags %lld (%.1f each), finish %lld; %lld ns, %.2f GHz\n", p, e[0], e[1], e[5], e[2],
         (double)e[2] / e[5], e[3], (double)e[3] / p, e[4], e[6], (double)(e[0] + e[1] + e[2] + e[3] + e[4]) / e[6]);
  for (int i = 0; i < 20; i++) decodePhases<<<1, 32, RANS_RING_BYTES + ransDecodeShared(p)>>>(s.decoding, cycles.at);
  e = cycles.host();
  printf("decode P=%d: start %lld, flags %lld (%.1f each), fill %lld, %lld symbols %lld (%.1f each); %lld ns, %.2f GHz\n", p, e[0], e[1], (double)e[1] / p, e[2], e[5], e[3],
         (double)e[3] / e[5], e[6], (double)(e[0] + e[1] + e[2] + e[3]) / e[6]);
}

void timeBaseline(Batch& b, int p) {
  const Layout& l = b.layout;
  u32 streams = l.tiles * ((l.channels + p - 1) / p), stride = 0;
  for (const Table& t : b.tables) stride = std::max<u32>(stride, t.c.size());
  std::vector<i32> cdf(stride * b.tables.size()), lengths, offsets;
  for (size_t t = 0; t < b.tables.size(); t++) {
    std::copy(b.tables[t].c.begin(), b.tables[t].c.end(), cdf.begin() + t * stride);
    lengths.push_back((i32)b.tables[t].c.size());
    offsets.push_back(b.tables[t].offset);
  }
  Device<i32> in(b.symbols), out(b.symbols.size()), dc(cdf), dl(lengths), dof(offsets);
  u32 plane = l.height * l.width;
  u64 slot = 2 * (u64)p * plane + 3;
  Device<u32> words(slot * streams), counts(streams);
  RansBaseline a = {in.at, out.at, dc.at, dl.at, dof.at, words.at, counts.at, slot, (u32)l.tiles, (u32)l.channels, plane, (u32)p, stride};
  float te = median([&](int) { rans_baseline_encode<<<(streams + 127) / 128, 128>>>(a); }, 10);
  float td = median([&](int) { rans_baseline_decode<<<(streams + 127) / 128, 128>>>(a); }, 10);
  bool same = out.host() == b.symbols;
  double gb = b.symbols.size() * 4 / 1e3;
  printf("baseline P=%d: %.0f us %.1f GB/s | %.0f us %.1f GB/s | %s\n", p, te, gb / te, td, gb / td, same ? "same" : "DIFFERENT");
}
