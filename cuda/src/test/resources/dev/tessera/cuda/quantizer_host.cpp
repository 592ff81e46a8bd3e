// The quantizers of the kernels, compiled for the host: what they do is plain arithmetic, so that a
// machine without a GPU can compare it with the CPU's. The kernels' text stands before this.
//
// In: the parameters, i32 number of planes, their maps, i32 number of values, then for each i32 plane,
// i32 symbol to restore, u64 bits to quantize. Out, for each: i32 whether it has a symbol, i32 that
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

int main() {
  PipelineParameters p = read<PipelineParameters>();
  std::vector<PlaneMap> maps(read<i32>());
  for (PlaneMap& map : maps) {
    map = read<PlaneMap>();
  }
#if NORMALIZED
  p.normalizer.maps = maps.empty() ? nullptr : maps.data();
#endif
  for (i32 left = read<i32>(); left > 0; left--) {
    i32 plane = read<i32>();
    i32 given = read<i32>();
    u64 bits = read<u64>();
    i32 symbol = 0;
    bool coded = quantize(p, plane, bits, &symbol);
    write<i32>(coded);
    write<i32>(coded ? symbol : 0);
    write<u64>(coded ? restore(p, plane, symbol) : 0);
    write<u64>(restore(p, plane, given));
  }
  return 0;
}
