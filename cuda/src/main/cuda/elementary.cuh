// Logarithms, exponentials and their inverses in the order of operations of
// dev.tessera.transform.ElementaryFunctions, so that they have the same bits. Needs -fmad=false.
#pragma once
#include "common.cuh"

#define LARGEST_DOUBLE 0x1.fffffffffffffp1023

#define LN2 0x1.62e42fefa39efp-1
#define LN2_HIGH 0x1.62e42fefap-1
#define LN2_LOW 0x1.cf79abc9e3b3ap-40
#define LOG10_2_HIGH 0x1.34413509fp-2
#define LOG10_2_LOW 0x1.e7fbcc47c4acdp-40

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

// ln m for m in [sqrt(1/2), sqrt(2)].
static __device__ __forceinline__ double mantissaLogarithm(double m) {
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
  return 2 * s + 2 * s * (z * series);
}

// Natural logarithm of a positive finite value.
static __device__ __forceinline__ double naturalLogarithm(double x) {
  i32 k = logarithmExponent(x);
  double ln = mantissaLogarithm(scaleByPower(x, -k));
  return k * LN2_HIGH + (k * LN2_LOW + ln);
}

// Decimal logarithm of a positive finite value.
static __device__ __forceinline__ double decimalLogarithm(double x) {
  i32 k = logarithmExponent(x);
  double ln = mantissaLogarithm(scaleByPower(x, -k));
  return k * LOG10_2_HIGH + (k * LOG10_2_LOW + ln * 0x1.bcb7b1526e50ep-2);
}

// ln(1 + x) for x above -1.
static __device__ __forceinline__ double logarithmOnePlus(double x) {
  double u = 1 + x;
  return naturalLogarithm(u) + (x - (u - 1)) / u;
}

// Inverse hyperbolic sine of x / scale; `logScale` is the natural logarithm of scale.
static __device__ __forceinline__ double inverseSinh(double x, double scale, double logScale) {
  double quotient = fabs(x) / scale;
  double result;
  if (quotient < 0x1p28) {
    double square = quotient * quotient;
    result = logarithmOnePlus(quotient + square / (1 + sqrt(square + 1)));
  } else {
    result = naturalLogarithm(fabs(x)) - logScale + LN2;
  }
  return copysign(result, x);
}

// e^f - 1 for |f| <= 0.35.
static __device__ __forceinline__ double exponentialSeries(double f) {
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
  return f + f * (f * series);
}

static __device__ __forceinline__ double saturated(double x) {
  return x < LARGEST_DOUBLE ? x : LARGEST_DOUBLE;
}

// e^y; saturates at the largest finite value.
static __device__ __forceinline__ double exponential(double y) {
  double bounded = y < 800 ? y : 800;
  bounded = bounded > -800 ? bounded : -800;
  double k = rint(bounded * 0x1.71547652b82fep0);
  double f = (bounded - k * LN2_HIGH) - k * LN2_LOW;
  return saturated(scaleByPower(1 + exponentialSeries(f), (i32)k));
}

// 10^y; saturates at the largest finite value.
static __device__ __forceinline__ double powerOfTen(double y) {
  double bounded = y < 400 ? y : 400;
  bounded = bounded > -400 ? bounded : -400;
  double k = rint(bounded * 0x1.a934f0979a371p1);
  double f = (bounded - k * LOG10_2_HIGH) - k * LOG10_2_LOW;
  return saturated(scaleByPower(1 + exponentialSeries(f * 0x1.26bb1bbb55516p1), (i32)k));
}

// e^y - 1; saturates at the largest finite value.
static __device__ __forceinline__ double exponentialMinusOne(double y) {
  return fabs(y) < 0.35 ? exponentialSeries(y) : exponential(y) - 1;
}

// scale * sinh(y); saturates at the largest finite values.
static __device__ __forceinline__ double scaledSinh(double y, double scale, double logScale) {
  double size = fabs(y);
  double result;
  if (size < 22) {
    double t = exponentialMinusOne(size);
    result = scale * (0.5 * (t + t / (t + 1)));
  } else {
    result = exponential(size + (logScale - LN2));
  }
  return copysign(saturated(result), y);
}
