#include "rows.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

// Tensors in a file need not be aligned to their elements.
#define LOAD(type, from, at)                                              \
  ({                                                                      \
    type loaded;                                                          \
    memcpy(&loaded, (const char *)(from) + (at) * sizeof loaded, sizeof loaded); \
    loaded;                                                               \
  })

ALWAYS_INLINE int64_t index_at(const void *indices, size_t at, size_t index_bytes) {
  if (index_bytes == 2) return LOAD(int16_t, indices, at);
  if (index_bytes == 4) return LOAD(int32_t, indices, at);
  return LOAD(int64_t, indices, at);
}

ALWAYS_INLINE bool is_outside(int64_t index, ptrdiff_t size) { return (uint64_t)index >= (uint64_t)size; }

ALWAYS_INLINE size_t first_index_outside(const tflk_row_places *places, size_t index_bytes, size_t count) {
  const size_t depth = places->depth;
  size_t at = 0;
  if (depth == 1) {
    // Blocks without an early end are compared by vectors.
    enum { BLOCK = 256 };
    const ptrdiff_t size = places->sizes[0];
    for (; at + BLOCK <= count; at += BLOCK) {
      bool outside = false;
      for (size_t i = 0; i < BLOCK; i++) outside |= is_outside(index_at(places->indices, at + i, index_bytes), size);
      if (outside) break;
    }
    while (at < count && !is_outside(index_at(places->indices, at, index_bytes), size)) at++;
    return at;
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < depth; k++, at++) {
      if (is_outside(index_at(places->indices, at, index_bytes), places->sizes[k])) return at;
    }
  }
  return at;
}

size_t tflk_first_index_outside(const tflk_row_places *places, size_t count) {
  switch (places->index_bytes) {
  case 2: return first_index_outside(places, 2, count);
  case 4: return first_index_outside(places, 4, count);
  default: return first_index_outside(places, 8, count);
  }
}

// Short rows in parts that may overlap.
ALWAYS_INLINE void copy_row(char *target, const char *source, size_t bytes) {
  if (bytes > 128) {
    memcpy(target, source, bytes);
  } else if (bytes >= 16) {
    for (size_t i = 0; i + 16 < bytes; i += 16) memcpy(target + i, source + i, 16);
    memcpy(target + bytes - 16, source + bytes - 16, 16);
  } else if (bytes >= 8) {
    memcpy(target, source, 8);
    memcpy(target + bytes - 8, source + bytes - 8, 8);
  } else if (bytes >= 4) {
    memcpy(target, source, 4);
    memcpy(target + bytes - 4, source + bytes - 4, 4);
  } else if (bytes >= 2) {
    memcpy(target, source, 2);
    memcpy(target + bytes - 2, source + bytes - 2, 2);
  } else if (bytes == 1) {
    *target = *source;
  }
}

ALWAYS_INLINE void gather_rows(
    const tflk_row_places *places, size_t index_bytes, size_t depth, size_t first, size_t count, const char *source, char *target,
    size_t row_bytes) {
  for (size_t row = 0; row < count; row++, target += row_bytes) {
    int64_t place = 0;
    bool outside = false;
    for (size_t k = 0; k < depth; k++) {
      const int64_t index = index_at(places->indices, (first + row) * depth + k, index_bytes);
      const ptrdiff_t size = places->sizes[k];
      outside |= is_outside(index, size);
      place = (int64_t)((uint64_t)place * (uint64_t)size + (uint64_t)index);
    }
    if (!outside) copy_row(target, source + (size_t)place * row_bytes, row_bytes);
  }
}

ALWAYS_INLINE void gather_by_depth(
    const tflk_row_places *places, size_t index_bytes, size_t first, size_t count, const char *source, char *target, size_t row_bytes) {
  if (places->depth == 1) {
    switch (row_bytes) {
    case 1: gather_rows(places, index_bytes, 1, first, count, source, target, 1); return;
    case 2: gather_rows(places, index_bytes, 1, first, count, source, target, 2); return;
    case 4: gather_rows(places, index_bytes, 1, first, count, source, target, 4); return;
    case 8: gather_rows(places, index_bytes, 1, first, count, source, target, 8); return;
    default: gather_rows(places, index_bytes, 1, first, count, source, target, row_bytes); return;
    }
  }
  if (places->depth == 2) {
    gather_rows(places, index_bytes, 2, first, count, source, target, row_bytes);
  } else {
    gather_rows(places, index_bytes, places->depth, first, count, source, target, row_bytes);
  }
}

void tflk_gather_rows(
    const tflk_row_places *places, size_t first, size_t count, const void *source, void *target, size_t row_bytes) {
  switch (places->index_bytes) {
  case 2: gather_by_depth(places, 2, first, count, source, target, row_bytes); return;
  case 4: gather_by_depth(places, 4, first, count, source, target, row_bytes); return;
  default: gather_by_depth(places, 8, first, count, source, target, row_bytes); return;
  }
}

ALWAYS_INLINE uint64_t element_at(const void *elements, size_t at, size_t width) {
  if (width == 1) return LOAD(uint8_t, elements, at);
  if (width == 2) return LOAD(uint16_t, elements, at);
  if (width == 4) return LOAD(uint32_t, elements, at);
  return LOAD(uint64_t, elements, at);
}

ALWAYS_INLINE size_t count_set(const void *elements, size_t count, size_t width, uint64_t mask) {
  size_t set = 0;
  for (size_t i = 0; i < count; i++) set += (element_at(elements, i, width) & mask) != 0;
  return set;
}

size_t tflk_count_set(const void *elements, size_t count, size_t width, uint64_t mask) {
  switch (width) {
  case 1: return count_set(elements, count, 1, mask);
  case 2: return count_set(elements, count, 2, mask);
  case 4: return count_set(elements, count, 4, mask);
  default: return count_set(elements, count, 8, mask);
  }
}

ALWAYS_INLINE size_t set_coordinates(
    const void *elements, size_t width, uint64_t mask, const ptrdiff_t *sizes, size_t rank, int64_t *coordinates, size_t limit) {
  size_t lines = 1, set = 0;
  for (size_t k = 0; k + 1 < rank; k++) lines *= (size_t)sizes[k];
  const size_t length = rank == 0 ? 1 : (size_t)sizes[rank - 1];
  if (length == 0) return 0;
  for (size_t line = 0; line < lines; line++) {
    // Written for every element, and kept where it is set: half of all guesses would be wrong.
    for (size_t i = 0; i < length; i++) {
      const bool is_set = (element_at(elements, line * length + i, width) & mask) != 0;
      if (set == limit) {
        if (is_set) return limit + 1;
        continue;
      }
      int64_t *const to = coordinates + set * rank;
      if (rank == 2) {
        to[0] = (int64_t)line, to[1] = (int64_t)i;
      } else {
        size_t rest = line;
        if (is_set) {
          for (size_t k = rank - 1; k-- > 0; rest /= (size_t)sizes[k]) to[k] = (int64_t)(rest % (size_t)sizes[k]);
        }
        if (rank > 0) to[rank - 1] = (int64_t)i;
      }
      set += is_set;
    }
  }
  return set;
}

size_t tflk_set_coordinates(
    const void *elements, size_t width, uint64_t mask, const ptrdiff_t *sizes, size_t rank, int64_t *coordinates, size_t limit) {
  switch (width) {
  case 1: return set_coordinates(elements, 1, mask, sizes, rank, coordinates, limit);
  case 2: return set_coordinates(elements, 2, mask, sizes, rank, coordinates, limit);
  case 4: return set_coordinates(elements, 4, mask, sizes, rank, coordinates, limit);
  default: return set_coordinates(elements, 8, mask, sizes, rank, coordinates, limit);
  }
}
