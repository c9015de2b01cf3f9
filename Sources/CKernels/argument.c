#include "argument.h"

#include <string.h>

static inline void put(void *output, bool wide, size_t at, size_t place) {
  if (wide) {
    ((int64_t *)output)[at] = (int64_t)place;
  } else {
    ((int32_t *)output)[at] = (int32_t)place;
  }
}

#define IS_NUMBER(x) ((x) == (x))

// Rows: the greatest element in vectors, which overlap at the end of the row, then the first vector that has it. BITS is what `flip` works on,
// LANE the type of a comparison's lanes.
#define ARGUMENT(NAME, TYPE, BITS, LANE, N, LOWEST)                                                                           \
  typedef TYPE NAME##_vector __attribute__((vector_size(16)));                                                                \
  typedef BITS NAME##_bits __attribute__((vector_size(16)));                                                                  \
  typedef LANE NAME##_lanes __attribute__((vector_size(16)));                                                                 \
                                                                                                                              \
  static inline NAME##_vector NAME##_load(const TYPE *from, NAME##_bits flip) {                                               \
    NAME##_bits bits;                                                                                                         \
    memcpy(&bits, from, 16);                                                                                                  \
    return (NAME##_vector)(bits ^ flip);                                                                                      \
  }                                                                                                                           \
                                                                                                                              \
  static inline NAME##_vector NAME##_greater(NAME##_vector a, NAME##_vector b) {                                              \
    const NAME##_bits mask = (NAME##_bits)(a > b);                                                                            \
    return (NAME##_vector)((mask & (NAME##_bits)a) | (~mask & (NAME##_bits)b));                                               \
  }                                                                                                                           \
                                                                                                                              \
  static inline TYPE NAME##_one(const TYPE *from, BITS flip) {                                                                \
    BITS bits;                                                                                                                \
    TYPE value;                                                                                                               \
    memcpy(&bits, from, sizeof bits);                                                                                         \
    bits ^= flip;                                                                                                             \
    memcpy(&value, &bits, sizeof value);                                                                                      \
    return value;                                                                                                             \
  }                                                                                                                           \
                                                                                                                              \
  static size_t NAME##_short_row(const TYPE *row, size_t size, BITS flip) {                                                   \
    TYPE best = NAME##_one(row, flip);                                                                                        \
    size_t place = 0;                                                                                                         \
    for (size_t i = 1; i < size; i++) {                                                                                       \
      const TYPE value = NAME##_one(row + i, flip);                                                                           \
      const bool better = value > best || (IS_NUMBER(value) && !IS_NUMBER(best));                                             \
      best = better ? value : best;                                                                                           \
      place = better ? i : place;                                                                                             \
    }                                                                                                                         \
    return place;                                                                                                             \
  }                                                                                                                           \
                                                                                                                              \
  static size_t NAME##_row(const TYPE *row, size_t size, BITS flip_bits) {                                                    \
    const NAME##_bits flip = (NAME##_bits){0} + flip_bits;                                                                    \
    NAME##_vector best = (NAME##_vector){0} + (TYPE)(LOWEST);                                                                 \
    for (size_t i = 0; i + N < size; i += N) {                                                                                \
      const NAME##_vector next = NAME##_load(row + i, flip);                                                                  \
      best = NAME##_greater(next, best);                                                                                      \
    }                                                                                                                         \
    const NAME##_vector last = NAME##_load(row + size - N, flip);                                                             \
    best = NAME##_greater(last, best);                                                                                        \
    TYPE greatest = best[0];                                                                                                  \
    for (size_t lane = 1; lane < N; lane++) greatest = best[lane] > greatest ? best[lane] : greatest;                         \
    const NAME##_vector wanted = (NAME##_vector){0} + greatest;                                                               \
    for (size_t i = 0;; i += N) {                                                                                             \
      const size_t start = i + N < size ? i : size - N;                                                                       \
      const NAME##_lanes equal = (NAME##_lanes)(NAME##_load(row + start, flip) == wanted);                                    \
      uint64_t halves[2];                                                                                                     \
      memcpy(halves, &equal, 16);                                                                                             \
      if (halves[0] != 0) return start + (size_t)__builtin_ctzll(halves[0]) / (8 * sizeof(TYPE));                             \
      if (halves[1] != 0) return start + N / 2 + (size_t)__builtin_ctzll(halves[1]) / (8 * sizeof(TYPE));                     \
      if (start + N == size) return 0;                                                                                        \
    }                                                                                                                         \
  }                                                                                                                           \
                                                                                                                              \
  static void NAME##_rows(const TYPE *input, size_t rows, size_t size, BITS flip, bool wide, void *output) {                  \
    for (size_t r = 0; r < rows; r++, input += size) {                                                                        \
      put(output, wide, r, size < N ? NAME##_short_row(input, size, flip) : NAME##_row(input, size, flip));                   \
    }                                                                                                                         \
  }                                                                                                                           \
                                                                                                                              \
  static void NAME##_columns(                                                                                                 \
      const TYPE *input, size_t size, size_t stride, size_t inner, BITS flip, bool wide, void *output) {                      \
    enum { STRIP = 64 };                                                                                                      \
    TYPE best[STRIP];                                                                                                         \
    int32_t places[STRIP];                                                                                                    \
    for (size_t first = 0; first < inner; first += STRIP) {                                                                   \
      const size_t count = inner - first < STRIP ? inner - first : STRIP;                                                     \
      for (size_t i = 0; i < STRIP; i++) {                                                                                    \
        best[i] = NAME##_one(input + first + (i < count ? i : 0), flip);                                                      \
        places[i] = 0;                                                                                                        \
      }                                                                                                                       \
      for (size_t row = 1; row < size; row++) {                                                                               \
        TYPE values[STRIP];                                                                                                   \
        BITS bits[STRIP];                                                                                                     \
        if (count == STRIP) {                                                                                                 \
          memcpy(bits, input + row * stride + first, sizeof bits);                                                            \
        } else {                                                                                                              \
          memset(bits, 0, sizeof bits);                                                                                       \
          memcpy(bits, input + row * stride + first, count * sizeof(TYPE));                                                   \
        }                                                                                                                     \
        for (size_t i = 0; i < STRIP; i++) bits[i] ^= flip;                                                                   \
        memcpy(values, bits, sizeof bits);                                                                                    \
        for (size_t i = 0; i < STRIP; i++) {                                                                                  \
          const bool better = (values[i] > best[i]) | (IS_NUMBER(values[i]) & !IS_NUMBER(best[i]));                           \
          best[i] = better ? values[i] : best[i];                                                                             \
          places[i] = better ? (int32_t)row : places[i];                                                                      \
        }                                                                                                                     \
      }                                                                                                                       \
      for (size_t i = 0; i < count; i++) put(output, wide, first + i, (size_t)places[i]);                                     \
    }                                                                                                                         \
  }

ARGUMENT(byte, uint8_t, uint8_t, int8_t, 16, 0)
ARGUMENT(half, int16_t, uint16_t, int16_t, 8, INT16_MIN)
ARGUMENT(word, int32_t, uint32_t, int32_t, 4, INT32_MIN)
ARGUMENT(single, float, uint32_t, int32_t, 4, -__builtin_inff())

void tflk_argument_of_rows(
    tflk_argument_type type, const void *input, size_t rows, size_t size, uint32_t flip, bool wide, void *output) {
  switch (type) {
  case TFLK_ARGUMENT_BYTE: byte_rows(input, rows, size, (uint8_t)flip, wide, output); break;
  case TFLK_ARGUMENT_INT16: half_rows(input, rows, size, (uint16_t)flip, wide, output); break;
  case TFLK_ARGUMENT_INT32: word_rows(input, rows, size, flip, wide, output); break;
  case TFLK_ARGUMENT_FLOAT32: single_rows(input, rows, size, flip, wide, output); break;
  }
}

void tflk_argument_of_columns(
    tflk_argument_type type, const void *input, size_t size, size_t stride, size_t inner, uint32_t flip, bool wide, void *output) {
  switch (type) {
  case TFLK_ARGUMENT_BYTE: byte_columns(input, size, stride, inner, (uint8_t)flip, wide, output); break;
  case TFLK_ARGUMENT_INT16: half_columns(input, size, stride, inner, (uint16_t)flip, wide, output); break;
  case TFLK_ARGUMENT_INT32: word_columns(input, size, stride, inner, flip, wide, output); break;
  case TFLK_ARGUMENT_FLOAT32: single_columns(input, size, stride, inner, flip, wide, output); break;
  }
}
