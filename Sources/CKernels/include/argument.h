#ifndef TFLITE_CKERNELS_ARGUMENT_H
#define TFLITE_CKERNELS_ARGUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The place of the greatest element. Elements are compared after `flip` was applied to their bits: for int8, 0x80 (greatest) or 0x7F (least);
// for uint8, 0 or 0xFF; for int16 and int32, 0 or -1; for float32, 0 or the sign bit. The first of equal elements counts; a NaN only where there
// is nothing else.

typedef enum tflk_argument_type {
  TFLK_ARGUMENT_BYTE = 0,
  TFLK_ARGUMENT_INT16 = 1,
  TFLK_ARGUMENT_INT32 = 2,
  TFLK_ARGUMENT_FLOAT32 = 3,
} tflk_argument_type;

// For each of `rows` rows of `size` (at least one) consecutive elements, writes the place in the row as int64 when `wide`, as int32 otherwise.
void tflk_argument_of_rows(
    tflk_argument_type type, const void *input, size_t rows, size_t size, uint32_t flip, bool wide, void *output);

// For each of `inner` columns of a matrix of `size` rows, which are `stride` elements apart, writes the row of its greatest element.
void tflk_argument_of_columns(
    tflk_argument_type type, const void *input, size_t size, size_t stride, size_t inner, uint32_t flip, bool wide, void *output);

#endif
