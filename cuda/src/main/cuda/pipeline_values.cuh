// Values of every type: loaded, stored, as binary64 and back, compared.
#pragma once
#include "common.cuh"
#include "pipeline_parameters.cuh"

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
