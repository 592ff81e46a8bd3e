// P-controlled rANS: kernels for one type of symbols and one profile, named by compiler options:
// RANS_TYPE (see RansType), RANS_INDEXED, RANS_WIDE (the compatible profile).
#include "common.cuh"
#include "rans_common.cuh"
#include "rans_encode.cuh"
#include "rans_pack.cuh"
#include "rans_decode.cuh"

#ifndef RANS_TYPE
#define RANS_TYPE 0
#endif
#ifndef RANS_INDEXED
#define RANS_INDEXED 0
#endif
#ifndef RANS_WIDE
#define RANS_WIDE 0
#endif

/// Symbols to words in slots; a warp for each part of each tile.
extern "C" __global__ void __launch_bounds__(128, 4) rans_encode(const __grid_constant__ RansEncoding in) {
  ransEncode<RANS_TYPE, RANS_INDEXED != 0, RANS_WIDE != 0, 1>(in);
}

/// The same with two streams to a warp: less work for each, where there are enough warps.
extern "C" __global__ void __launch_bounds__(128, 4) rans_encode2(const __grid_constant__ RansEncoding in) {
  ransEncode<RANS_TYPE, RANS_INDEXED != 0, RANS_WIDE != 0, 2>(in);
}

/// The same with four.
extern "C" __global__ void __launch_bounds__(128, 4) rans_encode4(const __grid_constant__ RansEncoding in) {
  ransEncode<RANS_TYPE, RANS_INDEXED != 0, RANS_WIDE != 0, 4>(in);
}

/// Slots to packed bytes and offsets; any number of blocks, 1024 threads at most.
extern "C" __global__ void __launch_bounds__(1024)
    rans_pack(const void* slots, u64 slotWords, const u32* lengths, u32 count, u64* offsets, void* packed, u64 capacity, u32* errors) {
  typedef RansProfile<RANS_WIDE != 0>::Word Word;
  ransPack<Word>((const Word*)slots, slotWords, lengths, count, offsets, (Word*)packed, capacity, errors);
}

/// Packed bytes to symbols; a warp for each stream.
extern "C" __global__ void __launch_bounds__(128, 4) rans_decode(const __grid_constant__ RansDecoding in) {
  ransDecode<RANS_TYPE, RANS_INDEXED != 0, RANS_WIDE != 0>(in);
}
