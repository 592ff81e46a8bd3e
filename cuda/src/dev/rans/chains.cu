// Cycles of one step of the serial chains that a rANS coder can be built from, by clock64 in one
// warp. No data moves: what is timed is latency, which is what a warp per stream waits for.
#include <cstdio>

typedef unsigned int u32;
typedef unsigned long long u64;
#define STEPS 512

__device__ __forceinline__ u32 highestBit(u32 mask) {
  u32 index;
  asm("bfind.u32 %0, %1;" : "=r"(index) : "r"(mask));
  return index;
}

// Decoder, 0: ballot, bfind, shfl; 1: redux.or of the hit; 2: winner stores, all load;
// 3: as 0 with ffs; 4: one interval after the other in every lane (4 intervals, no exchange)
template <int KIND>
__global__ void decodeStep(const u32* table, const unsigned short* words, u32* out, long long* cycles) {
  __shared__ u64 box;
  __shared__ unsigned short ring[1024];
  u32 lane = threadIdx.x;
  for (u32 i = lane; i < 1024; i += 32) ring[i] = words[i];
  u32 start = table[lane], frequency = table[lane + 1] - start;
  u32 x = 0x12345678u + words[0], position = 0, word = words[0], following = words[1], seen = 0;
  __syncwarp();
  long long before = clock64();
#pragma unroll 4
  for (int i = 0; i < STEPS; i++) {
    u32 high = x >> 16, d = (x & 0xffff) - start;
    bool hit = d < frequency;
    u32 candidate = frequency * high + d;
    bool need = candidate < 65536;
    u32 next = need ? candidate << 16 | word : candidate;
    bool took;
    if (KIND == 0 || KIND == 3) {
      u32 mask = __ballot_sync(~0u, hit);
      took = __any_sync(~0u, hit && need);
      if (mask == 0) break;
      x = __shfl_sync(~0u, next, KIND == 0 ? highestBit(mask) : __ffs(mask) - 1);
    } else if (KIND == 1) {
      took = __any_sync(~0u, hit && need);
      if (!__any_sync(~0u, hit)) break;
      x = __reduce_or_sync(~0u, hit ? next : 0);
    } else {
      if (hit) *(volatile u64*)&box = (u64)need << 32 | next;
      __syncwarp();
      u64 both = *(volatile u64*)&box;
      x = (u32)both;
      took = both >> 32;
      if (!__any_sync(~0u, hit)) break;
    }
    if (hit) seen += i;
    position += took;
    word = took ? following : word;
    following = ring[(position + 1) & 1023];
  }
  long long after = clock64();
  out[lane] = x + seen;
  if (lane == 0) cycles[0] = after - before;
}

// Decoder by a bucket table in shared memory: one 16-byte load gives two intervals and a border
__global__ void decodeBuckets(const uint4* buckets, const unsigned short* words, u32* out, long long* cycles) {
  __shared__ uint4 bucket[256];
  __shared__ unsigned short ring[1024];
  u32 lane = threadIdx.x;
  for (u32 i = lane; i < 256; i += 32) bucket[i] = buckets[i];
  for (u32 i = lane; i < 1024; i += 32) ring[i] = words[i];
  u32 x = 0x12345678u + words[0], position = 0, word = words[0], following = words[1], seen = 0;
  __syncwarp();
  long long before = clock64();
#pragma unroll 4
  for (int i = 0; i < STEPS; i++) {
    uint4 b = bucket[x >> 8 & 255];
    u32 high = x >> 16, slot = x & 0xffff;
    bool second = slot >= (b.z & 0xffff);
    u32 start = second ? b.z & 0xffff : b.x, frequency = second ? b.w : b.y;
    x = frequency * high + slot - start;
    bool took = x < 65536;
    x = took ? x << 16 | word : x;
    seen += second;
    position += took;
    word = took ? following : word;
    following = ring[(position + 1) & 1023];
  }
  long long after = clock64();
  out[lane] = x + seen;
  if (lane == 0) cycles[0] = after - before;
}

// Encoder, 0: exact reciprocal with addend and shift, entries of 16 bytes; 1: floor reciprocal and
// a correction; 2: as 0 with both quotients computed before the comparison is known
template <int KIND>
__global__ void encodeStep(const uint4* entries, unsigned short* words, u32* out, long long* cycles) {
  __shared__ uint4 queue[32];
  u32 lane = threadIdx.x;
  queue[lane] = entries[lane];
  u32 x = 0x12345678u + words[0], position = 4096;
  __syncwarp();
  long long before = clock64();
#pragma unroll 1
  for (int r = 0; r < STEPS / 32; r++) {
#pragma unroll
    for (int i = 0; i < 32; i++) {
      uint4 e = queue[i];
      bool emit = x > e.z;
      if (emit) position--;
      if (emit && lane == 0) words[position] = (unsigned short)x;
      if (KIND == 0) {
        x = emit ? x >> 16 : x;
        u32 q = (u32)(((u64)x * e.x + e.y) >> 32);
        q = __funnelshift_r(q, 0, e.y);
        x = q * (e.w >> 16) + (x + (e.w & 0xffff));
      } else if (KIND == 1) {
        x = emit ? x >> 16 : x;
        u32 f = 65536 - (e.w >> 16), q = __umulhi(x, e.x), r0 = x - q * f;
        bool up = r0 >= f;
        q += up;
        x = q * (e.w >> 16) + (x + (e.w & 0xffff));
      } else {
        u32 y = x >> 16;
        u32 q = (u32)(((u64)x * e.x + e.y) >> 32), p = (u32)(((u64)y * e.x + e.y) >> 32);
        x = emit ? y : x;
        q = emit ? p : q;
        q = __funnelshift_r(q, 0, e.y);
        x = q * (e.w >> 16) + (x + (e.w & 0xffff));
      }
    }
  }
  long long after = clock64();
  out[lane] = x + position;
  if (lane == 0) cycles[0] = after - before;
}

// Latency of single instructions in a dependent chain
template <int KIND>
__global__ void single(u32 seed, u32* out, long long* cycles) {
  __shared__ u32 box[64];
  u32 x = seed + threadIdx.x;
  box[threadIdx.x] = threadIdx.x;
  __syncwarp();
  long long before = clock64();
#pragma unroll 16
  for (int i = 0; i < STEPS; i++) {
    if (KIND == 0) x = __shfl_sync(~0u, x, x & 31);
    if (KIND == 1) x = __reduce_or_sync(~0u, x) + threadIdx.x;
    if (KIND == 2) x = __ballot_sync(~0u, x > i) + threadIdx.x;
    if (KIND == 3) x = highestBit(x) + x;
    if (KIND == 4) x = box[x & 31];
    if (KIND == 5) x = __umulhi(x, seed) + x;
    if (KIND == 6) x = x > seed ? x - i : x * 3;
    if (KIND == 7) x = (u32)(((u64)x * seed + i) >> 32);
    if (KIND == 8) x = __funnelshift_r(x, 0, seed) + i;
    if (KIND == 9) x = x * seed + i;
    if (KIND == 10) x = (__any_sync(~0u, x > i) ? x : seed) + i;
  }
  long long after = clock64();
  out[threadIdx.x] = x;
  if (threadIdx.x == 0) cycles[0] = after - before;
}

template <class F>
void show(const char* name, F launch, long long* cycles) {
  launch();
  launch();
  cudaDeviceSynchronize();
  printf("  %-44s %6.1f cycles a step (%s)\n", name, (double)*cycles / STEPS, cudaGetErrorString(cudaGetLastError()));
}

int main() {
  u32 *table, *out;
  unsigned short* words;
  uint4 *entries, *buckets;
  long long* cycles;
  cudaMallocManaged(&table, 33 * 4);
  cudaMallocManaged(&out, 128);
  cudaMallocManaged(&words, 16384);
  cudaMallocManaged(&entries, 32 * 16);
  cudaMallocManaged(&buckets, 256 * 16);
  cudaMallocManaged(&cycles, 8);
  u32 border = 0;
  for (int i = 0; i < 33; i++) {
    table[i] = i == 32 ? 65536 : border;
    border += i == 7 ? 24000 : 300 + 70 * i;
    if (border > 65000 + i) border = 65000 + i;
  }
  for (int i = 0; i < 8192; i++) words[i] = (unsigned short)(i * 40503u + 7);
  for (int i = 0; i < 32; i++) {
    u32 f = table[i + 1] - table[i], s = 31 - __builtin_clz(f);
    entries[i] = make_uint4((u32)(((1ull << (32 + s)) - ((f & (f - 1)) == 0)) / f), 0x80000000u | s, (f << 16) - 1,
                            table[i] | (65536 - f) << 16);
  }
  for (int b = 0; b < 256; b++) {
    int s = 0;
    while (table[s + 1] <= b * 256u) s++;
    int t = s < 31 ? s + 1 : s;
    buckets[b] = make_uint4(table[s], table[s + 1] - table[s], t > s ? table[t] & 0xffff : 0xffff, table[t + 1] - table[t]);
  }
  printf("chains\n");
  show("decode: ballot, bfind, shfl", [&] { decodeStep<0><<<1, 32>>>(table, words, out, cycles); }, cycles);
  show("decode: ballot, ffs, shfl", [&] { decodeStep<3><<<1, 32>>>(table, words, out, cycles); }, cycles);
  show("decode: redux.or", [&] { decodeStep<1><<<1, 32>>>(table, words, out, cycles); }, cycles);
  show("decode: shared box", [&] { decodeStep<2><<<1, 32>>>(table, words, out, cycles); }, cycles);
  show("decode: buckets in shared memory", [&] { decodeBuckets<<<1, 32>>>(buckets, words, out, cycles); }, cycles);
  show("encode: addend and shift", [&] { encodeStep<0><<<1, 32>>>(entries, words, out, cycles); }, cycles);
  show("encode: floor reciprocal, corrected", [&] { encodeStep<1><<<1, 32>>>(entries, words, out, cycles); }, cycles);
  show("encode: both quotients", [&] { encodeStep<2><<<1, 32>>>(entries, words, out, cycles); }, cycles);
  const char* names[] = {"and + shfl", "redux.or + add", "setp + ballot + add", "bfind + add", "and + lds", "umulhi + add", "setp + sel", "mad.wide high", "shf + add", "mad", "setp + vote.any + sel + add"};
  show(names[0], [&] { single<0><<<1, 32>>>(3, out, cycles); }, cycles);
  show(names[1], [&] { single<1><<<1, 32>>>(3, out, cycles); }, cycles);
  show(names[2], [&] { single<2><<<1, 32>>>(3, out, cycles); }, cycles);
  show(names[3], [&] { single<3><<<1, 32>>>(3, out, cycles); }, cycles);
  show(names[4], [&] { single<4><<<1, 32>>>(3, out, cycles); }, cycles);
  show(names[5], [&] { single<5><<<1, 32>>>(0x87654321u, out, cycles); }, cycles);
  show(names[6], [&] { single<6><<<1, 32>>>(0x87654321u, out, cycles); }, cycles);
  show(names[7], [&] { single<7><<<1, 32>>>(0xf7654321u, out, cycles); }, cycles);
  show(names[8], [&] { single<8><<<1, 32>>>(3, out, cycles); }, cycles);
  show(names[9], [&] { single<9><<<1, 32>>>(0x87654321u, out, cycles); }, cycles);
  show(names[10], [&] { single<10><<<1, 32>>>(0x87654321u, out, cycles); }, cycles);
  return 0;
}
