#ifndef TFLITE_CKERNELS_TABLES_H
#define TFLITE_CKERNELS_TABLES_H

#include "CKernels.h"

extern const tflk_kernels tflk_kernels_baseline;
#if defined(__x86_64__)
extern const tflk_kernels tflk_kernels_avx2;
extern const tflk_kernels tflk_kernels_avx512;
extern const tflk_kernels tflk_kernels_avx512_vnni;
#elif defined(__aarch64__)
extern const tflk_kernels tflk_kernels_neon_fp16;
extern const tflk_kernels tflk_kernels_neon_dotprod;
extern const tflk_kernels tflk_kernels_neon_i8mm;
#endif

#endif
