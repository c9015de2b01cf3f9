#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

// Runs the whole problem divided at random rows and column tiles.
static void run_divided(
    const tflk_kernels *k, const tflk_conv_geometry *g, const float *input, const float *zeros, const void *packed, float *output,
    float low, float high, uint64_t *random) {
  const size_t rows = geometry_rows(g), tiles = (g->output_channels + k->f32_tile_columns - 1) / k->f32_tile_columns;
  void *scratch = aligned_64(k->f32_scratch_bytes(g));
  const size_t row_cut = (size_t)random_in(random, 0, (int64_t)rows), tile_cut = (size_t)random_in(random, 0, (int64_t)tiles);
  k->f32_conv(g, input, zeros, packed, output, row_cut, rows, 0, tile_cut, low, high, scratch);
  k->f32_conv(g, input, zeros, packed, output, 0, row_cut, 0, tile_cut, low, high, scratch);
  k->f32_conv(g, input, zeros, packed, output, 0, rows, tile_cut, tiles, low, high, scratch);
  free(scratch);
}

int check_f32_conv(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    tflk_conv_geometry g = random_geometry(&random, kernels->f32_tile_columns, 16);
    if (number % 100 == 10) g = random_deep_product(&random, kernels->f32_tile_rows, kernels->f32_tile_columns, 4);
    const size_t rows = geometry_rows(&g), depth = geometry_depth(&g), columns = g.output_channels;
    const size_t input_elements = geometry_input_elements(&g), output_elements = geometry_output_elements(&g);
    const size_t tiles = (columns + kernels->f32_tile_columns - 1) / kernels->f32_tile_columns;
    const bool has_bias = random_in(&random, 0, 3) != 0, transposed = random_in(&random, 0, 1) == 0;
    const float low = random_in(&random, 0, 1) ? -INFINITY : 0, high = random_in(&random, 0, 1) ? INFINITY : 1.5f;

    float *input = exact(input_elements * sizeof(float)), *weights = exact(columns * depth * sizeof(float));
    float *stored = exact(columns * depth * sizeof(float)), *bias = exact(columns * sizeof(float));
    float *zeros = calloc(g.input_channels, sizeof(float));
    float *output = exact(output_elements * sizeof(float)), *divided = exact(output_elements * sizeof(float));
    for (size_t i = 0; i < input_elements; i++) input[i] = random_float(&random);
    for (size_t i = 0; i < columns * depth; i++) weights[i] = random_float(&random);
    for (size_t i = 0; i < columns; i++) bias[i] = random_float(&random);
    if (random_in(&random, 0, 9) == 0) input[random_in(&random, 0, (int64_t)input_elements - 1)] = NAN;
    for (size_t n = 0; n < columns; n++) {
      for (size_t k = 0; k < depth; k++) stored[transposed ? k * columns + n : n * depth + k] = weights[n * depth + k];
    }
    for (size_t i = 0; i < output_elements; i++) output[i] = divided[i] = 12345;

    void *packed = aligned_64(kernels->f32_packed_bytes(columns, depth));
    const size_t cut = (size_t)random_in(&random, 0, (int64_t)tiles);
    for (int part = 0; part < 2; part++) {
      const size_t begin = part == 0 ? 0 : cut, end = part == 0 ? cut : tiles;
      if (transposed) {
        kernels->f32_pack_transposed(columns, depth, stored, columns, has_bias ? bias : NULL, packed, begin, end);
      } else {
        kernels->f32_pack(columns, depth, stored, depth, has_bias ? bias : NULL, packed, begin, end);
      }
    }
    void *scratch = aligned_64(kernels->f32_scratch_bytes(&g));
    kernels->f32_conv(&g, input, zeros, packed, output, 0, rows, 0, tiles, low, high, scratch);
    run_divided(kernels, &g, input, zeros, packed, divided, low, high, &random);

    bool good = memcmp(output, divided, output_elements * sizeof(float)) == 0;
    if (!good) snprintf(message, 256, "a divided run gives other bits");
    for (size_t m = 0; good && m < rows; m++) {
      for (size_t n = 0; good && n < g.output_pixel_stride && m * g.output_pixel_stride + n < output_elements; n++) {
        const float found = output[m * g.output_pixel_stride + n];
        if (n >= columns) {
          good = found == 12345;
          if (!good) snprintf(message, 256, "wrote between rows at row %zu", m);
          continue;
        }
        double sum = has_bias ? bias[n] : 0, size = fabs(sum);
        for (size_t k = 0; k < depth; k++) {
          const size_t at = geometry_input_index(&g, m, k);
          const double product = at == SIZE_MAX ? 0 : (double)input[at] * weights[n * depth + k];
          sum += product;
          size += fabs(product);
        }
        sum = sum < low ? low : sum;
        sum = sum > high ? high : sum;
        good = isnan(sum) ? isnan(found) : fabs(found - sum) <= 1e-5 * size;
        if (!good) {
          snprintf(
              message, 256, "row %zu of %zu, column %zu of %zu, depth %zu: %g, expected %g", m, rows, n, columns, depth, (double)found,
              sum);
        }
      }
    }
    free(input), free(weights), free(stored), free(bias), free(zeros), free(output), free(divided), free(packed), free(scratch);
    if (!good) return number;
  }
  return -1;
}
