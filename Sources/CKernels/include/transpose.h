#ifndef TFLITE_CKERNELS_TRANSPOSE_H
#define TFLITE_CKERNELS_TRANSPOSE_H

#include <stddef.h>

// Transposes a matrix of `rows` x `columns` elements of `width` bytes (1, 2, 4 or 8): element (r, c) is read at
// source + c * source_stride + r * width and written at target + r * target_stride + c * width. Strides are in bytes and may be
// negative. The matrices must not overlap.
void tflk_transpose(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride, size_t rows, size_t columns,
                  size_t width);

// Copies `count` blocks of `bytes` bytes, `source_stride` and `target_stride` bytes apart; strides may be negative. Source and target must not overlap.
void tflk_copy_blocks(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride, size_t count, size_t bytes);

#endif
