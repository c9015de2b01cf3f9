#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "oracle.h"
#include "random.h"

static void quantize(double factor, int32_t *multiplier, int32_t *shift) {
  int exponent;
  const double fraction = frexp(factor, &exponent);
  *multiplier = (int32_t)fmin(llround(fraction * 2147483648.0), 2147483647.0), *shift = exponent;
}

// The function in the reference's steps; the scales are those of the operands and of the result.
static tflk_byte_pairs in_steps(bool multiplies, bool subtracts, const int32_t *multipliers, const int32_t *shifts, const int32_t *zero) {
  return (tflk_byte_pairs){
      .multiplies = multiplies,
      .is_exact = true,
      .left_fixed = {multipliers[0], shifts[0]},
      .right_fixed = {multipliers[1], shifts[1]},
      .fixed = {multipliers[2], shifts[2]},
      .subtracts = subtracts,
      .left_zero_point = zero[0],
      .right_zero_point = zero[1]};
}

static int32_t byte_at(tflk_type type, const void *data, size_t i) {
  return type == TFLK_INT8 ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
}

// Sums and products of bytes with random and with simple scales: every pair of bytes, then runs of any length with and without repeated operands.
int check_byte_pairs(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  int fitted = 0, fittable = 0;
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const bool multiplies = random_in(&random, 0, 2) == 0, simple = random_in(&random, 0, 3) == 0;
    const tflk_type type = random_in(&random, 0, 1) ? TFLK_INT8 : TFLK_UINT8;
    const int32_t low = type == TFLK_INT8 ? -128 : 0;
    const double scale[3] = {
        simple ? ldexp(1, (int)random_in(&random, -6, -4)) : exp(random_float(&random)),
        simple ? ldexp(1, (int)random_in(&random, -6, -4)) : exp(random_float(&random)),
        simple ? ldexp(1, (int)random_in(&random, -6, -4)) : exp(random_float(&random) + (multiplies ? 4 : 0))};
    int32_t zero[3];
    // Every third one in the reference's steps; of those some have zero points that are no bytes, and sums may be differences.
    const bool is_exact = number % 3 == 0, is_far = is_exact && random_in(&random, 0, 4) == 0;
    for (int i = 0; i < 3; i++) zero[i] = (int32_t)(is_far ? random_in(&random, -900, 900) : random_in(&random, low, low + 255));
    int32_t tables[2][256], multipliers[3], shifts[3];
    const double common = 2 * fmax(scale[0], scale[1]);
    for (int i = 0; i < 2; i++) quantize(scale[i] / common, &multipliers[i], &shifts[i]);
    quantize(multiplies ? scale[0] * scale[1] / scale[2] : common / (scale[2] * (1 << 20)), &multipliers[2], &shifts[2]);
    for (int i = 0; i < 2; i++) {
      for (int32_t x = 0; x < 256; x++) {
        const int32_t value = low + x - zero[i];
        tables[i][x] = multiplies ? value : oracle_requantize(value * (1 << 20), multipliers[i], shifts[i]);
      }
    }
    tflk_quantized_output output = {.type = type, .output_zero_point = zero[2]};
    output.activation_min = random_in(&random, 0, 1) || is_far ? low : zero[2], output.activation_max = low + (random_in(&random, 0, 1) ? 255 : 240);
    if (output.activation_max < output.activation_min) output.activation_max = output.activation_min;
    const tflk_byte_pair_scales scales = {
        multiplies ? scale[0] * scale[1] / scale[2] : scale[0] / scale[2], multiplies ? 1 : scale[1] / scale[2], zero[0], zero[1]};
    const bool subtracts = is_exact && !multiplies && random_in(&random, 0, 1);
    tflk_byte_pairs function = in_steps(multiplies, subtracts, multipliers, shifts, zero);
    for (int32_t x = 0; subtracts && x < 256; x++) tables[1][x] = -tables[1][x];
    if (!is_exact) {
      fittable++;
      if (!kernels->fit_byte_pairs(multiplies, tables[0], tables[1], multipliers[2], shifts[2], &scales, &output, &function)) continue;
      fitted++;
    }
    const bool repeats[2] = {random_in(&random, 0, 4) == 0, random_in(&random, 0, 4) == 0};
    const bool all = !repeats[0] && !repeats[1] && random_in(&random, 0, 1);
    const size_t count = all ? 65536 : (size_t)random_in(&random, 0, 200);
    uint8_t *left = exact(repeats[0] ? 1 : count), *right = exact(repeats[1] ? 1 : count), *result = exact(count);
    for (size_t i = 0; i < (repeats[0] ? 1 : count); i++) left[i] = all ? (uint8_t)(i >> 8) : (uint8_t)next_random(&random);
    for (size_t i = 0; i < (repeats[1] ? 1 : count); i++) right[i] = all ? (uint8_t)i : (uint8_t)next_random(&random);
    output.data = result;
    kernels->byte_pairs(&function, &output, left, repeats[0], right, repeats[1], count);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
      const int32_t a = byte_at(type, left, repeats[0] ? 0 : i), b = byte_at(type, right, repeats[1] ? 0 : i);
      const int32_t x = tables[0][a - low], y = tables[1][b - low];
      const int64_t scaled = oracle_requantize(multiplies ? x * y : x + y, multipliers[2], shifts[2]);
      const int32_t expected = oracle_clamp(scaled + zero[2], output.activation_min, output.activation_max);
      good = expected == byte_at(type, result, i);
      if (!good) snprintf(message, 256, "%s of %d and %d: %d, expected %d", multiplies ? "product" : "sum", a, b, byte_at(type, result, i), expected);
    }
    free(left), free(right), free(result);
    if (!good) return number;
  }
  if (fitted * 10 >= fittable * 8) return -1;
  return snprintf(message, 256, "only %d of %d functions could be fitted", fitted, fittable), cases;
}

// Sums and products of 16 bits, mostly without zero points, as the operators have them.
int check_short_pairs(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const bool multiplies = random_in(&random, 0, 2) == 0, simple = random_in(&random, 0, 3) == 0, subtracts = !multiplies && random_in(&random, 0, 1);
    double scale[3];
    int32_t zero[3] = {0}, multipliers[3], shifts[3];
    for (int i = 0; i < 3; i++) scale[i] = simple ? ldexp(1, (int)random_in(&random, -6, -4)) : exp(random_float(&random));
    for (int i = 0; i < 3 && number % 4 == 0; i++) zero[i] = (int32_t)random_in(&random, -900, 900);
    if (multiplies) scale[2] *= 1000;
    const double common = 2 * fmax(scale[0], scale[1]);
    for (int i = 0; i < 2; i++) quantize(scale[i] / common, &multipliers[i], &shifts[i]);
    quantize(multiplies ? scale[0] * scale[1] / scale[2] : common / (scale[2] * (1 << 15)), &multipliers[2], &shifts[2]);
    const tflk_byte_pairs function = in_steps(multiplies, subtracts, multipliers, shifts, zero);
    const int32_t limit = (int32_t)random_in(&random, 100, 32767);
    tflk_quantized_output output = {.type = TFLK_INT16, .output_zero_point = zero[2], .activation_min = -limit - 1, .activation_max = limit};
    const bool repeats[2] = {random_in(&random, 0, 4) == 0, random_in(&random, 0, 4) == 0};
    const size_t count = (size_t)random_in(&random, 0, 200);
    int16_t *operands[2], *result = exact(count * sizeof(int16_t));
    for (int k = 0; k < 2; k++) {
      const size_t own = repeats[k] ? 1 : count;
      operands[k] = exact(own * sizeof(int16_t));
      // The extremes too.
      for (size_t i = 0; i < own; i++) operands[k][i] = (int16_t)(next_random(&random) % 8 == 0 ? -32768 + (int)(next_random(&random) % 2) * 65535 : (int)next_random(&random));
    }
    output.data = result;
    kernels->short_pairs(&function, &output, operands[0], repeats[0], operands[1], repeats[1], count);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
      const int32_t a = operands[0][repeats[0] ? 0 : i] - zero[0], b = operands[1][repeats[1] ? 0 : i] - zero[1];
      int64_t value = (int32_t)((uint32_t)a * (uint32_t)b);
      if (!multiplies) {
        const int64_t left = oracle_requantize((int32_t)((uint32_t)a << 15), multipliers[0], shifts[0]);
        const int64_t right = oracle_requantize((int32_t)((uint32_t)b << 15), multipliers[1], shifts[1]);
        value = (int32_t)(uint32_t)(subtracts ? left - right : left + right);
      }
      const int64_t scaled = oracle_requantize((int32_t)value, multipliers[2], shifts[2]);
      const int32_t expected = oracle_clamp(scaled + zero[2], output.activation_min, output.activation_max);
      good = expected == result[i];
      if (!good) snprintf(message, 256, "%s of %d and %d: %d, expected %d", multiplies ? "product" : "sum", a, b, result[i], expected);
    }
    free(operands[0]), free(operands[1]), free(result);
    if (!good) return number;
  }
  return -1;
}
