#include "tables.h"

// kernels_neon.c is the baseline of aarch64.
#if !defined(__aarch64__)
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#pragma STDC FP_CONTRACT OFF

#define VECTOR_BYTES 16
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#if defined(__x86_64__)
#define DOT16(sum, a, b) ((sum) + (vint)_mm_madd_epi16((__m128i)(a), (__m128i)(b)))
#else
#define DOT16(sum, a, b) dot16(sum, a, b)
#endif
#define F32_MR 4
#define INT_TILE_ROWS 4
#define F32_NV 2

#define TABLE tflk_kernels_baseline
#define TABLE_ISA TFLK_ISA_BASELINE

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
#endif
