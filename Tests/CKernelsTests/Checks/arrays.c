#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

// A key that orders elements as the operator does: greatest first for maxima, NaN last.
static double argument_key(tflk_argument_type type, bool is_signed, bool is_maximum, const void *data, size_t at) {
  double value = 0;
  switch (type) {
  case TFLK_ARGUMENT_BYTE: value = is_signed ? ((const int8_t *)data)[at] : ((const uint8_t *)data)[at]; break;
  case TFLK_ARGUMENT_INT16: value = ((const int16_t *)data)[at]; break;
  case TFLK_ARGUMENT_INT32: value = ((const int32_t *)data)[at]; break;
  case TFLK_ARGUMENT_FLOAT32: value = ((const float *)data)[at]; break;
  }
  return is_maximum ? value : -value;
}

int check_argument(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  (void)kernels;
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const tflk_argument_type type = (tflk_argument_type)random_in(&random, 0, 3);
    const size_t width = type == TFLK_ARGUMENT_BYTE ? 1 : type == TFLK_ARGUMENT_INT16 ? 2 : 4;
    const bool is_signed = random_in(&random, 0, 1), is_maximum = random_in(&random, 0, 1), wide = random_in(&random, 0, 1);
    const bool by_columns = random_in(&random, 0, 1);
    const size_t size = (size_t)random_in(&random, 1, by_columns ? 9 : 70), others = (size_t)random_in(&random, 1, by_columns ? 140 : 5);
    uint32_t flip = is_maximum ? 0 : 0xFFFFFFFFu;
    if (type == TFLK_ARGUMENT_BYTE && is_signed) flip = is_maximum ? 0x80 : 0x7F;
    if (type == TFLK_ARGUMENT_FLOAT32 && !is_maximum) flip = 0x80000000u;
    uint8_t *input = exact(size * others * width);
    for (size_t i = 0; i < size * others * width; i++) input[i] = (uint8_t)next_random(&random);
    const int64_t few = random_in(&random, 0, 3);
    for (size_t i = 0; i < size * others && few != 0; i++) {
      // Many equal elements; special ones among floats.
      const int64_t value = random_in(&random, -few, few);
      if (type == TFLK_ARGUMENT_FLOAT32) {
        const float specials[] = {NAN, -INFINITY, INFINITY, -0.0f, 0.0f};
        ((float *)input)[i] = random_in(&random, 0, 1) ? specials[random_in(&random, 0, few)] : (float)value;
      } else {
        memcpy(input + i * width, &value, width);
      }
    }
    void *output = exact(others * (wide ? 8 : 4));
    if (by_columns) {
      tflk_argument_of_columns(type, input, size, others, others, flip, wide, output);
    } else {
      tflk_argument_of_rows(type, input, others, size, flip, wide, output);
    }
    bool good = true;
    for (size_t r = 0; good && r < others; r++) {
      size_t expected = 0;
      double best = NAN;
      for (size_t i = 0; i < size; i++) {
        const double key = argument_key(type, is_signed, is_maximum, input, by_columns ? i * others + r : r * size + i);
        if (i == 0 || key > best || (isnan(best) && !isnan(key))) {
          best = key;
          expected = i;
        }
      }
      const int64_t found = wide ? ((int64_t *)output)[r] : ((int32_t *)output)[r];
      good = found == (int64_t)expected;
      if (!good) {
        snprintf(
            message, 256, "type %d, signed %d, greatest %d, columns %d, %zu of %zu elements: %lld, expected %zu", (int)type, is_signed,
            is_maximum, by_columns, others, size, (long long)found, expected);
      }
    }
    free(input), free(output);
    if (!good) return number;
  }
  return -1;
}

int check_resize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const int type = (int)random_in(&random, 0, 3);
    const size_t widths[] = {4, 1, 1, 2}, width = widths[type];
    const size_t channels = (size_t)random_in(&random, 1, 40), pixels = (size_t)random_in(&random, 1, 6), from = (size_t)random_in(&random, 1, 5);
    const bool is_float = type < 2;
    uint8_t *top = exact(from * channels * width), *bottom = exact(from * channels * width), *output = exact(pixels * channels * width);
    for (size_t i = 0; i < from * channels * width; i++) top[i] = (uint8_t)next_random(&random), bottom[i] = (uint8_t)next_random(&random);
    for (size_t i = 0; type == 0 && i < from * channels; i++) {
      ((float *)top)[i] = random_float(&random), ((float *)bottom)[i] = random_float(&random);
    }
    size_t left[6], right[6];
    float float_before[6], float_after[6], float_weights[2];
    int32_t before[6], after[6], weights[2];
    for (size_t p = 0; p < 7; p++) {
      const int32_t part = (int32_t)random_in(&random, -100, 1124);
      const float real = random_float(&random);
      if (p == 6) {
        weights[0] = 1024 - part, weights[1] = part, float_weights[0] = 1 - real, float_weights[1] = real;
        continue;
      }
      left[p] = (size_t)random_in(&random, 0, (int64_t)from - 1) * channels;
      right[p] = (size_t)random_in(&random, 0, (int64_t)from - 1) * channels;
      before[p] = 1024 - part, after[p] = part, float_before[p] = 1 - real, float_after[p] = real;
    }
    const tflk_resize_columns columns = {
        pixels, left, right, is_float ? (const void *)float_before : before, is_float ? (const void *)float_after : after};
    void (*const lines[])(const void *, const void *, const void *, const tflk_resize_columns *, size_t, void *) = {
        kernels->resize_f32, kernels->resize_u8, kernels->resize_i8, kernels->resize_i16};
    lines[type](top, bottom, is_float ? (const void *)float_weights : weights, &columns, channels, output);
    bool good = true;
    for (size_t i = 0; good && i < pixels * channels; i++) {
      const size_t p = i / channels, c = i % channels, l = left[p] + c, r = right[p] + c;
      double found = 0, expected = 0, tolerance = 0;
      if (is_float) {
        const double a = type == 0 ? ((float *)top)[l] : top[l], b = type == 0 ? ((float *)top)[r] : top[r];
        const double d = type == 0 ? ((float *)bottom)[l] : bottom[l], e = type == 0 ? ((float *)bottom)[r] : bottom[r];
        const double mixed = (a * float_before[p] + b * float_after[p]) * float_weights[0]
            + (d * float_before[p] + e * float_after[p]) * float_weights[1];
        found = type == 0 ? ((float *)output)[i] : output[i];
        expected = type == 0 ? mixed : (double)(uint8_t)(int32_t)fmin(fmax(mixed + 0.5, -1), 256);
        // Sums near a half may fall to either side.
        tolerance = type == 0 ? 1e-5 : fabs(mixed + 0.5 - round(mixed + 0.5)) < 1e-3 ? 255 : 0;
      } else {
        const int64_t a = type == 2 ? ((int8_t *)top)[l] : ((int16_t *)top)[l], b = type == 2 ? ((int8_t *)top)[r] : ((int16_t *)top)[r];
        const int64_t d = type == 2 ? ((int8_t *)bottom)[l] : ((int16_t *)bottom)[l];
        const int64_t e = type == 2 ? ((int8_t *)bottom)[r] : ((int16_t *)bottom)[r];
        const int64_t sum = (a * before[p] + b * after[p]) * weights[0] + (d * before[p] + e * after[p]) * weights[1];
        const int64_t rounded = (sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20);
        found = type == 2 ? ((int8_t *)output)[i] : ((int16_t *)output)[i];
        expected = type == 2 ? (int8_t)rounded : (int16_t)rounded;
      }
      good = fabs(found - expected) <= tolerance;
      if (!good) snprintf(message, 256, "type %d, %zu channels, element %zu: %g, expected %g", type, channels, i, found, expected);
    }
    free(top), free(bottom), free(output);
    if (!good) return number;
  }
  return -1;
}

int check_quantize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t rows = (size_t)random_in(&random, 1, 3), count = (size_t)random_in(&random, 1, 300);
    const bool asymmetric = random_in(&random, 0, 1);
    float *input = exact(rows * count * 4), *scales = exact(rows * 4);
    int32_t *zero_points = exact(rows * 4);
    int8_t *output = exact(rows * count);
    for (size_t i = 0; i < rows * count; i++) input[i] = random_float(&random);
    // Scales that are powers of two, for which many values are ties.
    for (size_t r = 0; r < rows; r++) {
      if (random_in(&random, 0, 1)) continue;
      const bool zero = random_in(&random, 0, 5) == 0;
      const int64_t low = asymmetric ? -2 * (255 - random_in(&random, 0, 255)) : -254, high = asymmetric ? low + 510 : 254;
      for (size_t i = 0; i < count; i++) input[r * count + i] = zero ? 0 : (float)random_in(&random, low, high) / 8;
      if (zero || count < 2) continue;
      input[r * count] = (float)low / 8, input[r * count + count - 1] = (float)high / 8;
      if (count > 2 && random_in(&random, 0, 2) == 0) input[r * count + (size_t)random_in(&random, 1, (int64_t)count - 2)] = NAN;
    }
    kernels->f32_quantize_rows(input, rows, count, asymmetric, output, scales, zero_points);
    bool good = true;
    for (size_t r = 0; good && r < rows; r++) {
      const float *row = input + r * count;
      double low = asymmetric ? 0 : row[0], high = low;
      for (size_t i = 0; i < count; i++) low = fmin(low, row[i]), high = fmax(high, row[i]);
      const double lowest = asymmetric ? -128 : -127;
      double scale = asymmetric ? (high - low) / 255 : fmax(fabs(low), fabs(high)) / 127, zero_point = 0;
      if (scale == 0) scale = 1;
      else if (asymmetric) {
        const double below = 128 + fabs(low / scale), above = 127 + fabs(high / scale);
        zero_point = fmin(fmax(round(below < above ? -128 - low / scale : 127 - high / scale), -128), 127);
      }
      good = scales[r] == (float)scale && zero_points[r] == (int32_t)zero_point;
      if (!good) {
        snprintf(
            message, 256, "row of %zu: scale %g and zero point %d, expected %g and %g", count, (double)scales[r], zero_points[r], scale,
            zero_point);
      }
      const float inverse = asymmetric ? 1 / (float)scale : 127 / (float)fmax(fabs(low), fabs(high));
      for (size_t i = 0; good && i < count; i++) {
        const float product = row[i] * (scale == 1 ? 1 : inverse);
        const double value = (double)((float)zero_point + product);
        const double expected = isnan(value) ? lowest : fmin(fmax(round(value), lowest), 127);
        good = output[r * count + i] == expected;
        if (!good) snprintf(message, 256, "element %zu of %zu, %g: %d, expected %g", i, count, value, output[r * count + i], expected);
      }
    }
    // In parts, by their common extremes.
    for (size_t r = 0; good && r < rows; r++) {
      const float *row = input + r * count;
      const size_t middle = (size_t)random_in(&random, 0, (int64_t)count);
      float low[2], high[2], scale;
      int32_t zero_point;
      kernels->f32_extremes(row, middle, row[0], &low[0], &high[0]);
      kernels->f32_extremes(row + middle, count - middle, row[0], &low[1], &high[1]);
      if (low[1] < low[0]) low[0] = low[1];
      if (high[1] > high[0]) high[0] = high[1];
      int8_t *part = exact(count - middle);
      kernels->f32_quantize(row + middle, count - middle, low[0], high[0], asymmetric, part, &scale, &zero_point);
      good = scale == scales[r] && zero_point == zero_points[r] && memcmp(part, output + r * count + middle, count - middle) == 0;
      if (!good) snprintf(message, 256, "part of %zu of a row of %zu", count - middle, count);
      free(part);
    }
    free(scales), free(zero_points);
    free(input), free(output);
    if (!good) return number;
  }
  return -1;
}

int check_choose(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t bytes = (size_t)1 << random_in(&random, 0, 3), count = (size_t)random_in(&random, 0, 200);
    const bool yes_repeats = random_in(&random, 0, 2) == 0, no_repeats = random_in(&random, 0, 2) == 0;
    const size_t yes_count = yes_repeats ? 1 : count, no_count = no_repeats ? 1 : count;
    uint8_t *condition = exact(count), *yes = exact(yes_count * bytes), *no = exact(no_count * bytes);
    uint8_t *expected = exact(count * bytes), *output = exact(count * bytes);
    for (size_t i = 0; i < count; i++) condition[i] = (uint8_t)(random_in(&random, 0, 1) ? random_in(&random, 0, 255) : 0);
    for (size_t i = 0; i < yes_count * bytes; i++) yes[i] = (uint8_t)next_random(&random);
    for (size_t i = 0; i < no_count * bytes; i++) no[i] = (uint8_t)next_random(&random);
    for (size_t i = 0; i < count; i++) {
      memcpy(expected + i * bytes, condition[i] ? yes + (yes_repeats ? 0 : i) * bytes : no + (no_repeats ? 0 : i) * bytes, bytes);
    }
    uint8_t *const target = number % 3 == 1 && !yes_repeats ? yes : number % 3 == 2 && !no_repeats ? no : output;
    kernels->choose(condition, yes, yes_repeats, no, no_repeats, target, count, bytes);
    const bool good = memcmp(target, expected, count * bytes) == 0;
    if (!good) snprintf(message, 256, "%zu elements of %zu bytes, repeating %d and %d", count, bytes, yes_repeats, no_repeats);
    free(condition), free(yes), free(no), free(expected), free(output);
    if (!good) return number;
  }
  return -1;
}
