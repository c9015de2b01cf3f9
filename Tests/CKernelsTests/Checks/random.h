#ifndef TFLITE_CKERNELS_CHECKS_RANDOM_H
#define TFLITE_CKERNELS_CHECKS_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

#include "CKernels.h"

// SplitMix64.
static inline uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static inline int64_t random_in(uint64_t *state, int64_t low, int64_t high) {
  return low + (int64_t)(next_random(state) % (uint64_t)(high - low + 1));
}

static inline float random_float(uint64_t *state) {
  return (float)((double)(int64_t)next_random(state) / 9223372036854775808.0);
}

// Memory whose end is the end of the allocation, so that an address sanitizer sees every access beyond it.
static inline void *exact(size_t bytes) { return malloc(bytes); }

static inline void *aligned_64(size_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, 64, bytes == 0 ? 1 : bytes) == 0 ? memory : NULL;
}

static inline size_t random_size_near(uint64_t *state, size_t tile, size_t most) {
  const size_t sizes[] = {1, tile - 1, tile, tile + 1, 2 * tile + 3, (size_t)random_in(state, 1, (int64_t)most)};
  const size_t size = sizes[random_in(state, 0, 5)];
  return size == 0 ? 1 : size;
}

// A convolution whose input is large enough, or any with padding. Sizes gather around the tile sizes given.
static inline tflk_conv_geometry random_geometry(uint64_t *state, size_t column_tile, size_t channel_tile) {
  tflk_conv_geometry g;
  g.batch = (size_t)random_in(state, 1, 2);
  g.output_height = (size_t)random_in(state, 1, 6);
  g.output_width = (size_t)random_in(state, 1, 9);
  g.output_channels = random_size_near(state, column_tile, 3 * column_tile);
  g.input_channels = random_size_near(state, channel_tile, 40);
  const bool point = random_in(state, 0, 2) == 0;
  g.kernel_height = point ? 1 : (size_t)random_in(state, 1, 4);
  g.kernel_width = point ? 1 : (size_t)random_in(state, 1, 4);
  g.stride_height = (size_t)random_in(state, 1, 3);
  g.stride_width = (size_t)random_in(state, 1, 3);
  g.dilation_height = (size_t)random_in(state, 1, 2);
  g.dilation_width = (size_t)random_in(state, 1, 2);
  const size_t height = (g.output_height - 1) * g.stride_height + (g.kernel_height - 1) * g.dilation_height + 1;
  const size_t width = (g.output_width - 1) * g.stride_width + (g.kernel_width - 1) * g.dilation_width + 1;
  g.pad_top = point ? 0 : (size_t)random_in(state, 0, (int64_t)(height > 4 ? 4 : height) - 1);
  g.pad_left = point ? 0 : (size_t)random_in(state, 0, (int64_t)(width > 4 ? 4 : width) - 1);
  const size_t bottom = point ? 0 : (size_t)random_in(state, 0, (int64_t)(height - g.pad_top) - 1) / 2;
  const size_t right = point ? 0 : (size_t)random_in(state, 0, (int64_t)(width - g.pad_left) - 1) / 2;
  g.input_height = height - g.pad_top - bottom;
  g.input_width = width - g.pad_left - right;
  g.input_pixel_stride = g.input_channels + (size_t)(random_in(state, 0, 1) * random_in(state, 0, 7));
  g.output_pixel_stride = g.output_channels + (size_t)(random_in(state, 0, 1) * random_in(state, 0, 7));
  return g;
}

// A matrix product of two tiles of rows whose weights are more than one block of the cache, so that the second tile fetches the next block.
static inline tflk_conv_geometry random_deep_product(uint64_t *state, size_t row_tile, size_t column_tile, size_t element_bytes) {
  const size_t rows = row_tile + (size_t)random_in(state, 1, (int64_t)row_tile), depth = (size_t)random_in(state, 8000, 9000);
  const size_t columns = (1200 << 10) / (depth * element_bytes) + random_size_near(state, column_tile, 2 * column_tile);
  return tflk_gemm_geometry(rows, columns, depth, depth, columns);
}

static inline size_t geometry_rows(const tflk_conv_geometry *g) { return g->batch * g->output_height * g->output_width; }
static inline size_t geometry_depth(const tflk_conv_geometry *g) {
  return g->kernel_height * g->kernel_width * g->input_channels;
}
// Elements up to the last one used: the stride's tail after the last pixel does not exist.
static inline size_t geometry_input_elements(const tflk_conv_geometry *g) {
  return (g->batch * g->input_height * g->input_width - 1) * g->input_pixel_stride + g->input_channels;
}
static inline size_t geometry_output_elements(const tflk_conv_geometry *g) {
  return (geometry_rows(g) - 1) * g->output_pixel_stride + g->output_channels;
}

// The element of the input that output row `row` multiplies with weight `k`, or SIZE_MAX for padding.
static inline size_t geometry_input_index(const tflk_conv_geometry *g, size_t row, size_t k) {
  if (k < g->input_channels && row < g->input_width && g->output_height * g->kernel_width * g->stride_width + g->pad_left == 1) {
    return row * g->input_pixel_stride + k;  // a matrix product, and many of them
  }
  const size_t c = k % g->input_channels, kx = k / g->input_channels % g->kernel_width;
  const size_t ky = k / g->input_channels / g->kernel_width;
  const size_t image = row / (g->output_height * g->output_width);
  const int64_t y = (int64_t)(row / g->output_width % g->output_height * g->stride_height + ky * g->dilation_height) - (int64_t)g->pad_top;
  const int64_t x = (int64_t)(row % g->output_width * g->stride_width + kx * g->dilation_width) - (int64_t)g->pad_left;
  if (y < 0 || x < 0 || y >= (int64_t)g->input_height || x >= (int64_t)g->input_width) return SIZE_MAX;
  return ((image * g->input_height + (size_t)y) * g->input_width + (size_t)x) * g->input_pixel_stride + c;
}

#endif
