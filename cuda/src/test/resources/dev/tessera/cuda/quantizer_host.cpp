// The quantizers of the kernels, compiled for the host: what they do is plain arithmetic, so that a
// machine without a GPU can compare it with the CPU's. The kernels' text stands before this.
//
// In: the parameters, i32 number of planes, their maps, i32 number of values (fours of one plane), then
// for each i32 plane, i32 symbol to restore, u64 bits to quantize. Out, for each: i32 whether it has a symbol, i32 that
// symbol, u64 what it restores to (0 without one), u64 what the given symbol restores to.
#include <cstdio>
#include <vector>

template <typename T>
static T read() {
  T value;
  if (fread(&value, sizeof value, 1, stdin) != 1) {
    exit(1);
  }
  return value;
}

template <typename T>
static void write(T value) {
  fwrite(&value, sizeof value, 1, stdout);
}

#if NORMALIZED
// The kernels take values by the four, where they have them so.
static u32 quantizeFour(const PipelineParameters& p, i32 plane, const u64 (&bits)[4], i32 (&symbols)[4]) {
  u32 coded = quantize(p, p.type, plane, bits, symbols);
  for (int k = 0; k < 4; k++) {
    i32 alone = 0;
    if (quantize(p, plane, bits[k], &alone) != ((coded >> k & 1) != 0) || alone != symbols[k]) {
      exit(2);
    }
  }
  return coded;
}
#else
static u32 quantizeFour(const PipelineParameters& p, i32 plane, const u64 (&bits)[4], i32 (&symbols)[4]) {
  u32 coded = 0;
  for (int k = 0; k < 4; k++) {
    coded |= quantize(p, plane, bits[k], &symbols[k]) ? 1u << k : 0;
  }
  return coded;
}
#endif

int main() {
  PipelineParameters p = read<PipelineParameters>();
  std::vector<PlaneMap> maps(read<i32>());
  for (PlaneMap& map : maps) {
    map = read<PlaneMap>();
  }
#if NORMALIZED
  p.normalizer.maps = maps.empty() ? nullptr : maps.data();
#endif
  for (i32 left = read<i32>(); left > 0; left -= 4) {
    i32 plane = 0, given[4], symbols[4] = {0, 0, 0, 0};
    u64 bits[4];
    for (int k = 0; k < 4; k++) {
      plane = read<i32>();
      given[k] = read<i32>();
      bits[k] = read<u64>();
    }
    u32 coded = quantizeFour(p, plane, bits, symbols);
    for (int k = 0; k < 4; k++) {
      bool has = (coded >> k & 1) != 0;
      write<i32>(has);
      write<i32>(has ? symbols[k] : 0);
      write<u64>(has ? restore(p, plane, symbols[k]) : 0);
      write<u64>(restore(p, plane, given[k]));
    }
  }
  return 0;
}
