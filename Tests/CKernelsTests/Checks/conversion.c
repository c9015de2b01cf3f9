#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernelsChecks.h"
#include "random.h"

static const size_t bytes_of[TFLK_TYPES] = {1, 1, 2, 4, 4, 8, 1};

// Reads and writes one element; the oracle computes in long double, which holds all numbers.
static long double number_at(tflk_type type, const uint8_t *p) {
  int16_t shorter;
  int32_t word;
  int64_t longer;
  float real;
  switch (type) {
  case TFLK_BOOL: return *p != 0;
  case TFLK_INT8: return (int8_t)*p;
  case TFLK_UINT8: return *p;
  case TFLK_INT16: return memcpy(&shorter, p, 2), shorter;
  case TFLK_INT32: return memcpy(&word, p, 4), word;
  case TFLK_INT64: return memcpy(&longer, p, 8), longer;
  default: return memcpy(&real, p, 4), real;
  }
}

static long double expected_of(tflk_type from, tflk_type to, const uint8_t *p) {
  const long double x = number_at(from, p);
  if (to == TFLK_BOOL) return x != 0;
  if (to == TFLK_FLOAT32) return (float)x;
  const int bits = (int)bytes_of[to] * 8 - (to != TFLK_UINT8);
  const long double high = ldexpl(1, bits) - 1, low = to == TFLK_UINT8 ? 0 : -ldexpl(1, bits);
  if (from == TFLK_FLOAT32) return isnan(x) || x > high ? high : x < low ? low : truncl(x);
  // Bits beyond the type's are dropped.
  const uint64_t all = (uint64_t)(int64_t)x, dropped = 64 - bytes_of[to] * 8;
  return to == TFLK_UINT8 ? (long double)(all << dropped >> dropped) : (long double)((int64_t)(all << dropped) >> dropped);
}

int check_convert(const tflk_kernels *kernels, int cases, uint64_t seed, char *message) {
  static const float special[] = {0, -0.0f, NAN, INFINITY, -INFINITY, 127.5f, -128.5f, 255.9f, -0.9f, 32767.7f, -32769, 0x1p31f, -0x1p31f, 0x1p63f,
      -0x1p63f, 2147483520.0f, 3e38f, 1e-40f};
  for (int number = 0; number < cases; number++) {
    uint64_t random = seed + (uint64_t)number * 1000003;
    const tflk_type from = (tflk_type)random_in(&random, 0, TFLK_TYPES - 1), to = (tflk_type)random_in(&random, 0, TFLK_TYPES - 1);
    const size_t count = (size_t)random_in(&random, 0, 200);
    uint8_t *input = exact(count * bytes_of[from]), *given = exact(count * bytes_of[from]);
    for (size_t i = 0; i < count; i++) {
      uint64_t bits = next_random(&random);
      float real = ldexpf(random_float(&random), (int)random_in(&random, 0, 70));
      if (random_in(&random, 0, 3) == 0) real = special[random_in(&random, 0, sizeof special / sizeof *special - 1)];
      if (from == TFLK_BOOL && random_in(&random, 0, 1)) bits = 0;
      memcpy(input + i * bytes_of[from], from == TFLK_FLOAT32 ? (const void *)&real : &bits, bytes_of[from]);
    }
    if (count > 0) memcpy(given, input, count * bytes_of[from]);
    const bool is_in_place = bytes_of[from] == bytes_of[to] && random_in(&random, 0, 1);
    uint8_t *output = is_in_place ? input : exact(count * bytes_of[to]);
    kernels->convert(from, to, input, output, count);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
      const long double expected = expected_of(from, to, given + i * bytes_of[from]);
      const long double found = to == TFLK_BOOL ? output[i] : number_at(to, output + i * bytes_of[to]);
      good = found == expected || (isnan(found) && isnan(expected));
      if (!good) snprintf(message, 256, "type %d to %d: %Lg became %Lg, expected %Lg", from, to, number_at(from, given + i * bytes_of[from]), found, expected);
    }
    free(given), free(input);
    if (!is_in_place) free(output);
    if (!good) return number;
  }
  return -1;
}
