#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

// Rows of int8 times weights of four bits with a scale for each block, against sums in double precision.
int check_int4_product(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    tflk_block_geometry g;
    g.rows = (size_t)random_in(&random, 1, 20);
    const size_t tile = kernels->int8_tile_columns;
    g.columns = random_in(&random, 0, 3) == 0 ? 9 * tile + 1 : random_size_near(&random, tile, 5 * tile);
    g.block = random_size_near(&random, 32, 70);
    const size_t blocks = (size_t)random_in(&random, 1, 5);
    g.depth = g.block * blocks;
    const bool extreme = random_in(&random, 0, 3) == 0;
    int8_t *input = exact(g.rows * g.depth + TFLK_BLOCK_SLACK), *weights = exact(g.columns * g.depth);
    float *scales = exact(g.columns * blocks * 4), *row_scales = exact(g.rows * 4), *bias = exact(g.columns * 4);
    float *found = exact(g.rows * g.columns * 4), *divided = exact(g.rows * g.columns * 4);
    int32_t *zero_points = exact(g.rows * 4), *sums = exact(g.rows * blocks * 4);
    for (size_t i = 0; i < g.rows * g.depth + TFLK_BLOCK_SLACK; i++) input[i] = extreme ? -128 : (int8_t)next_random(&random);
    for (size_t i = 0; i < g.columns * g.depth; i++) weights[i] = extreme && i % 3 ? 7 : (int8_t)random_in(&random, -8, 7);
    for (size_t i = 0; i < g.columns * blocks; i++) scales[i] = random_float(&random) / 64;
    for (size_t i = 0; i < g.columns; i++) bias[i] = random_float(&random);
    for (size_t i = 0; i < g.rows; i++) row_scales[i] = random_float(&random) / 16, zero_points[i] = (int32_t)random_in(&random, -128, 127);
    tflk_quantized_output output = {.data = found, .type = TFLK_FLOAT32, .row_scale = row_scales, .clamp_max = INFINITY};
    output.row_zero_point = random_in(&random, 0, 2) ? zero_points : NULL;
    output.bias = random_in(&random, 0, 1) ? bias : NULL;
    output.clamp_min = random_in(&random, 0, 1) ? 0 : -INFINITY;
    void *packed = aligned_64(kernels->int4_packed_bytes(&g));
    const size_t tiles = (g.columns + tile - 1) / tile, cut = (size_t)random_in(&random, 0, (int64_t)tiles);
    const size_t row_cut = (size_t)random_in(&random, 0, (int64_t)g.rows);
    kernels->int4_pack(&g, weights, scales, packed, cut, tiles);
    kernels->int4_pack(&g, weights, scales, packed, 0, cut);
    kernels->int4_block_sums(&g, input, sums, 0, row_cut);
    kernels->int4_block_sums(&g, input, sums, row_cut, g.rows);
    kernels->int4_product(&g, input, sums, packed, &output, 0, g.rows, 0, tiles);
    output.data = divided;
    kernels->int4_product(&g, input, sums, packed, &output, row_cut, g.rows, 0, cut);
    kernels->int4_product(&g, input, sums, packed, &output, 0, row_cut, 0, cut);
    kernels->int4_product(&g, input, sums, packed, &output, 0, g.rows, cut, tiles);
    bool good = memcmp(found, divided, g.rows * g.columns * 4) == 0;
    if (!good) snprintf(message, 256, "a divided run gives other bits");
    for (size_t m = 0; good && m < g.rows; m++) {
      for (size_t n = 0; good && n < g.columns; n++) {
        double sum = 0, size = 1;
        for (size_t k = 0; k < g.depth; k++) {
          const int32_t zero = output.row_zero_point != NULL ? zero_points[m] : 0;
          const double weight = (double)weights[n * g.depth + k] * scales[n * blocks + k / g.block];
          sum += (input[m * g.depth + k] - zero) * weight;
          size += 128 * fabs(weight * row_scales[m]);
        }
        double expected = sum * row_scales[m] + (output.bias != NULL ? bias[n] : 0);
        expected = expected < output.clamp_min ? output.clamp_min : expected;
        const double value = found[m * g.columns + n];
        good = fabs(value - expected) <= 1e-6 * size;
        if (!good) {
          snprintf(
              message, 256, "row %zu of %zu, column %zu of %zu, %zu blocks of %zu: %g, expected %g", m, g.rows, n, g.columns, blocks, g.block,
              value, expected);
        }
      }
    }
    free(input), free(weights), free(scales), free(row_scales), free(bias), free(found), free(divided), free(zero_points), free(sums);
    free(packed);
    if (!good) return number;
  }
  return -1;
}
