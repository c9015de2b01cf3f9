#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

int check_attention(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    tflk_attention a;
    memset(&a, 0, sizeof a);
    const size_t groups = (size_t)random_in(&random, 1, 2), group = (size_t)random_in(&random, 0, (int64_t)groups - 1);
    const size_t positions = (size_t)random_in(&random, 1, random_in(&random, 0, 1) ? 2 : 9);
    a.heads = (size_t)random_in(&random, 1, 5);
    a.rows = positions * a.heads;
    a.depth = random_size_near(&random, 16, 80);
    a.span = random_in(&random, 0, 20) == 0 ? 0 : random_size_near(&random, kernels->f32_tile_columns, 150);
    a.position_stride = groups * a.heads * a.depth;
    a.item_stride = groups * a.depth;
    a.scale = 0.3f;
    a.cap = random_in(&random, 0, 2) == 0 ? 1.5f : 0;
    const bool has_mask = random_in(&random, 0, 2) > 0;
    a.mask_item_step = has_mask && random_in(&random, 0, 4) > 0;
    const size_t mask_columns = a.mask_item_step ? a.span : 1;
    a.mask_position_step = random_in(&random, 0, 1) ? mask_columns : 0;
    const size_t mask_rows = a.mask_position_step ? positions : 1;
    a.mask_head_step = random_in(&random, 0, 1) ? mask_columns * mask_rows : 0;
    const size_t mask_count = mask_columns * mask_rows * (a.mask_head_step ? a.heads : 1);

    const size_t query_count = positions * a.position_stride, key_count = a.span * a.item_stride;
    float *query = exact(query_count * 4), *output = exact(query_count * 4), *again = exact(query_count * 4);
    float *keys = exact(key_count * 4), *values = exact(key_count * 4), *mask = exact(mask_count * 4);
    for (size_t i = 0; i < query_count; i++) query[i] = 2 * random_float(&random), output[i] = again[i] = 7;
    for (size_t i = 0; i < key_count; i++) keys[i] = 2 * random_float(&random), values[i] = 2 * random_float(&random);
    for (size_t i = 0; i < mask_count; i++) {
      mask[i] = random_float(&random) - (i > 0 && random_in(&random, 0, 3) == 0 ? (random_in(&random, 0, 1) ? INFINITY : 40.0f) : 0);
    }
    const size_t packed_bytes = kernels->f32_attention_packed_bytes(&a);
    void *packed = aligned_64(packed_bytes), *scratch = aligned_64(kernels->f32_attention_scratch_bytes(&a));
    const size_t key_start = group * a.depth, query_start = group * a.heads * a.depth;
    const float *key = a.span ? keys + key_start : keys, *value = a.span ? values + key_start : values;
    if (packed_bytes > 0) {
      const size_t middle = a.span / 2 / kernels->f32_tile_columns * kernels->f32_tile_columns;
      kernels->f32_attention_pack(&a, key, value, packed, middle, a.span);
      kernels->f32_attention_pack(&a, key, value, packed, 0, middle);
    }
    const float *const m = has_mask ? mask : NULL;
    kernels->f32_attention(&a, query + query_start, key, value, packed, m, output + query_start, 0, a.rows, scratch);
    const size_t split = (size_t)random_in(&random, 0, (int64_t)a.rows);
    kernels->f32_attention(&a, query + query_start, key, value, packed, m, again + query_start, split, a.rows, scratch);
    kernels->f32_attention(&a, query + query_start, key, value, packed, m, again + query_start, 0, split, scratch);

    bool good = memcmp(output, again, query_count * 4) == 0;
    if (!good) snprintf(message, 256, "the result depends on the division at %zu of %zu", split, a.rows);
    double *logits = malloc((a.span + 1) * sizeof(double));
    for (size_t at = 0; good && at < query_count; at++) {
      const size_t position = at / a.position_stride, inner = at % a.position_stride;
      if (inner < query_start || inner >= query_start + a.heads * a.depth) {
        good = output[at] == 7;
        if (!good) snprintf(message, 256, "element %zu of another group was written", at);
        continue;
      }
      const size_t head = (inner - query_start) / a.depth, d = inner % a.depth;
      double peak = -INFINITY, total = 0, expected = 0;
      for (size_t s = 0; s < a.span; s++) {
        double x = 0;
        for (size_t k = 0; k < a.depth; k++) x += (double)query[at - d + k] * key[s * a.item_stride + k];
        x *= a.scale;
        if (a.cap != 0) x = a.cap * tanh(x / a.cap);
        if (m) x += m[position * a.mask_position_step + head * a.mask_head_step + s * a.mask_item_step];
        logits[s] = x;
        peak = fmax(peak, x);
      }
      for (size_t s = 0; s < a.span; s++) {
        const double weight = exp(logits[s] - peak);
        total += weight;
        expected += weight * value[s * a.item_stride + d];
      }
      expected = a.span == 0 ? 0 : expected / total;
      // A row that the mask excludes as a whole has no result.
      good = peak == -INFINITY && a.span > 0 ? isnan(output[at]) : fabs(output[at] - expected) <= 1e-5;
      if (!good) {
        snprintf(
            message, 256, "rows %zu span %zu depth %zu cap %g mask %d: element %zu is %.9g, expected %.9g", a.rows, a.span, a.depth,
            a.cap, has_mask, at, output[at], expected);
      }
    }
    free(logits), free(query), free(output), free(again), free(keys), free(values), free(mask), free(packed), free(scratch);
    if (!good) return number;
  }
  return -1;
}

int check_f32_product(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t rows = (size_t)random_in(&random, 1, 20), columns = random_size_near(&random, 16, 80);
    const size_t depth = (size_t)random_in(&random, 0, 20);
    const bool is_transposed = random_in(&random, 0, 1);
    const tflk_product p = {columns, depth, is_transposed ? 1 : depth, is_transposed ? rows : 1};
    float *left = exact(rows * depth * 4), *right = exact(depth * columns * 4);
    float *output = exact(rows * columns * 4), *expected = exact(rows * columns * 4);
    for (size_t i = 0; i < rows * depth; i++) left[i] = random_float(&random);
    for (size_t i = 0; i < depth * columns; i++) right[i] = random_float(&random);
    const size_t split = (size_t)random_in(&random, 0, (int64_t)rows);
    kernels->f32_product_in_place(&p, left, right, output, split, rows);
    kernels->f32_product_in_place(&p, left, right, output, 0, split);

    // The packed product has the same bits.
    const tflk_conv_geometry g = tflk_gemm_geometry(rows, columns, depth, depth, columns);
    float *straight = exact(rows * depth * 4);
    for (size_t i = 0; i < rows; i++) {
      for (size_t k = 0; k < depth; k++) straight[i * depth + k] = left[i * p.left_row_stride + k * p.left_depth_stride];
    }
    void *packed = aligned_64(kernels->f32_packed_bytes(columns, depth)), *scratch = aligned_64(kernels->f32_scratch_bytes(&g));
    const size_t tiles = (columns - 1) / kernels->f32_tile_columns + 1;
    kernels->f32_pack_transposed(columns, depth, right, columns, NULL, packed, 0, tiles);
    kernels->f32_conv(&g, straight, NULL, packed, expected, 0, rows, 0, tiles, -INFINITY, INFINITY, scratch);
    const bool good = memcmp(output, expected, rows * columns * 4) == 0;
    if (!good) snprintf(message, 256, "%zu rows, %zu columns, depth %zu", rows, columns, depth);
    free(left), free(right), free(output), free(expected), free(straight), free(packed), free(scratch);
    if (!good) return number;
  }
  return -1;
}
