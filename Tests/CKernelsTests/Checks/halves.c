#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

static double value_of(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double magnitude = exponent == 31 ? (fraction != 0 ? NAN : INFINITY)
      : exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

// The nearest half, ties to even; rint rounds so, and the product with a power of two is exact.
static uint16_t nearest(double x) {
  const uint16_t sign = signbit(x) ? 0x8000 : 0;
  if (isnan(x)) return 0x7E00;
  const double magnitude = fabs(x);
  if (magnitude == 0) return sign;
  if (magnitude >= 65520) return sign | 0x7C00;
  int exponent;
  frexp(magnitude, &exponent);
  const int unit = exponent - 11 < -24 ? -24 : exponent - 11;
  // A fraction that rounds up to the next power of two carries into the exponent.
  const uint16_t units = (uint16_t)rint(ldexp(magnitude, -unit));
  return sign | (uint16_t)(unit == -24 ? units : (unit + 24) * 1024 + units);
}

static bool agree(uint16_t found, uint16_t expected) {
  return found == expected || (isnan(value_of(found)) && isnan(value_of(expected)));
}

static double combined(int function, double a, double b) {
  return function == TFLK_ADD ? a + b : function == TFLK_SUB ? a - b : function == TFLK_MUL ? a * b : a / b;
}

int check_halves(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t count = (size_t)random_in(&random, 0, 70);
    const int function = number % 4;
    uint16_t *left = exact(count * 2), *right = exact(count * 2), *output = exact(count * 2);
    float *wide = exact(count * 4);
    const uint16_t mask = random_in(&random, 0, 3) == 0 ? 0x87FF : 0xFFFF;  // the smallest numbers often
    for (size_t i = 0; i < count; i++) {
      left[i] = (uint16_t)next_random(&random) & mask;
      right[i] = (uint16_t)next_random(&random) & mask;
      // Neighbours in size, so that sums have ties.
      if (random_in(&random, 0, 1)) right[i] = (uint16_t)((left[i] & 0x7C00) | (right[i] & 0x83FF)) ^ (uint16_t)(random_in(&random, 0, 1) << 10);
    }
    bool good = true;
    kernels->f16_to_f32(left, wide, count);
    for (size_t i = 0; good && i < count; i++) {
      const double expected = value_of(left[i]);
      good = (isnan(expected) && isnan(wide[i])) || (wide[i] == expected && signbit(wide[i]) == signbit(expected));
      if (!good) snprintf(message, 256, "%04x as a float: %.9g, expected %.9g", left[i], wide[i], expected);
    }
    for (size_t i = 0; i < count; i++) {
      const uint32_t bits = (uint32_t)next_random(&random);
      const int kind = (int)random_in(&random, 0, 3);
      if (kind == 0) {
        memcpy(&wide[i], &bits, 4);
      } else if (kind == 1) {
        wide[i] = (float)(value_of(left[i]) + (value_of((uint16_t)(left[i] + 1)) - value_of(left[i])) / 2);  // a tie
      } else {
        wide[i] = random_float(&random) * (kind == 2 ? 1e5f : 1e-5f);
      }
    }
    kernels->f32_to_f16(wide, output, count);
    for (size_t i = 0; good && i < count; i++) {
      good = agree(output[i], nearest(wide[i]));
      if (!good) snprintf(message, 256, "%.9g as a half: %04x, expected %04x", wide[i], output[i], nearest(wide[i]));
    }
    const bool left_repeats = random_in(&random, 0, 2) == 0, right_repeats = random_in(&random, 0, 2) == 0;
    const bool in_place = !left_repeats && random_in(&random, 0, 1);
    const float highest = random_in(&random, 0, 2) ? 65504 : random_in(&random, 0, 1) ? 6 : INFINITY;
    const float lowest = random_in(&random, 0, 1) ? 0 : -highest;
    if (in_place) memcpy(output, left, count * 2);
    kernels->f16_arithmetic[function](
        in_place ? output : left, left_repeats, right, right_repeats, output, count, lowest, highest);
    for (size_t i = 0; good && i < count; i++) {
      // Sums and products of halves are exact in a double; a quotient is never so near to a tie that the double's rounding would matter.
      const uint16_t a = left[left_repeats ? 0 : i], b = right[right_repeats ? 0 : i];
      double exact = value_of(nearest(combined(function, value_of(a), value_of(b))));
      exact = exact < lowest ? lowest : exact > highest ? highest : exact;
      const uint16_t expected = nearest(exact);
      // Either zero may come out where both lie on a bound.
      good = agree(output[i], expected) || (lowest == 0 && (output[i] & 0x7FFF) == 0 && exact == 0);
      if (!good) snprintf(message, 256, "function %d of %04x and %04x: %04x, expected %04x", function, a, b, output[i], expected);
    }
    free(left), free(right), free(output), free(wide);
    if (!good) return number;
  }
  return -1;
}
