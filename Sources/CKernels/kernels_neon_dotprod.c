#include "tables.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("fullfp16,dotprod"))), apply_to = function)

#define VECTOR_BYTES 16
#define MULTIPLY_ADD(a, b, c) ((vfloat)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define DOT8(sum, a, b) ((vint)vdotq_s32((int32x4_t)(sum), (int8x16_t)(a), (int8x16_t)(b)))
#define HALF_ARITHMETIC
#define F32_MR 8
#define INT_TILE_ROWS 8
#define F32_NV 2

#define TABLE tflk_kernels_neon_dotprod
#define TABLE_ISA TFLK_ISA_NEON_DOTPROD

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
