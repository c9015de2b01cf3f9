#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

int check_normalize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t rows = (size_t)random_in(&random, 0, 4), width = (size_t)random_in(&random, 1, 150);
    const bool centers = random_in(&random, 0, 1), has_scale = random_in(&random, 0, 1), has_offset = random_in(&random, 0, 1);
    const float epsilon = 1e-3f, distance = random_in(&random, 0, 1) ? 0 : 20;
    float *input = exact(rows * width * 4), *output = exact(rows * width * 4);
    float *scale = exact(width * 4), *offset = exact(width * 4);
    for (size_t i = 0; i < rows * width; i++) input[i] = distance + random_float(&random) * 3;
    for (size_t i = 0; i < width; i++) scale[i] = random_float(&random), offset[i] = random_float(&random);
    const bool in_place = random_in(&random, 0, 1) == 0;
    if (in_place) memcpy(output, input, rows * width * 4);
    kernels->f32_normalize(
        in_place ? output : input, output, rows, width, centers, epsilon, has_scale ? scale : NULL,
        has_offset ? offset : NULL);
    bool good = true;
    for (size_t row = 0; good && row < rows; row++) {
      double mean = 0, variance = 0;
      for (size_t i = 0; centers && i < width; i++) mean += input[row * width + i];
      mean /= (double)width;
      for (size_t i = 0; i < width; i++) variance += pow(input[row * width + i] - mean, 2);
      const double divisor = sqrt(variance / (double)width + epsilon);
      for (size_t i = 0; good && i < width; i++) {
        double expected = (input[row * width + i] - mean) / divisor;
        if (has_scale) expected *= scale[i];
        if (has_offset) expected += offset[i];
        // The mean has the precision of the elements.
        const double tolerance = 4e-6 + 4e-6 * distance / divisor;
        good = fabs(output[row * width + i] - expected) <= tolerance;
        if (!good) snprintf(message, 256, "element %zu of %zu: %.9g, expected %.9g", i, width, output[row * width + i], expected);
      }
    }
    free(input), free(output), free(scale), free(offset);
    if (!good) return number;
  }
  return -1;
}

int check_column_squares(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t rows = (size_t)random_in(&random, 0, 100), columns = (size_t)random_in(&random, 1, 70);
    const size_t pitch = columns + (size_t)random_in(&random, 0, 9);
    const size_t count = rows == 0 ? 0 : (rows - 1) * pitch + columns;
    float *input = exact(count * 4), *sums = exact(columns * 4);
    for (size_t i = 0; i < count; i++) input[i] = random_float(&random) * 3;
    kernels->f32_column_squares(input, rows, pitch, columns, sums);
    bool good = true;
    for (size_t column = 0; good && column < columns; column++) {
      double expected = 0;
      for (size_t row = 0; row < rows; row++) expected += (double)input[row * pitch + column] * input[row * pitch + column];
      good = fabs(sums[column] - expected) <= 2e-6 * expected;
      if (!good) snprintf(message, 256, "column %zu of %zu: %.9g, expected %.9g", column, columns, sums[column], expected);
    }
    free(input), free(sums);
    if (!good) return number;
  }
  return -1;
}

int check_scale_rows(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t rows = (size_t)random_in(&random, 0, 20), width = (size_t)random_in(&random, 1, 90);
    float *input = exact(rows * width * 4), *output = exact(rows * width * 4), *factors = exact(width * 4), *offsets = exact(width * 4);
    for (size_t i = 0; i < rows * width; i++) input[i] = random_float(&random) * 3;
    for (size_t i = 0; i < width; i++) factors[i] = random_float(&random), offsets[i] = random_float(&random);
    float *target = number % 2 == 0 ? output : input;
    if (target == input) memcpy(output, input, rows * width * 4);
    const float *source = target == input ? output : input;
    kernels->f32_scale_rows(input, target, rows, width, factors, offsets);
    bool good = true;
    for (size_t i = 0; good && i < rows * width; i++) {
      const volatile float product = source[i] * factors[i % width];
      const volatile float sum = product + offsets[i % width];
      const volatile float expected = source[i] + sum;
      good = target[i] == expected;
      if (!good) snprintf(message, 256, "element %zu of rows of %zu: %.9g, expected %.9g", i, width, target[i], expected);
    }
    free(input), free(output), free(factors), free(offsets);
    if (!good) return number;
  }
  return -1;
}
