#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

static const char *const names[TFLK_ISA_COUNT] = {"baseline", "avx2", "avx512", "vnni"};

static tflk_isa best_isa(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return TFLK_ISA_BASELINE;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl")
      || !__builtin_cpu_supports("avx512dq")) {
    return TFLK_ISA_AVX2;
  }
  return __builtin_cpu_supports("avx512vnni") ? TFLK_ISA_AVX512_VNNI : TFLK_ISA_AVX512;
#else
  return TFLK_ISA_BASELINE;
#endif
}

tflk_isa tflk_cpu_isa(void) {
  // Racing threads compute the same value.
  static _Atomic int cached = -1;
  int isa = atomic_load_explicit(&cached, memory_order_relaxed);
  if (isa >= 0) return (tflk_isa)isa;
  isa = best_isa();
  const char *wanted = getenv("TFLITE_ISA");
  if (wanted != NULL) {
    for (int i = 0; i < isa; i++) {
      if (strcmp(wanted, names[i]) == 0) isa = i;
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
#endif
  default: return NULL;
  }
}
