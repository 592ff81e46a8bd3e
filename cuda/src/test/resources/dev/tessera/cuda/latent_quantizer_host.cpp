// Latents of a tile from standard input, what the kernels' quantizer restores to standard output:
// argv are the number of values, the bits and half the step.
#include <algorithm>
#include <cstdio>
#include <vector>

int main(int, char** arguments) {
  const size_t count = strtoull(arguments[1], 0, 10);
  const double top = std::ldexp(1.0, atoi(arguments[2])), step = 2 * strtod(arguments[3], 0);
  std::vector<float> values(count);
  if (fread(values.data(), sizeof(float), count, stdin) != count) {
    return 1;
  }
  u32 range[2] = {0, 0};
  for (float value : values) {
    range[0] = std::max(range[0], ~keyOf(value));
    range[1] = std::max(range[1], keyOf(value));
  }
  const Numbers numbers = numbersOf(range, top);
  for (float& value : values) {
    value = valueOf(integerOf(value, numbers, 1 / step), numbers, step);
  }
  return fwrite(values.data(), sizeof(float), count, stdout) == count ? 0 : 1;
}
