// What other work between two launches costs the kernels on small inputs: 512×192×8×8 symbols of
// 8 bits, coded as 32-bit integers, four inputs in turn.
// surroundings SYMBOLS.i8 ENCODER:warps:stage DECODER:warps:stage
#include <algorithm>
#include <cstring>
#include "harness.hpp"

using namespace reference;

struct Condition {
  const char* name;
  bool alternate;  // encode, decode, encode, …
  bool clear;      // the output is cleared before both
  bool copy;       // the output goes to the host after both
};

static Variant parse(const std::string& text, bool encoder) {
  size_t a = text.find(':'), b = text.find(':', a + 1);
  return loadVariant(text.substr(0, a), encoder, atoi(text.c_str() + a + 1), atoi(text.c_str() + b + 1));
}

static float median(std::vector<float>& times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

int main(int argc, char** argv) {
  if (argc != 4) { fprintf(stderr, "surroundings SYMBOLS.i8 ENCODER:warps:stage DECODER:warps:stage\n"); return 2; }
  const int sets = 4, warm = 8, runs = 32, tiles = 512, perTile = 12288;
  Field f{tiles, 1, 1, perTile, 1, 1, perTile};
  const size_t n = f.values(), bytes = n * 4;
  std::vector<int8_t> symbols(n);
  FILE* file = fopen(argv[1], "rb");
  if (!file || fread(symbols.data(), 1, n, file) != n) { fprintf(stderr, "cannot read %s\n", argv[1]); return 2; }
  fclose(file);
  Variant e = parse(argv[2], true), d = parse(argv[3], false);
  Quantizer z{I32, AFFINE, 0, 1, 0.5, 1};
  cudaStream_t stream;
  CUDA(cudaStreamCreate(&stream));
  auto capture = [&](auto run) {
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    run();
    CUDA(cudaStreamEndCapture(stream, &graph));
    CUDA(cudaGraphInstantiate(&exec, graph, 0));
    return exec;
  };
  std::vector<std::vector<int32_t>> host(sets, std::vector<int32_t>(n));
  std::vector<int32_t*> in(sets), back(sets);
  std::vector<cudaGraphExec_t> encode(sets), decode(sets);
  for (int i = 0; i < sets; i++) {
    for (size_t k = 0; k < n; k++) host[i][k] = symbols[(k + (size_t)i * tiles / sets * perTile) % n];
    CUDA(cudaMalloc(&in[i], bytes));
    CUDA(cudaMalloc(&back[i], bytes));
    CUDA(cudaMemcpy(in[i], host[i].data(), bytes, cudaMemcpyHostToDevice));
    Coder* coder = new Coder(f, parametersOf(z, f, 0, e.warps), n + n / 4 + (1 << 18), e, d);
    encode[i] = capture([&] { coder->encode(in[i], stream); });
    decode[i] = capture([&] { coder->decode(back[i], stream); });
  }
  int32_t* pinned;
  CUDA(cudaMallocHost(&pinned, bytes));
  cudaEvent_t a, b;
  CUDA(cudaEventCreate(&a));
  CUDA(cudaEventCreate(&b));
  auto time = [&](cudaGraphExec_t graph) {
    float ms;
    CUDA(cudaEventRecord(a, stream));
    CUDA(cudaGraphLaunch(graph, stream));
    CUDA(cudaEventRecord(b, stream));
    CUDA(cudaEventSynchronize(b));
    CUDA(cudaEventElapsedTime(&ms, a, b));
    return ms * 1e3f;
  };
  for (Condition c : {Condition{"the same kernel before", false, false, false},
                      Condition{"the output copied to the host before", false, false, true},
                      Condition{"the other kernel before", true, false, false},
                      Condition{"the other kernel, output cleared", true, true, false},
                      Condition{"the other kernel, cleared, copied", true, true, true}}) {
    std::vector<float> encoding, decoding;
    auto around = [&](int k, bool before) {
      if (before && c.clear) CUDA(cudaMemsetAsync(back[k], 0x5a, bytes, stream));
      if (!before && c.copy) CUDA(cudaMemcpyAsync(pinned, back[k], bytes, cudaMemcpyDeviceToHost, stream));
      CUDA(cudaStreamSynchronize(stream));
    };
    for (int pass = 0; pass < (c.alternate ? 1 : 2); pass++) {
      for (int i = 0; i < warm + runs; i++) {
        int k = i % sets;
        around(k, true);
        float encoded = c.alternate || pass == 0 ? time(encode[k]) : 0;
        float decoded = c.alternate || pass == 1 ? time(decode[k]) : 0;
        around(k, false);
        if (i >= warm && encoded > 0) encoding.push_back(encoded);
        if (i >= warm && decoded > 0) decoding.push_back(decoded);
      }
    }
    bool same = true;
    for (int k = 0; k < sets; k++) {
      CUDA(cudaMemcpy(pinned, back[k], bytes, cudaMemcpyDeviceToHost));
      same &= memcmp(pinned, host[k].data(), bytes) == 0;
    }
    float x = median(encoding), y = median(decoding);
    printf("%-38s encode %6.1f us %5.0f GB/s   decode %6.1f us %5.0f GB/s  %s\n", c.name, x, bytes / x * 1e-3, y, bytes / y * 1e-3,
           same ? "ok" : "WRONG");
  }
}
