// Checks conv_hopper against float64 and times it. Reads lines from the standard input:
//   CUBIN check|time IMAGES HEIGHT WIDTH IN OUT [stages=N] [patches=N] [row=N] [early=1]
// CUBIN is named by its options: kK_eE_iINPUT_wWIDTH_tTILES_bBLOCKS_gGROUPS_aACTIVATION_sSTORE.cubin.
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <thread>
#include "conv_hopper_device.hpp"

__global__ void fill(u8* to, const u16* codes, u64 values, int input, int in, int bytes, u64 salt) {
  for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < values; i += (u64)gridDim.x * blockDim.x) {
    u64 n = i + salt;
    u32 h = (u32)n * 0x9e3779b1u ^ (u32)(n >> 32) * 0x85ebca6bu;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    h ^= h >> 15;
    const u16 code = (int)(i % input) < in ? codes[h & 4095] : 0;
    if (bytes == 1) to[i] = (u8)code; else ((u16*)to)[i] = code;
  }
}

/// counts[0] += words that are all ones; counts[1] += a sum that depends on every word and its place.
__global__ void survey(const u32* words, u64 count, u64* counts) {
  u64 ones = 0, sum = 0;
  for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += (u64)gridDim.x * blockDim.x) {
    ones += words[i] == 0xffffffffu;
    sum += (words[i] + 1) * (i * 0x9e3779b97f4a7c15ull | 1);
  }
  atomicAdd((unsigned long long*)counts, ones);
  atomicAdd((unsigned long long*)counts + 1, sum);
}

static Layer makeLayer(const Variant& v, int images, int height, int width, int in, int out) {
  Layer l{v, images, height, width, in, out};
  std::mt19937 random(7 + in * 31 + out);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const double terms = (double)in * v.side() * v.side();
  l.inputScale = v.e4m3 ? 1.0 / 64 : 1;
  for (int i = 0; i < 4096; i++) {
    const double x = normal(random) * 0.7;
    l.codes.push_back(v.e4m3 ? floatToE4m3(x / l.inputScale) : floatToHalf(x));
    l.values.push_back(v.e4m3 ? e4m3ToFloat(l.codes[i]) : halfToFloat(l.codes[i]));
  }
  const double spread = (v.kind == CONV_TRANSPOSED ? 2 : 1) / std::sqrt(terms);
  for (int o = 0; o < out; o++) {
    l.weightScale.push_back(v.e4m3 ? spread / 100 * (0.5 + uniform(random)) : 1);
    l.bias.push_back(normal(random) * 0.2);
    l.beta.push_back(0.3 + uniform(random));
    l.median.push_back(normal(random) * 0.3);
    for (double t = 0; t < terms; t++) {
      const double w = normal(random);
      l.weights.push_back(v.e4m3 ? e4m3ToFloat(floatToE4m3(w * 100)) : halfToFloat(floatToHalf(w * spread)));
    }
    for (int j = 0; j < out; j++) l.gamma.push_back(uniform(random) < 0.3 ? 0 : uniform(random) * 3 / out);
  }
  l.outputScale = v.store == STORE_E4M3 ? 1.0 / 64 : 1;
  return l;
}

struct Errors {
  double error = 0, rounded = 0, norm = 0, worst = 0;
  long long symbols = 0, wrong = 0, padding = 0;
};

/// Compares the outputs of some pixels, all channels.
static Errors compare(const Layer& l, const std::vector<u8>& output, const std::vector<long long>& pixels, long long firstImage) {
  const Variant& v = l.v;
  const int height = l.outHeight(), width = l.outWidth(), stored = v.width * v.tiles;
  const int threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<Errors> parts(threads);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; t++) {
    workers.emplace_back([&, t] {
      Errors& e = parts[t];
      for (size_t i = t; i < pixels.size(); i += threads) {
        const long long pixel = pixels[i];
        const int image = pixel / ((long long)height * width), y = pixel / width % height, x = pixel % width;
        const std::vector<double> reference = l.pixel(image, y, x);
        for (int c = 0; c < (v.planar() ? l.out : stored); c++) {
          double got, rounded;
          if (v.planar()) {
            const u8* at = &output[(((size_t)(image - firstImage) * l.out + c) * height * width + (size_t)y * width + x) * 4];
            if (v.store == STORE_PLANAR_SYMBOLS) {
              int symbol;
              memcpy(&symbol, at, 4);
              const double exact = reference[c] - l.median[c];
              e.symbols++;
              e.wrong += std::fabs(symbol - exact) > 0.5 + 0.004;
              continue;
            }
            float f;
            memcpy(&f, at, 4);
            got = f;
            rounded = reference[c];
          } else {
            const size_t at = ((size_t)(pixel - firstImage * height * width) * stored + c) * (v.store == STORE_E4M3 ? 1 : 2);
            uint16_t h;
            memcpy(&h, &output[at], v.store == STORE_E4M3 ? 1 : 2);
            got = v.store == STORE_E4M3 ? e4m3ToFloat((u8)h) * l.outputScale : halfToFloat(h);
            if (c >= l.out) {
              e.padding += v.store == STORE_E4M3 ? (u8)h != 0 : h != 0;
              continue;
            }
            rounded = v.store == STORE_E4M3 ? e4m3ToFloat(floatToE4m3(reference[c] / l.outputScale)) * l.outputScale
                                            : halfToFloat(floatToHalf(reference[c]));
          }
          const double d = got - reference[c];
          e.error += std::isfinite(d) ? d * d : 1e30;
          e.rounded += (got - rounded) * (got - rounded);
          e.norm += reference[c] * reference[c];
          e.worst = std::max(e.worst, std::fabs(d));
        }
      }
    });
  }
  Errors sum;
  for (int t = 0; t < threads; t++) {
    workers[t].join();
    sum.error += parts[t].error;
    sum.rounded += parts[t].rounded;
    sum.norm += parts[t].norm;
    sum.worst = std::max(sum.worst, parts[t].worst);
    sum.symbols += parts[t].symbols;
    sum.wrong += parts[t].wrong;
    sum.padding += parts[t].padding;
  }
  return sum;
}

static int failures;

int main() {
  int device = 0, multiprocessors;
  CUDA(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
  cudaStream_t stream;
  CUDA(cudaStreamCreate(&stream));
  std::map<std::string, cudaKernel_t> kernels;
  std::string text;
  while (std::getline(std::cin, text)) {
    std::istringstream line(text);
    std::string path, mode, option;
    int images, height, width, in, out;
    if (!(line >> path >> mode >> images >> height >> width >> in >> out)) continue;
    Tuning tuning;
    while (line >> option) {
      const int value = atoi(option.substr(option.find('=') + 1).c_str());
      if (option[0] == 's') tuning.weightStages = value;
      if (option[0] == 'p') tuning.patchStages = value;
      if (option[0] == 'r') tuning.row = value;
      if (option[0] == 'e') tuning.early = value != 0;
    }
    Variant v;
    const std::string name = path.substr(path.find_last_of('/') + 1);
    if (sscanf(name.c_str(), "k%d_e%d_i%d_w%d_t%d_b%d_g%d_a%d_s%d", &v.kind, &v.e4m3, &v.input, &v.width, &v.tiles, &v.blocks,
               &v.groups, &v.activation, &v.store) != 9) {
      printf("%s: no variant\n", name.c_str());
      return 2;
    }
    if (!kernels.count(path)) {
      cudaLibrary_t library;
      CUDA(cudaLibraryLoadFromFile(&library, path.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0));
      CUDA(cudaLibraryGetKernel(&kernels[path], library, "conv_hopper"));
    }
    const Layer l = makeLayer(v, images, height, width, in, out);
    const Packed packed = pack(l);
    Launch launch = prepare(l, kernels[path], packed, tuning, multiprocessors);
    const size_t inputValues = (size_t)images * height * width * v.input;
    const size_t outputBytes = (size_t)images * l.outHeight() * l.outWidth() *
                               (v.planar() ? 4 * (size_t)out : (size_t)v.width * v.tiles * (v.store == STORE_E4M3 ? 1 : 2));
    const int sets = mode == "time" && inputValues * v.bytes() + outputBytes < (100u << 20) ? 4 : 1;
    std::vector<u8*> inputs(sets), outputs(sets);
    u16* codes = upload(l.codes);
    u32* errors = upload(std::vector<u32>(1, 0));
    u64* counts = upload(std::vector<u64>(2, 0));
    std::vector<Launch> launches(sets, launch);
    for (int i = 0; i < sets; i++) {
      CUDA(cudaMalloc(&inputs[i], inputValues * v.bytes()));
      CUDA(cudaMalloc(&outputs[i], outputBytes + 4096));
      fill<<<1024, 256, 0, stream>>>(inputs[i], codes, inputValues, v.input, in, v.bytes(), (u64)i << 40);
      CUDA(cudaMemsetAsync(outputs[i], 0xff, outputBytes + 4096, stream));
      bind(launches[i], l, inputs[i], outputs[i], errors);
    }
    CUDA(cudaStreamSynchronize(stream));
    const double flops = 2.0 * images * l.outHeight() * l.outWidth() * out *
                         ((double)in * v.side() * v.side() / (v.kind == CONV_TRANSPOSED ? 4 : 1) + (v.normalizes() ? out : 0));
    printf("%s %dx%dx%d %d->%d stages %d: ", name.substr(0, name.size() - 6).c_str(), images, height, width, in, out,
           launch.p.weightStages);
    fflush(stdout);
    run(launches[0], stream);
    CUDA(cudaStreamSynchronize(stream));
    if (mode == "check") {
      u64 first[2], second[2] = {0, 0};
      survey<<<256, 256, 0, stream>>>((u32*)outputs[0], outputBytes / 4, counts);
      CUDA(cudaMemcpyAsync(first, counts, 16, cudaMemcpyDeviceToHost, stream));
      CUDA(cudaMemsetAsync(counts, 0, 16, stream));
      run(launches[0], stream);
      survey<<<256, 256, 0, stream>>>((u32*)outputs[0], outputBytes / 4, counts);
      CUDA(cudaMemcpyAsync(second, counts, 16, cudaMemcpyDeviceToHost, stream));
      std::vector<u8> guard(4096);
      CUDA(cudaMemcpyAsync(guard.data(), outputs[0] + outputBytes, 4096, cudaMemcpyDeviceToHost, stream));
      u32 error;
      CUDA(cudaMemcpyAsync(&error, errors, 4, cudaMemcpyDeviceToHost, stream));
      CUDA(cudaStreamSynchronize(stream));
      const bool guarded = std::count(guard.begin(), guard.end(), 0xff) == 4096;
      // whole images: the first, the last and one between, at most 400 pixels of each
      Errors sum;
      const long long area = (long long)l.outHeight() * l.outWidth(), bytes = outputBytes / images;
      std::mt19937 random(3);
      std::vector<long long> chosen = {0, images - 1, images / 2};
      std::sort(chosen.begin(), chosen.end());
      chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
      for (long long image : chosen) {
        std::vector<u8> output(bytes);
        CUDA(cudaMemcpy(output.data(), outputs[0] + image * bytes, bytes, cudaMemcpyDeviceToHost));
        std::vector<long long> pixels;
        for (long long i = 0; i < std::min(area, 400ll); i++) pixels.push_back(image * area + (area <= 400 ? i : i == 0 ? 0 : i == 1 ? area - 1 : random() % area));
        const Errors e = compare(l, output, pixels, image);
        sum.error += e.error; sum.rounded += e.rounded; sum.norm += e.norm; sum.symbols += e.symbols; sum.wrong += e.wrong; sum.padding += e.padding;
        sum.worst = std::max(sum.worst, e.worst);
      }
      const double relative = std::sqrt(sum.error / std::max(sum.norm, 1e-30)), afterRounding = std::sqrt(sum.rounded / std::max(sum.norm, 1e-30));
      const double limit = v.store == STORE_E4M3 ? 0.04 : v.e4m3 ? 5e-3 : 2e-3;
      const bool poison = v.store != STORE_PLANAR_SYMBOLS && first[0] != 0;
      const bool good = guarded && !poison && first[1] == second[1] && error == 0 && sum.padding == 0 && sum.wrong == 0 && relative < limit;
      failures += !good;
      printf("%s error %.2e, against rounded %.2e, worst %.1e; poison %llu, padding %lld, symbols wrong %lld of %lld%s%s\n", good ? "ok" : "WRONG",
             relative, afterRounding, sum.worst, (unsigned long long)first[0], sum.padding, sum.wrong, sum.symbols,
             first[1] == second[1] ? "" : ", NOT THE SAME TWICE", guarded ? "" : ", WRITES BEYOND ITS END");
    } else {
      cudaEvent_t a, b;
      CUDA(cudaEventCreate(&a));
      CUDA(cudaEventCreate(&b));
      std::vector<float> times;
      for (int i = 0; i < 28; i++) {
        CUDA(cudaEventRecord(a, stream));
        for (int j = 0; j < tuning.row; j++) run(launches[(i + j) % sets], stream, tuning.early);
        CUDA(cudaEventRecord(b, stream));
        CUDA(cudaEventSynchronize(b));
        float ms;
        CUDA(cudaEventElapsedTime(&ms, a, b));
        if (i >= 6) times.push_back(ms / tuning.row);
      }
      std::sort(times.begin(), times.end());
      const double ms = times[times.size() / 2];
      if (tuning.row > 1) printf("%d in a row%s ", tuning.row, tuning.early ? ", early" : "");
      printf("%.4f ms (%.4f ... %.4f) %.0f TFLOP/s\n", ms, times.front(), times.back(), flops / ms / 1e9);
    }
    fflush(stdout);
    for (int i = 0; i < sets; i++) {
      CUDA(cudaFree(inputs[i]));
      CUDA(cudaFree(outputs[i]));
    }
    for (void* p : {(void*)codes, (void*)errors, (void*)counts, (void*)packed.weights, (void*)packed.gamma, (void*)packed.scale, (void*)packed.bias, (void*)packed.beta, (void*)packed.median}) CUDA(cudaFree(p));
  }
  printf(failures ? "%d FAILED\n" : "all checks passed\n", failures);
  return failures != 0;
}
