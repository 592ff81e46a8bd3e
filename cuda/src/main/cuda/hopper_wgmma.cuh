// wgmma.mma_async for every width N: D[64][N] += A[64][K] * B[K][N] by the 128 threads of a warpgroup,
// accumulators in float32. K is 16 for f16 and 32 for e4m3; operands lie along K.
//
// Accumulator register 4q + 2h + b of a thread is row 16 * warp + lane / 4 + 8h, column 8q + 2 * (lane % 4) + b.
// A's four registers of the form with A in registers (f16 pairs) are rows and columns of the same pattern:
// 2h + b pairs of columns 0..7, then of columns 8..15. So accumulators become an operand without a move.
//
// An instruction names all its registers, and inline assembly numbers its outputs first. The other
// operands therefore stand before the accumulators as outputs that are not written, so that one text
// for the list of registers serves every width.
#pragma once
#include "common.cuh"

template <int N>
struct Wgmma;

#define WGMMA_D(i) "+f"(d[i])
#define WGMMA_NAMES_8 "%5, %6, %7, %8"
#define WGMMA_NAMES_16 WGMMA_NAMES_8 ", %9, %10, %11, %12"
#define WGMMA_NAMES_24 WGMMA_NAMES_16 ", %13, %14, %15, %16"
#define WGMMA_NAMES_32 WGMMA_NAMES_24 ", %17, %18, %19, %20"
#define WGMMA_NAMES_40 WGMMA_NAMES_32 ", %21, %22, %23, %24"
#define WGMMA_NAMES_48 WGMMA_NAMES_40 ", %25, %26, %27, %28"
#define WGMMA_NAMES_56 WGMMA_NAMES_48 ", %29, %30, %31, %32"
#define WGMMA_NAMES_64 WGMMA_NAMES_56 ", %33, %34, %35, %36"
#define WGMMA_NAMES_72 WGMMA_NAMES_64 ", %37, %38, %39, %40"
#define WGMMA_NAMES_80 WGMMA_NAMES_72 ", %41, %42, %43, %44"
#define WGMMA_NAMES_88 WGMMA_NAMES_80 ", %45, %46, %47, %48"
#define WGMMA_NAMES_96 WGMMA_NAMES_88 ", %49, %50, %51, %52"
#define WGMMA_NAMES_104 WGMMA_NAMES_96 ", %53, %54, %55, %56"
#define WGMMA_NAMES_112 WGMMA_NAMES_104 ", %57, %58, %59, %60"
#define WGMMA_NAMES_120 WGMMA_NAMES_112 ", %61, %62, %63, %64"
#define WGMMA_NAMES_128 WGMMA_NAMES_120 ", %65, %66, %67, %68"
#define WGMMA_NAMES_136 WGMMA_NAMES_128 ", %69, %70, %71, %72"
#define WGMMA_NAMES_144 WGMMA_NAMES_136 ", %73, %74, %75, %76"
#define WGMMA_NAMES_152 WGMMA_NAMES_144 ", %77, %78, %79, %80"
#define WGMMA_NAMES_160 WGMMA_NAMES_152 ", %81, %82, %83, %84"
#define WGMMA_NAMES_168 WGMMA_NAMES_160 ", %85, %86, %87, %88"
#define WGMMA_NAMES_176 WGMMA_NAMES_168 ", %89, %90, %91, %92"
#define WGMMA_NAMES_184 WGMMA_NAMES_176 ", %93, %94, %95, %96"
#define WGMMA_NAMES_192 WGMMA_NAMES_184 ", %97, %98, %99, %100"
#define WGMMA_NAMES_200 WGMMA_NAMES_192 ", %101, %102, %103, %104"
#define WGMMA_NAMES_208 WGMMA_NAMES_200 ", %105, %106, %107, %108"
#define WGMMA_NAMES_216 WGMMA_NAMES_208 ", %109, %110, %111, %112"
#define WGMMA_NAMES_224 WGMMA_NAMES_216 ", %113, %114, %115, %116"
#define WGMMA_NAMES_232 WGMMA_NAMES_224 ", %117, %118, %119, %120"
#define WGMMA_NAMES_240 WGMMA_NAMES_232 ", %121, %122, %123, %124"
#define WGMMA_NAMES_248 WGMMA_NAMES_240 ", %125, %126, %127, %128"
#define WGMMA_NAMES_256 WGMMA_NAMES_248 ", %129, %130, %131, %132"
#define WGMMA_LIST_8 WGMMA_D(0), WGMMA_D(1), WGMMA_D(2), WGMMA_D(3)
#define WGMMA_LIST_16 WGMMA_LIST_8, WGMMA_D(4), WGMMA_D(5), WGMMA_D(6), WGMMA_D(7)
#define WGMMA_LIST_24 WGMMA_LIST_16, WGMMA_D(8), WGMMA_D(9), WGMMA_D(10), WGMMA_D(11)
#define WGMMA_LIST_32 WGMMA_LIST_24, WGMMA_D(12), WGMMA_D(13), WGMMA_D(14), WGMMA_D(15)
#define WGMMA_LIST_40 WGMMA_LIST_32, WGMMA_D(16), WGMMA_D(17), WGMMA_D(18), WGMMA_D(19)
#define WGMMA_LIST_48 WGMMA_LIST_40, WGMMA_D(20), WGMMA_D(21), WGMMA_D(22), WGMMA_D(23)
#define WGMMA_LIST_56 WGMMA_LIST_48, WGMMA_D(24), WGMMA_D(25), WGMMA_D(26), WGMMA_D(27)
#define WGMMA_LIST_64 WGMMA_LIST_56, WGMMA_D(28), WGMMA_D(29), WGMMA_D(30), WGMMA_D(31)
#define WGMMA_LIST_72 WGMMA_LIST_64, WGMMA_D(32), WGMMA_D(33), WGMMA_D(34), WGMMA_D(35)
#define WGMMA_LIST_80 WGMMA_LIST_72, WGMMA_D(36), WGMMA_D(37), WGMMA_D(38), WGMMA_D(39)
#define WGMMA_LIST_88 WGMMA_LIST_80, WGMMA_D(40), WGMMA_D(41), WGMMA_D(42), WGMMA_D(43)
#define WGMMA_LIST_96 WGMMA_LIST_88, WGMMA_D(44), WGMMA_D(45), WGMMA_D(46), WGMMA_D(47)
#define WGMMA_LIST_104 WGMMA_LIST_96, WGMMA_D(48), WGMMA_D(49), WGMMA_D(50), WGMMA_D(51)
#define WGMMA_LIST_112 WGMMA_LIST_104, WGMMA_D(52), WGMMA_D(53), WGMMA_D(54), WGMMA_D(55)
#define WGMMA_LIST_120 WGMMA_LIST_112, WGMMA_D(56), WGMMA_D(57), WGMMA_D(58), WGMMA_D(59)
#define WGMMA_LIST_128 WGMMA_LIST_120, WGMMA_D(60), WGMMA_D(61), WGMMA_D(62), WGMMA_D(63)
#define WGMMA_LIST_136 WGMMA_LIST_128, WGMMA_D(64), WGMMA_D(65), WGMMA_D(66), WGMMA_D(67)
#define WGMMA_LIST_144 WGMMA_LIST_136, WGMMA_D(68), WGMMA_D(69), WGMMA_D(70), WGMMA_D(71)
#define WGMMA_LIST_152 WGMMA_LIST_144, WGMMA_D(72), WGMMA_D(73), WGMMA_D(74), WGMMA_D(75)
#define WGMMA_LIST_160 WGMMA_LIST_152, WGMMA_D(76), WGMMA_D(77), WGMMA_D(78), WGMMA_D(79)
#define WGMMA_LIST_168 WGMMA_LIST_160, WGMMA_D(80), WGMMA_D(81), WGMMA_D(82), WGMMA_D(83)
#define WGMMA_LIST_176 WGMMA_LIST_168, WGMMA_D(84), WGMMA_D(85), WGMMA_D(86), WGMMA_D(87)
#define WGMMA_LIST_184 WGMMA_LIST_176, WGMMA_D(88), WGMMA_D(89), WGMMA_D(90), WGMMA_D(91)
#define WGMMA_LIST_192 WGMMA_LIST_184, WGMMA_D(92), WGMMA_D(93), WGMMA_D(94), WGMMA_D(95)
#define WGMMA_LIST_200 WGMMA_LIST_192, WGMMA_D(96), WGMMA_D(97), WGMMA_D(98), WGMMA_D(99)
#define WGMMA_LIST_208 WGMMA_LIST_200, WGMMA_D(100), WGMMA_D(101), WGMMA_D(102), WGMMA_D(103)
#define WGMMA_LIST_216 WGMMA_LIST_208, WGMMA_D(104), WGMMA_D(105), WGMMA_D(106), WGMMA_D(107)
#define WGMMA_LIST_224 WGMMA_LIST_216, WGMMA_D(108), WGMMA_D(109), WGMMA_D(110), WGMMA_D(111)
#define WGMMA_LIST_232 WGMMA_LIST_224, WGMMA_D(112), WGMMA_D(113), WGMMA_D(114), WGMMA_D(115)
#define WGMMA_LIST_240 WGMMA_LIST_232, WGMMA_D(116), WGMMA_D(117), WGMMA_D(118), WGMMA_D(119)
#define WGMMA_LIST_248 WGMMA_LIST_240, WGMMA_D(120), WGMMA_D(121), WGMMA_D(122), WGMMA_D(123)
#define WGMMA_LIST_256 WGMMA_LIST_248, WGMMA_D(124), WGMMA_D(125), WGMMA_D(126), WGMMA_D(127)

// D is always added to: a predicate that is not constant makes ptxas serialize kernels with two chains of wgmma (C7515).
// %0, %1: descriptors of A and B; %2 ... %4: unused, so that D begins at %5.
#define WGMMA_SHARED(N, K, TYPES, MAJORS)                                                                        \
  {                                                                                                              \
    u32 none0 = 0, none1 = 0, none2 = 0;                                                                                    \
    asm volatile("{\n.reg .pred add;\nsetp.eq.u32 add, 0, 0;\nwgmma.mma_async.sync.aligned.m64n" #N K ".f32." TYPES \
                 " {" WGMMA_NAMES_##N "}, %0, %1, add, 1, 1" MAJORS ";\n}\n"                                     \
                 : "+l"(a), "+l"(b), "+r"(none0), "+r"(none1), "+r"(none2), WGMMA_LIST_##N);                       \
  }

// %0 ... %3: A; %4: descriptor of B.
#define WGMMA_REGISTERS(N)                                                                                       \
  asm volatile("{\n.reg .pred add;\nsetp.eq.u32 add, 0, 0;\nwgmma.mma_async.sync.aligned.m64n" #N "k16.f32.f16.f16" \
               " {" WGMMA_NAMES_##N "}, {%0, %1, %2, %3}, %4, add, 1, 1, 0;\n}\n"                                \
               : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+l"(b), WGMMA_LIST_##N);

#define WGMMA_WIDTH(N)                                                                                           \
  template <>                                                                                                    \
  struct Wgmma<N> {                                                                                              \
    static __device__ __forceinline__ void f16(float* d, u64 a, u64 b)                                  \
        WGMMA_SHARED(N, "k16", "f16.f16", ", 0, 0")                                                              \
    static __device__ __forceinline__ void e4m3(float* d, u64 a, u64 b)                                 \
        WGMMA_SHARED(N, "k32", "e4m3.e4m3", "")                                                                  \
    static __device__ __forceinline__ void f16(float* d, u32 a0, u32 a1, u32 a2, u32 a3, u64 b) {                \
      WGMMA_REGISTERS(N)                                                                                         \
    }                                                                                                            \
  };

WGMMA_WIDTH(8)
WGMMA_WIDTH(16)
WGMMA_WIDTH(24)
WGMMA_WIDTH(32)
WGMMA_WIDTH(40)
WGMMA_WIDTH(48)
WGMMA_WIDTH(56)
WGMMA_WIDTH(64)
WGMMA_WIDTH(72)
WGMMA_WIDTH(80)
WGMMA_WIDTH(88)
WGMMA_WIDTH(96)
WGMMA_WIDTH(104)
WGMMA_WIDTH(112)
WGMMA_WIDTH(120)
WGMMA_WIDTH(128)
WGMMA_WIDTH(136)
WGMMA_WIDTH(144)
WGMMA_WIDTH(152)
WGMMA_WIDTH(160)
WGMMA_WIDTH(168)
WGMMA_WIDTH(176)
WGMMA_WIDTH(184)
WGMMA_WIDTH(192)
WGMMA_WIDTH(200)
WGMMA_WIDTH(208)
WGMMA_WIDTH(216)
WGMMA_WIDTH(224)
WGMMA_WIDTH(232)
WGMMA_WIDTH(240)
WGMMA_WIDTH(248)
WGMMA_WIDTH(256)
