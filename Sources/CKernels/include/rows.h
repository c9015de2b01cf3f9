#ifndef TFLITE_CKERNELS_ROWS_H
#define TFLITE_CKERNELS_ROWS_H

#include <stddef.h>
#include <stdint.h>

// Places of rows in a tensor: `depth` indices each, of `index_bytes` bytes (2, 4 or 8, signed), the first of the outermost dimension.
typedef struct tflk_row_places {
  const void *indices;
  size_t index_bytes;
  const ptrdiff_t *sizes;  // of the dimensions that the indices count in
  size_t depth;
} tflk_row_places;

// The number of the first index of `count` places that is negative or not below its size; `count * depth` if there is none.
size_t tflk_first_index_outside(const tflk_row_places *places, size_t count);

// Copies rows of `row_bytes` bytes: row i of the target is the row of the source at place `first + i`. Rows whose place is outside are left out.
// Source and target must not overlap.
void tflk_gather_rows(
    const tflk_row_places *places, size_t first, size_t count, const void *source, void *target, size_t row_bytes);

// How many of `count` elements of `width` bytes (1, 2, 4 or 8) have a bit of the mask set.
size_t tflk_count_set(const void *elements, size_t count, size_t width, uint64_t mask);

// The coordinates of the elements that have a bit of the mask set, in order: `rank` numbers each, of at most `limit` elements. Answers how many
// elements are set, or one more than the limit.
size_t tflk_set_coordinates(
    const void *elements, size_t width, uint64_t mask, const ptrdiff_t *sizes, size_t rank, int64_t *coordinates, size_t limit);

#endif
