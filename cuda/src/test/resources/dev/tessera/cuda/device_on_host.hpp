// What device code needs to be compiled by a C++ compiler of the host.
#include <cmath>
#include <cstdlib>
#include <cstring>

#define __device__
#define __forceinline__ inline

template <typename To, typename From>
static To bitsAs(From value) {
  To bits;
  static_assert(sizeof bits == sizeof value, "sizes differ");
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static double __longlong_as_double(long long bits) { return bitsAs<double>(bits); }
static long long __double_as_longlong(double x) { return bitsAs<long long>(x); }
static float __uint_as_float(unsigned bits) { return bitsAs<float>(bits); }
static unsigned __float_as_uint(float x) { return bitsAs<unsigned>(x); }
static float __double2float_rn(double x) { return (float)x; }
