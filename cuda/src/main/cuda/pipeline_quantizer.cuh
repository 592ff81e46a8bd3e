// The quantizers for every type of value, one value at a time, in binary64 without contraction.
// The tuned paths of the encoder and the decoder fall back to these and must agree with them.
#pragma once
#include "common.cuh"
#include "elementary.cuh"
#include "pipeline_parameters.cuh"
#if NORMALIZED
#include "pipeline_normalizer.cuh"
#endif

#define LARGEST_FLOAT 0x1.fffffep127f
#define TWO_63 9223372036854775808.0

// A value as it is stored: its bits, zero-extended.
static __device__ __forceinline__ u64 loadBits(const void* values, i64 index, i32 type) {
  switch (type) {
    case TYPE_I8:
    case TYPE_U8:
      return ((const u8*)values)[index];
    case TYPE_I16:
    case TYPE_U16:
      return ((const u16*)values)[index];
    case TYPE_I64:
    case TYPE_F64:
      return ((const u64*)values)[index];
    default:
      return ((const u32*)values)[index];
  }
}

static __device__ __forceinline__ void storeBits(void* values, i64 index, i32 type, u64 bits) {
  switch (type) {
    case TYPE_I8:
    case TYPE_U8:
      ((u8*)values)[index] = (u8)bits;
      break;
    case TYPE_I16:
    case TYPE_U16:
      ((u16*)values)[index] = (u16)bits;
      break;
    case TYPE_I64:
    case TYPE_F64:
      ((u64*)values)[index] = bits;
      break;
    default:
      ((u32*)values)[index] = (u32)bits;
  }
}

// The value of such bits; of an int64 the nearest binary64.
static __device__ __forceinline__ double valueOf(u64 bits, i32 type) {
  switch (type) {
    case TYPE_I8:
      return (double)(i8)bits;
    case TYPE_I16:
      return (double)(i16)bits;
    case TYPE_I32:
      return (double)(i32)bits;
    case TYPE_I64:
      return (double)(i64)bits;
    case TYPE_F32:
      return (double)__uint_as_float((u32)bits);
    case TYPE_F64:
      return __longlong_as_double((i64)bits);
    default:
      return (double)(u32)bits;
  }
}

static __device__ __forceinline__ double clampInteger(double v, double lowest, double highest) {
  double r = rint(v);
  r = r < highest ? r : highest;
  return r > lowest ? r : lowest;
}

// The bits of a restored value: rounded to the type and clamped to its range.
static __device__ __forceinline__ u64 bitsOf(double v, i32 type) {
  switch (type) {
    case TYPE_I8:
      return (u8)(i32)clampInteger(v, -128, 127);
    case TYPE_I16:
      return (u16)(i32)clampInteger(v, -32768, 32767);
    case TYPE_I32:
      return (u32)(i32)clampInteger(v, -2147483648.0, 2147483647.0);
    case TYPE_I64: {
      double r = rint(v);
      return r >= TWO_63 ? 0x7fffffffffffffffULL
          : r <= -TWO_63 ? 0x8000000000000000ULL
                         : (u64)(i64)r;
    }
    case TYPE_U8:
      return (u8)(i32)clampInteger(v, 0, 255);
    case TYPE_U16:
      return (u16)(i32)clampInteger(v, 0, 65535);
    case TYPE_U32:
      return (u32)clampInteger(v, 0, 4294967295.0);
    case TYPE_F32: {
      float f = __double2float_rn(v);
      f = f > LARGEST_FLOAT ? LARGEST_FLOAT : f;
      f = f < -LARGEST_FLOAT ? -LARGEST_FLOAT : f;
      return __float_as_uint(f);
    }
    default:
      return (u64)__double_as_longlong(v);
  }
}

// d = a - b was computed without rounding (the error term of TwoSum is zero).
static __device__ __forceinline__ bool exactDifference(double a, double b, double d) {
  double bb = d - a;
  double error = (a - (d - bb)) + (-b - bb);
  return error == 0;
}

// Whether |a - b| <= bound in exact arithmetic.
static __device__ __forceinline__ bool closeTogether(double a, double b, double bound) {
  double d = fabs(a - b);
  return d < bound || (d == bound && exactDifference(a, b, a - b));
}

#if NORMALIZED

// Symbols of one plane to values. `type` is the parameters', which a caller may know.
template <int N>
static __device__ __forceinline__ void restore(
    const PipelineParameters& p, i32 type, const PlaneMap& map, const i32 (&q)[N], u64 (&bits)[N]) {
  Several<N> y;
#pragma unroll
  for (int k = 0; k < N; k++) {
    y.v[k] = p.offset + q[k] * p.step;
  }
  y = denormalize(p.normalizer, map, y);
#pragma unroll
  for (int k = 0; k < N; k++) {
    bits[k] = bitsOf(y.v[k], type);
  }
}

// Values of one plane to symbols, by what the normalizer makes of a value and of the one that would
// be restored. Bit k of the result: value k has a symbol; others must be kept as they are.
template <int N>
static __device__ __forceinline__ u32 quantize(
    const PipelineParameters& p, i32 type, i32 plane, const u64 (&bits)[N], i32 (&symbols)[N]) {
  const NormalizerParameters& n = p.normalizer;
  PlaneMap map = planeMap(n, plane);
  bool filled = (p.flags & FLAG_FILL) != 0;
  u32 coded = 0;
  Several<N> x, back;
#pragma unroll
  for (int k = 0; k < N; k++) {
    x.v[k] = valueOf(bits[k], type);
    coded |= accepts(n, x.v[k]) && !(filled && bits[k] == p.fill) ? 1u << k : 0;
  }
  x = normalize(n, map, x);
#pragma unroll
  for (int k = 0; k < N; k++) {
    double t = (x.v[k] - p.offset) * p.inverse;
    coded &= fabs(t) < 1073741824.0 ? ~0u : ~(1u << k);
    symbols[k] = (coded >> k & 1) != 0 ? (i32)rint(t) : 0;
  }
  u64 restored[N];
  restore(p, type, map, symbols, restored);
#pragma unroll
  for (int k = 0; k < N; k++) {
    back.v[k] = valueOf(restored[k], type);
    coded &= accepts(n, back.v[k]) && !(filled && restored[k] == p.fill) ? ~0u : ~(1u << k);
  }
  back = normalize(n, map, back);
#pragma unroll
  for (int k = 0; k < N; k++) {
    coded &= closeTogether(x.v[k], back.v[k], p.bound) ? ~0u : ~(1u << k);
  }
  return coded;
}

static __device__ __forceinline__ u64 restore(const PipelineParameters& p, i32 plane, i32 q) {
  i32 one[1] = {q};
  u64 bits[1];
  restore(p, p.type, planeMap(p.normalizer, plane), one, bits);
  return bits[0];
}

static __device__ __forceinline__ bool quantize(
    const PipelineParameters& p, i32 plane, u64 bits, i32* symbol) {
  u64 one[1] = {bits};
  i32 symbols[1];
  bool coded = quantize(p, p.type, plane, one, symbols) != 0;
  *symbol = symbols[0];
  return coded;
}

#else

// Symbol to value.
static __device__ __forceinline__ u64 restore(const PipelineParameters& p, i32 plane, i32 q) {
  double v;
  if (p.kind == QUANTIZER_AFFINE) {
    v = p.offset + q * p.step;
  } else if (p.kind == QUANTIZER_POINTWISE) {
    if (q == 0) {
      v = 0;
    } else {
      double k = (double)(q < 0 ? -(i64)q : (i64)q) - 1;
      v = exponential(p.offset + k * p.step);
      v = q < 0 ? -v : v;
    }
  } else {
    v = p.offset + (q * p.step) * p.inverseScale;
  }
  return bitsOf(v, p.type);
}

// Whether the restored value is within the bound.
static __device__ __forceinline__ bool within(
    const PipelineParameters& p, u64 bits, double x, u64 restored) {
  bool pointwise = p.kind == QUANTIZER_POINTWISE;
  double d;
  if (p.type == TYPE_I64) {
    i64 a = (i64)bits, b = (i64)restored;
    u64 distance = a > b ? (u64)a - (u64)b : (u64)b - (u64)a;
    if (!pointwise) {
      u64 whole = p.bound >= TWO_63 ? 0x7fffffffffffffffULL : (u64)floor(p.bound);
      return distance <= whole;
    }
    if (distance > 0x7fffffffffffffffULL) {
      return false;
    }
    d = (double)distance;
  } else {
    double y = valueOf(restored, p.type);
    if (!pointwise) {
      return closeTogether(x, y, p.bound);
    }
    d = fabs(x - y);
  }
  // the product is rounded, hence the margin
  return d == 0 || d < p.bound * fabs(x) * (1 - 0x1p-51);
}

// Value to symbol. False where the value must be kept as it is.
static __device__ __forceinline__ bool quantize(
    const PipelineParameters& p, i32 plane, u64 bits, i32* symbol) {
  bool filled = (p.flags & FLAG_FILL) != 0;
  if (filled && bits == p.fill) {
    return false;
  }
  double x = valueOf(bits, p.type);
  if (!(fabs(x) <= LARGEST_DOUBLE)) {
    return false;
  }
  i32 q = 0;
  if (p.kind == QUANTIZER_AFFINE) {
    double t = (x - p.offset) * p.inverse;
    if (!(fabs(t) < 1073741824.0)) {
      return false;
    }
    q = (i32)rint(t);
  } else if (p.kind == QUANTIZER_REFERENCE) {
    double k = floor((x - p.offset) * p.scale * p.inverse + 0.5);
    k = k < 32767 ? k : 32767;
    q = k > -32768 ? (i32)k : -32768;
  } else if (x != 0) {
    double k = rint((naturalLogarithm(fabs(x)) - p.offset) * p.inverse);
    if (!(k >= 0 && k < 1073741824.0)) {
      return false;
    }
    q = (i32)k + 1;
    q = x < 0 ? -q : q;
  }
  *symbol = q;
  if (p.kind == QUANTIZER_REFERENCE && !filled) {
    return true;
  }
  u64 restored = restore(p, plane, q);
  if (filled && restored == p.fill) {
    return false;
  }
  return p.kind == QUANTIZER_REFERENCE || (p.kind == QUANTIZER_POINTWISE && x == 0)
      || within(p, bits, x, restored);
}

#endif
