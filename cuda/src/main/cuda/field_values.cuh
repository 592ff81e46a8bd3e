// Values of a field, of every type: loaded, stored, as binary64 and back.
#pragma once
#include "common.cuh"
#include "field_parameters.cuh"

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

// Two neighbours, the first at an even index.
static __device__ __forceinline__ void loadTwo(const void* values, i64 index, i32 type, u64 (&bits)[2]) {
  switch (type) {
    case TYPE_I8:
    case TYPE_U8: {
      u16 both = ((const u16*)values)[index / 2];
      bits[0] = both & 0xff;
      bits[1] = both >> 8;
      break;
    }
    case TYPE_I16:
    case TYPE_U16: {
      u32 both = ((const u32*)values)[index / 2];
      bits[0] = both & 0xffff;
      bits[1] = both >> 16;
      break;
    }
    case TYPE_I64:
    case TYPE_F64:
      bits[0] = ((const u64*)values)[index];
      bits[1] = ((const u64*)values)[index + 1];
      break;
    default: {
      u64 both = ((const u64*)values)[index / 2];
      bits[0] = (u32)both;
      bits[1] = both >> 32;
    }
  }
}

static __device__ __forceinline__ void storeTwo(void* values, i64 index, i32 type, const u64 (&bits)[2]) {
  switch (type) {
    case TYPE_I8:
    case TYPE_U8:
      ((u16*)values)[index / 2] = (u16)(bits[0] | bits[1] << 8);
      break;
    case TYPE_I16:
    case TYPE_U16:
      ((u32*)values)[index / 2] = (u32)(bits[0] | bits[1] << 16);
      break;
    case TYPE_I64:
    case TYPE_F64:
      ((u64*)values)[index] = bits[0];
      ((u64*)values)[index + 1] = bits[1];
      break;
    default:
      ((u64*)values)[index / 2] = bits[0] | bits[1] << 32;
  }
}

static __device__ __forceinline__ i32 bytesOf(i32 type) {
  return type == TYPE_I8 || type == TYPE_U8 ? 1
      : type == TYPE_I16 || type == TYPE_U16 ? 2
      : type == TYPE_I64 || type == TYPE_F64 ? 8
                                             : 4;
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
