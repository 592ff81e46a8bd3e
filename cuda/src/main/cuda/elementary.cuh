// Logarithm and exponential in the order of operations of dev.tessera.transform.ElementaryFunctions,
// so that they have the same bits. Needs -fmad=false.
#pragma once
#include "common.cuh"

static __device__ __forceinline__ double powerOfTwo(i32 k) {
  return __longlong_as_double((i64)(k + 1023) << 52);
}

// x * 2^k in three steps, since 2^k alone may overflow.
static __device__ __forceinline__ double scaleByPower(double x, i32 k) {
  i32 first = k / 3;
  i32 second = (k - first) / 2;
  return x * powerOfTwo(first) * powerOfTwo(second) * powerOfTwo(k - first - second);
}

static __device__ __forceinline__ i32 binaryExponent(double x) {
  return (i32)((__double_as_longlong(x) >> 52) & 0x7ff) - 1023;
}

// The k with x / 2^k in [sqrt(1/2), sqrt(2)).
static __device__ __forceinline__ i32 logarithmExponent(double x) {
  i32 k = binaryExponent(x);
  double m;
  if (k < -1022) {
    double normal = x * 18014398509481984.0;  // 2^54
    k = binaryExponent(normal) - 54;
    m = normal * powerOfTwo(-k - 54);
  } else {
    m = __longlong_as_double((__double_as_longlong(x) & 0xfffffffffffffLL) | 0x3ff0000000000000LL);
  }
  return m >= 0x1.6a09e667f3bcdp0 ? k + 1 : k;
}

// Natural logarithm of a positive finite value.
static __device__ __forceinline__ double naturalLogarithm(double x) {
  i32 k = logarithmExponent(x);
  double m = scaleByPower(x, -k);
  double s = (m - 1) / (m + 1);
  double z = s * s;
  double series = 1.0 / 23;
  series = 1.0 / 21 + z * series;
  series = 1.0 / 19 + z * series;
  series = 1.0 / 17 + z * series;
  series = 1.0 / 15 + z * series;
  series = 1.0 / 13 + z * series;
  series = 1.0 / 11 + z * series;
  series = 1.0 / 9 + z * series;
  series = 1.0 / 7 + z * series;
  series = 1.0 / 5 + z * series;
  series = 1.0 / 3 + z * series;
  double ln = 2 * s + 2 * s * (z * series);
  return k * 0x1.62e42fefap-1 + (k * 0x1.cf79abc9e3b3ap-40 + ln);
}

// e^y; saturates at the largest finite value.
static __device__ __forceinline__ double exponential(double y) {
  double bounded = y < 800 ? y : 800;
  bounded = bounded > -800 ? bounded : -800;
  double k = rint(bounded * 0x1.71547652b82fep0);
  double f = (bounded - k * 0x1.62e42fefap-1) - k * 0x1.cf79abc9e3b3ap-40;
  double series = 1 / 87178291200.0;
  series = 1 / 6227020800.0 + f * series;
  series = 1 / 479001600.0 + f * series;
  series = 1 / 39916800.0 + f * series;
  series = 1 / 3628800.0 + f * series;
  series = 1 / 362880.0 + f * series;
  series = 1 / 40320.0 + f * series;
  series = 1 / 5040.0 + f * series;
  series = 1 / 720.0 + f * series;
  series = 1 / 120.0 + f * series;
  series = 1 / 24.0 + f * series;
  series = 1 / 6.0 + f * series;
  series = 1 / 2.0 + f * series;
  double fraction = f + f * (f * series);
  double result = scaleByPower(1 + fraction, (i32)k);
  return result < 0x1.fffffffffffffp1023 ? result : 0x1.fffffffffffffp1023;
}
