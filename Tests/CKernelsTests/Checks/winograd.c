#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

// A convolution with filters of 3x3 whose sizes gather around the tiles of 4x4, the blocks of tiles and the vectors.
static tflk_conv_geometry random_winograd_geometry(uint64_t *random, size_t column_tile) {
  tflk_conv_geometry g = {.batch = (size_t)random_in(random, 1, 2), .kernel_height = 3, .kernel_width = 3};
  g.output_height = (size_t)random_in(random, 1, random_in(random, 0, 3) ? 9 : 24);
  g.output_width = (size_t)random_in(random, 1, 13);
  g.output_channels = random_size_near(random, column_tile, 3 * column_tile);
  g.input_channels = 16 * (size_t)random_in(random, 1, 3);
  g.stride_height = g.stride_width = g.dilation_height = g.dilation_width = 1;
  g.pad_top = (size_t)random_in(random, 0, 1);
  g.pad_left = (size_t)random_in(random, 0, 1);
  const size_t bottom = (size_t)random_in(random, 0, 1), right = (size_t)random_in(random, 0, 1);
  const size_t vertical = g.pad_top + bottom, horizontal = g.pad_left + right;
  g.input_height = g.output_height + 2 - vertical;
  g.input_width = g.output_width + 2 - horizontal;
  g.input_pixel_stride = g.input_channels + (size_t)(random_in(random, 0, 1) * random_in(random, 0, 7));
  g.output_pixel_stride = g.output_channels + (size_t)(random_in(random, 0, 1) * random_in(random, 0, 7));
  return g;
}

int check_f32_winograd(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const tflk_conv_geometry g = random_winograd_geometry(&random, kernels->f32_tile_columns);
    const size_t rows = geometry_rows(&g), depth = geometry_depth(&g), columns = g.output_channels;
    const size_t input_elements = geometry_input_elements(&g), output_elements = geometry_output_elements(&g);
    const size_t column_tiles = (columns + kernels->f32_tile_columns - 1) / kernels->f32_tile_columns;
    const size_t tiles = kernels->f32_winograd_tiles(&g);
    const bool has_bias = random_in(&random, 0, 3) != 0;
    const float low = random_in(&random, 0, 1) ? -INFINITY : 0, high = random_in(&random, 0, 1) ? INFINITY : 1.5f;

    float *input = exact(input_elements * sizeof(float)), *weights = exact(columns * depth * sizeof(float));
    float *bias = exact(columns * sizeof(float)), *zeros = calloc(g.input_channels, sizeof(float));
    float *output = exact(output_elements * sizeof(float)), *divided = exact(output_elements * sizeof(float));
    for (size_t i = 0; i < input_elements; i++) input[i] = random_float(&random);
    for (size_t i = 0; i < columns * depth; i++) weights[i] = random_float(&random);
    for (size_t i = 0; i < columns; i++) bias[i] = random_float(&random);
    for (size_t i = 0; i < output_elements; i++) output[i] = divided[i] = 12345;

    void *packed = aligned_64(kernels->f32_winograd_packed_bytes(columns, g.input_channels));
    void *scratch = aligned_64(kernels->f32_winograd_scratch_bytes(&g));
    const size_t cut = (size_t)random_in(&random, 0, (int64_t)column_tiles), row_cut = (size_t)random_in(&random, 0, (int64_t)tiles);
    const float *offsets = has_bias ? bias : NULL;
    kernels->f32_winograd_pack(columns, g.input_channels, weights, offsets, packed, cut, column_tiles);
    kernels->f32_winograd_pack(columns, g.input_channels, weights, offsets, packed, 0, cut);
    kernels->f32_winograd(&g, input, zeros, packed, output, 0, tiles, 0, column_tiles, low, high, scratch);
    kernels->f32_winograd(&g, input, zeros, packed, divided, row_cut, tiles, 0, cut, low, high, scratch);
    kernels->f32_winograd(&g, input, zeros, packed, divided, 0, row_cut, 0, cut, low, high, scratch);
    kernels->f32_winograd(&g, input, zeros, packed, divided, 0, tiles, cut, column_tiles, low, high, scratch);

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
        double sum = has_bias ? bias[n] : 0;
        for (size_t k = 0; k < depth; k++) {
          const size_t at = geometry_input_index(&g, m, k);
          if (at != SIZE_MAX) sum += (double)input[at] * weights[n * depth + k];
        }
        sum = sum < low ? low : sum;
        sum = sum > high ? high : sum;
        // Inputs and weights are at most 1, so that sums grow with the root of the depth.
        good = fabs(found - sum) <= 3e-6 * sqrt((double)depth);
        if (!good) {
          snprintf(
              message, 256, "row %zu of %zu, column %zu of %zu, depth %zu: %g, expected %g", m, rows, n, columns, depth, (double)found,
              sum);
        }
      }
    }
    free(input), free(weights), free(bias), free(zeros), free(output), free(divided), free(packed), free(scratch);
    if (!good) return number;
  }
  return -1;
}
