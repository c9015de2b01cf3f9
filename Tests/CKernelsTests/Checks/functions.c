#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

static double gelu_tanh(double x) { return 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))); }

static double exact_function(tflk_function function, double x) {
  switch (function) {
  case TFLK_EXP: return exp(x);
  case TFLK_LOGISTIC: return 1 / (1 + exp(-x));
  case TFLK_TANH: return tanh(x);
  case TFLK_ELU: return x < 0 ? expm1(x) : x;
  case TFLK_GELU: return 0.5 * x * erfc(x * -0.70710678118654752440);
  case TFLK_GELU_TANH: return gelu_tanh(x);
  case TFLK_HARD_SWISH: return x * fmin(fmax(x + 3, 0), 6) / 6;
  case TFLK_SILU: return x / (1 + exp(-x));
  case TFLK_LOG: return log(x);
  case TFLK_SIN: return sin(x);
  case TFLK_COS: return cos(x);
  case TFLK_FLOOR: return floor(x);
  case TFLK_CEIL: return ceil(x);
  case TFLK_ROUND: return nearbyint(x);
  case TFLK_SQRT: return sqrt(x);
  case TFLK_RSQRT: return 1 / sqrt(x);
  case TFLK_SQUARE: return x * x;
  }
  return NAN;
}

// How far a result may be from the exact one.
static double function_tolerance(tflk_function function, double x, double exact) {
  const double ulp = fmax(fabs(exact), 1.1754943508222875e-38) * 1.1920928955078125e-7;
  switch (function) {
  case TFLK_EXP: return 1.5 * ulp + 3e-45;
  // Cancellation in 1 + tanh and in a half less the rest.
  case TFLK_GELU: case TFLK_GELU_TANH: return 1e-6 * fabs(x) + 1e-38;
  // What the logistic lacks below the normal numbers is multiplied too.
  case TFLK_SILU: return 4 * ulp + 3e-45 * fmax(1, fmin(fabs(x), 200));
  case TFLK_SIN: case TFLK_COS: return 1.5e-7;
  case TFLK_FLOOR: case TFLK_CEIL: case TFLK_ROUND: return 0;
  case TFLK_SQRT: return 0.5 * ulp;
  default: return 3 * ulp + 3e-45;
  }
}

int check_functions(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const tflk_function function = (tflk_function)(number % TFLK_FUNCTION_COUNT);
    const size_t count = (size_t)random_in(&random, 0, 70);
    float *input = exact(count * 4), *output = exact(count * 4);
    const float ranges[] = {0.01f, 1, 10, 100, 1e30f};
    for (size_t i = 0; i < count; i++) {
      input[i] = random_float(&random) * ranges[random_in(&random, 0, 4)];
      const float specials[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 3.4e38f, -3.4e38f, 1e-40f};
      if (random_in(&random, 0, 9) == 0) input[i] = specials[random_in(&random, 0, 7)];
    }
    const bool in_place = random_in(&random, 0, 1) == 0;
    if (in_place) memcpy(output, input, count * 4);
    kernels->f32_function[function](in_place ? output : input, output, count);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
      const double x = input[i], expected = exact_function(function, x);
      const double found = output[i];
      const bool far = fabs(x) > 80 && function != TFLK_EXP && function != TFLK_TANH && function != TFLK_LOGISTIC;
      if (isnan(x)) {
        good = isnan(found);
      } else if (function == TFLK_HARD_SWISH && x > 5e37) {
        // The product comes before the division, as in the operator's definition.
        good = found > 5e37;
      } else if (isnan(expected) && function >= TFLK_LOG) {
        good = isnan(found);
      } else if (isinf(expected)) {
        good = found == expected || (far && isnan(found));
      } else if (isinf(x) && isnan(expected)) {
        // 0 times infinity in x * f(x).
        good = isnan(found) || found == 0;
      } else if (fabs(expected) > 3.4028234e38) {
        good = isinf(found) || fabs(found) > 3.4e38 || (far && isnan(found));
      } else {
        good = fabs(found - expected) <= function_tolerance(function, x, expected) || (far && isnan(found) && x * x > 3e38);
      }
      const bool whole = function == TFLK_FLOOR || function == TFLK_CEIL || function == TFLK_ROUND;
      if (x == 0 && (function == TFLK_TANH || function == TFLK_SIN || whole)) good = good && signbit(output[i]) == signbit(input[i]);
      if (whole && expected == 0 && x < 0) good = good && (signbit(output[i]) != 0) == (function != TFLK_ROUND);
      if (!good) snprintf(message, 256, "function %d of %.9g: %.9g, expected %.9g", function, x, found, expected);
    }
    free(input), free(output);
    if (!good) return number;
  }
  return -1;
}

int check_softmax(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t rows = (size_t)random_in(&random, 0, 4), width = (size_t)random_in(&random, 1, 100);
    const float scale = random_in(&random, 0, 1) ? 1 : 0.25f;
    const float range = random_in(&random, 0, 1) ? 5 : 300;
    float *input = exact(rows * width * 4), *output = exact(rows * width * 4);
    for (size_t i = 0; i < rows * width; i++) input[i] = random_float(&random) * range;
    const bool in_place = random_in(&random, 0, 1) == 0;
    if (in_place) memcpy(output, input, rows * width * 4);
    kernels->f32_softmax(in_place ? output : input, output, rows, width, scale);
    bool good = true;
    for (size_t row = 0; good && row < rows; row++) {
      double peak = -INFINITY, total = 0;
      for (size_t i = 0; i < width; i++) peak = fmax(peak, input[row * width + i]);
      for (size_t i = 0; i < width; i++) total += exp((input[row * width + i] - peak) * scale);
      for (size_t i = 0; good && i < width; i++) {
        // The float difference to the peak is what is exponentiated.
        const double expected = exp((double)((float)(input[row * width + i] - (float)peak) * scale)) / total;
        const double found = output[row * width + i];
        good = fabs(found - expected) <= 2e-6 * expected + 1.2e-38;
        if (!good) snprintf(message, 256, "element %zu of %zu: %.9g, expected %.9g", i, width, found, expected);
      }
    }
    free(input), free(output);
    if (!good) return number;
  }
  return -1;
}

int check_arithmetic(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const tflk_arithmetic function = (tflk_arithmetic)(number % TFLK_ARITHMETIC_COUNT);
    const size_t count = (size_t)random_in(&random, 0, 70);
    const bool left_repeats = random_in(&random, 0, 2) == 0, right_repeats = random_in(&random, 0, 2) == 0;
    const size_t left_count = left_repeats ? 1 : count, right_count = right_repeats ? 1 : count;
    float *left = exact(left_count * 4), *right = exact(right_count * 4), *output = exact(count * 4);
    for (size_t i = 0; i < left_count; i++) left[i] = random_in(&random, 0, 20) == 0 ? NAN : random_float(&random) * 8;
    for (size_t i = 0; i < right_count; i++) right[i] = random_float(&random) * 8;
    const float low = random_in(&random, 0, 1) ? 0 : -INFINITY, high = random_in(&random, 0, 1) ? 6 : INFINITY;
    const bool in_place = !left_repeats && random_in(&random, 0, 1) == 0;
    if (in_place) memcpy(output, left, count * 4);
    kernels->f32_arithmetic[function](in_place ? output : left, left_repeats, right, right_repeats, output, count, low, high);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
      const float a = left[left_repeats ? 0 : i], b = right[right_repeats ? 0 : i];
      float expected = 0;
      switch (function) {
      case TFLK_ADD: expected = a + b; break;
      case TFLK_SUB: expected = a - b; break;
      case TFLK_MUL: expected = a * b; break;
      case TFLK_DIV: expected = a / b; break;
      case TFLK_SQUARED_DIFFERENCE: expected = (a - b) * (a - b); break;
      case TFLK_MAX: expected = a > b ? a : b; break;
      case TFLK_MIN: expected = a < b ? a : b; break;
      case TFLK_PRELU: expected = a >= 0 ? a : a * b; break;
      }
      expected = expected < low ? low : expected > high ? high : expected;
      good = output[i] == expected || (isnan(output[i]) && isnan(expected));
      if (!good) snprintf(message, 256, "function %d of %g and %g: %g, expected %g", function, a, b, output[i], expected);
    }
    free(left), free(right), free(output);
    if (!good) return number;
  }
  return -1;
}

int check_row_arithmetic(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const int function = number % TFLK_ARITHMETIC_COUNT;
    const size_t rows = (size_t)random_in(&random, 0, 20), count = (size_t)random_in(&random, 1, random_in(&random, 0, 1) ? 20 : 140);
    const bool left_repeats = random_in(&random, 0, 2) == 0, right_repeats = random_in(&random, 0, 2) == 0;
    const size_t left_length = left_repeats ? 1 : count, right_length = right_repeats ? 1 : count;
    const size_t left_step = random_in(&random, 0, 2) == 0 ? 0 : left_length + (size_t)random_in(&random, 0, 1) * 3;
    const size_t right_step = random_in(&random, 0, 2) == 0 ? 0 : right_length;
    const bool in_place = !left_repeats && left_step == count && random_in(&random, 0, 1) == 0;
    const size_t left_count = rows == 0 ? 0 : (rows - 1) * left_step + left_length;
    const size_t right_count = rows == 0 ? 0 : (rows - 1) * right_step + right_length;
    float *left = exact(left_count * 4), *right = exact(right_count * 4);
    float *output = exact(rows * count * 4), *expected = exact(rows * count * 4);
    for (size_t i = 0; i < left_count; i++) left[i] = random_float(&random) * 8;
    for (size_t i = 0; i < right_count; i++) right[i] = random_float(&random) * 8;
    for (size_t row = 0; row < rows; row++) {
      kernels->f32_arithmetic[function](
          left + row * left_step, left_repeats, right + row * right_step, right_repeats, expected + row * count, count, -5, 6);
    }
    if (in_place) memcpy(output, left, rows * count * 4);
    kernels->f32_row_arithmetic[function](
        in_place ? output : left, left_repeats, left_step, right, right_repeats, right_step, output, rows, count, -5, 6);
    bool good = true;
    for (size_t i = 0; good && i < rows * count; i++) {
      good = output[i] == expected[i] || (isnan(output[i]) && isnan(expected[i]));
      if (!good) snprintf(message, 256, "function %d, element %zu of rows of %zu: %g, expected %g", function, i, count, output[i], expected[i]);
    }
    free(left), free(right), free(output), free(expected);
    if (!good) return number;
  }
  return -1;
}
