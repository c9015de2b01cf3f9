#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

// Bits that the kernel reports; older C libraries do not name them all.
enum { HAS_FPHP = 1 << 9, HAS_ASIMDHP = 1 << 10, HAS_ASIMDDP = 1 << 20, HAS_I8MM = 1 << 13 };
#endif

static const char *const names[TFLK_ISA_COUNT] = {
    "baseline", "avx2", "avx512", "vnni", "neon_fp16", "neon_dotprod", "neon_i8mm"};

static tflk_isa best_isa(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) return TFLK_ISA_BASELINE;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl")
      || !__builtin_cpu_supports("avx512dq")) {
    return TFLK_ISA_AVX2;
  }
  return __builtin_cpu_supports("avx512vnni") ? TFLK_ISA_AVX512_VNNI : TFLK_ISA_AVX512;
#elif defined(__aarch64__) && defined(__linux__)
  const unsigned long has = getauxval(AT_HWCAP);
  if (!(has & HAS_FPHP) || !(has & HAS_ASIMDHP)) return TFLK_ISA_BASELINE;
  if (!(has & HAS_ASIMDDP)) return TFLK_ISA_NEON_FP16;
  return getauxval(AT_HWCAP2) & HAS_I8MM ? TFLK_ISA_NEON_I8MM : TFLK_ISA_NEON_DOTPROD;
#else
  return TFLK_ISA_BASELINE;
#endif
}

static bool has_name(tflk_isa isa, const char *name) {
#if defined(__aarch64__)
  if (isa == TFLK_ISA_BASELINE && strcmp(name, "neon") == 0) return true;
#endif
  return strcmp(name, names[isa]) == 0;
}

tflk_isa tflk_cpu_isa(void) {
  // Racing threads compute the same value.
  static _Atomic int cached = -1;
  int isa = atomic_load_explicit(&cached, memory_order_relaxed);
  if (isa >= 0) return (tflk_isa)isa;
  isa = best_isa();
  const char *wanted = getenv("TFLITE_ISA");
  if (wanted != NULL) {
    for (int i = 0; i < TFLK_ISA_COUNT; i++) {
      if (has_name((tflk_isa)i, wanted) && tflk_kernels_for((tflk_isa)i) != NULL) isa = i;
    }
  }
  atomic_store_explicit(&cached, isa, memory_order_relaxed);
  return (tflk_isa)isa;
}

const char *tflk_isa_name(tflk_isa isa) {
  return (unsigned)isa < TFLK_ISA_COUNT ? names[isa] : "unknown";
}

const tflk_kernels *tflk_kernels_for(tflk_isa isa) {
  if ((unsigned)isa > (unsigned)best_isa()) return NULL;
  switch (isa) {
  case TFLK_ISA_BASELINE: return &tflk_kernels_baseline;
#if defined(__x86_64__)
  case TFLK_ISA_AVX2: return &tflk_kernels_avx2;
  case TFLK_ISA_AVX512: return &tflk_kernels_avx512;
  case TFLK_ISA_AVX512_VNNI: return &tflk_kernels_avx512_vnni;
#elif defined(__aarch64__)
  case TFLK_ISA_NEON_FP16: return &tflk_kernels_neon_fp16;
  case TFLK_ISA_NEON_DOTPROD: return &tflk_kernels_neon_dotprod;
  case TFLK_ISA_NEON_I8MM: return &tflk_kernels_neon_i8mm;
#endif
  default: return NULL;
  }
}
