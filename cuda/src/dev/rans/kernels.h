// The shipped kernels as templates, for all types and profiles, and kernels that measure the phases
// of one warp.
#pragma once
#include "../../main/cuda/rans_decode.cuh"
#include "../../main/cuda/rans_encode.cuh"
#include "../../main/cuda/rans_pack.cuh"

template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
__global__ void __launch_bounds__(128, 4) encodeKernel(const __grid_constant__ RansEncoding in) { ransEncode<TYPE, INDEXED, WIDE, STREAMS>(in); }
template <int TYPE, bool INDEXED, bool WIDE>
__global__ void __launch_bounds__(128, 4) decodeKernel(const __grid_constant__ RansDecoding in) { ransDecode<TYPE, INDEXED, WIDE>(in); }
template <class WORD>
__global__ void __launch_bounds__(1024) packKernel(const WORD* slots, u64 slotWords, const u32* lengths, u32 count, u64* offsets, WORD* packed, u64 capacity, u32* errors) {
  ransPack<WORD>(slots, slotWords, lengths, count, offsets, packed, capacity, errors);
}

/// Cycles of the phases of one warp, alone on the device.
__global__ void encodePhases(const __grid_constant__ RansEncoding in, long long* cycles) {
  extern __shared__ uint4 shared[];
  RansEncoder<RANS_I32, false, false, 1> encoder(in, (char*)shared, 0);
  long long t[6], n0, n1;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(n0));
  t[0] = clock64();
  encoder.listChannels();
  ransFindAlive(encoder);
  t[1] = clock64();
  u32 counts[1] = {encoder.listAlive(0)};
  t[2] = clock64();
  encoder.codeSymbols(counts);
  t[3] = clock64();
  ransCodeFlags(encoder);
  t[4] = clock64();
  encoder.finish();
  t[5] = clock64();
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(n1));
  if (threadIdx.x == 0) {
    for (int i = 0; i < 5; i++) cycles[i] = t[i + 1] - t[i];
    cycles[5] = counts[0] * 64;
    cycles[6] = n1 - n0;
  }
}

__global__ void decodePhases(const __grid_constant__ RansDecoding in, long long* cycles) {
  extern __shared__ __align__(RANS_RING_BYTES) uint4 shared[];
  long long t[6], n0, n1;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(n0));
  t[0] = clock64();
  RansDecoder<RANS_I32, false, false> decoder(in, ransSharedAddress(shared), (char*)shared + RANS_RING_BYTES, 0);
  t[1] = clock64();
  u32 alive = ransDecodeFlags(decoder);
  t[2] = clock64();
  ransFillDead(decoder, alive);
  t[3] = clock64();
  for (u32 a = 0; a < alive; a++) decoder.channelSymbols(decoder.list[a], in.likely[decoder.list[a] * 32 + threadIdx.x], in.tables[decoder.list[a]].offset, 0);
  t[4] = clock64();
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(n1));
  if (threadIdx.x == 0) {
    for (int i = 0; i < 4; i++) cycles[i] = t[i + 1] - t[i];
    cycles[4] = decoder.x;
    cycles[5] = alive * 64;
    cycles[6] = n1 - n0;
  }
}
