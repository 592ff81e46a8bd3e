// Checks the kernels of rANS of residuals against reference.h, then times them.
//   workshop check            small chunks of all kinds; damaged ones
//   workshop time [noise]     512^3 float32 on the device, every kernel and its variants
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include "device.h"

static std::mt19937_64 random64(7);

static double uniform() { return (random64() >> 11) * 0x1p-53; }

static int32_t laplace(double scale) {
  double u = uniform() - 0.5;
  double v = -scale * std::copysign(std::log(1 - 2 * std::fabs(u)), u);
  return (int32_t)std::llrint(std::fmax(-2147483647.0, std::fmin(2147483647.0, v)));
}

// Blocks of very different residuals; kind 0: all, 1: zeros, 2: small, 3: mostly escapes.
static std::vector<int32_t> residualsOf(int blocks, int kind) {
  const double scales[] = {0, 0.05, 0.4, 1, 3, 11, 60, 300, 1500, 1e5, 1e8};
  std::vector<int32_t> r((size_t)blocks * 4096);
  for (int b = 0; b < blocks; b++) {
    double scale = kind == 0 ? scales[random64() % 11] : kind == 1 ? 0 : kind == 2 ? scales[random64() % 5] : 1e9;
    for (int i = 0; i < 4096; i++) {
      int32_t v = scale == 0 ? 0 : laplace(scale);
      if (kind == 0 && scale > 0 && random64() % 700 == 0) v = (int32_t)random64();
      r[(size_t)b * 4096 + i] = v;
    }
  }
  return r;
}

static int failures = 0;

static void require(bool good, const std::string& what) {
  if (!good && failures++ < 20) printf("WRONG: %s\n", what.c_str());
}

static void check(int chunks, int blocks, int blocksPerStream, int kind) {
  std::string name = "chunks " + std::to_string(chunks) + " blocks " + std::to_string(blocks) + " per stream " +
                     std::to_string(blocksPerStream) + " kind " + std::to_string(kind);
  Residuals d(layoutOf(chunks, blocks, blocksPerStream));
  std::vector<int32_t> all;
  std::vector<u8> classes;
  std::vector<u32> occurring;
  std::vector<fieldrans::Chunk> expected;
  for (int c = 0; c < chunks; c++) {
    std::vector<int32_t> r = residualsOf(blocks, kind);
    expected.push_back(fieldrans::encode(r.data(), blocks, blocksPerStream));
    u32 mask = 0;
    for (int k : expected[c].classes) classes.push_back(k), mask |= 1u << k;
    occurring.push_back(mask);
    all.insert(all.end(), r.begin(), r.end());
  }
  d.numbers.upload(all);
  d.classes.upload(classes);
  d.occurring.upload(occurring);
  d.packed.fill(0xA5);
  d.lengths.fill(0xA5);
  d.entries.fill(0xA5);
  d.histograms(0);
  d.makeTables(0);
  int lanes = 1 << random64() % 6;
  d.encode(0, lanes);
  d.pack(0);
  CUDA(cudaDeviceSynchronize());
  std::vector<u32> n = d.lengths.download(), overflows = d.overflows.download();
  std::vector<u64> at = d.offsets.download();
  std::vector<ResidualTable> tables = d.found.download();
  require(at.back() <= d.packed.count, name + ": packs too much");
  std::vector<u16> packed = d.packed.download(at.back());
  bool overflown = false;
  for (int c = 0; c < chunks; c++) {
    int slot = 0;
    for (int k = 1; k < 16; k++) {
      if (!(occurring[c] >> k & 1)) continue;
      int t = c * d.l.slots + slot++;
      const fieldrans::Table& e = expected[c].tables[k];
      bool same = n[t] == e.frequencies.size() && tables[t].lowest == e.lowest && tables[t].dead == e.dead();
      for (u32 i = 0; i < n[t] && same; i++) same = packed[at[t] + i] == e.frequencies[i];
      require(same, name + ": table of class " + std::to_string(k));
    }
    overflown |= overflows[c] != 0;
    if (overflows[c]) { require(kind == 3 || kind == 0, name + ": overflow"); continue; }
    for (int s = 0; s < d.l.streams; s++) {
      int i = d.tables + c * d.l.streams + s;
      const std::vector<uint16_t>& e = expected[c].streams[s];
      bool same = n[i] == e.size() && memcmp(packed.data() + at[i], e.data(), e.size() * 2) == 0;
      require(same, name + ": stream " + std::to_string(s) + " of " + std::to_string(n[i]) + " words, not " + std::to_string(e.size()));
    }
  }
  if (overflown) { printf("overflow: %s\n", name.c_str()); return; }
  d.prepareDecoder();
  d.numbers.fill(0x5a);
  d.decode(0, 1 << random64() % 6, 1 << random64() % 3);
  CUDA(cudaDeviceSynchronize());
  std::vector<i32> back = d.numbers.download();
  std::vector<u8> zeros = d.zeros.download();
  for (size_t b = 0; b < zeros.size(); b++) if (zeros[b]) std::fill(back.begin() + b * 4096, back.begin() + (b + 1) * 4096, 0);
  for (u32 e : d.errors.download()) require(e == 0, name + ": decodes with an error");
  require(back == all, name + ": other residuals");
  // damage must end, and within the memory
  size_t words = at.back() - at[d.tables];
  for (int round = 0; round < 6 && words > 0; round++) {
    std::vector<u16> bad = packed;
    for (int k = 0; k < 3; k++) bad[at[d.tables] + random64() % words] ^= 1 << random64() % 16;
    d.packed.upload(bad);
    if (round % 2) {
      std::vector<u32> shorter = n;
      u32& length = shorter[d.tables + random64() % d.streams];
      length -= length > 0 ? 1 + random64() % length : 0;
      d.lengths.upload(shorter);
    }
    d.decode(0, 4, 2);
    CUDA(cudaDeviceSynchronize());
  }
}

static __global__ void makeField(float* field, int side, float noise) {
  size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
  int x = i % side, y = i / side % side, z = i / side / side;
  u64 h = i * 0x9E3779B97F4A7C15ull + 12345;
  h = (h ^ h >> 31) * 0xBF58476D1CE4E5B9ull;
  h = (h ^ h >> 29) * 0x94D049BB133111EBull;
  float u = (float)(h >> 40) * 0x1p-24f + (float)(h >> 16 & 0xffffff) * 0x1p-24f - 1;
  float where = 0.55f + 0.5f * sinf(0.021f * x + 0.013f * z) * cosf(0.017f * y);
  field[i] = sinf(0.031f * x + 0.3f) * cosf(0.023f * y) * sinf(0.019f * z + 1) + noise * u * where * where * where;
}

static __global__ void compareBytes(const u32* a, const u32* b, size_t n, unsigned long long* differ) {
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x)
    if (a[i] != b[i]) atomicAdd(differ, 1);
}

// Median of 12 runs in microseconds; `before` is not timed.
static double median(std::function<void()> before, std::function<void()> run) {
  cudaEvent_t a, b;
  CUDA(cudaEventCreate(&a));
  CUDA(cudaEventCreate(&b));
  std::vector<float> times;
  for (int i = 0; i < 14; i++) {
    before();
    CUDA(cudaEventRecord(a));
    run();
    CUDA(cudaEventRecord(b));
    CUDA(cudaEventSynchronize(b));
    float ms;
    CUDA(cudaEventElapsedTime(&ms, a, b));
    if (i >= 2) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2] * 1e3;
}

static void report(const char* what, double us, double bytes) {
  printf("  %-34s %9.1f us %7.0f GB/s\n", what, us, bytes / us * 1e-3);
  fflush(stdout);
}

static PipelineParameters parametersOf(int depth, int side, double offset, double bound, int axes) {
  PipelineParameters p = {};
  p.offset = offset;
  p.bound = bound;
  p.step = 2 * bound - 0x1p-23;
  p.inverse = 1 / p.step;
  p.scale = p.inverseScale = 1;
  p.volumeValues = (i64)depth * side * side;
  p.depth = depth; p.height = side; p.width = side;
  p.chunkDepth = 64; p.chunkHeight = 128; p.chunkWidth = 128;
  p.chunksZ = depth / 64; p.chunksY = side / 128; p.chunksX = side / 128;
  p.tilesPerChunk = 256 / WARPS;
  p.type = TYPE_F32;
  p.axes = axes;
  p.flags = FLAG_ALIGNED_ROWS | FLAG_QUICK_AFFINE | FLAG_NO_OVERFLOW;
  p.quickReach = 2;
  p.quickResidual = (bound - 0x1p-24) / p.step - 1e-9;
  return p;
}

static void time(double noise, int depth) {
  const int side = 512, chunks = depth / 64 * 16;
  size_t values = (size_t)depth * side * side;
  double bytes = values * 4.0;
  Buffer<float> field(values), restored(values);
  Buffer<u32> masks(values / 32), counts(chunks), checks(chunks);
  makeField<<<values / 256, 256>>>(field.data, side, (float)noise);
  PipelineParameters p = parametersOf(depth, side, -1.5, 1e-3 * 2, 3);
  for (int perStream : {4, 1, 16}) {
    Residuals d(layoutOf(chunks, 256, perStream));
    auto integers = [&] {
      counts.fill(0);
      checks.fill(0);
      d.occurring.fill(0);
      integers_encode<<<chunks * p.tilesPerChunk, WARPS * 32>>>(
          p, field.data, d.numbers.data, FORM_INT, masks.data, counts.data, checks.data, d.classes.data, d.occurring.data);
      CUDA(cudaGetLastError());
    };
    auto nothing = [] {};
    printf("depth %d noise %g, %d blocks a stream, %d streams\n", depth, noise, perStream, d.streams);
    report("integers_encode", median(nothing, integers), bytes);
    report("histograms", median(nothing, [&] { d.histograms(0); }), bytes);
    report("tables", median(nothing, [&] { d.makeTables(0); }), bytes);
    for (int lanes : {4, 8, 16, 32}) {
      for (int warps : {1, 4}) {
        if (d.streams / lanes > 16384 || warps == 1) continue;
        std::string name = "encode lanes " + std::to_string(lanes) + " warps " + std::to_string(warps);
        report(name.c_str(), median(integers, [&] { d.encode(0, lanes, warps); }), bytes);
      }
    }
    for (int blocks : {132, 264, 528}) {
      d.packBlocks = blocks;
      report(("pack by " + std::to_string(blocks)).c_str(), median(nothing, [&] { d.pack(0); }), bytes);
    }
    d.packBlocks = 528;
    report("encode, everything", median(nothing, [&] {
             integers();
             d.histograms(0);
             d.makeTables(0);
             d.encode(0, lanesFor(d.streams, 528), 4);
             d.pack(0);
           }), bytes);
    std::vector<u64> at = d.offsets.download();
    std::vector<u32> occurs = d.occurring.download();
    std::vector<u8> classes = d.classes.download();
    int of[16] = {};
    for (u8 c : classes) of[c]++;
    printf("  CR %.2f, bits %.3f, table symbols a chunk %.1f; blocks of classes:", bytes / ((at.back()) * 2.0),
           (at.back() - at[d.tables]) * 16.0 / values, at[d.tables] / (double)chunks);
    for (int c = 0; c < 16; c++) printf(" %d", of[c]);
    printf("\n");
    std::vector<u32> before = checks.download();
    d.prepareDecoder();
    printf("  shared memory for tables %zu\n", d.tableMemory);
    for (int lanes : {2, 4, 8, 16, 32}) {
      for (int warps : {1, 4}) {
        if (d.streams / lanes > 16384 || d.streams / lanes < 64) continue;
        std::string name = "decode lanes " + std::to_string(lanes) + " warps " + std::to_string(warps);
        report(name.c_str(), median(nothing, [&] { d.decode(0, lanes, warps); }), bytes);
      }
    }
    auto back = [&] {
      checks.fill(0);
      integers_decode<<<chunks * p.tilesPerChunk, WARPS * 32>>>(p, d.numbers.data, FORM_INT, d.zeros.data, restored.data, checks.data);
      CUDA(cudaGetLastError());
    };
    report("integers_decode", median(nothing, back), bytes);
    restored.fill(0x5a);
    back();
    require(before == checks.download(), "checks differ");
    for (u32 e : d.errors.download()) require(e == 0, "timed decoding fails");
    integers();
    d.histograms(0);
    d.makeTables(0);
    Buffer<i32> kept(values);
    CUDA(cudaMemcpy(kept.data, d.numbers.data, values * 4, cudaMemcpyDeviceToDevice));
    d.encode(0, 16);
    d.pack(0);
    d.numbers.fill(0);
    d.decode(0, 16, 4);
    Buffer<unsigned long long> differ(1);
    differ.fill(0);
    compareBytes<<<1024, 256>>>((const u32*)kept.data, (const u32*)d.numbers.data, values, differ.data);
    require(differ.download()[0] == 0, "decoded residuals differ");
  }
}

int main(int argc, char** argv) {
  std::string what = argc > 1 ? argv[1] : "check";
  if (what == "check") {
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    for (int round = 0; round < rounds; round++) {
      for (int kind = 0; kind < 4; kind++) {
        for (int perStream : {1, 2, 3, 4, 65536}) check(1 + random64() % 4, 1 + random64() % 11, perStream, kind);
      }
      check(3, 40, 4, 2);
    }
  } else {
    time(argc > 2 ? atof(argv[2]) : 4e-3, argc > 3 ? atoi(argv[3]) : 512);
  }
  printf(failures ? "%d FAILURES\n" : "all good\n", failures);
  return failures != 0;
}
