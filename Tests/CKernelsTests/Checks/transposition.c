#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

int check_transpose(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  (void)kernels;
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t width = (size_t)1 << random_in(&random, 0, 3), tile = 16 / width;
    // Two and three columns, and two rows, have ways of their own.
    const int64_t kind = random_in(&random, 0, 5);
    const size_t rows = kind == 2 ? 2 : random_size_near(&random, tile, 40);
    const size_t columns = kind < 2 ? (size_t)(3 - kind) : random_size_near(&random, tile, kind == 5 ? 150 : 40);
    const size_t source_gap = (size_t)random_in(&random, 0, 1) * (size_t)random_in(&random, 0, 9);
    size_t target_gap = (size_t)random_in(&random, 0, 1) * (size_t)random_in(&random, 0, 9);
    // Rows that meet in the cache.
    if (kind == 5) target_gap = 1024 - columns * width % 1024;
    const bool upwards = random_in(&random, 0, 3) == 0;
    const size_t source_pitch = rows * width + source_gap, target_pitch = columns * width + target_gap;
    const size_t source_bytes = (columns - 1) * source_pitch + rows * width;
    const size_t target_bytes = (rows - 1) * target_pitch + columns * width;
    uint8_t *source = exact(source_bytes), *target = exact(target_bytes);
    for (size_t i = 0; i < source_bytes; i++) source[i] = (uint8_t)next_random(&random);
    memset(target, 0x5A, target_bytes);
    // Read from the last column back to the first.
    const uint8_t *first = upwards ? source + (columns - 1) * source_pitch : source;
    const ptrdiff_t stride = upwards ? -(ptrdiff_t)source_pitch : (ptrdiff_t)source_pitch;
    tflk_transpose(first, stride, target, (ptrdiff_t)target_pitch, rows, columns, width);
    bool good = true;
    for (size_t at = 0; good && at < target_bytes; at++) {
      const size_t row = at / target_pitch, column = at % target_pitch / width;
      const bool inside = at % target_pitch < columns * width;
      const uint8_t expected = inside ? first[(ptrdiff_t)column * stride + (ptrdiff_t)(row * width + at % target_pitch % width)] : 0x5A;
      good = target[at] == expected;
      if (!good) {
        snprintf(
            message, 256, "%zu by %zu elements of %zu bytes, row %zu, column %zu: %d, expected %d", rows, columns, width, row, column,
            target[at], expected);
      }
    }
    free(source), free(target);
    if (!good) return number;
  }
  return -1;
}

int check_copy_blocks(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  (void)kernels;
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t bytes = random_size_near(&random, 16, 300), count = (size_t)random_in(&random, 0, 9);
    const size_t source_pitch = bytes + (size_t)random_in(&random, 0, 20), target_pitch = bytes + (size_t)random_in(&random, 0, 20);
    const size_t source_bytes = count == 0 ? 0 : (count - 1) * source_pitch + bytes;
    const size_t target_bytes = count == 0 ? 0 : (count - 1) * target_pitch + bytes;
    uint8_t *source = exact(source_bytes), *target = exact(target_bytes);
    for (size_t i = 0; i < source_bytes; i++) source[i] = (uint8_t)next_random(&random);
    if (target_bytes > 0) memset(target, 0x5A, target_bytes);
    tflk_copy_blocks(source, (ptrdiff_t)source_pitch, target, (ptrdiff_t)target_pitch, count, bytes);
    bool good = true;
    for (size_t at = 0; good && at < target_bytes; at++) {
      const size_t within = at % target_pitch;
      good = target[at] == (within < bytes ? source[at / target_pitch * source_pitch + within] : 0x5A);
      if (!good) snprintf(message, 256, "%zu blocks of %zu bytes: byte %zu", count, bytes, at);
    }
    free(source), free(target);
    if (!good) return number;
  }
  return -1;
}
