// What the networks' outer kernels do to a field's own values, compiled for the host. The kernels' text stands before
// this.
//
// In: the structure, i32 planes, i32 values of a plane (a multiple of 4), the table of planes, the tiles, float32 for
// each value to be restored. Out: float32 for each value, then the restored tiles.
#include <cstdio>
#include <vector>

template <typename T>
static void read(T* values, size_t count) {
  if (fread(values, sizeof(T), count, stdin) != count) {
    exit(1);
  }
}

int main() {
  TileValues v;
  i32 planes, places;
  read(&v, 1);
  read(&planes, 1);
  read(&places, 1);
  std::vector<TilePlane> table(planes);
  read(table.data(), planes);
  v.planes = table.data();
  i64 count = (i64)planes * places;
  // of 8 bytes, so that pairs of all types are aligned
  std::vector<u64> tiles(count * bytesOf(v.type) / 8 + 1), restored(tiles.size());
  read((u8*)tiles.data(), count * bytesOf(v.type));
  std::vector<float> given(count), normalized(count);
  read(given.data(), count);
  for (i64 plane = 0; plane < planes; plane++) {
    for (i32 i = 0; i < places; i += 4) {
      normalizedPairs(v, v.planes[plane], planeAt(v, tiles.data(), plane, places), i, i + 2,
                      *(float(*)[4])&normalized[plane * places + i]);
      storeRestored(v, v.planes[plane].map, restored.data(), plane * places + i, given[plane * places + i],
                    given[plane * places + i + 1]);
      storeRestored(v, v.planes[plane].map, restored.data(), plane * places + i + 2, given[plane * places + i + 2],
                    given[plane * places + i + 3]);
    }
  }
  fwrite(normalized.data(), 4, count, stdout);
  fwrite(restored.data(), bytesOf(v.type), count, stdout);
  return 0;
}
