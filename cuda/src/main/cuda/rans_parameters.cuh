// What launches of the encoder and the decoder are given, and how much shared memory their warps need.
#pragma once
#include "rans_common.cuh"

struct RansEncoding {
  const void* symbols;      // tiles x channels x height x width, type TYPE
  const float* medians;     // per channel, for floats
  const u16* indexes;       // table of each symbol, where INDEXED
  const RansTable* tables;  // per channel, or as the indexes say
  const RansRow* rows;      // the same tables, with the entries of their intervals
  const u16* order;         // channel of each position; null: identity
  const uint4* flags;       // [2][channels][2]: entries of dead, alive; first for whole bands, then for the last
  const u64* powers;        // for flags that follow from the indexes, where there are no flags
  void* slots;              // scratch, slotWords words for each stream; words stand at a slot's end
  u64 slotWords;
  u32* lengths;             // words of each stream
  u32* checks;              // per tile, added to; null: none
  u32 checkBase;            // place of the first symbol in the check
  u32* errors;              // two words
  RansLayout layout;
};

#define RANS_STAGE 72

/// Bytes of shared memory that a warp needs: queues, words on their way, channels, alive channels,
/// alive bits.
__host__ __device__ __forceinline__ u32 ransEncodeShared(u32 streamChannels, u32 streams, bool wide) {
  const u32 lists = (streamChannels * 2 * (1 + streams) + 15) / 16 * 16;
  const u32 bits = ((streamChannels + 31) / 32 * 4 * streams + 15) / 16 * 16;
  return streams * (33 * 16 + RANS_STAGE * (wide ? 4 : 2)) + lists + bits;
}

struct RansDecoding {
  const u8* packed;         // words of all streams
  u64 packedBytes;
  const u64* offsets;       // in bytes, of each stream
  const u32* lengths;       // words of each stream
  u32 mostWords;            // longest that a whole stream can be
  const u16* indexes;       // table of each symbol, where INDEXED
  const RansTable* tables;  // per channel, or as the indexes say
  const uint2* likely;      // [table][32]: start | interval << 16, frequency; unused: frequency 0
  const u32* borders;       // c of all tables
  const u16* buckets;       // [table][256]: interval of slot 256 * bucket
  const u16* order;         // channel of each position; null: identity
  const u16* flags;         // [2][channels] frequency of dead; first for whole bands, then for the last
  const u64* powers;        // for flags that follow from the indexes, where there are no flags
  const float* medians;     // per channel, for floats
  void* symbols;            // tiles x channels x height x width, type TYPE
  u32* checks;              // per tile, added to; null: none
  u32 checkBase;            // place of the first symbol in the check
  u32* errors;              // two words
  RansLayout layout;
};

#define RANS_RING 128
#define RANS_RING_BYTES (RANS_RING * 8)

/// Bytes of shared memory that a warp needs, besides RANS_RING_BYTES for its ring of words: symbols
/// of a batch, alive and dead channels. The rings of a block's warps come first.
__host__ __device__ __forceinline__ u32 ransDecodeShared(u32 streamChannels) {
  return 32 * 4 + (streamChannels * 2 + 15) / 16 * 16;
}
