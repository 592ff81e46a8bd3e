// Decoder: a warp decodes one stream. Each lane holds one of the 32 most
// probable intervals of the channel's table and works out what the state would be if the symbol
// were its own; a ballot finds the lane that is right, and its state goes to all. Escapes and rarer
// intervals take a slower way: a table of 256 buckets, then a scan of 32 intervals at once.
#pragma once
#include "rans_common.cuh"
#include "rans_decode_flags.cuh"
#include "rans_parameters.cuh"

/// The interval that a lane holds, with what follows from it.
struct RansLane {
  u32 start, minusStart16, frequency16, frequencyLess;
  i32 value;
  __device__ __forceinline__ RansLane(uint2 likely, i32 offset) {
    start = likely.x & 0xffff;
    minusStart16 = 0u - (likely.x << 16);
    frequency16 = likely.y << 16;
    frequencyLess = likely.y - 65536;
    value = (i32)((likely.x >> 16) + (u32)offset);
    // keeps the compiler from undoing what is computed ahead here
    asm("" : "+r"(minusStart16), "+r"(frequencyLess));
  }
};

template <int TYPE, bool INDEXED, bool WIDE>
struct RansDecoder {
  typedef typename RansProfile<WIDE>::State State;
  typedef typename RansProfile<WIDE>::Word Word;
  typedef State Ahead;  // a word, and above its bits a 1 if there is one, 0 after the last
  static const u32 WORD_BITS = 8 * sizeof(Word), STEP = sizeof(Ahead), RING_MASK = RANS_RING * STEP - 1;
  const RansDecoding& in;
  i32* stage;
  u32 ring;  // shared address; multiple of its own size
  u16* list;
  u32 lane;
  RansStream stream;
  const Word* words;
  u32 length, filled;
  u32 at;  // the position times STEP, modulo 2^32
  State x;
  Ahead now, then;  // what is at the position and after it
  Word incoming;
  u32 check;
  bool bad, narrow;

  __device__ __forceinline__ RansDecoder(const RansDecoding& decoding, u32 ringAddress, char* shared, u32 warp)
      : in(decoding), lane(threadIdx.x & 31), check(0), bad(false), narrow(false) {
    const u32 part = warp / in.layout.tiles;
    stream = ransStream(in.layout, part, warp - part * in.layout.tiles);
    stage = (i32*)shared;
    ring = ringAddress;
    list = (u16*)(stage + 32);
    length = ransUniform(in.lengths[stream.number]);
    const u64 offset = in.offsets[stream.number];
    // nothing outside of the packed bytes is read, whatever the lengths say
    if (length > in.mostWords || offset % sizeof(Word) != 0 || offset > in.packedBytes ||
        length > (in.packedBytes - offset) / sizeof(Word)) {
      bad = true;
      length = 0;
    }
    words = (const Word*)(in.packed + (bad ? 0 : offset));
    filled = 0;
    at = 0;
    x = 0;
    now = then = 0;
    incoming = 0;
    if (length > 0 || WIDE) {
      incoming = lane < length ? words[lane] : 0;
      refill();
      start();
    }
  }

  /// The state that the first two words give.
  __device__ __forceinline__ void start() {
    if (length > 0) {
      x = (Word)peek<false>(0);
      bad |= !WIDE && x == 0;
    }
    if (length > 1) {
      const Word second = (Word)peek<true>(0);
      x = WIDE ? (u64)second << 32 | x : x << 16 | second;
    }
    seek(min(length, 2u) * STEP);
    if constexpr (WIDE) bad |= length < 2 || x < RansProfile<WIDE>::least || x >> 63 != 0;
  }

  __device__ __forceinline__ u64 plane() const { return (u64)in.layout.height * in.layout.width; }

  __device__ __forceinline__ u64 base() const { return stream.tile * (plane() * in.layout.channels) + stream.rowOffset; }

  /// Keeps at least 64 words ahead of the position in the ring, with 32 more on their way.
  __device__ __forceinline__ void refill() {
    while (ransUniform(filled * STEP - at) < 64 * STEP) {
      __syncwarp();
      const u32 i = filled + lane, to = ring + i % RANS_RING * STEP;
      put(to, i);
      if (!WIDE && i % RANS_RING == 0) put(ring + RANS_RING * STEP, i);  // the first once more behind the last
      filled += 32;
      incoming = i + 32 < length ? words[i + 32] : 0;
    }
    __syncwarp();
  }

  __device__ __forceinline__ void put(u32 to, u32 i) const {
    if constexpr (WIDE) {
      asm volatile("st.shared.v2.u32 [%0], {%1, %2};" ::"r"(to), "r"(incoming), "r"(i < length ? 1 : 0) : "memory");
    } else {
      asm volatile("st.shared.u32 [%0], %1;" ::"r"(to), "r"(i < length ? 65536 | incoming : 0) : "memory");
    }
  }

  /// Words taken so far.
  __device__ __forceinline__ u32 position() const { return filled - (filled * STEP - at) / STEP; }

  /// What stands at a place, or, with NEXT, behind it.
  template <bool NEXT>
  __device__ __forceinline__ Ahead peek(u32 place) const {
    if constexpr (WIDE) {
      const u32 from = ((NEXT ? place + STEP : place) & RING_MASK) | ring;
      u64 v;
      asm volatile("ld.shared.u64 %0, [%1];" : "=l"(v) : "r"(from));
      return v;
    } else {
      const u32 from = (place & RING_MASK) | ring;
      u32 v;
      asm volatile("ld.shared.u32 %0, [%1 + %2];" : "=r"(v) : "r"(from), "n"(NEXT ? STEP : 0));
      return v;
    }
  }

  __device__ __forceinline__ void seek(u32 place) {
    at = place;
    now = peek<false>(at);
    then = peek<true>(at);
  }

  /// Moves on by a word, or not. (The compiler loads the next word only then; to load it ahead in any
  /// case is no faster, the extra instruction costs what the latency saves.)
  __device__ __forceinline__ void advance(bool one) {
    at = one ? at + STEP : at;
    now = one ? then : now;
    then = peek<true>(at);
  }

  /// The state below which a word is taken: 0 if there is none.
  __device__ __forceinline__ State limit() const {
    if constexpr (WIDE) return (u32)(now >> 32) << 31;
    return now & 65536;
  }

  /// The state with the next word below it.
  __device__ __forceinline__ State append(State state) const {
    if constexpr (WIDE) return state << 32 | (u32)now;
    return __byte_perm((u32)now, (u32)state, 0x5410);
  }

  __device__ __forceinline__ void renormalize() {
    const bool need = x < limit();
    x = need ? append(x) : x;
    advance(need);
  }

  /// A symbol that no lane knows; returns it as an interval, `raw` where it is the escape.
  __device__ __forceinline__ i32 slowSymbol(u32 table) {
    const RansTable t = in.tables[table];
    const u32 slot = (u32)x & 0xffff;
    const u32* c = in.borders + t.first + table;
    u32 interval = in.buckets[table * 256 + (slot >> 8)], start, end;
    for (;;) {
      const u32 i = min(interval + lane, (u32)t.escape);
      start = c[i];
      end = c[i + 1];
      const u32 mask = __ballot_sync(RANS_ALL, start <= slot && slot < end);
      if (mask) {
        const u32 winner = __ffs(mask) - 1;
        interval = min(interval + winner, (u32)t.escape);
        start = __shfl_sync(RANS_ALL, start, winner);
        end = __shfl_sync(RANS_ALL, end, winner);
        break;
      }
      interval += 32;
    }
    x = (end - start) * (x >> 16) + slot - start;
    renormalize();
    i32 value = (i32)interval;
    if (interval == (u32)t.escape) {
      const u32 count = digit();
      u32 raw = 0;
      bad |= count > 8;
      for (u32 d = 0; d < min(count, 8u); d++) raw |= digit() << 4 * d;
      value = raw & 1 ? -(i32)(raw >> 1) - 1 : t.escape + (i32)(raw >> 1);
      refill();
    }
    return (i32)((u32)t.offset + (u32)value);
  }

  __device__ __forceinline__ u32 digit() {
    const u32 d = (u32)x & 15;
    x >>= 4;
    renormalize();
    return d;
  }

  /// The winner's state. Volatile, like the loads of words: it must be on its way before them.
  __device__ __forceinline__ static State exchange(State state, u32 winner) {
    if constexpr (WIDE) {
      return __shfl_sync(RANS_ALL, state, winner);
    } else {
      u32 value;
      asm volatile("shfl.sync.idx.b32 %0, %1, %2, 31, 0xffffffff;" : "=r"(value) : "r"((u32)state), "r"(winner));
      return value;
    }
  }

  /// One symbol, of which the winning lane is told: 2^32 - 1 if none is, and the state is lost then.
  __device__ __forceinline__ u32 symbol(const RansLane& own, bool& hit) {
    // slot - start < frequency, and frequency * (x >> 16) + slot - start
    hit = (u32)x * 65536 + own.minusStart16 < own.frequency16;
    State state;
    if constexpr (WIDE) {
      state = (x >> 16) * (own.frequency16 >> 16) + (((u32)x & 0xffff) - own.start);
    } else {
      state = (x >> 16) * own.frequencyLess + (x - own.start);
    }
    const bool need = hit && state < limit();
    const State next = need ? append(state) : state;
    const u32 mask = __ballot_sync(RANS_ALL, hit);
    const bool one = __any_sync(RANS_ALL, need);
    u32 winner;
    asm("bfind.u32 %0, %1;" : "=r"(winner) : "r"(mask));
    x = exchange(next, winner);
    advance(one);
    return winner;
  }

  /// One symbol into stage[i], whatever it is.
  __device__ __forceinline__ void anySymbol(u32 i, const RansLane& own, u32 table) {
    const State before = x;
    const u32 place = at;
    bool hit;
    const u32 winner = symbol(own, hit);
    if (hit) stage[i] = own.value;
    if (winner == RANS_ALL) {
      x = before;
      seek(place);
      const i32 rare = slowSymbol(table);
      if (lane == 0) stage[i] = rare;
    }
  }

  /// Writes `count` symbols of the stage to places `place`... of a channel.
  __device__ __forceinline__ void flush(u32 channel, u32 place, u32 count, float median) {
    __syncwarp();
    if (lane < count) {
      const i32 s = stage[lane];
      ransStore<TYPE>(in.symbols, base() + channel * plane() + place + lane, s, median, narrow);
      if (in.checks) check += ransCheck(s, in.checkBase + (u32)(channel * plane()) + stream.rowOffset + place + lane);
    }
    __syncwarp();
  }

  __device__ __forceinline__ void channelSymbols(u32 channel, uint2 likely, i32 offset, float median) {
    const RansLane own(likely, offset);
    for (u32 place = 0; place < stream.symbols; place += 32) {
      refill();
      const u32 count = min(stream.symbols - place, 32u);
      u32 i = 0, exact = 0, winners = 0;
      while (i < count) {
        if (i + 8 <= count) {
          const State before = x;
          const u32 mark = at;
          // winners of four symbols each, a byte for each plus 1: 0 where no lane won
          u32 first = 0, second = 0;
          bool hit;
#pragma unroll
          for (u32 k = 0; k < 4; k++) first = first * 256 + symbol(own, hit);
#pragma unroll
          for (u32 k = 0; k < 4; k++) second = second * 256 + symbol(own, hit);
          first += 0x01010101;
          second += 0x01010101;
          const u32 lost = ((first - 0x01010101) & ~first) | ((second - 0x01010101) & ~second);
          if ((lost & 0x80808080) == 0) {
            // each lane keeps its own symbol's winner
            const u32 mine = __byte_perm(first, second, (lane & 7) ^ 3);
            if ((lane ^ i) < 8) winners = mine;
            i += 8;
            continue;
          }
          // once more, with an eye on rare symbols
          x = before;
          seek(mark);
        }
        const u32 end = min(i + 8, count);
        exact |= (end - i == 32 ? RANS_ALL : (1u << (end - i)) - 1) << i;
#pragma unroll 1
        for (; i < end; i++) anySymbol(i, own, channel);
      }
      __syncwarp();
      const i32 usual = __shfl_sync(RANS_ALL, own.value, (winners & 255) - 1);
      if (!(exact >> lane & 1)) stage[lane] = usual;
      flush(channel, place, count, median);
    }
  }

  __device__ __forceinline__ void indexedSymbols(u32 channel, float median) {
    const u64 at = base() + channel * plane();
    for (u32 place = 0; place < stream.symbols; place += 32) {
      refill();
      const u32 count = min(stream.symbols - place, 32u);
      const u32 own = in.indexes[at + place + min(lane, count - 1)];
      const i32 ownOffset = in.tables[own].offset;
      uint2 ahead[4];
#pragma unroll
      for (int k = 0; k < 4; k++) ahead[k] = __ldg(in.likely + __shfl_sync(RANS_ALL, own, k) * 32 + lane);
      for (u32 i = 0; i < count; i += 4) {
        uint2 now[4];
#pragma unroll
        for (int k = 0; k < 4; k++) now[k] = ahead[k];
#pragma unroll
        for (int k = 0; k < 4; k++) ahead[k] = __ldg(in.likely + __shfl_sync(RANS_ALL, own, min(i + 4 + k, 31u)) * 32 + lane);
#pragma unroll
        for (int k = 0; k < 4; k++) {
          if (i + k < count) {
            const u32 table = __shfl_sync(RANS_ALL, own, i + k);
            const i32 offset = __shfl_sync(RANS_ALL, ownOffset, i + k);
            anySymbol(i + k, RansLane(now[k], offset), table);
          }
        }
      }
      flush(channel, place, count, median);
    }
  }

  __device__ __forceinline__ void run() {
    const u32 alive = ransDecodeFlags(*this);
    // of the next channel, on their way while one is decoded
    uint2 likely = make_uint2(0, 0);
    i32 offset = 0;
    float median = 0;
    auto fetch = [&](u32 a) {
      if (a < alive) {
        const u32 channel = list[a];
        if (!INDEXED) {
          likely = __ldg(in.likely + channel * 32 + lane);
          offset = __ldg(&in.tables[channel].offset);
        }
        if (TYPE >= RANS_F32) median = __ldg(in.medians + channel);
      }
    };
    fetch(0);
    ransFillDead(*this, alive);
    for (u32 a = 0; a < alive; a++) {
      const uint2 nowLikely = likely;
      const i32 nowOffset = offset;
      const float nowMedian = median;
      fetch(a + 1);
      if (INDEXED) {
        indexedSymbols(list[a], nowMedian);
      } else {
        channelSymbols(list[a], nowLikely, nowOffset, nowMedian);
      }
    }
    bad |= position() != length || x != RansProfile<WIDE>::first;
    if (lane == 0 && bad) ransBad(in.errors, stream.number, RANS_CORRUPT);
    if (narrow) ransBad(in.errors, stream.number, RANS_NARROW);
    if (in.checks) {
      const u32 sum = ransSum(check);
      if (lane == 0 && sum) atomicAdd(in.checks + stream.tile, sum);
    }
  }
};

template <int TYPE, bool INDEXED, bool WIDE>
__device__ __forceinline__ void ransDecode(const RansDecoding& in) {
  extern __shared__ __align__(RANS_RING_BYTES) uint4 shared[];
  const u32 warps = blockDim.x / 32, warpInBlock = ransUniform(threadIdx.x / 32), warp = blockIdx.x * warps + warpInBlock;
  if (warp >= in.layout.tiles * in.layout.groups * in.layout.bands) return;
  char* own = (char*)shared + warps * RANS_RING_BYTES + warpInBlock * ransDecodeShared(in.layout.streamChannels);
  RansDecoder<TYPE, INDEXED, WIDE> decoder(in, ransSharedAddress(shared) + warpInBlock * RANS_RING_BYTES, own, warp);
  decoder.run();
}
