#include "transpose.h"

#include <stdint.h>
#include <string.h>

// A square tile is transposed in registers by log2(N) rounds, each of which interleaves row i with row i + N/2.
// Where there are enough rows and columns, the last tile may repeat elements that the one before it has moved.
#define TRANSPOSE(NAME, ROW, TYPE, N, LOG_N, LOW, HIGH)                                                                    \
  static inline __attribute__((always_inline)) void NAME##_tile(                                                          \
      const char *source, ptrdiff_t source_stride, char *target, ptrdiff_t target_stride) {                               \
    ROW a[N], b[N];                                                                                                       \
    for (size_t i = 0; i < N; i++) memcpy(&a[i], source + (ptrdiff_t)i * source_stride, 16);                              \
    for (size_t round = 0; round < LOG_N; round++) {                                                                      \
      for (size_t i = 0; i < N / 2; i++) {                                                                                \
        b[2 * i] = __builtin_shufflevector(a[i], a[i + N / 2], LOW);                                                      \
        b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + N / 2], HIGH);                                                 \
      }                                                                                                                   \
      for (size_t i = 0; i < N; i++) a[i] = b[i];                                                                         \
    }                                                                                                                     \
    for (size_t i = 0; i < N; i++) memcpy(target + (ptrdiff_t)i * target_stride, &a[i], 16);                              \
  }                                                                                                                       \
  static void NAME(const char *source, ptrdiff_t source_stride, char *target, ptrdiff_t target_stride, size_t rows,       \
                   size_t columns) {                                                                                      \
    if (rows >= N && columns >= N) {                                                                                      \
      /* Rows of the target that fall on the same lines of the cache are written in whole lines. */                       \
      const size_t lines = target_stride % 1024 == 0 ? columns / (4 * N) * (4 * N) : 0;                                   \
      /* Rows of the source that do are read in whole lines. */                                                           \
      if (lines == 0 && source_stride % 1024 == 0) {                                                                      \
        for (size_t first = 0; first < rows; first += 4 * N) {                                                            \
          for (size_t c = 0; c < columns; c += N) {                                                                       \
            const size_t column = c + N <= columns ? c : columns - N;                                                     \
            for (size_t r = first; r < rows && r < first + 4 * N; r += N) {                                               \
              const size_t row = r + N <= rows ? r : rows - N;                                                            \
              NAME##_tile(source + (ptrdiff_t)column * source_stride + row * sizeof(TYPE), source_stride,                 \
                          target + (ptrdiff_t)row * target_stride + column * sizeof(TYPE), target_stride);                \
            }                                                                                                             \
          }                                                                                                               \
        }                                                                                                                 \
        return;                                                                                                           \
      }                                                                                                                   \
      for (size_t r = 0; r < rows; r += N) {                                                                              \
        const size_t row = r + N <= rows ? r : rows - N;                                                                  \
        for (size_t c = 0; c < lines; c += 4 * N) {                                                                       \
          char block[N][64];                                                                                              \
          for (size_t i = 0; i < 4; i++)                                                                                  \
            NAME##_tile(source + (ptrdiff_t)(c + i * N) * source_stride + row * sizeof(TYPE), source_stride,              \
                        block[0] + i * 16, 64);                                                                           \
          for (size_t i = 0; i < N; i++)                                                                                  \
            memcpy(target + (ptrdiff_t)(row + i) * target_stride + c * sizeof(TYPE), block[i], 64);                       \
        }                                                                                                                 \
        for (size_t c = lines; c < columns; c += N) {                                                                         \
          const size_t column = c + N <= columns ? c : columns - N;                                                       \
          NAME##_tile(source + (ptrdiff_t)column * source_stride + row * sizeof(TYPE), source_stride,                     \
                      target + (ptrdiff_t)row * target_stride + column * sizeof(TYPE), target_stride);                    \
        }                                                                                                                 \
      }                                                                                                                   \
      return;                                                                                                             \
    }                                                                                                                     \
    for (size_t r = 0; r < rows; r++)                                                                                     \
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
#define EVEN_16 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD_16 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define EVEN_8 0, 2, 4, 6, 8, 10, 12, 14
#define ODD_8 1, 3, 5, 7, 9, 11, 13, 15
#define EVEN_4 0, 2, 4, 6
#define ODD_4 1, 3, 5, 7
#define LOW_2 0, 2
#define HIGH_2 1, 3

typedef uint8_t transpose_8_row __attribute__((vector_size(16)));
typedef uint16_t transpose_16_row __attribute__((vector_size(16)));
typedef uint32_t transpose_32_row __attribute__((vector_size(16)));
typedef uint64_t transpose_64_row __attribute__((vector_size(16)));

TRANSPOSE(transpose_8, transpose_8_row, uint8_t, 16, 4, LOW_16, HIGH_16)
TRANSPOSE(transpose_16, transpose_16_row, uint16_t, 8, 3, LOW_8, HIGH_8)
TRANSPOSE(transpose_32, transpose_32_row, uint32_t, 4, 2, LOW_4, HIGH_4)
TRANSPOSE(transpose_64, transpose_64_row, uint64_t, 2, 1, LOW_2, HIGH_2)

#if defined(__x86_64__)
// Instructions that do not overwrite an operand save a copy of each row; without them, narrow elements take four times as long.
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
TRANSPOSE(transpose_8_avx2, transpose_8_row, uint8_t, 16, 4, LOW_16, HIGH_16)
TRANSPOSE(transpose_16_avx2, transpose_16_row, uint16_t, 8, 3, LOW_8, HIGH_8)
#pragma clang attribute pop
#endif

// Two rows become pairs, and pairs two rows. The last vector may repeat elements that the one before it has moved.
#define PAIRS(NAME, TYPE, N, LOW, HIGH, EVEN, ODD)                                                                         \
  static void NAME##_together(const char *source, ptrdiff_t source_stride, char *target, size_t count) {                  \
    for (size_t i = 0; i < count; i += N) {                                                                               \
      const size_t at = (i + N <= count ? i : count - N) * sizeof(TYPE);                                                  \
      NAME##_row a, b;                                                                                                    \
      memcpy(&a, source + at, 16);                                                                                        \
      memcpy(&b, source + source_stride + at, 16);                                                                        \
      const NAME##_row low = __builtin_shufflevector(a, b, LOW), high = __builtin_shufflevector(a, b, HIGH);               \
      memcpy(target + 2 * at, &low, 16);                                                                                  \
      memcpy(target + 2 * at + 16, &high, 16);                                                                            \
    }                                                                                                                     \
  }                                                                                                                       \
  static void NAME##_apart(const char *source, char *target, ptrdiff_t target_stride, size_t count) {                     \
    for (size_t i = 0; i < count; i += N) {                                                                               \
      const size_t at = (i + N <= count ? i : count - N) * sizeof(TYPE);                                                  \
      NAME##_row a, b;                                                                                                    \
      memcpy(&a, source + 2 * at, 16);                                                                                    \
      memcpy(&b, source + 2 * at + 16, 16);                                                                               \
      const NAME##_row even = __builtin_shufflevector(a, b, EVEN), odd = __builtin_shufflevector(a, b, ODD);               \
      memcpy(target + at, &even, 16);                                                                                     \
      memcpy(target + target_stride + at, &odd, 16);                                                                      \
    }                                                                                                                     \
  }

PAIRS(transpose_8, uint8_t, 16, LOW_16, HIGH_16, EVEN_16, ODD_16)
PAIRS(transpose_16, uint16_t, 8, LOW_8, HIGH_8, EVEN_8, ODD_8)
PAIRS(transpose_32, uint32_t, 4, LOW_4, HIGH_4, EVEN_4, ODD_4)

// Whether the elements could be moved in pairs, and were.
static int transpose_pairs(const char *source, ptrdiff_t source_stride, char *target, ptrdiff_t target_stride, size_t rows, size_t columns,
                           size_t width) {
  const size_t least = 16 / width;
  if (columns == 2 && rows >= least && target_stride == (ptrdiff_t)(2 * width)) {
    switch (width) {
    case 1: transpose_8_together(source, source_stride, target, rows); return 1;
    case 2: transpose_16_together(source, source_stride, target, rows); return 1;
    case 4: transpose_32_together(source, source_stride, target, rows); return 1;
    default: return 0;
    }
  }
  if (rows == 2 && columns >= least && source_stride == (ptrdiff_t)(2 * width)) {
    switch (width) {
    case 1: transpose_8_apart(source, target, target_stride, columns); return 1;
    case 2: transpose_16_apart(source, target, target_stride, columns); return 1;
    case 4: transpose_32_apart(source, target, target_stride, columns); return 1;
    default: return 0;
    }
  }
  return 0;
}

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

#if defined(__x86_64__)
#define HAS_BYTE_SHUFFLES __builtin_cpu_supports("ssse3")
__attribute__((target("ssse3")))
#else
#define HAS_BYTE_SHUFFLES 1
#endif
// The same for bytes; at least sixteen rows.
static void interleave_3_bytes(const char *source, ptrdiff_t source_stride, char *target, size_t rows) {
  for (size_t i = 0; i < rows; i += 16) {
    const size_t r = i + 16 <= rows ? i : rows - 16;
    transpose_8_row a, b, c;
    memcpy(&a, source + r, 16);
    memcpy(&b, source + source_stride + r, 16);
    memcpy(&c, source + 2 * source_stride + r, 16);
    // Each third of the result takes five or six bytes of each plane; the first shuffle brings those of two planes to their places.
    const transpose_8_row ab0 = __builtin_shufflevector(a, b, 0, 16, -1, 1, 17, -1, 2, 18, -1, 3, 19, -1, 4, 20, -1, 5);
    const transpose_8_row ab1 = __builtin_shufflevector(a, b, 21, -1, 6, 22, -1, 7, 23, -1, 8, 24, -1, 9, 25, -1, 10, 26);
    const transpose_8_row ab2 = __builtin_shufflevector(a, b, -1, 11, 27, -1, 12, 28, -1, 13, 29, -1, 14, 30, -1, 15, 31, -1);
    const transpose_8_row first = __builtin_shufflevector(ab0, c, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15);
    const transpose_8_row second = __builtin_shufflevector(ab1, c, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15);
    const transpose_8_row third = __builtin_shufflevector(ab2, c, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31);
    memcpy(target + 3 * r, &first, 16);
    memcpy(target + 3 * r + 16, &second, 16);
    memcpy(target + 3 * r + 32, &third, 16);
  }
}

void tflk_transpose(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride, size_t rows, size_t columns,
                  size_t width) {
  if (width == 4 && columns == 3 && target_stride == 12) {
    interleave_3(source, source_stride, target, rows);
    return;
  }
  if (width == 1 && columns == 3 && target_stride == 3 && rows >= 16 && HAS_BYTE_SHUFFLES) {
    interleave_3_bytes(source, source_stride, target, rows);
    return;
  }
  if (transpose_pairs(source, source_stride, target, target_stride, rows, columns, width)) return;
#if defined(__x86_64__)
  if (width <= 2 && __builtin_cpu_supports("avx2")) {
    (width == 1 ? transpose_8_avx2 : transpose_16_avx2)(source, source_stride, target, target_stride, rows, columns);
    return;
  }
#endif
  switch (width) {
  case 1: transpose_8(source, source_stride, target, target_stride, rows, columns); break;
  case 2: transpose_16(source, source_stride, target, target_stride, rows, columns); break;
  case 4: transpose_32(source, source_stride, target, target_stride, rows, columns); break;
  case 8: transpose_64(source, source_stride, target, target_stride, rows, columns); break;
  default: break;
  }
}

void tflk_copy_blocks(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride, size_t count, size_t bytes) {
  const char *from = source;
  char *to = target;
  // Short blocks take less time than a call.
  if (bytes < 16 || bytes > 256) {
    for (size_t i = 0; i < count; i++) memcpy(to + (ptrdiff_t)i * target_stride, from + (ptrdiff_t)i * source_stride, bytes);
    return;
  }
  for (size_t i = 0; i < count; i++, from += source_stride, to += target_stride) {
    transpose_8_row part;
    for (size_t at = 0; at + 16 < bytes; at += 16) {
      memcpy(&part, from + at, 16);
      memcpy(to + at, &part, 16);
    }
    memcpy(&part, from + bytes - 16, 16);
    memcpy(to + bytes - 16, &part, 16);
  }
}
