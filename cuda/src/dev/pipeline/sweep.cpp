// Times the kernels on fields in device memory.
// sweep FIELD.f32 D H W CD CH CW RELATIVE AXES ENCODER:warps:stage … -- DECODER:warps:stage …
// A field named *.i32 holds symbols (axes 0 usually): eight sets of it in rotation. RELATIVE may be
// BOUND@NORMALIZER, such as 0.01@log10: the largest error of what that makes of the values.
#include <algorithm>
#include "harness.hpp"

using namespace reference;

static constexpr size_t SAMPLED = 17;  // of so many values one is normalized here, which takes long

static Variant parse(const std::string& text, bool encoder) {
  size_t a = text.find(':'), b = text.find(':', a + 1);
  return loadVariant(text.substr(0, a), encoder, atoi(text.c_str() + a + 1), atoi(text.c_str() + b + 1));
}

template <class F>
static float median(F run, int sets) {
  cudaStream_t stream;
  CUDA(cudaStreamCreate(&stream));
  std::vector<cudaGraphExec_t> graphs(sets);
  for (int i = 0; i < sets; i++) {
    cudaGraph_t graph;
    CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    run(i, stream);
    CUDA(cudaStreamEndCapture(stream, &graph));
    CUDA(cudaGraphInstantiate(&graphs[i], graph, 0));
  }
  cudaEvent_t a, b;
  CUDA(cudaEventCreate(&a));
  CUDA(cudaEventCreate(&b));
  std::vector<float> times;
  for (int i = 0; i < 24; i++) {
    CUDA(cudaEventRecord(a, stream));
    CUDA(cudaGraphLaunch(graphs[i % sets], stream));
    CUDA(cudaEventRecord(b, stream));
    CUDA(cudaEventSynchronize(b));
    float ms;
    CUDA(cudaEventElapsedTime(&ms, a, b));
    if (i >= 4) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

int main(int argc, char** argv) {
  std::string path = argv[1];
  bool symbols = path.size() > 4 && path.substr(path.size() - 4) == ".i32";
  Field f{1, atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]), atoi(argv[7])};
  double relative = atof(argv[8]);
  const char* normalizer = strchr(argv[8], '@');
  int axes = atoi(argv[9]);
  if (f.d > 1 && f.h == 1 && f.cd == 1) { f.volumes = f.d; f.d = 1; }
  std::vector<float> data(f.values());
  FILE* file = fopen(path.c_str(), "rb");
  if (!file || fread(data.data(), 4, data.size(), file) != data.size()) { fprintf(stderr, "cannot read %s\n", argv[1]); return 2; }
  fclose(file);
  int sets = data.size() * 4 < (100u << 20) ? 8 : 2;
  size_t bytes = data.size() * 4;
  std::vector<void*> in(sets), back(sets);
  for (int i = 0; i < sets; i++) {
    CUDA(cudaMalloc(&in[i], bytes));
    CUDA(cudaMalloc(&back[i], bytes));
    CUDA(cudaMemcpy(in[i], data.data(), bytes, cudaMemcpyHostToDevice));
  }
  Quantizer z{symbols ? I32 : F32, AFFINE, 0, 1, 0.5, 1};
  double low = INFINITY, high = -INFINITY, size = 0;
  if (normalizer) {
    z.normalized = true;
    z.normalizer = parseNormalizer(normalizer + 1);
    measure(z.normalizer, f.volumes * f.d, (long)f.h * f.w, [&](long i) { return data[i]; });
    z.bound = relative;
    z.offset = HUGE_VAL;
    for (size_t i = 0; i < data.size(); i += SAMPLED)
      if (z.normalizer.accepts(data[i])) z.offset = std::fmin(z.offset, z.normalizer.forward((int)(i / ((size_t)f.h * f.w)), data[i]));
    z.step = 2 * z.bound - 0x1p-22 * std::fmax(1, 2 * std::fabs(z.offset));
  } else if (!symbols && relative > 0) {
    for (float x : data) { low = std::fmin(low, x); high = std::fmax(high, x); size = std::fmax(size, std::fabs(x)); }
    z.offset = low;
    z.bound = relative * (high - low);
    z.step = 2 * z.bound - (std::nextafter((float)size, INFINITY) - (float)size);
  }
  std::vector<Variant> encoders, decoders;
  int i = 10;
  for (; i < argc && std::string(argv[i]) != "--"; i++) encoders.push_back(parse(argv[i], true));
  for (i++; i < argc; i++) decoders.push_back(parse(argv[i], false));
  auto coders = [&](const Variant& e, const Variant& d) {
    std::vector<Coder*> all;
    for (int k = 0; k < sets; k++)
      all.push_back(new Coder(f, parametersOf(z, f, axes, e.warps), data.size() + data.size() / 8 + 4096, e, d));
    return all;
  };
  auto release = [](std::vector<Coder*> all) { for (Coder* c : all) delete c; };
  for (const Variant& e : encoders) {
    auto all = coders(e, decoders[0]);
    float ms = median([&](int k, cudaStream_t s) { all[k]->encode(in[k], s); }, sets);
    printf("%-16s axes %d encode %-24s %8.1f us %7.0f GB/s  CR %.2f\n", path.substr(path.rfind('/') + 1).c_str(), axes, e.name.c_str(),
           ms * 1e3, bytes / ms * 1e-6, bytes / (all[0]->totalWords() * 4.0));
    release(all);
  }
  auto all = coders(encoders[0], decoders[0]);
  for (int k = 0; k < sets; k++) all[k]->encode(in[k], 0);
  CUDA(cudaDeviceSynchronize());
  for (const Variant& d : decoders) {
    for (Coder* c : all) c->decoder = d;
    for (int k = 0; k < sets; k++) CUDA(cudaMemset(back[k], 0x5a, bytes));
    float ms = median([&](int k, cudaStream_t s) { all[k]->decode(back[k], s); }, sets);
    std::vector<float> got(data.size());
    CUDA(cudaMemcpy(got.data(), back[sets - 1], bytes, cudaMemcpyDeviceToHost));
    double worst = 0;
    size_t differ = 0;
    for (size_t k = 0; k < got.size(); k++) {
      if (symbols) differ += memcmp(&got[k], &data[k], 4) != 0;
      else if (!normalizer) worst = std::fmax(worst, std::fabs((double)got[k] - data[k]));
      else if (k % SAMPLED == 0 && z.normalizer.accepts(data[k])) {
        int plane = (int)(k / ((size_t)f.h * f.w));
        worst = std::fmax(worst, std::fabs(z.normalizer.forward(plane, data[k]) - z.normalizer.forward(plane, got[k])));
      }
    }
    uint32_t error;
    CUDA(cudaMemcpy(&error, all[0]->error, 4, cudaMemcpyDeviceToHost));
    std::vector<uint32_t> a(f.chunks()), b(f.chunks());
    CUDA(cudaMemcpy(a.data(), all[0]->checks, a.size() * 4, cudaMemcpyDeviceToHost));
    CUDA(cudaMemcpy(b.data(), all[0]->checks2, b.size() * 4, cudaMemcpyDeviceToHost));
    printf("%-16s axes %d decode %-24s %8.1f us %7.0f GB/s  %s\n", path.substr(path.rfind('/') + 1).c_str(), axes, d.name.c_str(), ms * 1e3,
           bytes / ms * 1e-6, error || a != b || differ || worst > z.bound ? "WRONG" : "ok");
  }
  release(all);
}
