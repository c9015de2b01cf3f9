#ifndef TFLITE_CKERNELS_TABLES_H
#define TFLITE_CKERNELS_TABLES_H

#include <math.h>

#include "CKernels.h"

extern const tflk_kernels tflk_kernels_baseline;
#if defined(__x86_64__)
extern const tflk_kernels tflk_kernels_avx2;
extern const tflk_kernels tflk_kernels_avx512;
extern const tflk_kernels tflk_kernels_avx512_vnni;

// Only where the CPU has AVX512_VBMI, which some with VNNI lack.
void tflk_lookup_avx512_vbmi(const uint8_t *table, const uint8_t *input, uint8_t *output, size_t count);
#elif defined(__aarch64__)
extern const tflk_kernels tflk_kernels_neon_fp16;
extern const tflk_kernels tflk_kernels_neon_dotprod;
extern const tflk_kernels tflk_kernels_neon_i8mm;
#endif

#endif
