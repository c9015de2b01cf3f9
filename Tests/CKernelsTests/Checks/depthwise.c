#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "oracle.h"
#include "random.h"

static tflk_conv_geometry depthwise_geometry(uint64_t *random) {
  tflk_conv_geometry g = random_geometry(random, 16, 16);
  if (random_in(random, 0, 15) == 0) {
    // More taps than int32 holds sums of.
    g.kernel_height = 17, g.kernel_width = 17, g.dilation_height = g.dilation_width = 1, g.stride_height = g.stride_width = 1;
    g.input_height = g.output_height + 8, g.input_width = g.output_width + 9, g.pad_top = 8, g.pad_left = 3;
  }
  const size_t multiplier = random_in(random, 0, 2) ? 1 : (size_t)random_in(random, 2, 4);
  if (random_in(random, 0, 2) == 0) g.input_channels = (size_t)random_in(random, 1, 70);
  g.input_pixel_stride = g.input_channels + (size_t)random_in(random, 0, 2);
  g.output_channels = g.input_channels * multiplier;
  g.output_pixel_stride = g.output_channels + (size_t)random_in(random, 0, 2);
  return g;
}

// The input element for tap `tap` of output row `row`, channel `n`, or SIZE_MAX.
static size_t input_index(const tflk_conv_geometry *g, size_t row, size_t tap, size_t n) {
  return geometry_input_index(g, row, tap * g->input_channels + n / (g->output_channels / g->input_channels));
}

int check_f32_depthwise(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const tflk_conv_geometry g = depthwise_geometry(&random);
    const size_t rows = geometry_rows(&g), taps = g.kernel_height * g.kernel_width, channels = g.output_channels;
    const size_t input_elements = geometry_input_elements(&g), output_elements = geometry_output_elements(&g);
    const size_t lines = g.batch * g.output_height, cut = (size_t)random_in(&random, 0, (int64_t)lines);
    float *input = exact(input_elements * 4), *weights = exact(taps * channels * 4), *bias = exact(channels * 4);
    float *output = exact(output_elements * 4), *divided = exact(output_elements * 4);
    for (size_t i = 0; i < input_elements; i++) input[i] = random_float(&random);
    for (size_t i = 0; i < taps * channels; i++) weights[i] = random_float(&random);
    for (size_t i = 0; i < channels; i++) bias[i] = random_float(&random);
    for (size_t i = 0; i < output_elements; i++) output[i] = divided[i] = 12345;
    const float *given = random_in(&random, 0, 3) ? bias : NULL;
    const float low = random_in(&random, 0, 1) ? 0 : -INFINITY, high = random_in(&random, 0, 1) ? 0.5f : INFINITY;
    kernels->f32_depthwise(&g, input, weights, given, output, 0, lines, low, high);
    kernels->f32_depthwise(&g, input, weights, given, divided, cut, lines, low, high);
    kernels->f32_depthwise(&g, input, weights, given, divided, 0, cut, low, high);
    bool good = memcmp(output, divided, output_elements * 4) == 0;
    if (!good) snprintf(message, 256, "a divided run gives other bits");
    for (size_t m = 0; good && m < rows; m++) {
      for (size_t n = 0; good && n < channels; n++) {
        double sum = given != NULL ? bias[n] : 0, size = fabs(sum);
        for (size_t tap = 0; tap < taps; tap++) {
          const size_t at = input_index(&g, m, tap, n);
          const double product = at == SIZE_MAX ? 0 : (double)input[at] * weights[tap * channels + n];
          sum += product, size += fabs(product);
        }
        sum = sum < low ? low : sum > high ? high : sum;
        const float found = output[m * g.output_pixel_stride + n];
        good = fabs(found - sum) <= 1e-5 * size;
        if (!good) snprintf(message, 256, "row %zu channel %zu of %zu: %g, expected %g", m, n, channels, (double)found, sum);
      }
    }
    free(input), free(weights), free(bias), free(output), free(divided);
    if (!good) return number;
  }
  return -1;
}

static int32_t value_at(const void *data, tflk_type type, size_t at) {
  switch (type) {
  case TFLK_INT8: return ((const int8_t *)data)[at];
  case TFLK_UINT8: return ((const uint8_t *)data)[at];
  case TFLK_INT16: return ((const int16_t *)data)[at];
  default: return ((const int32_t *)data)[at];
  }
}

static int32_t lowest(tflk_type type) { return type == TFLK_INT8 ? -128 : type == TFLK_UINT8 ? 0 : -32768; }
static int32_t highest(tflk_type type) { return type == TFLK_INT8 ? 127 : type == TFLK_UINT8 ? 255 : 32767; }
static size_t bytes_of(tflk_type type) { return type <= TFLK_UINT8 ? 1 : type == TFLK_INT16 ? 2 : 4; }

int check_int_depthwise(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const tflk_conv_geometry g = depthwise_geometry(&random);
    const size_t rows = geometry_rows(&g), taps = g.kernel_height * g.kernel_width, channels = g.output_channels;
    const size_t input_elements = geometry_input_elements(&g), output_elements = geometry_output_elements(&g);
    const size_t lines = g.batch * g.output_height, cut = (size_t)random_in(&random, 0, (int64_t)lines);
    const tflk_type type = (tflk_type)random_in(&random, 0, 2);
    const bool wide = type == TFLK_INT16, int32_accumulator = !wide || random_in(&random, 0, 2) == 0;
    tflk_quantized_format format = {type, random_in(&random, 0, 1) && !wide ? TFLK_UINT8 : TFLK_INT8, 0, 0};
    if (!wide) format.input_zero_point = (int32_t)random_in(&random, lowest(type), highest(type));
    format.weight_zero_point = (int32_t)random_in(&random, lowest(format.weight_type), highest(format.weight_type));
    tflk_quantized_output result = {.type = wide ? TFLK_INT16 : (tflk_type)random_in(&random, 0, 4)};
    result.output_zero_point = wide ? 0 : (int32_t)random_in(&random, lowest(result.type), highest(result.type));
    result.activation_min = lowest(result.type), result.activation_max = highest(result.type) - (int32_t)random_in(&random, 0, 3);
    if (result.type <= TFLK_UINT8 && !wide && random_in(&random, 0, 3) != 0) {
      format.lowest_result = result.activation_min - result.output_zero_point;
      format.highest_result = result.activation_max - result.output_zero_point;
    }
    const bool extreme = random_in(&random, 0, 3) == 0;
    const int64_t highest_shift = random_in(&random, 0, 1) ? 2 : -1;

    void *input = exact(input_elements * bytes_of(type)), *weights = exact(taps * channels);
    int64_t *bias = exact(channels * 8);
    int32_t *multipliers = exact(channels * 4), *shifts = exact(channels * 4), zero_points[2];
    float *channel_scale = exact(channels * 4), *float_bias = exact(channels * 4), row_scale[2] = {0.25f, 1.5f};
    const bool hybrid = result.type == TFLK_FLOAT32;
    for (int i = 0; i < 2; i++) {
      zero_points[i] = hybrid && !wide ? (int32_t)random_in(&random, lowest(type), highest(type)) : format.input_zero_point;
    }
    for (size_t i = 0; i < input_elements * bytes_of(type); i++) ((uint8_t *)input)[i] = (uint8_t)next_random(&random);
    for (size_t i = 0; wide && extreme && i < input_elements; i++) ((int16_t *)input)[i] = INT16_MIN;
    for (size_t i = 0; i < taps * channels; i++) ((uint8_t *)weights)[i] = extreme ? 128 : (uint8_t)next_random(&random);
    for (size_t n = 0; n < channels; n++) {
      bias[n] = int32_accumulator ? random_in(&random, -5000, 5000) : random_in(&random, -((int64_t)1 << 36), (int64_t)1 << 36);
      multipliers[n] = (int32_t)random_in(&random, 1 << 30, INT32_MAX), shifts[n] = (int32_t)random_in(&random, -20, highest_shift);
      channel_scale[n] = random_float(&random), float_bias[n] = random_float(&random);
    }
    result.row_scale = row_scale, result.rows_per_scale = g.output_height * g.output_width;
    result.channel_scale = channel_scale, result.bias = float_bias;
    result.clamp_min = -INFINITY, result.clamp_max = INFINITY;

    void *packed = aligned_64(kernels->int_depthwise_packed_bytes(&g));
    void *prepared = aligned_64(kernels->int_depthwise_prepared_bytes(&g));
    const size_t pixels = kernels->int_depthwise_prepared_pixels(&g), pixel_cut = (size_t)random_in(&random, 0, (int64_t)pixels);
    kernels->int_depthwise_pack(&g, &format, weights, hybrid ? NULL : bias, multipliers, shifts, int32_accumulator, packed);
    const int32_t *given = hybrid ? zero_points : NULL;
    kernels->int_depthwise_prepare(&g, &format, input, given, prepared, 0, pixel_cut);
    kernels->int_depthwise_prepare(&g, &format, input, given, prepared, pixel_cut, pixels);
    const size_t output_bytes = output_elements * bytes_of(result.type);
    void *output = exact(output_bytes), *divided = exact(output_bytes);
    memset(output, 0x5A, output_bytes), memset(divided, 0x5A, output_bytes);
    result.data = output;
    kernels->int_depthwise(&g, prepared, packed, &result, 0, lines);
    result.data = divided;
    kernels->int_depthwise(&g, prepared, packed, &result, 0, cut);
    kernels->int_depthwise(&g, prepared, packed, &result, cut, lines);

    bool good = memcmp(output, divided, output_bytes) == 0;
    if (!good) snprintf(message, 256, "a divided run gives other bits");
    for (size_t m = 0; good && m < rows; m++) {
      const size_t image = m / result.rows_per_scale;
      for (size_t n = 0; good && n < channels; n++) {
        int64_t sum = hybrid ? 0 : bias[n];
        for (size_t tap = 0; tap < taps; tap++) {
          const size_t at = input_index(&g, m, tap, n);
          if (at == SIZE_MAX) continue;
          const int64_t w = value_at(weights, format.weight_type, tap * channels + n) - format.weight_zero_point;
          sum += (value_at(input, type, at) - zero_points[image]) * w;
        }
        const size_t at = m * g.output_pixel_stride + n;
        if (hybrid) {
          const double expected = (double)sum * row_scale[image] * channel_scale[n] + float_bias[n];
          good = fabs(((float *)output)[at] - expected) <= 1e-5 * (fabs(expected) + 1);
          if (!good) snprintf(message, 256, "float output of row %zu channel %zu", m, n);
          continue;
        }
        int32_t expected = (int32_t)(uint32_t)(uint64_t)sum;
        if (result.type != TFLK_INT32) {
          const int32_t scaled = int32_accumulator ? oracle_requantize(expected, multipliers[n], shifts[n])
                                                   : oracle_requantize_long(sum, multipliers[n], shifts[n]);
          expected = oracle_clamp((int64_t)scaled + result.output_zero_point, result.activation_min, result.activation_max);
        }
        const int32_t found = value_at(output, result.type, at);
        good = found == expected;
        if (!good) {
          snprintf(
              message, 256, "row %zu, channel %zu of %zu, taps %zu, types %d to %d: %d, expected %d", m, n, channels, taps, (int)type,
              (int)result.type, found, expected);
        }
      }
    }
    free(input), free(weights), free(bias), free(multipliers), free(shifts), free(channel_scale), free(float_bias);
    free(packed), free(prepared), free(output), free(divided);
    if (!good) return number;
  }
  return -1;
}

int check_requantize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t count = (size_t)random_in(&random, 0, 67);
    const tflk_type type = (tflk_type)random_in(&random, 0, 2);
    const int32_t multiplier = random_in(&random, 0, 3) ? (int32_t)random_in(&random, 0, INT32_MAX) : INT32_MAX;
    const int32_t shift = (int32_t)random_in(&random, -31, 31);
    const int32_t extremes[] = {INT32_MIN, INT32_MAX, 0, -1, 1, INT32_MIN + 1};
    int32_t *input = exact(count * 4);
    for (size_t i = 0; i < count; i++) {
      input[i] = random_in(&random, 0, 3) ? (int32_t)next_random(&random) >> random_in(&random, 0, 30) : extremes[next_random(&random) % 6];
    }
    tflk_quantized_output result = {.data = exact(count * bytes_of(type)), .type = type};
    result.output_zero_point = (int32_t)random_in(&random, lowest(type), highest(type));
    result.activation_min = lowest(type), result.activation_max = highest(type);
    kernels->requantize(input, count, multiplier, shift, &result);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
      const int64_t scaled = oracle_requantize(input[i], multiplier, shift);
      const int32_t expected =
          oracle_clamp((int32_t)(uint32_t)(uint64_t)(scaled + result.output_zero_point), result.activation_min, result.activation_max);
      const int32_t found = value_at(result.data, type, i);
      good = found == expected;
      if (!good) {
        snprintf(message, 256, "%d by %d shifted %d: %d, expected %d", input[i], multiplier, shift, found, expected);
      }
    }
    free(input), free(result.data);
    if (!good) return number;
  }
  return -1;
}
