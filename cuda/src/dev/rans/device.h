// What the kernels need of a batch on the device (tables, flags, scratch), and their launches.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <vector>
#include "kernels.h"
#include "reference.h"

#define CUDA(call)                                                                    \
  do {                                                                                \
    cudaError_t e = (call);                                                           \
    if (e != cudaSuccess) {                                                           \
      printf("%s:%d %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(e));     \
      exit(1);                                                                        \
    }                                                                                 \
  } while (0)

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
  int resident = 0;  // blocks of a multiprocessor at once, at most; 0: as many as fit
};

/// Streams up to the last ones that are more likely alive than not, by the frequencies of their channels' flags.
u32 likelyStreams(const Batch& b, bool wide = false) {
  const Layout& l = b.layout;
  if (wide || (!b.indexes.empty() && b.stored.empty())) return (u32)l.tiles * l.streams();
  u32 groups = 0;
  for (int g = 0; g < l.groups(); g++) {
    double dead = 1;
    for (int p = g * l.p; p < std::min((g + 1) * l.p, l.channels); p++) {
      int c = b.order.empty() ? p : b.order[p];
      dead *= (b.stored.empty() ? deadFrequency((u64)std::min(l.rows, l.height) * l.width * surprise(b.tables[c])) : b.stored[c]) / 65536.0;
    }
    if (dead < 0.5) groups = g + 1;
  }
  return (u32)l.tiles * groups * l.bands();
}

/// How many blocks of the decoder a multiprocessor gets: the ones of likely streams are the first of
/// the order, and were they not held to equal shares, some multiprocessors would get half more of them.
int decodeResident(const Batch& b, int warps, bool wide = false) {
  cudaDeviceProp device;
  CUDA(cudaGetDeviceProperties(&device, 0));
  u32 likely = likelyStreams(b, wide), share = ((likely + warps - 1) / warps + device.multiProcessorCount - 1) / device.multiProcessorCount;
  return likely < (u32)b.layout.tiles * b.layout.streams() && likely > 0 && share * warps < 32 ? (int)share : 0;
}

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
  // its blocks are launched while the encoder ends
  cudaLaunchAttribute early = {};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(shape.packBlocks);
  config.blockDim = dim3(packThreads);
  config.attrs = &early;
  config.numAttrs = 1;
  CUDA(cudaLaunchKernelEx(&config, packKernel<Word>, (const Word*)s.slots.at, s.slotWords, (const u32*)s.lengths.at, s.streams, s.offsets.at, (Word*)s.packed.at, (u64)s.packed.count, s.errors.at));
}

template <int TYPE, bool INDEXED, bool WIDE>
void decode(Setup& s, void* symbols, Shape shape) {
  RansDecoding in = s.decoding;
  in.symbols = symbols;
  u32 shared = shape.warps * (RANS_RING_BYTES + ransDecodeShared(in.layout.streamChannels));
  if (shape.resident > 0) shared = std::max(shared, 227u / shape.resident * 1024 - 1024);
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
