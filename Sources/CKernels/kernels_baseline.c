#include "tables.h"

#pragma STDC FP_CONTRACT OFF

#define VECTOR_BYTES 16
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define F32_MR 4
#define F32_NV 2

#define TABLE tflk_kernels_baseline
#define TABLE_ISA TFLK_ISA_BASELINE

#include "vector.inc"
#include "f32_gemm.inc"
#include "table.inc"
