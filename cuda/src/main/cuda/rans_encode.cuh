// Encoder: a warp codes STREAMS streams of neighbouring tiles (the same
// channels of each). Lanes look up 32 symbols at a time and queue their intervals in shared memory;
// the serial part, one lane per stream, is then the same six dependent instructions for symbols,
// flags and digits of escapes alike, without branches. Flags are the compact profile's.
#pragma once
#include "rans_common.cuh"
#include "rans_encode_flags.cuh"
#include "rans_entry.cuh"
#include "rans_parameters.cuh"

template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
struct RansEncoder {
  typedef typename RansProfile<WIDE>::State State;
  typedef typename RansProfile<WIDE>::Word Word;
  const RansEncoding& in;
  uint4* queue;
  u16* channels;
  u16* alive;
  u32* bits;
  u32 lane, part, firstTile, positions;
  RansStream stream;
  State x;  // of stream `lane`, in the first lanes
  u32 written;
  Word* stage;
  u32 next;  // shared address of the next word in the stage
  State held;
  u32 heldAt;
  bool bad;

  __device__ __forceinline__ RansEncoder(const RansEncoding& encoding, char* shared, u32 warp)
      : in(encoding), lane(threadIdx.x & 31), x(RansProfile<WIDE>::first), written(0), bad(false) {
    const u32 tileGroups = (in.layout.tiles - 1) / STREAMS + 1;
    part = warp / tileGroups;
    firstTile = (warp - part * tileGroups) * STREAMS;
    stream = ransStream(in.layout, part, firstTile);
    positions = stream.positions;
    queue = (uint4*)shared;
    stage = (Word*)(queue + STREAMS * 33);
    next = heldAt = ransSharedAddress(stage + lane % STREAMS * RANS_STAGE);
    held = x;
    channels = (u16*)(stage + STREAMS * RANS_STAGE);
    alive = channels + in.layout.streamChannels;
    bits = (u32*)(shared + ransEncodeShared(in.layout.streamChannels, STREAMS, WIDE)) - words() * STREAMS;
  }

  __device__ __forceinline__ u32 words() const { return (in.layout.streamChannels + 31) / 32; }

  __device__ __forceinline__ u64 plane() const { return (u64)in.layout.height * in.layout.width; }

  __device__ __forceinline__ u64 base(u32 g) const {
    return (firstTile + g) * (plane() * in.layout.channels) + stream.rowOffset;
  }

  /// Stores a word, or what may turn out to be none: it counts once `next` has moved beyond it.
  __device__ __forceinline__ void store(u32 where, State word) const {
    if constexpr (WIDE) {
      asm volatile("st.shared.u32 [%0], %1;" ::"r"(where), "r"((u32)word));
    } else {
      asm volatile("st.shared.u16 [%0], %1;" ::"r"(where), "h"((u16)word));
    }
  }

  /// Emits a word, or not. The store is a step late: the state's register need not wait for it then.
  __device__ __forceinline__ void emit(bool one) {
    store(heldAt, held);
    held = x;
    heldAt = next;
    next += one ? sizeof(Word) : 0;
    x = one ? x >> 8 * sizeof(Word) : x;
  }

  template <bool DIGITS>
  __device__ __forceinline__ void step(uint4 e) {
    if constexpr (WIDE) {
      emit((u32)(x >> 32) > e.z);
      const u64 q = __umul64hi(x, (u64)e.y << 32 | e.x) >> (e.w >> 20 & 31);
      const u32 complement = DIGITS && e.w >> 31 ? 15 : 65536 - ((e.z + 1) >> 15);
      x += (e.w & 0xfffff) + q * complement;
    } else {
      u32 limit;  // ~w | 0xffff
      asm("lop3.b32 %0, %1, 0xffff, 0, 0xcf;" : "=r"(limit) : "r"(e.w));
      if (DIGITS && e.y) limit = 0x0fffffff;
      const u64 addend = DIGITS ? e.x : (u64)e.y << 32 | e.x;
      emit(x > limit);
      const u32 q = __funnelshift_r((u32)(((u64)x * e.z + addend) >> 32), 0, e.x);
      x = q * (e.w >> 16) + (x + (e.w & 0xffff));
    }
  }

  /// Codes the first `count` entries (32 at most) of every queue.
  template <bool DIGITS>
  __device__ __forceinline__ void chain(u32 count) {
    __syncwarp();
    // one lane a stream: a 16-byte load of many lanes takes several passes, and its bandwidth is what
    // many warps of a multiprocessor compete for
    if (lane < STREAMS) {
      const uint4* own = queue + lane % STREAMS * 33;
      u32 i = 0;
      if (!DIGITS && count == 32) {
        // entries are loaded well before their turn
        uint4 e[4] = {own[0], own[1], own[2], own[3]};
#pragma unroll
        for (; i < 32; i++) {
          const uint4 entry = e[i % 4];
          if (i + 4 < 32) e[i % 4] = own[i + 4];
          step<false>(entry);
        }
      }
#pragma unroll 1
      for (; i < count; i++) step<DIGITS>(own[i]);
      store(heldAt, held);
    }
    __syncwarp();
    flush(32);
  }

  /// Writes 32 words of every stream that has at least `least` of them to its slot.
  __device__ __forceinline__ void flush(u32 least) {
#pragma unroll
    for (int g = 0; g < STREAMS; g++) {
      Word* words = stage + g * RANS_STAGE;
      const u32 count = __shfl_sync(RANS_ALL, (next - ransSharedAddress(words)) / sizeof(Word), g);
      if (count >= least) {
        const u32 before = __shfl_sync(RANS_ALL, written, g), now = min(count, 32u);
        Word* end = (Word*)in.slots + ((firstTile + g) * streams() + part + 1) * in.slotWords - before;
        const Word word = words[lane], later = words[32 + lane];
        if (lane < now && firstTile + g < in.layout.tiles) *(end - 1 - lane) = word;
        __syncwarp();
        words[lane] = later;
        if (lane % STREAMS == g) {
          written += now;
          next -= sizeof(Word) * now;
          heldAt = next;
        }
      }
    }
    __syncwarp();
  }

  __device__ __forceinline__ u64 streams() const { return (u64)in.layout.groups * in.layout.bands; }

  /// Lists the channels of the stream.
  __device__ __forceinline__ void listChannels() {
    for (u32 i = lane; i < positions; i += 32) {
      const u32 p = stream.firstPosition + i;
      channels[i] = !WIDE && in.order ? in.order[p] : (u16)p;
    }
    for (u32 i = lane; i < words() * STREAMS; i += 32) bits[i] = WIDE ? RANS_ALL : 0;
    __syncwarp();
  }

  /// Lists the alive channels of stream g; returns how many.
  __device__ __forceinline__ u32 listAlive(u32 g) {
    u32 count = 0;
    for (u32 i = 0; i < positions; i += 32) {
      const u32 left = positions - i, word = bits[g * words() + i / 32] & (left < 32 ? (1u << left) - 1 : RANS_ALL);
      if (word >> lane & 1) alive[g * in.layout.streamChannels + count + __popc(word & ((1u << lane) - 1))] = channels[i + lane];
      count += __popc(word);
    }
    __syncwarp();
    return ransUniform(count);
  }

  /// Queues and codes 32 symbols of which some are escapes: three at a time, at most ten steps each.
  __device__ __forceinline__ void chainEscapes(const uint4 (&entry)[STREAMS], const u32 (&raw)[STREAMS], u32 escapes, u32 valid) {
    for (u32 s = 0; s < 32; s += 3) {
      u32 longest = 0;
      u32 steps[STREAMS];
#pragma unroll
      for (int g = 0; g < STREAMS; g++) {
        const bool within = lane >= s && lane < s + 3 && (valid >> g & 1), escaped = escapes >> g & 1;
        const u32 digits = escaped ? (35 - __clz(raw[g])) / 4 : 0;
        const u32 mine = within ? 1 + (escaped ? 1 + digits : 0) : 0;
        const u32 a = __shfl_sync(RANS_ALL, mine, s), b = __shfl_sync(RANS_ALL, mine, min(s + 1, 31u));
        const u32 c = s + 2 < 32 ? __shfl_sync(RANS_ALL, mine, (s + 2) & 31) : 0;
        steps[g] = a + (s + 1 < 32 ? b : 0) + c;
        longest = max(longest, steps[g]);
        if (mine > 0) {
          u32 at = g * 33 + (lane > s ? a : 0) + (lane > s + 1 ? b : 0);
          if (escaped) {
            for (int d = (int)digits - 1; d >= 0; d--) queue[at++] = WIDE ? ransWideDigit(raw[g] >> 4 * d & 15) : ransDigit(raw[g] >> 4 * d & 15);
            queue[at++] = WIDE ? ransWideDigit(digits) : ransDigit(digits);
          }
          queue[at] = entry[g];
        }
      }
#pragma unroll
      for (int g = 0; g < STREAMS; g++) {
        if (lane >= steps[g] && lane < longest) queue[g * 33 + lane] = ransNothing<WIDE>();
      }
      if (longest > 0) chain<true>(longest);
    }
  }

  __device__ __forceinline__ void codeSymbols(const u32 (&counts)[STREAMS]) {
    const u32 per = stream.symbols, wholes = 32 / per, rest = 32 % per;
    u32 longest = 0, left[STREAMS], check[STREAMS];
    RansWalk walk[STREAMS];
#pragma unroll
    for (int g = 0; g < STREAMS; g++) {
      left[g] = counts[g] * per;
      longest = max(longest, left[g]);
      const u32 last = left[g] > lane ? left[g] - 1 - lane : 0;
      walk[g] = RansWalk(last, per);
      check[g] = 0;
    }
    u32 bits[STREAMS], place[STREAMS];
    float median[STREAMS];
    uint4 row[STREAMS];
    u32 held = 0, escapes = 0;
    uint4 entry[STREAMS];
    u32 raw[STREAMS];
    // addresses once: what follows is done for every symbol
    const char* from[STREAMS];
    const u16* fromIndexes[STREAMS];
    const u16* list[STREAMS];
    const u32 size = RansBytes<TYPE>::value, channelPlaces = (u32)plane();
#pragma unroll
    for (int g = 0; g < STREAMS; g++) {
      const u64 first = base(min(firstTile + g, in.layout.tiles - 1) - firstTile);
      from[g] = (const char*)in.symbols + first * size;
      fromIndexes[g] = INDEXED ? in.indexes + first : nullptr;
      list[g] = alive + g * in.layout.streamChannels;
    }
    u32 done = 0;
    auto fetch = [&](u32 first) {
#pragma unroll
      for (int g = 0; g < STREAMS; g++) {
        // lanes without a symbol load one too: a load on one side of a branch would be waited for
        // where the sides meet, not where its value is needed
        const bool valid = first + lane < left[g];
        const u32 channel = valid ? list[g][walk[g].channel] : 0;
        place[g] = valid ? channel * channelPlaces + walk[g].place : 0;
        bits[g] = ransLoad<TYPE>(from[g] + (u64)place[g] * size, 0);
        if (TYPE >= RANS_F32) median[g] = __ldg(in.medians + channel);
        row[g] = __ldg((const uint4*)in.rows + (INDEXED ? __ldg(fromIndexes[g] + place[g]) : channel));
        walk[g].back(per, wholes, rest);
      }
    };
    auto resolve = [&](u32 first) {
      escapes = 0;
      held = 0;
#pragma unroll
      for (int g = 0; g < STREAMS; g++) {
        const bool valid = first + lane < left[g];
        const i32 symbol = ransSymbol<TYPE>(bits[g], TYPE >= RANS_F32 ? median[g] : 0, bad);
        if (in.checks && valid) check[g] += ransCheck(symbol, in.checkBase + stream.rowOffset + place[g]);
        const u32 value = (u32)symbol - row[g].x, escape = row[g].y;
        const bool escaped = valid && value >= escape;
        raw[g] = (i32)value < 0 ? (u32)-2 * value - 1 : 2 * (value - escape);
        held |= valid ? 1u << g : 0;
        escapes |= escaped ? 1u << g : 0;
        const uint4* entries = (const uint4*)((u64)row[g].w << 32 | row[g].z);
        entry[g] = __ldg(entries + min(value, escape));
      }
    };
    fetch(0);
    resolve(0);
    fetch(32);
    for (; done < longest; done += 32) {
      if (__any_sync(RANS_ALL, escapes)) {
        chainEscapes(entry, raw, escapes, held);
        resolve(done + 32);
        fetch(done + 64);
      } else {
#pragma unroll
        for (int g = 0; g < STREAMS; g++) queue[g * 33 + lane] = held >> g & 1 ? entry[g] : ransNothing<WIDE>();
        resolve(done + 32);
        fetch(done + 64);
        chain<false>(min(longest - done, 32u));
      }
    }
    if (in.checks) {
#pragma unroll
      for (int g = 0; g < STREAMS; g++) {
        const u32 sum = ransSum(check[g]);
        if (lane == 0 && sum) atomicAdd(in.checks + firstTile + g, sum);
      }
    }
  }

  __device__ __forceinline__ void finish() {
    if (lane < STREAMS) {
      if constexpr (WIDE) {
        store(next, x >> 32);
        store(next + sizeof(Word), x);
        next += 2 * sizeof(Word);
      } else {
        store(next, x);
        next += x >= 65536 ? sizeof(Word) : 0;
        x = x >= 65536 ? x >> 16 : x;
        store(next, x);
        next += x > 0 ? sizeof(Word) : 0;
      }
    }
    __syncwarp();
    flush(1);
    flush(1);
    writeLengths();
  }

  __device__ __forceinline__ void writeLengths() {
    if (lane < STREAMS && firstTile + lane < in.layout.tiles) in.lengths[(firstTile + lane) * streams() + part] = written;
    if (TYPE >= RANS_F32 && bad) ransBad(in.errors, stream.number, RANS_LATENT);
  }

  __device__ __forceinline__ void run() {
    listChannels();
    if (!WIDE) ransFindAlive(*this);
    u32 counts[STREAMS];
#pragma unroll
    for (int g = 0; g < STREAMS; g++) counts[g] = firstTile + g < in.layout.tiles ? listAlive(g) : 0;
    u32 any = WIDE;
#pragma unroll
    for (int g = 0; g < STREAMS; g++) any |= counts[g];
    if (any == 0) {
      // dead channels alone leave the state at 0: a stream of no words
      writeLengths();
      return;
    }
    codeSymbols(counts);
    if (!WIDE) ransCodeFlags(*this);
    finish();
  }
};

template <int TYPE, bool INDEXED, bool WIDE, int STREAMS>
__device__ __forceinline__ void ransEncode(const RansEncoding& in) {
  extern __shared__ uint4 shared[];
  const u32 warpInBlock = ransUniform(threadIdx.x / 32), warp = blockIdx.x * (blockDim.x / 32) + warpInBlock;
  const u32 parts = in.layout.groups * in.layout.bands;
  if (warp >= parts * ((in.layout.tiles - 1) / STREAMS + 1)) return;
  RansEncoder<TYPE, INDEXED, WIDE, STREAMS> encoder(
      in, (char*)shared + warpInBlock * ransEncodeShared(in.layout.streamChannels, STREAMS, WIDE), warp);
  encoder.run();
}
