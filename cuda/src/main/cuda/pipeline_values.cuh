// Comparisons of a pipeline's values.
#pragma once
#include "common.cuh"
#include "field_values.cuh"

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
