#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))), apply_to = function)

// The table lies in four registers; a permutation of two looks at seven bits.
void tflk_lookup_avx512_vbmi(const uint8_t *table, const uint8_t *input, uint8_t *output, size_t count) {
  const __m512i a = _mm512_loadu_si512(table), b = _mm512_loadu_si512(table + 64);
  const __m512i c = _mm512_loadu_si512(table + 128), d = _mm512_loadu_si512(table + 192);
  for (size_t i = 0; i < count; i += 64) {
    const __mmask64 mask = count - i < 64 ? ~(__mmask64)0 >> (64 - (count - i)) : ~(__mmask64)0;
    const __m512i x = _mm512_maskz_loadu_epi8(mask, input + i);
    const __m512i low = _mm512_permutex2var_epi8(a, x, b), high = _mm512_permutex2var_epi8(c, x, d);
    _mm512_mask_storeu_epi8(output + i, mask, _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high));
  }
}

#pragma clang attribute pop
#endif
