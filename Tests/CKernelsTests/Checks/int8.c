#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "oracle.h"
#include "random.h"

static int32_t element(const void *data, tflk_type type, size_t at) {
  return type == TFLK_UINT8 ? ((const uint8_t *)data)[at] : ((const int8_t *)data)[at];
}

static size_t bytes_of(tflk_type type) { return type == TFLK_INT16 ? 2 : type == TFLK_INT32 || type == TFLK_FLOAT32 ? 4 : 1; }

static int32_t quantized_at(const void *data, tflk_type type, size_t at) {
  if (type == TFLK_INT16) return ((const int16_t *)data)[at];
  if (type == TFLK_INT32) return ((const int32_t *)data)[at];
  return element(data, type, at);
}

// A random problem with everything that it needs.
typedef struct problem {
  tflk_conv_geometry g;
  tflk_quantized_format format;
  tflk_quantized_output output;
  bool transposed, has_bias;
  void *input, *weights, *expected_data, *divided;
  int32_t *bias, *multipliers, *shifts, *padding, *row_zero_points;
  float *row_scales, *channel_scales, *float_bias;
  double *real_scales;
  size_t output_bytes;
} problem;

// A convolution with filters of 3x3 whose sizes gather around the tiles of 4x4, the runs of tiles and the blocks of them.
static tflk_conv_geometry random_winograd_geometry(uint64_t *random, size_t column_tile) {
  tflk_conv_geometry g = {.batch = (size_t)random_in(random, 1, 2), .kernel_height = 3, .kernel_width = 3};
  g.output_height = (size_t)random_in(random, 1, random_in(random, 0, 3) ? 9 : 30), g.output_width = (size_t)random_in(random, 1, 21);
  g.output_channels = random_size_near(random, column_tile, 3 * column_tile), g.input_channels = 32 * (size_t)random_in(random, 1, 3);
  // The most for which the sums are certain to be in range.
  if (random_in(random, 0, 9) == 0) g.input_channels = 224;
  g.stride_height = g.stride_width = g.dilation_height = g.dilation_width = 1;
  g.pad_top = (size_t)random_in(random, 0, 1), g.pad_left = (size_t)random_in(random, 0, 1);
  g.input_height = g.output_height + 2 - g.pad_top - (size_t)random_in(random, 0, 1);
  g.input_width = g.output_width + 2 - g.pad_left - (size_t)random_in(random, 0, 1);
  g.input_pixel_stride = g.input_channels + (size_t)(random_in(random, 0, 1) * random_in(random, 0, 7));
  g.output_pixel_stride = g.output_channels + (size_t)(random_in(random, 0, 1) * random_in(random, 0, 7));
  return g;
}

typedef enum kind { ANY, DEEP, WINOGRAD } kind;

static problem make_problem(const tflk_kernels *kernels, kind kind, uint64_t *random) {
  problem p = {.g = kind == WINOGRAD ? random_winograd_geometry(random, kernels->int8_tile_columns)
                                     : random_geometry(random, kernels->int8_tile_columns, 16)};
  if (kind == DEEP) p.g = random_deep_product(random, kernels->int8_tile_rows, kernels->int8_tile_columns, 1);
  const size_t columns = p.g.output_channels, depth = geometry_depth(&p.g), rows = geometry_rows(&p.g);
  const size_t input_elements = geometry_input_elements(&p.g);
  p.format.input_type = random_in(random, 0, 1) ? TFLK_INT8 : TFLK_UINT8;
  p.format.weight_type = random_in(random, 0, 1) ? TFLK_INT8 : TFLK_UINT8;
  const int32_t input_low = p.format.input_type == TFLK_INT8 ? -128 : 0, weight_low = p.format.weight_type == TFLK_INT8 ? -128 : 0;
  p.output.type = (tflk_type)random_in(random, 0, 4);
  const bool hybrid = p.output.type == TFLK_FLOAT32;
  p.format.input_zero_point = hybrid ? 0 : (int32_t)random_in(random, input_low, input_low + 255);
  p.format.weight_zero_point = (int32_t)(random_in(random, 0, 1) * random_in(random, weight_low, weight_low + 255));
  if (kind == WINOGRAD) p.format.weight_type = TFLK_INT8, p.format.weight_zero_point = 0;
  p.input = exact(input_elements), p.weights = exact(columns * depth);
  const bool extreme = random_in(random, 0, 3) == 0;
  for (size_t i = 0; i < input_elements; i++) ((uint8_t *)p.input)[i] = extreme ? (uint8_t)(input_low + 255) : (uint8_t)next_random(random);
  for (size_t i = 0; i < columns * depth; i++) {
    ((uint8_t *)p.weights)[i] = extreme && i % 2 ? (uint8_t)weight_low : (uint8_t)next_random(random);
  }
  p.transposed = kind != WINOGRAD && random_in(random, 0, 1), p.has_bias = !hybrid && random_in(random, 0, 3) != 0;
  p.bias = exact(columns * 4), p.multipliers = exact(columns * 4), p.shifts = exact(columns * 4);
  p.row_zero_points = exact(rows * 4), p.padding = exact(p.g.batch * 4);
  p.real_scales = exact(columns * 8);
  p.row_scales = exact(rows * 4), p.channel_scales = exact(columns * 4), p.float_bias = exact(columns * 4);
  const bool wild = random_in(random, 0, 2) == 0;
  const int64_t highest_shift = random_in(random, 0, 1) ? 1 : -1;
  for (size_t n = 0; n < columns; n++) {
    p.bias[n] = (int32_t)random_in(random, wild ? INT32_MIN : -500000, wild ? INT32_MAX : 500000);
    p.multipliers[n] = random_in(random, 0, 9) == 0 ? INT32_MAX : (int32_t)random_in(random, 1 << 30, INT32_MAX);
    p.shifts[n] = wild ? (int32_t)random_in(random, -31, 31) : (int32_t)random_in(random, -14, highest_shift);
    p.channel_scales[n] = random_float(random), p.float_bias[n] = random_float(random);
    // Powers of two, with which many products are ties; factors with which they leave the range of int32.
    p.real_scales[n] = wild ? random_float(random) * 1e9 : random_in(random, 0, 1) ? 0x1p-9 : random_float(random) / 100;
  }
  for (size_t i = 0; i < p.g.batch; i++) p.padding[i] = (int32_t)random_in(random, input_low, input_low + 255);
  p.output.rows_per_scale = p.g.output_height * p.g.output_width;
  for (size_t r = 0; r < rows; r++) {
    p.row_scales[r] = random_float(random), p.row_zero_points[r] = r < p.g.batch ? p.padding[r] : 0;
  }
  const int32_t low = p.output.type == TFLK_UINT8 ? 0 : p.output.type == TFLK_INT8 ? -128 : -32768;
  const int32_t high = p.output.type == TFLK_UINT8 ? 255 : p.output.type == TFLK_INT8 ? 127 : 32767;
  p.output.output_zero_point = (int32_t)random_in(random, low, high);
  p.output.activation_min = random_in(random, 0, 1) ? low : (int32_t)random_in(random, low, high);
  p.output.activation_max = random_in(random, 0, 1) ? high : (int32_t)random_in(random, p.output.activation_min, high);
  if (p.output.type < TFLK_INT16 && random_in(random, 0, 3) != 0) {
    p.format.lowest_result = p.output.activation_min - p.output.output_zero_point;
    p.format.highest_result = p.output.activation_max - p.output.output_zero_point;
  }
  p.output.row_scale = p.row_scales, p.output.row_zero_point = p.row_zero_points;
  p.output.channel_scale = p.channel_scales, p.output.bias = random_in(random, 0, 1) ? p.float_bias : NULL;
  p.output.clamp_min = random_in(random, 0, 1) ? 0 : -INFINITY, p.output.clamp_max = INFINITY;
  if (p.output.type < TFLK_INT32 && random_in(random, 0, 2) == 0) p.output.real_scale = p.real_scales;
  p.output_bytes = geometry_output_elements(&p.g) * bytes_of(p.output.type);
  p.output.data = exact(p.output_bytes), p.divided = exact(p.output_bytes);
  memset(p.output.data, 0x5A, p.output_bytes), memset(p.divided, 0x5A, p.output_bytes);
  return p;
}

static void free_problem(problem *p) {
  free(p->input), free(p->weights), free(p->divided), free(p->output.data), free(p->bias), free(p->multipliers), free(p->shifts);
  free(p->padding), free(p->row_zero_points), free(p->row_scales), free(p->channel_scales), free(p->float_bias);
  free(p->real_scales);
}

static void run(const tflk_kernels *k, problem *p, uint64_t *random) {
  const tflk_conv_geometry *g = &p->g;
  const size_t tiles = (g->output_channels + k->int8_tile_columns - 1) / k->int8_tile_columns, rows = geometry_rows(g);
  const size_t depth = geometry_depth(g), pixels = k->int8_prepared_pixels(g);
  void *packed = aligned_64(k->int8_packed_bytes(g)), *prepared = aligned_64(k->int8_prepared_bytes(g));
  const bool scales = p->output.type < TFLK_INT32 && p->output.real_scale == NULL;
  const size_t cut = (size_t)random_in(random, 0, (int64_t)tiles), pixel_cut = (size_t)random_in(random, 0, (int64_t)pixels);
  const size_t row_cut = (size_t)random_in(random, 0, (int64_t)rows);
  const int32_t *padding = p->output.type == TFLK_FLOAT32 ? p->padding : NULL;
  for (int part = 0; part < 2; part++) {
    k->int8_pack(
        g, &p->format, p->weights, p->transposed ? 1 : depth, p->transposed ? g->output_channels : 1, p->has_bias ? p->bias : NULL,
        scales ? p->multipliers : NULL, scales ? p->shifts : NULL, packed, part ? cut : 0, part ? tiles : cut);
    k->int8_prepare(g, &p->format, p->input, padding, prepared, part ? pixel_cut : 0, part ? SIZE_MAX : pixel_cut);
  }
  k->int8_conv(g, &p->format, prepared, packed, &p->output, 0, rows, 0, tiles);
  tflk_quantized_output divided = p->output;
  divided.data = p->divided;
  k->int8_conv(g, &p->format, prepared, packed, &divided, row_cut, rows, 0, cut);
  k->int8_conv(g, &p->format, prepared, packed, &divided, 0, row_cut, 0, cut);
  k->int8_conv(g, &p->format, prepared, packed, &divided, 0, rows, cut, tiles);
  free(packed), free(prepared);
}

static void run_winograd(const tflk_kernels *k, problem *p, uint64_t *random) {
  const tflk_conv_geometry *g = &p->g;
  const size_t tiles = (g->output_channels + k->int8_tile_columns - 1) / k->int8_tile_columns, cut = (size_t)random_in(random, 0, (int64_t)tiles);
  void *packed = aligned_64(k->int8_winograd_packed_bytes(g, &p->format)), *prepared = aligned_64(k->int8_prepared_bytes(g));
  void *scratch = aligned_64(k->int8_winograd_scratch_bytes(g));
  const bool scales = p->output.type < TFLK_INT32 && p->output.real_scale == NULL;
  const int32_t *bias = p->has_bias ? p->bias : NULL, *multipliers = scales ? p->multipliers : NULL, *shifts = scales ? p->shifts : NULL;
  k->int8_winograd_pack(g, &p->format, p->weights, bias, multipliers, shifts, packed, cut, tiles);
  k->int8_winograd_pack(g, &p->format, p->weights, bias, multipliers, shifts, packed, 0, cut);
  k->int8_prepare(g, &p->format, p->input, p->output.type == TFLK_FLOAT32 ? p->padding : NULL, prepared, 0, SIZE_MAX);
  tflk_quantized_output divided = p->output;
  divided.data = p->divided;
  k->int8_winograd(g, &p->format, prepared, packed, &p->output, 0, tiles, scratch);
  k->int8_winograd(g, &p->format, prepared, packed, &divided, cut, tiles, scratch);
  k->int8_winograd(g, &p->format, prepared, packed, &divided, 0, cut, scratch);
  free(packed), free(prepared), free(scratch);
}

static bool verify(const problem *p, char *message) {
  const tflk_conv_geometry *g = &p->g;
  const size_t rows = geometry_rows(g), depth = geometry_depth(g), columns = g->output_channels;
  const tflk_quantized_output *o = &p->output;
  if (memcmp(o->data, p->divided, p->output_bytes) != 0) return snprintf(message, 256, "a divided run gives other bits"), false;
  for (size_t m = 0; m < rows; m++) {
    for (size_t n = 0; n < columns; n++) {
      const size_t r = m / o->rows_per_scale, at = m * g->output_pixel_stride + n;
      const bool hybrid = o->type == TFLK_FLOAT32;
      uint32_t sum = p->has_bias ? (uint32_t)p->bias[n] : 0;
      for (size_t k = 0; k < depth; k++) {
        const size_t index = geometry_input_index(g, m, k);
        if (index == SIZE_MAX) continue;
        const int32_t w = element(p->weights, p->format.weight_type, p->transposed ? k * columns + n : n * depth + k);
        const int32_t a = element(p->input, p->format.input_type, index);
        const int32_t zero = hybrid ? o->row_zero_point[r] : p->format.input_zero_point;
        sum += (uint32_t)((a - zero) * (w - p->format.weight_zero_point));
      }
      if (hybrid) {
        double expected = (double)(int32_t)sum * o->row_scale[r] * o->channel_scale[n] + (o->bias != NULL ? o->bias[n] : 0);
        const double size = fabs(expected) + 1;
        expected = expected < o->clamp_min ? o->clamp_min : expected;
        const float found = ((const float *)o->data)[at];
        if (fabs(found - expected) > 1e-5 * size) {
          return snprintf(message, 256, "row %zu column %zu: %g, expected %g", m, n, (double)found, expected), false;
        }
        continue;
      }
      int32_t expected = (int32_t)sum;
      if (o->type != TFLK_INT32) {
        const int64_t scaled = o->real_scale != NULL ? oracle_scale(expected, o->real_scale[n])
                                                     : oracle_requantize(expected, p->multipliers[n], p->shifts[n]);
        expected = oracle_clamp((int32_t)(uint32_t)(scaled + o->output_zero_point), o->activation_min, o->activation_max);
      }
      const int32_t found = quantized_at(o->data, o->type, at);
      if (found != expected) {
        snprintf(
            message, 256, "row %zu of %zu, column %zu of %zu, depth %zu, type %d: %d, expected %d", m, rows, n, columns, depth,
            (int)o->type, found, expected);
        return false;
      }
    }
  }
  return true;
}

int check_int8_conv(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    problem p = make_problem(kernels, number % 100 == 10 ? DEEP : ANY, &random);
    run(kernels, &p, &random);
    const bool good = verify(&p, message);
    free_problem(&p);
    if (!good) return number;
  }
  return -1;
}

int check_int8_winograd(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases / 4; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    problem p = make_problem(kernels, WINOGRAD, &random);
    const bool serves = kernels->int8_winograd_packed_bytes(&p.g, &p.format) > 0;
    if (serves) run_winograd(kernels, &p, &random);
    const bool good = !serves || verify(&p, message);
    free_problem(&p);
    if (!good) return number;
  }
  return -1;
}

// Every accumulator that two products can have, for columns with random scales: the requantisation that is fitted to them has the bits of the
// definition.
int check_fitted_requantization(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  uint64_t random = seed;
  const size_t columns = 2 * kernels->int8_tile_columns + 3, rows = 256 * 256;
  int8_t *input = exact(rows * 2), *weights = exact(columns * 2), *output = exact(rows * columns);
  int32_t *bias = exact(columns * 4), *multipliers = exact(columns * 4), *shifts = exact(columns * 4);
  int failed = -1;
  for (size_t row = 0; row < rows; row++) input[2 * row] = (int8_t)(row % 256 - 128), input[2 * row + 1] = (int8_t)(row / 256 - 128);
  for (int number = 0; number < cases / 50 && failed < 0; number++) {
    const tflk_conv_geometry g = tflk_gemm_geometry(rows, columns, 2, 2, columns);
    tflk_quantized_format format = {.input_type = TFLK_INT8, .weight_type = TFLK_INT8, .input_zero_point = (int32_t)random_in(&random, -128, 127)};
    tflk_quantized_output result = {.data = output, .type = random_in(&random, 0, 1) ? TFLK_INT8 : TFLK_UINT8};
    const int32_t low = result.type == TFLK_INT8 ? -128 : 0;
    result.output_zero_point = random_in(&random, 0, 1) ? low : (int32_t)random_in(&random, low, low + 255);
    result.activation_min = low + (random_in(&random, 0, 2) == 0 ? 10 : 0), result.activation_max = low + (random_in(&random, 0, 2) == 0 ? 200 : 255);
    format.lowest_result = result.activation_min - result.output_zero_point;
    format.highest_result = result.activation_max - result.output_zero_point;
    const int32_t most = (int32_t)random_in(&random, 2, 16);
    for (size_t n = 0; n < columns; n++) {
      weights[2 * n] = (int8_t)next_random(&random), weights[2 * n + 1] = (int8_t)random_in(&random, -3, 3);
      bias[n] = (int32_t)random_in(&random, -20000, 20000);
      multipliers[n] = random_in(&random, 0, 15) == 0 ? 1 << 30 : (int32_t)random_in(&random, 1 << 30, INT32_MAX);
      shifts[n] = -(int32_t)random_in(&random, 1, most);
    }
    void *packed = aligned_64(kernels->int8_packed_bytes(&g)), *prepared = aligned_64(kernels->int8_prepared_bytes(&g));
    const size_t tiles = (columns + kernels->int8_tile_columns - 1) / kernels->int8_tile_columns;
    kernels->int8_pack(&g, &format, weights, 2, 1, bias, multipliers, shifts, packed, 0, tiles);
    kernels->int8_prepare(&g, &format, input, NULL, prepared, 0, kernels->int8_prepared_pixels(&g));
    kernels->int8_conv(&g, &format, prepared, packed, &result, 0, rows, 0, tiles);
    for (size_t i = 0; i < rows * columns && failed < 0; i++) {
      const size_t row = i / columns, n = i % columns;
      const int32_t sum = bias[n] + (input[2 * row] - format.input_zero_point) * weights[2 * n]
          + (input[2 * row + 1] - format.input_zero_point) * weights[2 * n + 1];
      const int64_t scaled = (int64_t)oracle_requantize(sum, multipliers[n], shifts[n]) + result.output_zero_point;
      const int32_t expected = oracle_clamp(scaled, result.activation_min, result.activation_max);
      const int32_t found = element(output, result.type, i);
      if (found == expected) continue;
      snprintf(message, 256, "accumulator %d times %d, shift %d: %d, expected %d", sum, multipliers[n], shifts[n], found, expected);
      failed = number;
    }
    free(packed), free(prepared);
  }
  free(input), free(weights), free(output), free(bias), free(multipliers), free(shifts);
  return failed;
}
