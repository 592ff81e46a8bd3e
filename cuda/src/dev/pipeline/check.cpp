// Compares the kernels with the CPU reference, chunk by chunk and byte by byte, over types, kinds of
// quantizer, normalizers, shapes and predictors; then feeds the decoder damaged words.
// check ENCODER.cubin DECODER.cubin NORMALIZED_ENCODER.cubin NORMALIZED_DECODER.cubin
//     [warps stageE stageD] [damaged streams a case]
#include <algorithm>
#include <random>
#include "harness.hpp"

using namespace reference;

static std::mt19937_64 randomBits(20261122);
static double uniform() { return (randomBits() >> 11) * 0x1p-53; }

struct Case {
  const char* name;
  Type type;
  Kind kind;
  int volumes, d, h, w, cd, ch, cw, axes;
  int special;   // one value in so many is a special one; 0 none; below 0: of that many one is the fill value
  double relative;
  double smooth; // 0 noise … 1 smooth
  const char* normalizer = nullptr;
  double size = 1;  // factor of the values of floating-point types
};

static void store(std::vector<uint8_t>& data, size_t i, Type t, double v) {
  uint64_t bits = toType(v, t);
  memcpy(&data[i * bytesOf(t)], &bits, bytesOf(t));
}

static std::vector<uint8_t> makeField(const Case& c, const Field& f) {
  std::vector<uint8_t> data(f.values() * bytesOf(c.type));
  double amplitude = c.type == I8 || c.type == U8 ? 100 : c.type == I16 || c.type == U16 ? 20000 : 1e9;
  if (c.type == F32 || c.type == F64) amplitude = 3 * c.size;
  size_t i = 0;
  for (int v = 0; v < f.volumes; v++)
    for (int z = 0; z < f.d; z++)
      for (int y = 0; y < f.h; y++)
        for (int x = 0; x < f.w; x++, i++) {
          double s = std::sin(0.05 * x + v) * std::cos(0.07 * y) * std::sin(0.11 * z + 1);
          double value = amplitude * (c.smooth * s + (1 - c.smooth) * (uniform() - 0.5));
          if (c.kind == POINTWISE) value = std::exp(3 * value / amplitude) * (randomBits() & 1 ? 1 : -1) * amplitude / 50;
          if (c.type == U8 || c.type == U16 || c.type == U32 || c.normalizer) value = std::fabs(value);
          if (c.normalizer && z % 7 == 3) value = amplitude / 4;      // planes of one value
          if (c.normalizer && z % 7 == 5) value = -2 * c.size;        // of none that logarithms take
          store(data, i, c.type, value);
          if (c.special < 0 && randomBits() % -c.special == 0) store(data, i, c.type, c.special % 2 ? 1e20 : 0.25);
          if (c.special > 0 && randomBits() % c.special == 0) {
            uint64_t bits = randomBits();
            static const uint64_t odd32[] = {0x7fc00000, 0x7f800000, 0xff800000, 1, 0x80000000, 0x7f7fffff, 0x80000123, 0};
            static const uint64_t odd64[] = {0x7ff8000000000001, 0x7ff0000000000000, 0xfff0000000000000, 1,
                                             0x8000000000000000, 0x7fefffffffffffff, 0x7fffffffffffffff, 0};
            uint64_t pick = randomBits() % 9;
            if (pick < 8) bits = bytesOf(c.type) == 8 ? odd64[pick] : odd32[pick];
            memcpy(&data[i * bytesOf(c.type)], &bits, bytesOf(c.type));
          }
        }
  return data;
}

// As the host program resolves a quantizer, over the ordinary values.
static Quantizer resolve(const Case& c, const std::vector<uint8_t>& data) {
  Quantizer z{c.type, c.kind, 0, 1, 0.5, 1};
  long slice = (long)c.h * c.w;
  if (c.normalizer) {
    z.normalized = true;
    z.normalizer = parseNormalizer(c.normalizer);
    measure(z.normalizer, c.volumes * c.d, slice, [&](long i) {
      double x = valueAt(data.data(), i, c.type).number;
      return std::fabs(x) > 1e12 * c.size ? NAN : x;
    });
  }
  double low = INFINITY, high = -INFINITY, size = 0, smallest = INFINITY;
  bool floating = c.type == F32 || c.type == F64;
  for (size_t i = 0; i < data.size() / bytesOf(c.type); i++) {
    double x = valueAt(data.data(), i, c.type).number;
    if (!std::isfinite(x) || std::fabs(x) > 1e12 * c.size) continue;
    if (c.normalizer && !z.normalizer.accepts(x)) continue;
    if (c.normalizer) x = z.normalizer.forward((int)(i / slice), x);
    low = std::fmin(low, x);
    high = std::fmax(high, x);
    size = std::fmax(size, std::fabs(x));
    if (x != 0) smallest = std::fmin(smallest, std::fabs(x));
  }
  if (c.relative == 0) return z;  // round
  if (c.kind == POINTWISE) {
    z.offset = naturalLogarithm(smallest);
    z.step = 2 * std::log1p(c.relative - (c.type == F32 ? 0x1p-22 : 0x1p-50));
    z.bound = c.relative;
    return z;
  }
  if (c.kind == REFERENCE) {
    z.offset = low;
    z.scale = 255 / (high - low);
    z.step = 2 * c.relative;
    return z;
  }
  z.bound = c.relative * (high - low);
  z.offset = low;
  if (c.normalizer) {
    z.step = 2 * z.bound - std::fmin(z.bound, 0x1p-22 * std::fmax(1, size));
    if (!(z.step > 0)) z.step = 1;
  } else if (floating) {
    double ulp = c.type == F32 ? std::nextafter((float)size, INFINITY) - (float)size : std::nextafter(size, INFINITY) - size;
    z.step = 2 * z.bound - ulp;
    if (!(z.step > z.bound)) z.step = z.bound;
  } else {
    z.bound = std::floor(z.bound);
    z.step = 2 * z.bound + 1;
  }
  return z;
}

// The values of a chunk in C order.
static std::vector<uint8_t> cut(const Field& f, const std::vector<uint8_t>& data, int chunk, int size, Shape& s,
                                int& plane, bool put, std::vector<uint8_t>* target) {
  int nx = (f.w + f.cw - 1) / f.cw, ny = (f.h + f.ch - 1) / f.ch, nz = (f.d + f.cd - 1) / f.cd;
  int x = chunk % nx * f.cw, y = chunk / nx % ny * f.ch, z = chunk / nx / ny % nz * f.cd, v = chunk / nx / ny / nz;
  plane = v * f.d + z;
  s = {std::min(f.cd, f.d - z), std::min(f.ch, f.h - y), std::min(f.cw, f.w - x)};
  std::vector<uint8_t> part((size_t)s.d * s.h * s.w * size);
  size_t at = 0;
  for (int a = 0; a < s.d; a++)
    for (int b = 0; b < s.h; b++, at += (size_t)s.w * size) {
      size_t from = (((size_t)(v * f.d + z + a) * f.h + y + b) * f.w + x) * size;
      if (put) memcpy(&(*target)[from], &data[at], (size_t)s.w * size);
      else memcpy(&part[at], &data[from], (size_t)s.w * size);
    }
  return part;
}

int main(int argc, char** argv) {
  int warps = argc > 5 ? atoi(argv[5]) : 4, stageE = argc > 6 ? atoi(argv[6]) : 2048, stageD = argc > 7 ? atoi(argv[7]) : 1280;
  int damaged = argc > 8 ? atoi(argv[8]) : 4;
  Variant encoders[] = {loadVariant(argv[1], true, warps, stageE), loadVariant(argv[3], true, warps, stageE)};
  Variant decoders[] = {loadVariant(argv[2], false, warps, stageD), loadVariant(argv[4], false, warps, stageD)};
  static const Case cases[] = {
      {"f32 whole", F32, AFFINE, 1, 32, 64, 128, 16, 32, 64, 3, 0, 1e-3, 1},
      {"f32 axes 2", F32, AFFINE, 1, 16, 32, 64, 16, 32, 64, 2, 0, 1e-3, 0.9},
      {"f32 axes 1", F32, AFFINE, 1, 16, 32, 64, 16, 32, 64, 1, 0, 1e-2, 0.9},
      {"f32 axes 0", F32, AFFINE, 1, 16, 32, 64, 16, 32, 64, 0, 0, 1e-3, 0.5},
      {"f32 noise", F32, AFFINE, 1, 16, 32, 64, 16, 32, 64, 3, 0, 1e-6, 0},
      {"f32 noise 1e-8", F32, AFFINE, 1, 8, 16, 64, 16, 32, 64, 1, 0, 1e-8, 0},
      {"f32 clipped", F32, AFFINE, 2, 19, 37, 45, 16, 32, 32, 3, 0, 1e-3, 1},
      {"f32 clipped even", F32, AFFINE, 1, 17, 36, 52, 16, 32, 32, 3, 0, 1e-4, 1},
      {"f32 special", F32, AFFINE, 1, 16, 48, 64, 16, 32, 64, 3, 50, 1e-3, 1},
      {"f32 rarely special", F32, AFFINE, 1, 16, 48, 64, 16, 32, 64, 3, 5000, 1e-3, 1},
      {"f32 line special", F32, AFFINE, 1, 1, 1, 20000, 1, 1, 8192, 1, 1000, 1e-3, 1},
      {"f32 fill", F32, AFFINE, 1, 20, 36, 68, 16, 32, 64, 3, -7, 1e-3, 1},
      {"f32 fill inside", F32, AFFINE, 1, 20, 36, 68, 16, 32, 64, 3, -8, 1e-3, 1},
      {"f64 fill", F64, AFFINE, 1, 20, 36, 68, 16, 32, 64, 3, -7, 1e-3, 1},
      {"f32 plane clipped", F32, AFFINE, 2, 1, 200, 100, 1, 64, 52, 2, 300, 1e-3, 1},
      {"f32 abs tiny", F32, AFFINE, 1, 16, 32, 64, 16, 32, 64, 3, 0, 2e-7, 1},
      {"f32 all special", F32, AFFINE, 1, 9, 17, 33, 16, 32, 64, 2, 1, 1e-3, 1},
      {"f32 plane", F32, AFFINE, 1, 1, 300, 96, 1, 256, 64, 2, 0, 1e-3, 1},
      {"f32 plane odd", F32, AFFINE, 3, 1, 131, 41, 1, 131, 41, 3, 77, 1e-3, 1},
      {"f32 line", F32, AFFINE, 1, 1, 1, 10000, 1, 1, 8192, 1, 0, 1e-3, 1},
      {"f32 line whole", F32, AFFINE, 1, 1, 1, 16384, 1, 1, 8192, 1, 0, 1e-4, 1},
      {"f32 three rows", F32, AFFINE, 2, 1, 3, 5000, 1, 3, 3000, 1, 100, 1e-3, 1},
      {"f32 one value", F32, AFFINE, 2, 1, 1, 1, 1, 1, 1, 3, 0, 1e-3, 1},
      {"f32 round", F32, AFFINE, 5, 1, 1, 12288, 1, 1, 12288, 0, 0, 0, 0},
      {"f32 round special", F32, AFFINE, 3, 1, 1, 5000, 1, 1, 5000, 1, 40, 0, 0},
      {"f32 round field", F32, AFFINE, 1, 8, 16, 32, 8, 16, 32, 3, 0, 0, 0},
      {"f32 pointwise", F32, POINTWISE, 1, 9, 33, 65, 8, 32, 64, 1, 60, 1e-3, 0.5},
      {"f32 pointwise fine", F32, POINTWISE, 1, 8, 16, 65, 8, 32, 64, 3, 0, 1e-6, 0.5},
      {"f32 reference", F32, REFERENCE, 4, 1, 1, 12288, 1, 1, 12288, 0, 500, 0.8, 0.5},
      {"f64", F64, AFFINE, 1, 10, 20, 40, 8, 16, 32, 3, 90, 1e-5, 1},
      {"f64 noise", F64, AFFINE, 1, 8, 16, 32, 8, 16, 32, 0, 0, 1e-12, 0},
      {"f64 pointwise", F64, POINTWISE, 1, 10, 20, 40, 8, 16, 32, 2, 90, 1e-4, 1},
      {"i8", I8, AFFINE, 1, 10, 20, 40, 8, 16, 32, 3, 0, 1e-2, 0.8},
      {"u8", U8, AFFINE, 1, 1, 200, 40, 1, 200, 32, 2, 0, 0.004, 0.8},
      {"i16", I16, AFFINE, 1, 10, 20, 40, 8, 16, 32, 1, 30, 1e-3, 0.8},
      {"u16", U16, AFFINE, 1, 1, 2, 4000, 1, 2, 4000, 1, 30, 1e-3, 0.8},
      {"i32", I32, AFFINE, 1, 10, 20, 40, 8, 16, 32, 3, 30, 1e-6, 0.8},
      {"u32", U32, AFFINE, 1, 10, 20, 40, 8, 16, 32, 3, 30, 1e-6, 0.8},
      {"i64", I64, AFFINE, 1, 10, 20, 40, 8, 16, 32, 3, 30, 1e-6, 0.8},
      {"i64 pointwise", I64, POINTWISE, 1, 10, 20, 40, 8, 16, 32, 1, 30, 1e-2, 0.8},
      {"i32 symbols", I32, AFFINE, 7, 1, 1, 12288, 1, 1, 12288, 0, 0, 0, 1},
      {"i32 symbols odd", I32, AFFINE, 3, 1, 1, 5001, 1, 1, 5001, 1, 100, 0, 0},
      {"i32 symbols field", I32, AFFINE, 1, 16, 16, 64, 8, 16, 64, 3, 100, 0, 0},
      {"f32 log10", F32, AFFINE, 1, 16, 32, 64, 16, 32, 64, 3, 0, 1e-3, 0.9, "log10"},
      {"f32 log10 special", F32, AFFINE, 2, 19, 37, 45, 16, 32, 32, 1, 50, 1e-3, 0.9, "log10"},
      {"f32 log10 fill", F32, AFFINE, 1, 20, 36, 68, 16, 32, 64, 3, -8, 1e-3, 0.9, "log10"},
      {"f32 log10 plane", F32, AFFINE, 2, 1, 200, 100, 1, 64, 52, 2, 300, 1e-3, 0.9, "log10,meanstd:slice"},
      {"f32 log10 line", F32, AFFINE, 5, 1, 1, 12288, 1, 1, 8192, 1, 300, 1e-3, 0.5, "log10,minmax:slice"},
      {"f32 log1p slices", F32, AFFINE, 2, 19, 37, 45, 16, 32, 32, 3, 50, 1e-3, 0.9, "log1p,minmax:slice"},
      {"f32 rows slices", F32, AFFINE, 2, 20, 36, 68, 8, 32, 64, 3, 40, 1e-3, 0.9, "log10,minmax:slice"},
      {"f32 rows fill", F32, AFFINE, 2, 20, 36, 68, 8, 32, 64, 1, -7, 1e-3, 0.9, "asinh:2,meanstd:slice"},
      {"f32 asinh", F32, AFFINE, 1, 19, 37, 45, 16, 32, 32, 3, 50, 1e-3, 0.9, "asinh:0.1,meanstd:field"},
      {"f32 minmax", F32, AFFINE, 3, 19, 37, 45, 8, 32, 32, 0, 5000, 1e-3, 0.9, "minmax:slice"},
      {"f32 meanstd", F32, AFFINE, 1, 19, 37, 45, 16, 32, 32, 3, 0, 1e-3, 0.9, "meanstd:slice"},
      {"f64 log10 slices", F64, AFFINE, 1, 19, 37, 45, 16, 32, 32, 3, 90, 1e-6, 0.9, "log10,minmax:slice"},
      {"f64 quarters", F64, AFFINE, 1, 19, 37, 45, 16, 32, 32, 3, 90, 1e-6, 0.9, "minmax:slice", 0x1p1018},
      {"f64 tiny", F64, AFFINE, 1, 19, 37, 45, 16, 32, 32, 3, 90, 1e-6, 0.9, "minmax:slice", 0x1p-1060},
      {"f64 three stages", F64, AFFINE, 1, 16, 32, 64, 8, 32, 64, 3, 90, 1e-6, 0.9, "log1p,asinh:2,log1p,meanstd:slice"},
      {"i16 log1p", I16, AFFINE, 1, 10, 20, 40, 8, 16, 32, 1, 30, 1e-3, 0.8, "log1p"},
      {"u8 asinh", U8, AFFINE, 1, 1, 200, 40, 1, 200, 32, 2, 0, 0.01, 0.8, "asinh:3,minmax:slice"},
      {"u16 log10", U16, AFFINE, 1, 10, 20, 40, 8, 16, 32, 1, 30, 1e-3, 0.8, "log10"},
      {"i32 minmax", I32, AFFINE, 1, 10, 20, 40, 8, 16, 32, 3, 30, 1e-6, 0.8, "minmax:slice"},
      {"i64 asinh", I64, AFFINE, 1, 10, 20, 40, 8, 16, 32, 3, 30, 1e-6, 0.8, "asinh"},
  };
  int failures = 0, unreported = 0, reported = 0;
  for (const Case& c : cases) {
    Field f{c.volumes, c.d, c.h, c.w, c.cd, c.ch, c.cw};
    std::vector<uint8_t> data = makeField(c, f);
    Quantizer z = resolve(c, data);
    int size = bytesOf(c.type);
    if (c.special < 0) {
      z.filled = true;
      z.fill = toType(c.special % 2 ? 1e20 : 0.25, c.type);
    }
    const Variant &encoder = encoders[z.normalized], &decoder = decoders[z.normalized];
    PipelineParameters p = parametersOf(z, f, c.axes, warps);
    size_t capacity = 0;
    std::vector<std::vector<uint32_t>> expected;
    std::vector<uint32_t> expectedChecks;
    std::vector<uint8_t> expectedValues(data.size());
    for (int i = 0; i < f.chunks(); i++) {
      Shape s;
      int first;
      std::vector<uint8_t> part = cut(f, data, i, size, s, first, false, nullptr);
      uint32_t check;
      expected.push_back(encode(z, c.axes, s, first, part.data(), check));
      expectedChecks.push_back(check);
      capacity += expected.back().size();
      std::vector<uint8_t> back(part.size());
      decode(z, c.axes, s, first, expected.back(), back.data());
      cut(f, back, i, size, s, first, true, &expectedValues);
    }
    Coder coder(f, p, capacity, encoder, decoder);
    uint8_t *in, *back;
    CUDA(cudaMalloc(&in, data.size() + 64));
    CUDA(cudaMalloc(&back, data.size() + 64));
    CUDA(cudaMemcpy(in, data.data(), data.size(), cudaMemcpyHostToDevice));
    CUDA(cudaMemset(coder.out, 0xa5, capacity * 4));
    CUDA(cudaMemset(back, 0x5a, data.size()));
    coder.encode(in, 0);
    CUDA(cudaDeviceSynchronize());
    std::vector<uint32_t> out(capacity), words(f.chunks()), checks(f.chunks());
    std::vector<uint64_t> starts(f.chunks());
    uint32_t error;
    CUDA(cudaMemcpy(out.data(), coder.out, capacity * 4, cudaMemcpyDeviceToHost));
    CUDA(cudaMemcpy(words.data(), coder.words, words.size() * 4, cudaMemcpyDeviceToHost));
    CUDA(cudaMemcpy(starts.data(), coder.starts, starts.size() * 8, cudaMemcpyDeviceToHost));
    CUDA(cudaMemcpy(checks.data(), coder.checks, checks.size() * 4, cudaMemcpyDeviceToHost));
    CUDA(cudaMemcpy(&error, coder.error, 4, cudaMemcpyDeviceToHost));
    std::string wrong = error ? "encoder error" : "";
    size_t at = 0;
    for (int i = 0; i < f.chunks() && wrong.empty(); i++) {
      if (starts[i] != at || words[i] != expected[i].size()) wrong = "size of a chunk";
      else
        for (size_t k = 0; k < words[i] && wrong.empty(); k++)
          if (out[at + k] != expected[i][k]) wrong = "word " + std::to_string(k) + " of chunk " + std::to_string(i);
      if (checks[i] != expectedChecks[i] && wrong.empty()) wrong = "check";
      at += words[i];
    }
    // decode the reference's words, so that the two sides are judged apart
    at = 0;
    for (int i = 0; i < f.chunks(); i++) {
      memcpy(&out[at], expected[i].data(), expected[i].size() * 4);
      starts[i] = at;
      words[i] = expected[i].size();
      at += words[i];
    }
    CUDA(cudaMemcpy(coder.out, out.data(), capacity * 4, cudaMemcpyHostToDevice));
    CUDA(cudaMemcpy(coder.words, words.data(), words.size() * 4, cudaMemcpyHostToDevice));
    CUDA(cudaMemcpy(coder.starts, starts.data(), starts.size() * 8, cudaMemcpyHostToDevice));
    coder.decode(back, 0);
    CUDA(cudaDeviceSynchronize());
    std::vector<uint8_t> values(data.size());
    CUDA(cudaMemcpy(values.data(), back, values.size(), cudaMemcpyDeviceToHost));
    CUDA(cudaMemcpy(checks.data(), coder.checks2, checks.size() * 4, cudaMemcpyDeviceToHost));
    CUDA(cudaMemcpy(&error, coder.error, 4, cudaMemcpyDeviceToHost));
    if (error) wrong += " decoder error";
    if (values != expectedValues) {
      size_t i = 0;
      while (values[i] == expectedValues[i]) i++;
      wrong += " decoded value " + std::to_string(i / size);
    }
    if (checks != expectedChecks) wrong += " decoded check";
    printf("%-20s CR %7.2f flags %2d  %s\n", c.name, (double)data.size() / (capacity * 4.0), p.flags, wrong.empty() ? "ok" : wrong.c_str());
    failures += !wrong.empty();
    for (int i = 0; i < damaged; i++) {
      std::vector<uint32_t> bad = out, badWords = words;
      int chunk = (int)(randomBits() % f.chunks());
      size_t from = starts[chunk], n = words[chunk];
      if (i % 4 == 0) badWords[chunk] = (uint32_t)(randomBits() % n);
      else if (i % 4 == 1) bad[from + randomBits() % std::min<size_t>(n, 8)] ^= 1u << randomBits() % 32;
      else if (i % 4 == 2) for (int k = 0; k < 5; k++) bad[from + randomBits() % n] = (uint32_t)randomBits();
      else bad[from + randomBits() % n] ^= 1u << randomBits() % 32;
      CUDA(cudaMemcpy(coder.out, bad.data(), capacity * 4, cudaMemcpyHostToDevice));
      CUDA(cudaMemcpy(coder.words, badWords.data(), words.size() * 4, cudaMemcpyHostToDevice));
      coder.decode(back, 0);
      CUDA(cudaDeviceSynchronize());
      CUDA(cudaMemcpy(&error, coder.error, 4, cudaMemcpyDeviceToHost));
      CUDA(cudaMemcpy(checks.data(), coder.checks2, checks.size() * 4, cudaMemcpyDeviceToHost));
      bool found = error != 0 || checks[chunk] != expectedChecks[chunk];
      reported += found;
      unreported += !found;
    }
    CUDA(cudaFree(in));
    CUDA(cudaFree(back));
  }
  printf("%d of %zu cases failed; damaged streams: %d reported, %d not (raw values, unused bits)\n",
         failures, sizeof(cases) / sizeof(cases[0]), reported, unreported);
  return failures != 0;
}
