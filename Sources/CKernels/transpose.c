#include "transpose.h"

#include <stdint.h>
#include <string.h>

// A square tile is transposed in registers by log2(N) rounds, each of which interleaves row i with row i + N/2.
#define TRANSPOSE(NAME, TYPE, N, LOG_N, LOW, HIGH)                                                                         \
  typedef TYPE NAME##_row __attribute__((vector_size(16)));                                                               \
  static void NAME(const char *source, ptrdiff_t source_stride, char *target, ptrdiff_t target_stride, size_t rows,       \
                   size_t columns) {                                                                                      \
    size_t r = 0;                                                                                                         \
    for (; r + N <= rows; r += N) {                                                                                       \
      size_t c = 0;                                                                                                       \
      for (; c + N <= columns; c += N) {                                                                                  \
        NAME##_row a[N], b[N];                                                                                            \
        for (size_t i = 0; i < N; i++)                                                                                    \
          memcpy(&a[i], source + (ptrdiff_t)(c + i) * source_stride + r * sizeof(TYPE), 16);                              \
        for (size_t round = 0; round < LOG_N; round++) {                                                                  \
          for (size_t i = 0; i < N / 2; i++) {                                                                            \
            b[2 * i] = __builtin_shufflevector(a[i], a[i + N / 2], LOW);                                                  \
            b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + N / 2], HIGH);                                             \
          }                                                                                                               \
          for (size_t i = 0; i < N; i++) a[i] = b[i];                                                                     \
        }                                                                                                                 \
        for (size_t i = 0; i < N; i++)                                                                                    \
          memcpy(target + (ptrdiff_t)(r + i) * target_stride + c * sizeof(TYPE), &a[i], 16);                              \
      }                                                                                                                   \
      for (; c < columns; c++)                                                                                            \
        for (size_t i = 0; i < N; i++)                                                                                    \
          memcpy(target + (ptrdiff_t)(r + i) * target_stride + c * sizeof(TYPE),                                          \
                 source + (ptrdiff_t)c * source_stride + (r + i) * sizeof(TYPE), sizeof(TYPE));                           \
    }                                                                                                                     \
    for (; r < rows; r++)                                                                                                 \
      for (size_t c = 0; c < columns; c++)                                                                                \
        memcpy(target + (ptrdiff_t)r * target_stride + c * sizeof(TYPE),                                                  \
               source + (ptrdiff_t)c * source_stride + r * sizeof(TYPE), sizeof(TYPE));                                   \
  }

#define LOW_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LOW_8 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_8 4, 12, 5, 13, 6, 14, 7, 15
#define LOW_4 0, 4, 1, 5
#define HIGH_4 2, 6, 3, 7
#define LOW_2 0, 2
#define HIGH_2 1, 3

TRANSPOSE(transpose_8, uint8_t, 16, 4, LOW_16, HIGH_16)
TRANSPOSE(transpose_16, uint16_t, 8, 3, LOW_8, HIGH_8)
TRANSPOSE(transpose_32, uint32_t, 4, 2, LOW_4, HIGH_4)
TRANSPOSE(transpose_64, uint64_t, 2, 1, LOW_2, HIGH_2)

// Three planes become pixels of three channels, as in most images.
static void interleave_3(const char *source, ptrdiff_t source_stride, char *target, size_t rows) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    transpose_32_row a, b, c;
    memcpy(&a, source + r * 4, 16);
    memcpy(&b, source + source_stride + r * 4, 16);
    memcpy(&c, source + 2 * source_stride + r * 4, 16);
    const transpose_32_row ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);    // a0 b0 a1 b1
    const transpose_32_row bc = __builtin_shufflevector(b, c, 1, 5, 2, 6);    // b1 c1 b2 c2
    const transpose_32_row ca = __builtin_shufflevector(c, a, 0, 5, 2, 7);    // c0 a1 c2 a3
    const transpose_32_row first = __builtin_shufflevector(ab, ca, 0, 1, 4, 5);
    const transpose_32_row second = __builtin_shufflevector(__builtin_shufflevector(bc, a, 0, 1, 6, 2), bc, 0, 1, 2, 6);
    const transpose_32_row high = __builtin_shufflevector(b, c, 3, 7, 3, 7);  // b3 c3
    const transpose_32_row third = __builtin_shufflevector(ca, high, 2, 3, 4, 5);
    memcpy(target + r * 12, &first, 16);
    memcpy(target + r * 12 + 16, &second, 16);
    memcpy(target + r * 12 + 32, &third, 16);
  }
  for (; r < rows; r++) {
    for (size_t c = 0; c < 3; c++) memcpy(target + r * 12 + c * 4, source + (ptrdiff_t)c * source_stride + r * 4, 4);
  }
}

void tflk_transpose(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride, size_t rows, size_t columns,
                  size_t width) {
  if (width == 4 && columns == 3 && target_stride == 12) {
    interleave_3(source, source_stride, target, rows);
    return;
  }
  switch (width) {
  case 1: transpose_8(source, source_stride, target, target_stride, rows, columns); break;
  case 2: transpose_16(source, source_stride, target, target_stride, rows, columns); break;
  case 4: transpose_32(source, source_stride, target, target_stride, rows, columns); break;
  case 8: transpose_64(source, source_stride, target, target_stride, rows, columns); break;
  default: break;
  }
}
