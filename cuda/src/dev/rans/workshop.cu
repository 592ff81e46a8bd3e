// Workshop of the rANS kernels: checks them against reference.h, stream by stream, on random shapes
// and on latents from files, then times them. Arguments: tables.bin, then int8 files of latents
// (512 x 192 x 8 x 8); without any, only the random checks run. See README.md for the files.
#include <cstdio>
#include <cstdlib>
#include <random>
#include "checks.h"
#include "timing.h"

template <class T>
std::vector<T> readFile(const char* name) {
  FILE* f = fopen(name, "rb");
  if (!f) { printf("cannot read %s\n", name); exit(1); }
  fseek(f, 0, SEEK_END);
  std::vector<T> v(ftell(f) / sizeof(T));
  rewind(f);
  if (fread(v.data(), sizeof(T), v.size(), f) != v.size()) exit(1);
  fclose(f);
  return v;
}

Batch laplace(int tiles) {
  Batch b;
  b.layout = {tiles, 192, 8, 8, 64, 8};
  std::mt19937 random(3);
  for (int c = 0; c < 192; c++) {
    Table t;
    double scale = c < 160 ? 1.2 + 2.4 * c / 160 : 0.05;
    int reach = c < 160 ? (int)(scale * 12) : 2, length = 2 * reach + 3;
    t.offset = -reach;
    double sum = 0;
    std::vector<double> w(length - 1);
    for (int i = 0; i < length - 1; i++) sum += w[i] = i == length - 2 ? 1e-6 : std::exp(-std::abs(i - reach) / scale);
    t.c = {0};
    for (int i = 0; i < length - 1; i++) t.c.push_back(t.c.back() + 1 + (u32)(w[i] / sum * (65536 - length)));
    int slack = 65536 - t.c.back();
    for (int i = reach + 1; i < (int)t.c.size(); i++) t.c[i] += slack;
    b.tables.push_back(t);
  }
  b.symbols.resize((size_t)tiles * 192 * 64);
  for (size_t i = 0; i < b.symbols.size(); i++) {
    int c = i / 64 % 192;
    if (c >= 160) continue;
    const Table& t = b.tables[c];
    u32 slot = random() & 0xffff;
    b.symbols[i] = t.offset + (int)(std::upper_bound(t.c.begin(), t.c.end(), slot) - t.c.begin()) - 1;
  }
  return b;
}

int main(int count, char** arguments) {
  int rounds = getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : 200;
  checkRandom(rounds);
  if (count < 2) return failures != 0;
  auto raw = readFile<i32>(arguments[1]);
  int channels = raw[0], stride = raw[1];
  std::vector<Table> tables;
  for (int c = 0; c < channels; c++) {
    Table t;
    t.offset = raw[2 + channels + c];
    const i32* row = raw.data() + 2 + 2 * channels + (size_t)c * stride;
    t.c.assign(row, row + raw[2 + c]);
    tables.push_back(t);
  }
  std::vector<float> medians((float*)&raw[2 + 2 * channels + (size_t)channels * stride], (float*)&raw[2 + 2 * channels + (size_t)channels * stride] + channels);
  printf("P | order | type | streams/warps of the encoder | warps/resident blocks of the decoder | tiles | encode | decode | ratio\n");
  for (int a = 2; a < count; a++) {
    auto bytes = readFile<signed char>(arguments[a]);
    Batch b;
    b.layout = {512, channels, 8, 8, 64, 8};
    b.tables = tables;
    b.symbols.assign(bytes.begin(), bytes.end());
    double ideal = idealBytes(b);
    printf("%s ideal %.1f\n", arguments[a], ideal);
    showPhases(b, 64, medians);
    showPhases(b, 192, medians);
    timeOne<RANS_I32, 1>(b, 64, 2, ideal, medians, 2, 4);
    timeOne<RANS_I32, 2>(b, 64, 2, ideal, medians, 2, 4);
    timeOne<RANS_I16, 2>(b, 64, 2, ideal, medians, 2, 4);
    timeOne<RANS_F32, 2>(b, 64, 2, ideal, medians, 2, 4);
    timeOne<RANS_F16, 2>(b, 64, 2, ideal, medians, 2, 4);
    timeOne<RANS_I32, 1, true>(b, 64, 0, ideal, medians, 2, 4);
    timeOne<RANS_I32, 1, true>(b, 192, 0, ideal, medians, 2, 4);
    timeOne<RANS_I32, 1, true>(b, 8, 0, ideal, medians, 2, 4);
    timeBaseline(b, 64);
    timeBaseline(b, 8);
    for (int p : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 192}) {
      timeOne<RANS_I32, 1>(b, p, p >= 24 ? 2 : 1, ideal, medians, 2, 4);
      timeOne<RANS_I32, 2>(b, p, p >= 24 ? 2 : 1, ideal, medians, 2, 4);
      timeOne<RANS_I32, 4>(b, p, p >= 24 ? 2 : 1, ideal, medians, 2, 4);
    }
    printf("blocks of the decoder, and how many a multiprocessor gets\n");
    for (int p : {4, 6, 8, 12, 16})
      for (int resident : {0, 2, 3, 4, 5, 6, 7}) timeOne<RANS_I32, 2>(b, p, 1, ideal, medians, 2, 4, resident);
    printf("blocks of four warps for the encoder\n");
    timeOne<RANS_I32, 2>(b, 8, 1, ideal, medians, 4, 4);
    timeOne<RANS_I32, 2>(b, 64, 2, ideal, medians, 4, 4);
    timeOne<RANS_I32, 4>(b, 24, 2, ideal, medians, 4, 4);
    for (int threads : {1024, 512, 256})
      for (int blocks : {66, 132, 264}) {
        packBlocks = blocks;
        packThreads = threads;
        printf("pack %d x %d: ", blocks, threads);
        timeOne<RANS_I32, 2>(b, 64, 2, ideal, medians, 2, 4);
        printf("pack %d x %d: ", blocks, threads);
        timeOne<RANS_I32, 2>(b, 8, 1, ideal, medians, 2, 4);
      }
    packBlocks = 132;
    packThreads = 512;
    Batch few = b;
    few.layout.tiles = 64;
    few.symbols.resize(64 * 192 * 64);
    timeOne<RANS_I32, 1>(few, 64, 2, idealBytes(few), medians, 2, 4);
    timeOne<RANS_I32, 1>(few, 192, 2, idealBytes(few), medians, 2, 4);
    timeOne<RANS_I32, 1>(few, 8, 1, idealBytes(few), medians, 2, 4);
    few.layout.tiles = 1;
    few.symbols.resize(192 * 64);
    timeOne<RANS_I32, 1>(few, 192, 2, idealBytes(few), medians, 2, 4);
    timeOne<RANS_I32, 1>(few, 64, 2, idealBytes(few), medians, 2, 4);
  }
  Batch b = laplace(512);
  double ideal = idealBytes(b);
  printf("laplace ideal %.1f bits a live symbol %.3f\n", ideal, ideal * 8 / (512.0 * 160 * 64));
  timeOne<RANS_I32, 1>(b, 64, 2, ideal, medians, 2, 4);
  timeOne<RANS_I32, 2>(b, 64, 2, ideal, medians, 2, 4);
  timeOne<RANS_I32, 4>(b, 64, 2, ideal, medians, 2, 4);
  timeOne<RANS_I32, 1>(b, 192, 2, ideal, medians, 2, 4);
  timeOne<RANS_I32, 1>(b, 8, 1, ideal, medians, 2, 4);
  timeOne<RANS_I32, 4>(b, 8, 1, ideal, medians, 2, 4);
  return failures != 0;
}
