#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

static void store_index(uint8_t *indices, size_t at, size_t bytes, int64_t index) {
  memcpy(indices + at * bytes, &index, bytes);
}

int check_gathered_rows(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  (void)kernels;
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t index_bytes = (size_t)2 << random_in(&random, 0, 2), depth = (size_t)random_in(&random, 1, 3);
    const size_t count = random_in(&random, 0, 3) == 0 ? (size_t)random_in(&random, 250, 600) : (size_t)random_in(&random, 0, 20);
    const size_t row_bytes = random_size_near(&random, 16, 200);
    ptrdiff_t sizes[3];
    size_t rows = 1;
    for (size_t k = 0; k < depth; k++) rows *= (size_t)(sizes[k] = (ptrdiff_t)random_in(&random, 1, 6));
    uint8_t *indices = exact(count * depth * index_bytes), *source = exact(rows * row_bytes), *target = exact(count * row_bytes);
    for (size_t i = 0; i < rows * row_bytes; i++) source[i] = (uint8_t)next_random(&random);
    for (size_t i = 0; i < count * depth; i++) store_index(indices, i, index_bytes, random_in(&random, 0, sizes[i % depth] - 1));
    const size_t total = count * depth;
    size_t bad = total;
    if (total > 0 && random_in(&random, 0, 2) == 0) {
      bad = (size_t)random_in(&random, 0, (int64_t)total - 1);
      store_index(indices, bad, index_bytes, random_in(&random, 0, 1) ? -1 - random_in(&random, 0, 9) : sizes[bad % depth]);
    }
    const tflk_row_places places = {indices, index_bytes, sizes, depth};
    const size_t found = tflk_first_index_outside(&places, count);
    bool good = found == bad;
    if (!good) snprintf(message, 256, "of %zu places of %zu indices, number %zu is outside, not %zu", count, depth, bad, found);
    const size_t first = count == 0 ? 0 : (size_t)random_in(&random, 0, (int64_t)count);
    if (count > 0) memset(target, 0x5A, count * row_bytes);
    tflk_gather_rows(&places, first, count - first, source, target, row_bytes);
    for (size_t row = 0; good && row < count; row++) {
      size_t place = 0;
      for (size_t k = 0; k < depth && row < count - first; k++) {
        int64_t index = 0;
        memcpy(&index, indices + ((first + row) * depth + k) * index_bytes, index_bytes);
        place = place * (size_t)sizes[k] + (size_t)index;
      }
      const bool is_left_out = row >= count - first || bad / depth == first + row;
      for (size_t i = 0; good && i < row_bytes; i++) {
        good = target[row * row_bytes + i] == (is_left_out ? 0x5A : source[place * row_bytes + i]);
        if (!good) snprintf(message, 256, "row %zu of %zu, %zu bytes, byte %zu", row, count, row_bytes, i);
      }
    }
    free(indices), free(source), free(target);
    if (!good) return number;
  }
  return -1;
}

int check_set_coordinates(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  (void)kernels;
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const size_t width = (size_t)1 << random_in(&random, 0, 3), rank = (size_t)random_in(&random, 1, 4);
    ptrdiff_t sizes[4];
    size_t count = 1;
    for (size_t k = 0; k < rank; k++) count *= (size_t)(sizes[k] = (ptrdiff_t)random_in(&random, random_in(&random, 0, 9) == 0 ? 0 : 1, 9));
    // The sign of zero does not count.
    const uint64_t mask = random_in(&random, 0, 1) ? UINT64_MAX : UINT64_MAX >> (65 - 8 * width);
    const int64_t density = random_in(&random, 0, 4);
    uint8_t *elements = exact(count * width);
    size_t set = 0;
    for (size_t i = 0; i < count; i++) {
      uint64_t element = random_in(&random, 0, 3) < density ? next_random(&random) : (uint64_t)1 << (8 * width - 1);
      if (random_in(&random, 0, 3) == 0) element = 0;
      memcpy(elements + i * width, &element, width);
      element = width == 8 ? element : element & (((uint64_t)1 << (8 * width)) - 1);
      set += (element & mask) != 0;
    }
    const size_t limit = random_in(&random, 0, 3) == 0 ? (size_t)random_in(&random, 0, (int64_t)set) : set;
    int64_t *coordinates = (int64_t *)exact(limit * rank * 8);
    const size_t counted = tflk_count_set(elements, count, width, mask);
    const size_t found = tflk_set_coordinates(elements, width, mask, sizes, rank, coordinates, limit);
    bool good = counted == set && found == (set > limit ? limit + 1 : set);
    if (!good) snprintf(message, 256, "%zu elements of %zu are set, limit %zu: counted %zu, found %zu", set, count, limit, counted, found);
    size_t next = 0;
    for (size_t i = 0; good && i < count && next < limit; i++) {
      uint64_t element = 0;
      memcpy(&element, elements + i * width, width);
      if ((element & mask) == 0) continue;
      size_t rest = i;
      for (size_t k = rank; good && k-- > 0; rest /= (size_t)sizes[k]) {
        good = coordinates[next * rank + k] == (int64_t)(rest % (size_t)sizes[k]);
      }
      if (!good) snprintf(message, 256, "coordinates %zu of element %zu, rank %zu", next, i, rank);
      next++;
    }
    free(elements), free(coordinates);
    if (!good) return number;
  }
  return -1;
}
