#ifndef TFLITE_CKERNELS_CHECKS_ORACLE_H
#define TFLITE_CKERNELS_CHECKS_ORACLE_H

#include <math.h>
#include <stdint.h>

// MultiplyByQuantizedMultiplier from its definition: a doubling high product rounded to nearest, then a division by a power of two rounded
// to nearest with ties away from zero (a double holds the quotient exactly).
static inline int32_t oracle_requantize(int32_t x, int32_t multiplier, int32_t shift) {
  const int32_t shifted = shift > 0 ? (int32_t)(uint32_t)((uint64_t)(uint32_t)x * ((uint64_t)1 << shift)) : x;
  const int64_t product = (int64_t)shifted * multiplier;
  const int64_t high = (product + (product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30))) / ((int64_t)1 << 31);
  return (int32_t)llround((double)high / (double)((int64_t)1 << (shift > 0 ? 0 : -shift)));
}

// The same of a 64-bit accumulator: sixteen bits of the multiplier, one rounding with ties up.
static inline int32_t oracle_requantize_long(int64_t x, int32_t multiplier, int32_t shift) {
  const int64_t reduced = multiplier < 0x7FFF0000 ? ((int64_t)multiplier + 32768) / 65536 : 32767;
  const __int128 sum = (__int128)x * reduced + ((__int128)1 << (14 - shift));
  const __int128 unit = (__int128)1 << (15 - shift);
  const __int128 quotient = sum >= 0 ? sum / unit : -((-sum + unit - 1) / unit);
  return (int32_t)(uint32_t)(uint64_t)(int64_t)quotient;
}

// A product in double precision, rounded once with ties away from zero; the lowest number where that is no int32.
static inline int32_t oracle_scale(int32_t x, double factor) {
  const double rounded = round(x * factor);
  return rounded >= -2147483648.0 && rounded <= 2147483647.0 ? (int32_t)rounded : INT32_MIN;
}

static inline int32_t oracle_clamp(int64_t x, int32_t low, int32_t high) {
  return x < low ? low : x > high ? high : (int32_t)x;
}

#endif
