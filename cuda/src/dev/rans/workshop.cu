// Workshop of the rANS kernels: checks them against reference.h, stream by stream, on random shapes
// and on latents from files, then times them. Arguments: tables.bin, then int8 files of latents
// (512 x 192 x 8 x 8); without any, only the random checks run. See README.md for the files.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include "../../main/cuda/rans_baseline.cu"
#include "../../main/cuda/rans_decode.cuh"
#include "../../main/cuda/rans_encode.cuh"
#include "../../main/cuda/rans_pack.cuh"
#include "reference.h"

#define CUDA(call)                                                                    \
  do {                                                                                \
    cudaError_t e = (call);                                                           \
    if (e != cudaSuccess) {                                                           \
      printf("%s:%d %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(e));     \
      exit(1);                                                                        \
    }                                                                                 \
  } while (0)

template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
__global__ void __launch_bounds__(128, 4) encodeKernel(const __grid_constant__ RansEncoding in) { ransEncode<TYPE, INDEXED, WIDE, STREAMS>(in); }
template <int TYPE, bool INDEXED, bool WIDE>
__global__ void __launch_bounds__(128, 4) decodeKernel(const __grid_constant__ RansDecoding in) { ransDecode<TYPE, INDEXED, WIDE>(in); }
template <class WORD>
__global__ void __launch_bounds__(1024) packKernel(const WORD* slots, u64 slotWords, const u32* lengths, u32 count, u64* offsets, WORD* packed, u64 capacity, u32* errors) {
  ransPack<WORD>(slots, slotWords, lengths, count, offsets, packed, capacity, errors);
}

/// Cycles of the phases of one warp, alone on the device.
__global__ void encodePhases(const __grid_constant__ RansEncoding in, long long* cycles) {
  extern __shared__ uint4 shared[];
  RansEncoder<RANS_I32, false, false, 1> encoder(in, (char*)shared, 0);
  long long t[6], n0, n1;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(n0));
  t[0] = clock64();
  encoder.listChannels();
  encoder.findAlive();
  t[1] = clock64();
  u32 counts[1] = {encoder.listAlive(0)};
  t[2] = clock64();
  encoder.codeSymbols(counts);
  t[3] = clock64();
  encoder.codeFlags();
  t[4] = clock64();
  encoder.finish();
  t[5] = clock64();
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(n1));
  if (threadIdx.x == 0) {
    for (int i = 0; i < 5; i++) cycles[i] = t[i + 1] - t[i];
    cycles[5] = counts[0] * 64;
    cycles[6] = n1 - n0;
  }
}

__global__ void decodePhases(const __grid_constant__ RansDecoding in, long long* cycles) {
  extern __shared__ __align__(RANS_RING_BYTES) uint4 shared[];
  long long t[6], n0, n1;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(n0));
  t[0] = clock64();
  RansDecoder<RANS_I32, false, false> decoder(in, ransSharedAddress(shared), (char*)shared + RANS_RING_BYTES, 0);
  t[1] = clock64();
  u32 alive = decoder.decodeFlags();
  t[2] = clock64();
  decoder.fillDead(alive);
  t[3] = clock64();
  for (u32 a = 0; a < alive; a++) decoder.channelSymbols(decoder.list[a], in.likely[decoder.list[a] * 32 + threadIdx.x], in.tables[decoder.list[a]].offset, 0);
  t[4] = clock64();
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(n1));
  if (threadIdx.x == 0) {
    for (int i = 0; i < 4; i++) cycles[i] = t[i + 1] - t[i];
    cycles[4] = decoder.x;
    cycles[5] = alive * 64;
    cycles[6] = n1 - n0;
  }
}

template <class T>
struct Device {
  T* at = nullptr;
  size_t count = 0;
  Device() {}
  explicit Device(size_t n, int fill = 0xa5) : count(n) {
    CUDA(cudaMalloc(&at, std::max<size_t>(n, 1) * sizeof(T) + 16));
    CUDA(cudaMemset(at, fill, std::max<size_t>(n, 1) * sizeof(T)));
  }
  explicit Device(const std::vector<T>& v) : Device(v.size()) { CUDA(cudaMemcpy(at, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice)); }
  Device(Device&& o) { *this = std::move(o); }
  Device& operator=(Device&& o) { std::swap(at, o.at); std::swap(count, o.count); return *this; }
  ~Device() { cudaFree(at); }
  std::vector<T> host() const {
    std::vector<T> v(count);
    CUDA(cudaMemcpy(v.data(), at, count * sizeof(T), cudaMemcpyDeviceToHost));
    return v;
  }
};

/// Tables, flags and order on the device.
struct Tables {
  Device<RansTable> tables;
  Device<RansRow> rows;
  Device<uint4> entries, flagEntries;
  Device<uint2> likely;
  Device<u32> borders;
  Device<u16> buckets, flags, order;
  Device<u64> power;
  Device<float> medians;
};

uint4 entry(u32 start, u32 f) {
  if (f >= 65536) return make_uint4(0, 0, 0, 0);
  u32 s = 31 - __builtin_clz(f);
  u64 one = 1ull << (32 + s);
  bool power = (f & (f - 1)) == 0;
  u32 reciprocal = (u32)((one - power) / f), addend = 0x80000000u;
  if (!power && s == 15 && one - (u64)reciprocal * f > 32768) { reciprocal++; addend = 0; }
  return make_uint4(addend | s, 0, reciprocal, start | (65536 - f) << 16);
}

Tables upload(const Batch& b, const std::vector<float>& medians, bool wide = false) {
  std::vector<RansTable> tables;
  std::vector<uint4> entries, flagEntries;
  std::vector<uint2> likely;
  std::vector<u32> borders;
  std::vector<u16> buckets, flags;
  uint4 (*wideEntry)(u32, u32) = [](u32 start, u32 f) {
    u32 shift = 0;
    while (f > 1u << shift) shift++;
    u64 reciprocal = f == 1 ? ~0ull : (u64)((((unsigned __int128)1 << (shift + 63)) + f - 1) / f);
    u32 add = f == 1 ? start + 65535 : start;
    return make_uint4((u32)reciprocal, (u32)(reciprocal >> 32), (f << 15) - 1, add | (shift > 0 ? shift - 1 : 0) << 20);
  };
  for (const Table& t : b.tables) {
    tables.push_back({(i32)entries.size(), t.offset, t.escape(), (i32)surprise(t)});
    std::vector<int> rank(t.escape());
    std::iota(rank.begin(), rank.end(), 0);
    std::stable_sort(rank.begin(), rank.end(), [&](int i, int j) { return t.c[i + 1] - t.c[i] > t.c[j + 1] - t.c[j]; });
    for (int i = 0; i < 32; i++) {
      if (i < t.escape()) likely.push_back(make_uint2(t.c[rank[i]] | (u32)rank[i] << 16, t.c[rank[i] + 1] - t.c[rank[i]]));
      else likely.push_back(make_uint2(0, 0));
    }
    for (int i = 0; i <= t.escape(); i++) entries.push_back((wide ? wideEntry : entry)(t.c[i], t.c[i + 1] - t.c[i]));
    borders.insert(borders.end(), t.c.begin(), t.c.end());
    for (u32 k = 0, i = 0; k < 256; k++) {
      while (t.c[i + 1] <= k * 256) i++;
      buckets.push_back((u16)i);
    }
  }
  const Layout& l = b.layout;
  int lastRows = l.height - (l.bands() - 1) * l.rows;
  for (int last = 0; last < 2; last++)
    for (int p = 0; p < l.channels; p++) {
      int c = b.order.empty() ? p : b.order[p];
      u32 f = !b.stored.empty() ? b.stored[c]
              : b.indexes.empty() ? deadFrequency((u64)(last ? lastRows : l.rows) * l.width * surprise(b.tables[c])) : 1;
      flags.push_back((u16)f);
      flagEntries.push_back(entry(0, f));
      flagEntries.push_back(entry(f, 65536 - f));
    }
  Tables d;
  d.tables = Device<RansTable>(tables);
  d.entries = Device<uint4>(entries);
  std::vector<RansRow> rows;
  for (const RansTable& t : tables) rows.push_back({t.offset, (u32)t.escape, d.entries.at + t.first});
  d.rows = Device<RansRow>(rows);
  bool flagged = b.indexes.empty() || !b.stored.empty();
  if (flagged) d.flagEntries = Device<uint4>(flagEntries);
  d.likely = Device<uint2>(likely);
  d.borders = Device<u32>(borders);
  d.buckets = Device<u16>(buckets);
  if (flagged) d.flags = Device<u16>(flags);
  if (!b.order.empty()) d.order = Device<u16>(b.order);
  std::vector<u64> power;
  for (uint64_t v : powers()) power.push_back(v);
  d.power = Device<u64>(power);
  d.medians = Device<float>(medians);
  return d;
}

struct Setup {
  RansEncoding encoding = {};
  RansDecoding decoding = {};
  u32 streams;
  Device<u32> slots;
  Device<u16> indexes;
  u64 slotWords;
  Device<u32> lengths, checks, errors;
  Device<u64> offsets;
  Device<u8> packed;
};

Setup setup(const Batch& b, const Tables& d, bool checks, bool wide = false) {
  const Layout& l = b.layout;
  Setup s;
  s.streams = (u32)l.tiles * l.streams();
  u64 symbols = (u64)std::min(l.p, l.channels) * std::min(l.rows, l.height) * l.width;
  u64 slot = (52 * symbols + 16 * std::min(l.p, l.channels) + 15) / 16 + 2;
  if (wide) slot = 2 * symbols + 3;
  s.slotWords = slot;
  s.slots = Device<u32>(wide ? slot * s.streams : (slot * s.streams + 1) / 2);
  s.lengths = Device<u32>(s.streams);
  s.checks = Device<u32>(2 * l.tiles, 0);
  s.errors = Device<u32>(2, 0);
  s.offsets = Device<u64>(s.streams + 1);
  s.packed = Device<u8>(std::min<u64>(slot * s.streams * (wide ? 4 : 2), b.symbols.size() * 8 + 64 * (u64)s.streams));
  if (!b.indexes.empty()) s.indexes = Device<u16>(b.indexes);
  RansLayout layout = {(u32)l.tiles, (u32)l.channels, (u32)l.height, (u32)l.width, (u32)l.p, (u32)l.rows, (u32)l.groups(), (u32)l.bands()};
  s.encoding = {nullptr, d.medians.at, s.indexes.at, d.tables.at, d.rows.at, d.order.at, d.flagEntries.at, d.power.at,
                s.slots.at, slot, s.lengths.at, checks ? s.checks.at : nullptr, 0, s.errors.at, layout};
  s.decoding = {s.packed.at, s.packed.count, s.offsets.at, s.lengths.at, (u32)slot, s.indexes.at, d.tables.at, d.likely.at, d.borders.at, d.buckets.at,
                d.order.at, d.flags.at, d.power.at, d.medians.at, nullptr, checks ? s.checks.at + l.tiles : nullptr, 0, s.errors.at, layout};
  return s;
}

int packBlocks = 132, packThreads = 512;

struct Shape {
  int warps, streams, packBlocks;
};

template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
void encode(Setup& s, const void* symbols, Shape shape) {
  RansEncoding in = s.encoding;
  in.symbols = symbols;
  RansLayout& l = in.layout;
  u32 parts = l.groups * l.bands, warps = parts * ((l.tiles - 1) / STREAMS + 1);
  u32 shared = shape.warps * ransEncodeShared(l.streamChannels, STREAMS, WIDE);
  if (shared > 48 << 10) CUDA(cudaFuncSetAttribute(encodeKernel<TYPE, INDEXED, WIDE, STREAMS>, cudaFuncAttributeMaxDynamicSharedMemorySize, shared));
  encodeKernel<TYPE, INDEXED, WIDE, STREAMS><<<(warps - 1) / shape.warps + 1, 32 * shape.warps, shared>>>(in);
}

template <bool WIDE>
void pack(Setup& s, Shape shape) {
  typedef typename RansProfile<WIDE>::Word Word;
  packKernel<Word><<<shape.packBlocks, packThreads>>>((Word*)s.slots.at, s.slotWords, s.lengths.at, s.streams, s.offsets.at, (Word*)s.packed.at, s.packed.count, s.errors.at);
}

template <int TYPE, bool INDEXED, bool WIDE>
void decode(Setup& s, void* symbols, Shape shape) {
  RansDecoding in = s.decoding;
  in.symbols = symbols;
  u32 shared = shape.warps * (RANS_RING_BYTES + ransDecodeShared(in.layout.streamChannels));
  if (shared > 48 << 10) CUDA(cudaFuncSetAttribute(decodeKernel<TYPE, INDEXED, WIDE>, cudaFuncAttributeMaxDynamicSharedMemorySize, shared));
  decodeKernel<TYPE, INDEXED, WIDE><<<(s.streams - 1) / shape.warps + 1, 32 * shape.warps, shared>>>(in);
}

template <int TYPE>
std::vector<u8> typed(const Batch& b, const std::vector<float>& medians) {
  std::vector<u8> bytes(b.symbols.size() * (TYPE == RANS_I32 || TYPE == RANS_F32 ? 4 : 2));
  size_t plane = (size_t)b.layout.height * b.layout.width;
  for (size_t i = 0; i < b.symbols.size(); i++) {
    float value = b.symbols[i] + medians[i / plane % b.layout.channels];
    if (TYPE == RANS_I32) ((i32*)bytes.data())[i] = b.symbols[i];
    if (TYPE == RANS_I16) ((i16*)bytes.data())[i] = (i16)b.symbols[i];
    if (TYPE == RANS_F32) ((float*)bytes.data())[i] = value;
    if (TYPE == RANS_F16) ((_Float16*)bytes.data())[i] = (_Float16)value;
  }
  return bytes;
}

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
void timeOne(Batch& b, int p, int kind, double ideal, const std::vector<float>& medians, int warpsE, int warpsD) {
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
  Shape se = {warpsE, STREAMS, (int)std::min<u32>(s.streams, packBlocks)}, sd = {warpsD, 1, 1};
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
  printf("%s%3d | %d | %d | %d/%d | %4d | %7.1f us (%6.1f kernel) %6.0f GB/s | %7.1f us %6.0f GB/s | CR %6.2f %6.2f %% | %s\n", WIDE ? "compatible " : "", p, kind, TYPE, STREAMS, warpsE, b.layout.tiles,
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

template <class T>
std::vector<T> readFile(const char* name) {
  FILE* f = fopen(name, "rb");
  if (!f) { printf("cannot read %s\n", name); exit(1); }
  fseek(f, 0, SEEK_END);
  std::vector<T> v(ftell(f) / sizeof(T));
  rewind(f);
  if (fread(v.data(), sizeof(T), v.size(), f) != v.size()) exit(1);
  fclose(f);
  return v;
}

Batch laplace(int tiles) {
  Batch b;
  b.layout = {tiles, 192, 8, 8, 64, 8};
  std::mt19937 random(3);
  for (int c = 0; c < 192; c++) {
    Table t;
    double scale = c < 160 ? 1.2 + 2.4 * c / 160 : 0.05;
    int reach = c < 160 ? (int)(scale * 12) : 2, length = 2 * reach + 3;
    t.offset = -reach;
    double sum = 0;
    std::vector<double> w(length - 1);
    for (int i = 0; i < length - 1; i++) sum += w[i] = i == length - 2 ? 1e-6 : std::exp(-std::abs(i - reach) / scale);
    t.c = {0};
    for (int i = 0; i < length - 1; i++) t.c.push_back(t.c.back() + 1 + (u32)(w[i] / sum * (65536 - length)));
    int slack = 65536 - t.c.back();
    for (int i = reach + 1; i < (int)t.c.size(); i++) t.c[i] += slack;
    b.tables.push_back(t);
  }
  b.symbols.resize((size_t)tiles * 192 * 64);
  for (size_t i = 0; i < b.symbols.size(); i++) {
    int c = i / 64 % 192;
    if (c >= 160) continue;
    const Table& t = b.tables[c];
    u32 slot = random() & 0xffff;
    b.symbols[i] = t.offset + (int)(std::upper_bound(t.c.begin(), t.c.end(), slot) - t.c.begin()) - 1;
  }
  return b;
}

int main(int count, char** arguments) {
  int rounds = getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : 200;
  checkRandom(rounds);
  if (count < 2) return failures != 0;
  auto raw = readFile<i32>(arguments[1]);
  int channels = raw[0], stride = raw[1];
  std::vector<Table> tables;
  for (int c = 0; c < channels; c++) {
    Table t;
    t.offset = raw[2 + channels + c];
    const i32* row = raw.data() + 2 + 2 * channels + (size_t)c * stride;
    t.c.assign(row, row + raw[2 + c]);
    tables.push_back(t);
  }
  std::vector<float> medians((float*)&raw[2 + 2 * channels + (size_t)channels * stride], (float*)&raw[2 + 2 * channels + (size_t)channels * stride] + channels);
  printf("P | order | type | streams/warps | tiles | encode | decode | ratio\n");
  for (int a = 2; a < count; a++) {
    auto bytes = readFile<signed char>(arguments[a]);
    Batch b;
    b.layout = {512, channels, 8, 8, 64, 8};
    b.tables = tables;
    b.symbols.assign(bytes.begin(), bytes.end());
    double ideal = idealBytes(b);
    printf("%s ideal %.1f\n", arguments[a], ideal);
    showPhases(b, 64, medians);
    showPhases(b, 192, medians);
    timeOne<RANS_I32, 1>(b, 64, 2, ideal, medians, 4, 4);
    timeOne<RANS_I32, 2>(b, 64, 2, ideal, medians, 4, 4);
    timeOne<RANS_I32, 1>(b, 64, 2, ideal, medians, 1, 1);
    timeOne<RANS_I16, 1>(b, 64, 2, ideal, medians, 4, 4);
    timeOne<RANS_F32, 1>(b, 64, 2, ideal, medians, 4, 4);
    timeOne<RANS_F16, 1>(b, 64, 2, ideal, medians, 4, 4);
    timeOne<RANS_I32, 1, true>(b, 64, 0, ideal, medians, 4, 4);
    timeOne<RANS_I32, 1, true>(b, 192, 0, ideal, medians, 4, 4);
    timeOne<RANS_I32, 1, true>(b, 8, 0, ideal, medians, 4, 4);
    timeBaseline(b, 64);
    timeBaseline(b, 8);
    for (int p : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 96, 192}) timeOne<RANS_I32, 1>(b, p, p >= 24 ? 2 : 1, ideal, medians, 4, 4);
    for (int p : {1, 4, 8, 16, 32, 64}) timeOne<RANS_I32, 4>(b, p, p >= 24 ? 2 : 1, ideal, medians, 4, 4);
    for (int threads : {1024, 512, 256})
      for (int blocks : {33, 66, 132, 264}) {
        packBlocks = blocks;
        packThreads = threads;
        printf("pack %d x %d: ", blocks, threads);
        timeOne<RANS_I32, 2>(b, 64, 2, ideal, medians, 4, 4);
        printf("pack %d x %d: ", blocks, threads);
        timeOne<RANS_I32, 4>(b, 8, 1, ideal, medians, 4, 4);
      }
    packBlocks = 132;
    packThreads = 512;
    Batch few = b;
    few.layout.tiles = 64;
    few.symbols.resize(64 * 192 * 64);
    timeOne<RANS_I32, 1>(few, 64, 2, idealBytes(few), medians, 4, 4);
    timeOne<RANS_I32, 1>(few, 64, 2, idealBytes(few), medians, 1, 1);
    timeOne<RANS_I32, 1>(few, 192, 2, idealBytes(few), medians, 1, 1);
    timeOne<RANS_I32, 1>(few, 8, 1, idealBytes(few), medians, 4, 4);
    few.layout.tiles = 1;
    few.symbols.resize(192 * 64);
    timeOne<RANS_I32, 1>(few, 192, 2, idealBytes(few), medians, 1, 1);
    timeOne<RANS_I32, 1>(few, 64, 2, idealBytes(few), medians, 1, 1);
  }
  Batch b = laplace(512);
  double ideal = idealBytes(b);
  printf("laplace ideal %.1f bits a live symbol %.3f\n", ideal, ideal * 8 / (512.0 * 160 * 64));
  timeOne<RANS_I32, 1>(b, 64, 2, ideal, medians, 4, 4);
  timeOne<RANS_I32, 2>(b, 64, 2, ideal, medians, 4, 4);
  timeOne<RANS_I32, 4>(b, 64, 2, ideal, medians, 4, 4);
  timeOne<RANS_I32, 1>(b, 192, 2, ideal, medians, 4, 4);
  timeOne<RANS_I32, 1>(b, 8, 1, ideal, medians, 4, 4);
  timeOne<RANS_I32, 4>(b, 8, 1, ideal, medians, 4, 4);
  return failures != 0;
}
