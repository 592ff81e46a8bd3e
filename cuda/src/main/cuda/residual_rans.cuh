// What the kernels for rANS of residuals share: how chunks are cut into streams, the tables of an
// encoder and of a decoder. FORMAT.md, section "rANS of residuals", defines the streams. A stream is
// coded by one lane: fields have thousands of them, and no exchange between lanes is needed then.
#pragma once
#include "common.cuh"

#define RESIDUAL_PLACES 4096    // residuals of a block
#define RESIDUAL_SYMBOLS 4096   // most symbols of a table
#define RESIDUAL_BINS 4097      // a histogram's: the symbols and everything outside
#define RESIDUAL_LEAST (-2048)  // the symbol of a histogram's first bin
#define RESIDUAL_CLASSES 16
#define RESIDUAL_STATE 65536u   // a state below this takes a word

// Chunks of one shape, the blocks of all of them one after the other. A chunk has one table for each
// class of blocks that occurs, class 0 excepted, so as many as `slots` at most.
struct ResidualLayout {
  i32 chunks;
  i32 blocks;           // of a chunk
  i32 blocksPerStream;
  i32 streams;          // of a chunk
  i32 slots;            // of a chunk
};

// Least frequency of the symbol 0 with which 4096 zeros cost n bits when rounded as the flags are:
// then 'all zero' has the frequency 65536 >> n, at most 65535. Below the last one it has 1.
struct ResidualFlags {
  u16 least[16];
};

// A table of the encoder, and the entries of its intervals elsewhere.
struct ResidualTable {
  i32 lowest;
  u32 symbols;
  u32 dead;    // frequency of 'all zero'
  u32 unused;
};

// A table of the decoder: the last slots of its intervals, the escape's included, from `at` on. Not
// there if `count` is 0.
struct ResidualIntervals {
  u32 at;
  u32 count;
  i32 lowest;
  u32 dead;
};

// Place among a chunk's tables of a class above 0. Bit c of `occurring`: the chunk has class c.
static __device__ __forceinline__ u32 residualSlot(u32 occurring, u32 residualClass) {
  return __popc(occurring & ((1u << residualClass) - 1) & ~1u);
}

static __device__ __forceinline__ u32 residualSlots(u32 occurring) { return __popc(occurring & ~1u); }

// A stream of a chunk.
struct ResidualStream {
  i32 chunk;
  i32 first;   // block in the chunk
  i32 count;   // of blocks
  i64 block;   // number of its first block among those of all chunks
  __device__ __forceinline__ ResidualStream(const ResidualLayout& l, i32 number) {
    chunk = number / l.streams;
    first = (number - chunk * l.streams) * l.blocksPerStream;
    count = min(l.blocksPerStream, l.blocks - first);
    block = (i64)chunk * l.blocks + first;
  }
};
