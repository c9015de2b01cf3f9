#include "peak.h"

#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__x86_64__)
#define REGISTER(x) "+v"(x)
#else
#define REGISTER(x) "+w"(x)
#endif

#if defined(__aarch64__)
enum { ROUNDS = 400000, SUMS = 24 };
#else
enum { ROUNDS = 400000, SUMS = 12 };
#endif

// Twelve sums are enough to fill two pipelines of latency four or five, twenty-four four pipelines, which the widest cores of aarch64 have. The empty assembly keeps the sums in registers and alive,
// and the product in the loop.
#define PEAK_LOOP(name, target_string, vector, zero, step)                        \
  __attribute__((target(target_string))) static void name(void) {                 \
    vector sums[SUMS];                                                            \
    vector a = zero, b = zero;                                                    \
    __asm__ volatile("" : REGISTER(a), REGISTER(b));                                      \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) sums[i] = a; \
    for (int round = 0; round < ROUNDS; round++) {                                \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) {         \
        sums[i] = step;                                                           \
        __asm__ volatile("" : REGISTER(sums[i]), REGISTER(a));                    \
      }                                                                           \
    }                                                                             \
  }

static double rate(void (*loop)(void), double operations_per_step) {
  double best = 1e9;
  for (int i = 0; i < 15; i++) {
    const double start = seconds_now();
    loop();
    const double time = seconds_now() - start;
    best = time < best ? time : best;
  }
  return operations_per_step * SUMS * ROUNDS / best;
}

#if defined(__x86_64__)
PEAK_LOOP(f32_sse2, "sse2", __m128, _mm_setzero_ps(), _mm_add_ps(sums[i], _mm_mul_ps(a, b)))
PEAK_LOOP(f32_avx2, "avx2,fma", __m256, _mm256_setzero_ps(), _mm256_fmadd_ps(a, b, sums[i]))
PEAK_LOOP(f32_avx512, "avx512f", __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(a, b, sums[i]))
PEAK_LOOP(int8_sse2, "sse2", __m128i, _mm_setzero_si128(), _mm_add_epi32(sums[i], _mm_madd_epi16(a, b)))
PEAK_LOOP(int8_avx2, "avx2", __m256i, _mm256_setzero_si256(), _mm256_add_epi32(sums[i], _mm256_madd_epi16(a, b)))
PEAK_LOOP(
    int8_avx512, "avx512f,avx512bw", __m512i, _mm512_setzero_si512(), _mm512_add_epi32(sums[i], _mm512_madd_epi16(a, b)))
PEAK_LOOP(int8_vnni, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), _mm512_dpbusd_epi32(sums[i], a, b))

double measure_peak_f32(tflk_isa isa) {
  switch (isa) {
  case TFLK_ISA_BASELINE: return rate(f32_sse2, 2 * 4);
  case TFLK_ISA_AVX2: return rate(f32_avx2, 2 * 8);
  default: return rate(f32_avx512, 2 * 16);
  }
}

double measure_peak_int8(tflk_isa isa) {
  switch (isa) {
  case TFLK_ISA_BASELINE: return rate(int8_sse2, 2 * 8);
  case TFLK_ISA_AVX2: return rate(int8_avx2, 2 * 16);
  case TFLK_ISA_AVX512: return rate(int8_avx512, 2 * 32);
  default: return rate(int8_vnni, 2 * 64);
  }
}
#elif defined(__aarch64__)
PEAK_LOOP(f32_neon, "neon", float32x4_t, vdupq_n_f32(0), vfmaq_f32(sums[i], a, b))
PEAK_LOOP(int8_neon, "neon", int32x4_t, vdupq_n_s32(0), vmlal_high_s16(sums[i], vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b)))
PEAK_LOOP(int8_dotprod, "dotprod", int32x4_t, vdupq_n_s32(0), vdotq_s32(sums[i], vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))
PEAK_LOOP(int8_i8mm, "i8mm", int32x4_t, vdupq_n_s32(0), vmmlaq_s32(sums[i], vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))

double measure_peak_f32(tflk_isa isa) { return (void)isa, rate(f32_neon, 2 * 4); }

double measure_peak_int8(tflk_isa isa) {
  switch (isa) {
  case TFLK_ISA_NEON_I8MM: return rate(int8_i8mm, 2 * 32);
  case TFLK_ISA_NEON_DOTPROD: return rate(int8_dotprod, 2 * 16);
  default: return rate(int8_neon, 2 * 4);
  }
}
#else
typedef float float4 __attribute__((vector_size(16)));
typedef int int4 __attribute__((vector_size(16)));
PEAK_LOOP(f32_loop, "default", float4, (float4){0}, sums[i] + a * b)
PEAK_LOOP(int8_loop, "default", int4, (int4){0}, sums[i] + a * b)
double measure_peak_f32(tflk_isa isa) { return (void)isa, rate(f32_loop, 2 * 4); }
double measure_peak_int8(tflk_isa isa) { return (void)isa, rate(int8_loop, 2 * 4); }
#endif
