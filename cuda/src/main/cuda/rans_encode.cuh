// Encoder: a warp codes STREAMS streams of neighbouring tiles (the same
// channels of each). Lanes look up 32 symbols at a time and queue their intervals in shared memory;
// the serial part, one lane per stream, is then the same six dependent instructions for symbols,
// flags and digits of escapes alike, without branches. Flags are the compact profile's.
#pragma once
#include "rans_common.cuh"

/// An interval as the encoder needs it, 16 bytes. With limit = ~w | 0xffff, and y = x, or x >> 16
/// after a word was emitted because x > limit:
///   q = (y * z + x_) >> 32 >> (x_ & 31);   x = y + q * (w >> 16) + (w & 0xffff)
/// z is a reciprocal, 2^(32+s) / f rounded, x_ an addend that makes q exact for all y < f * 2^16, with
/// s in its lowest bits, w the start and 65536 - f. y_ is 0, so that (x_, y_) is a 64-bit addend.
__device__ __forceinline__ uint4 ransEntry(u32 start, u32 f) {
  if (f >= 65536) return make_uint4(0, 0, 0, 0);
  const u32 s = 31 - __clz(f);
  const u64 one = (u64)1 << (32 + s);
  const bool power = (f & (f - 1)) == 0;
  u32 reciprocal = (u32)((one - power) / f), addend = 0x80000000u;
  if (!power && s == 15 && one - (u64)reciprocal * f > 32768) {
    reciprocal++;
    addend = 0;
  }
  return make_uint4(addend | s, 0, reciprocal, start | (65536 - f) << 16);
}

/// A digit of an escape: 16 x + digit, after a word if x >= 2^28. y_ = 1 tells it from an interval.
__device__ __forceinline__ uint4 ransDigit(u32 digit) {
  return make_uint4(0x80000000u, 1, RANS_ALL, digit | 15 << 16);
}

/// The same for the compatible profile. (x_, y_) is a 64-bit reciprocal, z the highest upper half of a
/// state that needs no word, w a number to add and, from bit 20, the shift: with q = (x * (x_, y_) >> 64)
/// >> shift, x = x + (w & 0xfffff) + q * (65536 - f). For f = 1, and for the digits of escapes (bit 31
/// of w), q is x - 1 and what is added makes up for it.
__device__ __forceinline__ uint4 ransWideDigit(u32 digit) {
  return make_uint4(RANS_ALL, RANS_ALL, (1u << 27) - 1, (digit + 15) | 0x80000000u);
}

template <bool WIDE>
__device__ __forceinline__ uint4 ransNothing() {
  return make_uint4(0, 0, WIDE ? RANS_ALL : 0, 0);
}

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
  State x;  // of stream lane % STREAMS, in the first eight lanes
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

  /// Stores a word, or what may turn out to be none: it counts once `next` has moved beyond it. All
  /// lanes of a stream write the same word to the same place.
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
    // eight lanes: a 16-byte load of more takes several passes, and its bandwidth is what many warps
    // of a multiprocessor compete for
    if (lane < 8) {
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

  /// The same where a channel has a power of two of 16-byte parts, 32 at most: no lane looks beyond
  /// one channel, and all loads of a round are on their way together.
  __device__ __forceinline__ void findAliveWide(u32 per) {
    const u32 together = 32 / per, mine = lane / per;
    const u32 segment = (per == 32 ? RANS_ALL : (1u << per) - 1) << (lane % together * per);
    const char* at[STREAMS];
#pragma unroll
    for (int g = 0; g < STREAMS; g++) {
      const u64 tile = min(firstTile + g, in.layout.tiles - 1) - firstTile;
      at[g] = (const char*)in.symbols + base((u32)tile) * RansBytes<TYPE>::value + lane % per * 16;
    }
    const u64 stride = plane() * RansBytes<TYPE>::value;
    // a group of loads is on its way while the group before it is looked at
    const int rounds = STREAMS == 4 ? 2 : 4;
    float median[2][rounds];
    uint4 value[2][rounds][STREAMS];
    auto load = [&](u32 first, float(&m)[rounds], uint4(&v)[rounds][STREAMS]) {
      u32 channel[rounds];
#pragma unroll
      for (int u = 0; u < rounds; u++) channel[u] = channels[min(first + u * together + mine, positions - 1)];
#pragma unroll
      for (int u = 0; u < rounds; u++) {
        m[u] = TYPE >= RANS_F32 ? __ldg(in.medians + channel[u]) : 0;
#pragma unroll
        for (int g = 0; g < STREAMS; g++) v[u][g] = __ldg((const uint4*)(at[g] + channel[u] * stride));
      }
    };
    auto test = [&](u32 first, const float(&m)[rounds], const uint4(&v)[rounds][STREAMS]) {
#pragma unroll
      for (int u = 0; u < rounds; u++) {
        const u32 from = first + u * together;
#pragma unroll
        for (int g = 0; g < STREAMS; g++) {
          const u32 any = __ballot_sync(RANS_ALL, ransAny<TYPE>(v[u][g], m[u], bad));
          const u32 found = __ballot_sync(RANS_ALL, (any & segment) != 0 && lane < together && from + lane < positions);
          if (lane == 0 && found) bits[g * words() + from / 32] |= found << from % 32;
        }
      }
    };
    const u32 step = rounds * together;
    load(0, median[0], value[0]);
    for (u32 i = 0; i < positions; i += 2 * step) {
      load(i + step, median[1], value[1]);
      test(i, median[0], value[0]);
      load(i + 2 * step, median[0], value[0]);
      if (i + step < positions) test(i + step, median[1], value[1]);
    }
    __syncwarp();
  }

  /// Finds the channels that are not all zero: reads everything once, 16 bytes a lane if it can.
  __device__ void findAlive() {
    const u32 size = RansBytes<TYPE>::value;
    const bool wide = (stream.symbols * size | (u32)(plane() * size) | stream.rowOffset * size | (u32)(u64)in.symbols) % 16 == 0;
    const u32 unit = wide ? 16 / size : 1, per = stream.symbols / unit, total = per * positions;
    if (wide && per <= 32 && (per & (per - 1)) == 0) {
      findAliveWide(per);
      return;
    }
    const u32 wholes = 32 / per, rest = 32 % per;
    for (u32 g = 0; g < STREAMS && firstTile + g < in.layout.tiles; g++) {
      RansWalk walk(lane, per);
      const u64 first = base(g);
      for (u32 v = 0; v < total; v += 32 * 8) {
        // all loads first, then what depends on them
        uint4 value[8];
        float median[8];
        u32 where[8];
#pragma unroll
        for (int u = 0; u < 8; u++) {
          value[u] = make_uint4(0, 0, 0, 0);
          median[u] = 0;
          where[u] = walk.channel;
          if (v + u * 32 + lane < total) {
            const u32 channel = channels[walk.channel];
            const u64 at = first + channel * plane() + walk.place * unit;
            if (TYPE >= RANS_F32) median[u] = in.medians[channel];
            if (wide) {
              value[u] = __ldg((const uint4*)((const char*)in.symbols + at * size));
            } else {
              value[u].x = ransLoad<TYPE>(in.symbols, at);
            }
          }
          walk.forward(per, wholes, rest);
        }
        bool any[8];
#pragma unroll
        for (int u = 0; u < 8; u++) {
          const bool in8 = v + u * 32 + lane < total;
          any[u] = in8 && (wide ? ransAny<TYPE>(value[u], median[u], bad) : ransSymbol<TYPE>(value[u].x, median[u], bad) != 0);
        }
#pragma unroll
        for (int u = 0; u < 8; u++) {
          const u32 ballot = __ballot_sync(RANS_ALL, any[u]);
          if (ballot) {
            // one lane of each run of lanes in the same channel sets its bit
            const u32 before = __shfl_up_sync(RANS_ALL, where[u], 1);
            const bool head = lane == 0 || !(ballot >> (lane - 1) & 1) || before != where[u];
            if (any[u] && head) atomicOr(bits + g * words() + where[u] / 32, 1u << where[u] % 32);
          }
        }
      }
    }
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

  /// Sum of the surprises of zero over a channel's symbols, by the whole warp.
  __device__ __forceinline__ u64 surprise(u32 g, u32 channel) {
    u64 sum = 0;
    const u64 at = base(g) + channel * plane();
    for (u32 i = lane; i < stream.symbols; i += 32) sum += (u32)in.tables[in.indexes[at + i]].surprise;
    return ransSum(sum);
  }

  __device__ __forceinline__ void codeFlags() {
    uint4 dead[STREAMS], living[STREAMS];
    // entries of the next flags are on their way while some are coded
    auto fetch = [&](u32 done) {
      const u32 position = positions - 1 - min(done + lane, positions - 1);
      const u32 at = ((stream.lastBand ? in.layout.channels : 0) + stream.firstPosition + position) * 2;
#pragma unroll
      for (int g = 0; g < STREAMS; g++) {
        if (g == 0) {
          dead[g] = __ldg(in.flags + at);
          living[g] = __ldg(in.flags + at + 1);
        } else {
          dead[g] = dead[0];
          living[g] = living[0];
        }
      }
    };
    const bool derived = INDEXED && !in.flags;
    if (!derived) fetch(0);
    for (u32 done = 0; done < positions; done += 32) {
      const u32 count = min(positions - done, 32u);
      const u32 position = positions - 1 - done - min(lane, count - 1);
#pragma unroll
      for (int g = 0; g < STREAMS; g++) {
        const bool lives = bits[g * words() + position / 32] >> position % 32 & 1;
        if (INDEXED && derived) {
          u32 frequency = 1;
          for (u32 i = 0; i < count && firstTile + g < in.layout.tiles; i++) {
            const u64 s = surprise(g, channels[positions - 1 - done - i]);
            if (lane == i) frequency = ransDeadFrequency(s, in.powers);
          }
          dead[g] = ransEntry(0, frequency);
          living[g] = ransEntry(frequency, 65536 - frequency);
        }
        queue[g * 33 + lane] = lives ? living[g] : dead[g];
      }
      if (!derived && done + 32 < positions) fetch(done + 32);
      chain<false>(count);
    }
  }

  __device__ __forceinline__ void finish() {
    if (lane < 8) {
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
    if (!WIDE) findAlive();
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
    if (!WIDE) codeFlags();
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
