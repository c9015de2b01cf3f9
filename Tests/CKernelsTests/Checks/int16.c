#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "oracle.h"
#include "random.h"

int check_int16_conv(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    tflk_conv_geometry g = random_geometry(&random, kernels->int8_tile_columns, 16);
    if (random_in(&random, 0, 5) == 0) {
      // Deep enough for sums that leave int32.
      g = tflk_gemm_geometry(3, 5, 3000, 3000, 5);
    }
    const size_t rows = geometry_rows(&g), depth = geometry_depth(&g), columns = g.output_channels;
    const size_t input_elements = geometry_input_elements(&g), output_elements = geometry_output_elements(&g);
    const size_t tiles = (columns + kernels->int8_tile_columns - 1) / kernels->int8_tile_columns;
    const bool int32_accumulator = random_in(&random, 0, 2) == 0, extreme = random_in(&random, 0, 2) == 0;
    const bool wide_weights = random_in(&random, 0, 2) == 0;
    const tflk_quantized_format format = {
        TFLK_INT16, wide_weights ? TFLK_INT16 : TFLK_INT8, 0,
        !wide_weights && random_in(&random, 0, 3) == 0 ? (int32_t)random_in(&random, -128, 127) : 0};
    const tflk_type types[] = {TFLK_INT16, TFLK_INT16, TFLK_INT32, TFLK_INT64};
    const tflk_type type = types[random_in(&random, 0, 3)];
    const size_t width = type == TFLK_INT16 ? 2 : type == TFLK_INT32 ? 4 : 8;

    int16_t *input = exact(input_elements * 2);
    void *output = exact(output_elements * width), *divided = exact(output_elements * width);
    int8_t *weights = exact(columns * depth * (wide_weights ? 2 : 1));
    int64_t *bias = exact(columns * 8);
    int32_t *multipliers = exact(columns * 4), *shifts = exact(columns * 4);
    for (size_t i = 0; i < input_elements; i++) input[i] = extreme ? INT16_MIN : (int16_t)next_random(&random);
    for (size_t i = 0; i < columns * depth; i++) {
      if (wide_weights) {
        ((int16_t *)weights)[i] = extreme ? INT16_MIN : (int16_t)next_random(&random);
      } else {
        weights[i] = extreme ? -128 : (int8_t)next_random(&random);
      }
    }
    for (size_t n = 0; n < columns; n++) {
      bias[n] = random_in(&random, -((int64_t)1 << 38), (int64_t)1 << 38);
      multipliers[n] = random_in(&random, 0, 5) == 0 ? INT32_MAX : (int32_t)random_in(&random, 1 << 30, INT32_MAX);
      shifts[n] = (int32_t)random_in(&random, -31, 7);
    }
    memset(output, 0x5A, output_elements * width), memset(divided, 0x5A, output_elements * width);
    tflk_quantized_output result = {
        .data = output, .type = type, .activation_min = -32768, .activation_max = random_in(&random, 0, 1) ? 32767 : 1000};

    void *packed = aligned_64(kernels->int16_packed_bytes(&g, &format)), *prepared = aligned_64(kernels->int16_prepared_bytes(&g));
    const size_t pixels = kernels->int16_prepared_pixels(&g);
    const size_t pixel_cut = (size_t)random_in(&random, 0, (int64_t)pixels), cut = (size_t)random_in(&random, 0, (int64_t)tiles);
    const size_t row_cut = (size_t)random_in(&random, 0, (int64_t)rows);
    kernels->int16_pack(&g, &format, weights, depth, 1, bias, multipliers, shifts, int32_accumulator, packed, 0, cut);
    kernels->int16_pack(&g, &format, weights, depth, 1, bias, multipliers, shifts, int32_accumulator, packed, cut, tiles);
    kernels->int16_prepare(&g, &format, input, prepared, 0, pixel_cut);
    kernels->int16_prepare(&g, &format, input, prepared, pixel_cut, pixels);
    kernels->int16_conv(&g, &format, prepared, packed, &result, 0, rows, 0, tiles);
    result.data = divided;
    kernels->int16_conv(&g, &format, prepared, packed, &result, row_cut, rows, 0, cut);
    kernels->int16_conv(&g, &format, prepared, packed, &result, 0, row_cut, 0, cut);
    kernels->int16_conv(&g, &format, prepared, packed, &result, 0, rows, cut, tiles);

    bool good = memcmp(output, divided, output_elements * width) == 0;
    if (!good) snprintf(message, 256, "a divided run gives other bits");
    for (size_t m = 0; good && m < rows; m++) {
      for (size_t n = 0; good && n < columns; n++) {
        int64_t sum = bias[n];
        for (size_t k = 0; k < depth; k++) {
          const size_t at = geometry_input_index(&g, m, k);
          const int64_t weight = wide_weights ? ((int16_t *)weights)[n * depth + k] : weights[n * depth + k];
          if (at != SIZE_MAX) sum += input[at] * (weight - format.weight_zero_point);
        }
        const int32_t scaled = int32_accumulator ? oracle_requantize((int32_t)(uint32_t)(uint64_t)sum, multipliers[n], shifts[n])
                                                 : oracle_requantize_long(sum, multipliers[n], shifts[n]);
        const size_t place = m * g.output_pixel_stride + n;
        int64_t expected = oracle_clamp(scaled, result.activation_min, result.activation_max);
        int64_t found = type == TFLK_INT16 ? ((int16_t *)output)[place] : 0;
        if (type == TFLK_INT32) {
          expected = (int32_t)(uint32_t)(uint64_t)sum;
          found = ((int32_t *)output)[place];
        } else if (type == TFLK_INT64) {
          expected = sum;
          found = ((int64_t *)output)[place];
        }
        good = found == expected;
        if (!good) {
          snprintf(
              message, 256, "row %zu of %zu, column %zu of %zu, depth %zu, int32 %d: %lld, expected %lld", m, rows, n, columns, depth,
              int32_accumulator, (long long)found, (long long)expected);
        }
      }
    }
    free(input), free(weights), free(bias), free(output), free(divided), free(multipliers), free(shifts), free(packed), free(prepared);
    if (!good) return number;
  }
  return -1;
}
