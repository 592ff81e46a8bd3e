// The three edge kernels with random weights: operands packed as edge_parameters.cuh states, launches, float64 references.
#pragma once
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>
#include "edge_data.cuh"

// Device memory with a guarded end.
class Memory {
  static constexpr size_t GUARD = 4096;
  char* bytes_ = nullptr;
  size_t size_ = 0;

 public:
  Memory() = default;
  explicit Memory(size_t size) : size_(size) { CUDA(cudaMalloc(&bytes_, size + GUARD)); }
  Memory(Memory&& other) : bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_) {}
  Memory& operator=(Memory&& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Memory() { cudaFree(bytes_); }
  template <class T>
  static Memory of(const std::vector<T>& values) {
    Memory m(values.size() * sizeof(T));
    CUDA(cudaMemcpy(m.bytes_, values.data(), m.size_, cudaMemcpyHostToDevice));
    return m;
  }
  template <class T>
  T* as() const { return (T*)bytes_; }
  // All ones are NaN in every type of activation.
  void poison() { CUDA(cudaMemset(bytes_, 0xff, size_ + GUARD)); }
  bool guarded() const {
    std::vector<unsigned char> end(GUARD);
    CUDA(cudaMemcpy(end.data(), bytes_ + size_, GUARD, cudaMemcpyDeviceToHost));
    return std::all_of(end.begin(), end.end(), [](unsigned char c) { return c == 0xff; });
  }
  std::vector<char> read() const {
    std::vector<char> out(size_);
    CUDA(cudaMemcpy(out.data(), bytes_, size_, cudaMemcpyDeviceToHost));
    return out;
  }
};

// Values of an output that are not finite: samples leave most of a large one out.
inline long poisonIn(const std::vector<char>& out, int activation) {
  long found = 0;
  if (activation == F16) {
    for (size_t i = 0; i < out.size() / 2; i++) found += (((const u16*)out.data())[i] & 0x7c00) == 0x7c00;
  } else if (activation == E4M3) {
    for (char c : out) found += (c & 0x7f) == 0x7f;
  } else {
    for (size_t i = 0; i < out.size() / 4; i++) found += (((const u32*)out.data())[i] & 0x7f800000) == 0x7f800000;
  }
  return found;
}

inline int multiprocessors() {
  int count;
  CUDA(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, 0));
  return count;
}

template <class P>
void launchKernel(const Variant& v, dim3 grid, int threads, P parameters) {
  void* arguments[] = {&parameters};
  CUDA(cudaLaunchKernel((const void*)v.kernel, grid, dim3(threads), arguments, v.sharedBytes(), 0));
}

// A matrix as 8 x 8 blocks of halves; of `parts` == 2 high and low halves of the values times the returned power of two,
// which suits magnitudes up to `most` as well.
inline float packMatrix(const std::vector<float>& values, int rows, int columns, int parts, std::vector<u16>& to, float most = 0) {
  for (float v : values) most = std::max(most, std::fabs(v));
  float scale = parts == 1 || most == 0 ? 1 : std::ldexp(1.0f, 13 - std::ilogb(most));
  size_t start = to.size(), size = (size_t)rows * columns;
  to.resize(start + parts * size);
  for (int n = 0; n < rows; n++) {
    for (int k = 0; k < columns; k++) {
      float v = values[(size_t)n * columns + k] * scale;
      size_t at = start + ((size_t)(n / 8) * (columns / 8) + k / 8) * 64 + n % 8 * 8 + k % 8;
      __half high = __float2half_rn(v);
      to[at] = __half_as_ushort(high);
      if (parts == 2) to[at + size] = __half_as_ushort(__float2half_rn(v - __half2float(high)));
    }
  }
  return scale;
}

struct FirstLayer {
  const Variant& v;
  int tiles, height, width, channels;  // channels <= N: the real ones
  Memory input, output, weightMemory, gammaMemory, biasMemory, betaMemory;
  std::vector<float> weights, bias, gamma, beta;  // by channel
  EdgeFirstParameters p = {};
  double scale = 1;  // of the activations

  FirstLayer(const Variant& v, int tiles, int height, int width, int channels)
      : v(v), tiles(tiles), height(height), width(width), channels(channels) {
    int n = v.n(), c = v.channelsIn(), k = v.columns(), parts = v.parts();
    bool gdn = v.epilogue() == 1;
    scale = v.activation() == E4M3 ? (gdn ? 0.02 : 0.01) : 1;
    weights.resize((size_t)n * c * 25);
    bias.resize(n);
    gamma.resize((size_t)n * n);
    beta.resize(n, 1.0f);
    for (int o = 0; o < channels; o++) {
      float size = std::ldexp(1.0f, o % 6 - 4);  // some channels are small
      for (int i = 0; i < c * 25; i++) weights[o * c * 25 + i] = unitAt(o * c * 25 + i, 11) * size;
      bias[o] = unitAt(o, 12) * size;
      beta[o] = 1 + 0.5f * unitAt(o, 13);
      for (int j = 0; j < channels; j++) {
        gamma[o * n + j] = (unitAt(o * n + j, 14) + 1) * 0.01f + (o == j ? 0.1f : 0);
      }
    }
    // squares in f16: a power of two that the sums are multiplied by
    float s = gdn && parts == 1 ? (c <= 4 ? 8 : 1) : 1;
    std::vector<float> w((size_t)n * k), g((size_t)n * n), slotBias(n), slotBeta(n);
    for (int slot = 0; slot < n; slot++) {
      int o = v.channelOf(slot);
      float* row = &w[(size_t)slot * k];
      for (int i = 0; i < c; i++) {
        for (int ky = 0; ky < 5; ky++) {
          for (int kx = 0; kx < 5; kx++) {
            int q = kx < 4 ? ky * 2 + kx / 2 : 10 + ky / 2;
            int half = kx < 4 ? kx % 2 : ky % 2;
            row[2 * (13 * i + q) + half] = weights[(o * c + i) * 25 + ky * 5 + kx] * s;
          }
        }
      }
      if (parts == 1) {
        float high = __half2float(__float2half_rn(bias[o] * s));
        row[26 * c] = high;
        row[26 * c + 1] = bias[o] * s - high;
      }
      slotBias[slot] = bias[o];
      slotBeta[slot] = gdn ? (float)(beta[o] * s * s * scale * scale) : 0;
      for (int j = 0; j < n; j++) g[(size_t)slot * n + j] = gamma[o * n + v.channelOf(j)] * (parts == 1 ? 16 : 1);
    }
    std::vector<u16> packed, packedGamma;
    float weightScale = packMatrix(w, n, k, parts, packed);
    float gammaScale = packMatrix(g, n, n, parts, packedGamma) * (parts == 1 ? 16 : 1);
    input = Memory((size_t)tiles * c * height * width * 4);
    output = Memory((size_t)tiles * (height / 2) * (width / 2) * n * v.bytes());
    weightMemory = Memory::of(packed);
    gammaMemory = Memory::of(packedGamma);
    biasMemory = Memory::of(slotBias);
    betaMemory = Memory::of(slotBeta);
    fillFloats<<<1024, 256>>>(input.as<float>(), (u64)tiles * c * height * width, 1);
    CUDA(cudaGetLastError());
    output.poison();
    p.input = input.as<float>();
    p.output = output.as<void>();
    p.weights = weightMemory.as<u16>();
    p.gamma = gammaMemory.as<u16>();
    p.bias = biasMemory.as<float>();
    p.beta = betaMemory.as<float>();
    p.groups = (i64)tiles * ((height / 2 + v.rows() - 1) / v.rows()) * ((width / 2 + 15) / 16);
    p.height = height;
    p.width = width;
    p.normScale = (float)(scale * scale / gammaScale);
    p.outputScale = (float)(1 / scale);
    p.weightScale = 1 / weightScale;
  }

  void describe(char* to) const { sprintf(to, "%dx%dx%dx%d->%d", tiles, v.channelsIn(), height, width, channels); }

  void launch() const {
    i64 blocks = std::min<i64>(multiprocessors(), (p.groups + v.warpgroups() - 1) / v.warpgroups());
    launchKernel(v, dim3((u32)blocks), 128 * v.warpgroups(), p);
  }

  // About `samples` pixels, the corners among them.
  Error compare(const std::vector<char>& out, u64 samples) const {
    Error e;
    e.wrong = poisonIn(out, v.activation());
    int n = v.n(), c = v.channelsIn(), outHeight = height / 2, outWidth = width / 2;
    u64 pixels = (u64)tiles * outHeight * outWidth;
    std::vector<double> x(n);
    for (u64 i = 0; i < std::min(samples, pixels); i++) {
      u64 pixel = samples >= pixels ? i : i == 0 ? 0 : i == 1 ? pixels - 1 : (u64)hashOf(i, 5) * 4099 % pixels;
      int tile = (int)(pixel / ((u64)outHeight * outWidth)), y = (int)(pixel / outWidth % outHeight), column = (int)(pixel % outWidth);
      for (int o = 0; o < n; o++) {
        x[o] = bias[o];
        for (int ci = 0; ci < c; ci++) {
          for (int ky = 0; ky < 5; ky++) {
            for (int kx = 0; kx < 5; kx++) {
              int iy = 2 * y + ky - 2, ix = 2 * column + kx - 2;
              if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
              x[o] += (double)unitAt((((u64)tile * c + ci) * height + iy) * width + ix, 1) * weights[(o * c + ci) * 25 + ky * 5 + kx];
            }
          }
        }
      }
      for (int o = 0; o < n; o++) {
        double r = x[o];
        if (v.epilogue() == 1) {
          double norm = beta[o];
          for (int j = 0; j < n; j++) norm += (double)gamma[o * n + j] * x[j] * x[j];
          r /= sqrt(norm);
        } else if (v.epilogue() == 2) {
          r = std::max(r, 0.0);
        }
        e.add(storedAt(out.data(), pixel * n + o, v.activation()), scale, r);
      }
    }
    return e;
  }
};

struct LastLayer {
  const Variant& v;
  int tiles, height, width, channelsIn, channels;
  Memory input, output, weightMemory, biasMemory;
  std::vector<float> weights, bias;  // [in][out][5][5]
  EdgeLastParameters p = {};
  double scale = 1;

  LastLayer(const Variant& v, int tiles, int height, int width, int channelsIn, int channels, int stripRows)
      : v(v), tiles(tiles), height(height), width(width), channelsIn(channelsIn), channels(channels) {
    int n = v.n(), perRow = v.channelsIn(), taps = v.taps();
    scale = v.activation() == E4M3 ? 0.03 : 1;
    weights.resize((size_t)channelsIn * channels * 25);
    bias.resize(channels);
    for (size_t i = 0; i < weights.size(); i++) weights[i] = unitAt(i, 21) * 0.1f;
    for (int i = 0; i < channels; i++) bias[i] = unitAt(i, 22);
    std::vector<u16> packed;
    float weightScale = 1;
    float most = 0;  // one scale for all launch rows
    for (float w : weights) most = std::max(most, std::fabs(w));
    int launchRows = (channels + perRow - 1) / perRow;
    for (int row = 0; row < launchRows; row++) {
      std::vector<float> w((size_t)3 * taps * n);
      for (int b = 0; b < 3; b++) {
        for (int py = 0; py < 2; py++) {
          for (int c = 0; c < perRow && row * perRow + c < channels; c++) {
            for (int kx = 0; kx < 5; kx++) {
              int ky = 2 * b + py;
              if (ky > 4) continue;
              for (int slot = 0; slot < n; slot++) {
                int i = v.channelOf(slot);
                if (i >= channelsIn) continue;
                w[(size_t)(b * taps + (py * perRow + c) * 5 + kx) * n + slot] =
                    weights[((size_t)i * channels + row * perRow + c) * 25 + ky * 5 + kx];
              }
            }
          }
        }
      }
      weightScale = packMatrix(w, 3 * taps, n, v.parts(), packed, most);
    }
    input = Memory((size_t)tiles * height * width * n * v.bytes());
    output = Memory((size_t)tiles * channels * height * width * 16);
    weightMemory = Memory::of(packed);
    biasMemory = Memory::of(bias);
    fillActivations<<<1024, 256>>>(input.as<void>(), (u64)tiles * height * width * n, 2, n, channelsIn, v.activation());
    CUDA(cudaGetLastError());
    output.poison();
    p.input = input.as<void>();
    p.output = output.as<float>();
    p.weights = weightMemory.as<u16>();
    p.bias = biasMemory.as<float>();
    p.tiles = tiles;
    p.stripRows = stripRows;
    p.height = height;
    p.width = width;
    p.channels = channels;
    int images = width <= 64 ? 64 / width : 1, segments = width <= 64 ? 1 : (width + 61) / 62;
    p.strips = (i64)((tiles + images - 1) / images) * segments * ((height + stripRows - 1) / stripRows);
    p.outputScale = (float)scale / weightScale;
  }

  void describe(char* to) const {
    sprintf(to, "%dx%dx%dx%d->%d/%d", tiles, channelsIn, height, width, channels, p.stripRows);
  }

  void launch() const {
    u32 rows = (channels + v.channelsIn() - 1) / v.channelsIn();
    i64 blocks = std::min<i64>(multiprocessors(), (p.strips + v.warpgroups() - 1) / v.warpgroups());
    launchKernel(v, dim3((u32)blocks, rows), 128 * v.warpgroups(), p);
  }

  Error compare(const std::vector<char>& out, u64 samples) const {
    Error e;
    int n = v.n(), h2 = 2 * height, w2 = 2 * width;
    u64 values = (u64)tiles * channels * h2 * w2;
    e.wrong = poisonIn(out, F32);
    for (u64 i = 0; i < std::min(samples, values); i++) {
      u64 at = samples >= values ? i : i == 0 ? 0 : i == 1 ? values - 1 : (u64)hashOf(i, 6) * 4099 % values;
      int x = (int)(at % w2), y = (int)(at / w2 % h2), c = (int)(at / ((u64)w2 * h2) % channels), tile = (int)(at / ((u64)w2 * h2 * channels));
      double r = bias[c];
      for (int ky = y & 1; ky < 5; ky += 2) {
        for (int kx = x & 1; kx < 5; kx += 2) {
          int iy = (y + 2 - ky) / 2, ix = (x + 2 - kx) / 2;
          if (y + 2 < ky || x + 2 < kx || iy >= height || ix >= width) continue;
          u64 pixel = ((u64)tile * height + iy) * width + ix;
          for (int j = 0; j < channelsIn; j++) {
            r += scale * roundedTo(activationAt(pixel * n + j, 2, n, channelsIn), v.activation())
                * weights[((size_t)j * channels + c) * 25 + ky * 5 + kx];
          }
        }
      }
      e.add(storedAt(out.data(), at, F32), 1, r);
    }
    return e;
  }
};

struct LoadLayer {
  const Variant& v;
  int tiles, pixels, channels, sets;
  std::vector<Memory> inputs;
  Memory output, medianMemory;
  std::vector<float> medians;
  EdgeLoadParameters p = {};
  double scale = 1;
  mutable int turn = 0;

  LoadLayer(const Variant& v, int tiles, int pixels, int channels, int sets)
      : v(v), tiles(tiles), pixels(pixels), channels(channels), sets(sets) {
    scale = v.activation() == E4M3 ? 0.3 : 1;
    u64 count = (u64)tiles * channels * pixels;
    medians.resize(channels);
    for (int i = 0; i < channels; i++) medians[i] = unitAt(i, 31);
    medianMemory = Memory::of(medians);
    for (int i = 0; i < sets; i++) {
      inputs.emplace_back(count * 4);
      if (v.get('s', 1)) {
        fillSymbols<<<1024, 256>>>(inputs[i].as<i32>(), count, 3 + i);
      } else {
        fillFloats<<<1024, 256>>>(inputs[i].as<float>(), count, 3 + i);
      }
      CUDA(cudaGetLastError());
    }
    output = Memory((size_t)tiles * pixels * v.n() * v.bytes());
    output.poison();
    p.medians = medianMemory.as<float>();
    p.output = output.as<void>();
    p.tiles = tiles;
    p.channels = channels;
    p.pixels = pixels;
    p.inverseScale = (float)(1 / scale);
  }

  void describe(char* to) const { sprintf(to, "%dx%dx%d", tiles, channels, pixels); }

  void launch() const {
    EdgeLoadParameters q = p;
    q.input = inputs[turn++ % sets].as<void>();
    launchKernel(v, dim3((u32)((i64)tiles * ((pixels + 63) / 64) * ((v.n() + 63) / 64))), 256, q);
  }

  Error compare(const std::vector<char>& out, u64 samples) const {
    Error e;
    e.wrong = poisonIn(out, v.activation());
    int n = v.n();
    u64 values = (u64)tiles * pixels * n;
    for (u64 i = 0; i < std::min(samples, values); i++) {
      u64 at = samples >= values ? i : (u64)hashOf(i, 7) * 4099 % values;
      int c = (int)(at % n), pixel = (int)(at / n % pixels);
      u64 tile = at / n / pixels, from = (tile * channels + c) * pixels + pixel;
      double value = c >= channels ? 0 : (v.get('s', 1) ? (double)((i32)hashOf(from, 3) >> 25) : (double)unitAt(from, 3)) + medians[c];
      e.add(storedAt(out.data(), at, v.activation()), scale, value);
    }
    return e;
  }
};
