#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

static double element_of(const void *from, tflk_type type, size_t index) {
  switch (type) {
  case TFLK_INT8: return ((const int8_t *)from)[index];
  case TFLK_UINT8: return ((const uint8_t *)from)[index];
  case TFLK_INT16: return ((const int16_t *)from)[index];
  case TFLK_INT32: return ((const int32_t *)from)[index];
  default: return ((const float *)from)[index];
  }
}

static void set_element(void *to, tflk_type type, size_t index, double value) {
  switch (type) {
  case TFLK_INT8: ((int8_t *)to)[index] = (int8_t)value; break;
  case TFLK_UINT8: ((uint8_t *)to)[index] = (uint8_t)value; break;
  case TFLK_INT16: ((int16_t *)to)[index] = (int16_t)value; break;
  case TFLK_INT32: ((int32_t *)to)[index] = (int32_t)value; break;
  default: ((float *)to)[index] = (float)value;
  }
}

int check_folds(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const tflk_fold fold = (tflk_fold)random_in(&random, 0, TFLK_FOLDS - 1);
    const tflk_type type = (tflk_type)random_in(&random, 0, TFLK_FLOAT32);
    const bool by_rows = random_in(&random, 0, 1);
    const size_t widths[] = {1, 1, 2, 4, 4}, width = widths[type];
    const size_t result_width = fold == TFLK_FOLD_SUM ? 4 : width;
    const tflk_type result_type = fold == TFLK_FOLD_SUM && type != TFLK_FLOAT32 ? TFLK_INT32 : type;
    const size_t rows = (size_t)random_in(&random, 0, number % 7 == 0 ? 700 : 40);
    const size_t columns = (size_t)random_in(&random, 1, random_in(&random, 0, 1) ? 20 : 300);
    const size_t pitch = columns + (random_in(&random, 0, 1) ? (size_t)random_in(&random, 0, 9) : 0);
    const size_t count = rows == 0 ? 0 : (rows - 1) * pitch + columns, results = by_rows ? rows : columns;
    // Long columns of the same extreme value reach the ends of 16 bits.
    const int extreme = number % 5;
    uint8_t *input = exact(count * width), *found = exact(results * result_width);
    const bool special = type == TFLK_FLOAT32 && fold != TFLK_FOLD_SUM;
    for (size_t i = 0; i < count * width; i++) input[i] = (uint8_t)(extreme == 1 ? 128 : extreme == 2 ? 255 : next_random(&random));
    if (type == TFLK_INT32 && fold == TFLK_FOLD_SUM) {
      for (size_t i = 0; i < count; i++) set_element(input, type, i, (double)random_in(&random, -1000000, 1000000));
    }
    for (size_t i = 0; type == TFLK_FLOAT32 && i < count; i++) {
      ((float *)input)[i] = special && random_in(&random, 0, 9) == 0 ? (random_in(&random, 0, 1) ? NAN : -INFINITY) : random_float(&random);
    }
    double *expected = exact(results * sizeof(double)), *magnitudes = exact(results * sizeof(double));
    for (size_t i = 0; i < results; i++) {
      expected[i] = type == TFLK_FLOAT32 && special && random_in(&random, 0, 20) == 0 ? NAN : (double)random_in(&random, 0, 100);
      set_element(found, result_type, i, expected[i]);
      magnitudes[i] = fabs(expected[i]);
    }
    for (size_t i = 0; i < rows * columns; i++) {
      const size_t place = by_rows ? i / columns : i % columns;
      const double x = element_of(input, type, i / columns * pitch + i % columns);
      magnitudes[place] += fabs(x);
      if (fold == TFLK_FOLD_SUM) {
        expected[place] += x;
      } else if (fold == TFLK_FOLD_GREATEST ? x > expected[place] : x < expected[place]) {
        expected[place] = x;
      }
    }
    (by_rows ? kernels->fold_rows : kernels->fold_columns)(fold, type, input, rows, pitch, columns, found);
    bool good = true;
    for (size_t i = 0; good && i < results; i++) {
      const double value = element_of(found, result_type, i);
      const double tolerance = fold == TFLK_FOLD_SUM && type == TFLK_FLOAT32 ? 2e-6 * magnitudes[i] : 0;
      good = value == expected[i] || fabs(value - expected[i]) <= tolerance || (isnan(value) && isnan(expected[i]));
      if (!good) {
        snprintf(
            message, 256, "fold %d, type %d, %zu rows of %zu, %s %zu: %.9g, expected %.9g", fold, type, rows, columns, by_rows ? "row" : "column", i,
            value, expected[i]);
      }
    }
    free(input), free(found), free(expected), free(magnitudes);
    if (!good) return number;
  }
  return -1;
}
