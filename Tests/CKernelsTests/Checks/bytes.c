#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

int check_lookup(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t count = (size_t)random_in(&random, 0, 300);
    uint8_t *table = exact(256), *input = exact(count), *output = exact(count);
    for (size_t i = 0; i < 256; i++) table[i] = (uint8_t)next_random(&random);
    for (size_t i = 0; i < count; i++) input[i] = (uint8_t)next_random(&random);
    const bool in_place = random_in(&random, 0, 1);
    if (in_place && count > 0) memcpy(output, input, count);
    kernels->lookup(table, in_place ? output : input, output, count);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
      good = output[i] == table[input[i]];
      if (!good) snprintf(message, 256, "byte %zu of %zu, %u: %u, expected %u", i, count, input[i], output[i], table[input[i]]);
    }
    free(table), free(input), free(output);
    if (!good) return number;
  }
  return -1;
}

int check_affine_quantize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t count = (size_t)random_in(&random, 0, 70);
    const tflk_type type = (tflk_type)random_in(&random, 0, 2);
    const int32_t low = type == TFLK_UINT8 ? 0 : type == TFLK_INT8 ? -128 : -32768;
    const int32_t high = type == TFLK_UINT8 ? 255 : type == TFLK_INT8 ? 127 : 32767;
    const int32_t zero_point = (int32_t)random_in(&random, low, high);
    // Many ties with the first of the scales.
    const float scales[] = {0.5f, 0.1f, 3e-5f, 1e-38f};
    const float scale = scales[random_in(&random, 0, 3)];
    float *input = exact(count * 4);
    void *output = exact(count * 2);
    for (size_t i = 0; i < count; i++) {
      const float values[] = {
          (float)random_in(&random, -600, 600) * 0.25f, (float)random_in(&random, -70000, 70000) * 0.25f, random_float(&random) * 40,
          random_float(&random) * 5e9f, NAN, INFINITY, -INFINITY, 0.49999997f * 0.5f, -0.0f};
      input[i] = values[random_in(&random, 0, random_in(&random, 0, 2) == 0 ? 8 : 2)];
    }
    kernels->f32_affine_quantize(input, count, scale, zero_point, type, output);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
      const float scaled = input[i] / scale;
      const bool fits = scaled >= -2147483648.0f && scaled < 2147483648.0f;
      const int32_t rounded = fits ? (int32_t)roundf(scaled) : INT32_MIN;
      const int32_t moved = (int32_t)((uint32_t)rounded + (uint32_t)zero_point);
      // Large ones wrap in the reference; beyond 2^22 they are as good as the limit.
      const int32_t expected = fits && fabsf(scaled) > 4194304 ? (scaled > 0 ? high : low) : moved < low ? low : moved > high ? high : moved;
      const int32_t found =
          type == TFLK_INT16 ? ((int16_t *)output)[i] : type == TFLK_INT8 ? ((int8_t *)output)[i] : ((uint8_t *)output)[i];
      good = found == expected;
      if (!good) snprintf(message, 256, "type %d, %g by %g and %d: %d, expected %d", (int)type, input[i], scale, zero_point, found, expected);
    }
    float *real = exact(count * 4);
    kernels->affine_dequantize(output, type, count, scale, zero_point, real);
    for (size_t i = 0; good && i < count; i++) {
      const int32_t x = type == TFLK_INT16 ? ((int16_t *)output)[i] : type == TFLK_INT8 ? ((int8_t *)output)[i] : ((uint8_t *)output)[i];
      good = real[i] == scale * (float)(x - zero_point);
      if (!good) snprintf(message, 256, "type %d, %d by %g and %d: %g", (int)type, x, scale, zero_point, real[i]);
    }
    free(input), free(output), free(real);
    if (!good) return number;
  }
  return -1;
}

int check_pool(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const int type = (int)random_in(&random, 0, 3);
    const size_t widths[] = {1, 1, 2, 4}, width = widths[type];
    tflk_conv_geometry g = random_geometry(&random, 8, 70 / width);
    g.dilation_height = g.dilation_width = 1;
    g.output_channels = g.input_channels = g.input_pixel_stride = g.output_pixel_stride = (size_t)random_in(&random, 1, 150 / (int64_t)width);
    const size_t elements = g.batch * g.input_height * g.input_width * g.input_channels, lines = g.batch * g.output_height;
    const size_t results = lines * g.output_width * g.output_channels;
    uint8_t *input = exact(elements * width), *output = exact(results * width);
    for (size_t i = 0; i < elements * width; i++) input[i] = (uint8_t)next_random(&random);
    const float specials[] = {NAN, INFINITY, -INFINITY, -0.0f};
    for (size_t i = 0; type == 3 && i < elements; i++) {
      ((float *)input)[i] = random_in(&random, 0, 4) == 0 ? specials[random_in(&random, 0, 3)] : random_float(&random);
    }
    const double leasts[] = {-128, 0, -32768, -FLT_MAX}, least = leasts[type];
    const bool averages = random_in(&random, 0, 1), clamps = random_in(&random, 0, 1);
    const double low = clamps ? (type == 3 ? -0.25 : type == 1 ? 20 : -20) : type == 3 && averages ? -INFINITY : least;
    const double high = clamps ? (type == 3 ? 0.5 : 90) : type == 3 ? INFINITY : type == 1 ? 255 : type == 0 ? 127 : 32767;
    const tflk_type types[] = {TFLK_INT8, TFLK_UINT8, TFLK_INT16, TFLK_FLOAT32};
    const tflk_pooling pooling = {.type = types[type], .averages = averages, .low = low, .high = high};
    const size_t middle = (size_t)random_in(&random, 0, (int64_t)lines);
    kernels->pool(&pooling, &g, input, output, middle, lines);
    kernels->pool(&pooling, &g, input, output, 0, middle);
    bool good = true;
    for (size_t i = 0; good && i < results; i++) {
      const size_t c = i % g.input_channels, pixel = i / g.input_channels, x = pixel % g.output_width, line = pixel / g.output_width;
      double peak = least;
      float sum = 0, magnitudes = 0;
      int32_t count = 0;
      for (size_t tap = 0; tap < g.kernel_height * g.kernel_width; tap++) {
        const size_t row = line % g.output_height * g.stride_height + tap / g.kernel_width - g.pad_top;
        const size_t column = x * g.stride_width + tap % g.kernel_width - g.pad_left;
        if (row >= g.input_height || column >= g.input_width) continue;
        const size_t at = ((line / g.output_height * g.input_height + row) * g.input_width + column) * g.input_channels + c;
        const double value = type == 0 ? ((int8_t *)input)[at] : type == 1 ? input[at] : type == 2 ? ((int16_t *)input)[at] : ((float *)input)[at];
        if (value > peak) peak = value;
        sum += (float)value;
        magnitudes += fabsf((float)value);
        count++;
      }
      double result = peak;
      if (averages && type == 3) {
        result = sum / (float)count;
      } else if (averages) {
        const int32_t whole = (int32_t)sum, half = count / 2;
        result = count == 0 ? low : whole > 0 ? (whole + half) / count : (whole - half) / count;
      }
      const double expected = isnan(result) ? result : fmin(fmax(result, low), high);
      const double found = type == 0 ? ((int8_t *)output)[i] : type == 1 ? output[i] : type == 2 ? ((int16_t *)output)[i] : ((float *)output)[i];
      // Sums of floats may be formed in any order.
      const double tolerance = averages && type == 3 && isfinite(magnitudes) ? 1e-6 * magnitudes / count : 0;
      good = found == expected || (isnan(found) && isnan(expected)) || fabs(found - expected) <= tolerance;
      if (!good) snprintf(message, 256, "type %d, %s of %zu channels, element %zu: %g, expected %g", type, averages ? "means" : "maxima", g.input_channels, i, found, expected);
    }
    free(input), free(output);
    if (!good) return number;
  }
  return -1;
}
