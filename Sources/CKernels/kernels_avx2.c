#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define VECTOR_BYTES 32
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define DOT16(sum, a, b) ((sum) + (vint)_mm256_madd_epi16((__m256i)(a), (__m256i)(b)))
#define F32_MR 6
#define INT_TILE_ROWS 6
#define F32_NV 2

#define TABLE tflk_kernels_avx2
#define TABLE_ISA TFLK_ISA_AVX2

#include "vector.inc"
#include "f32_gemm.inc"
#include "f32_winograd.inc"
#include "requantize.inc"
#include "float_scale.inc"
#include "byte_pairs.inc"
#include "prepare.inc"
#include "int_tile.inc"
#include "int8_gemm.inc"
#include "int8_winograd.inc"
#include "int4_gemm.inc"
#include "int16_gemm.inc"
#include "f32_depthwise.inc"
#include "int_depthwise.inc"
#include "arrays.inc"
#include "choose.inc"
#include "conversion.inc"
#include "lookup.inc"
#include "pooling.inc"
#include "resize.inc"
#include "functions.inc"
#include "normalize.inc"
#include "folding.inc"
#include "attention.inc"
#include "f32_product.inc"
#include "halves.inc"
#include "table.inc"

#pragma clang attribute pop
#endif
