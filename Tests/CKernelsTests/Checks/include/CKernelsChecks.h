/// Checks of the microkernels against slow loops written from the operators' definitions.
///
/// Each check draws `cases` random problems from `seed`, runs them on one instruction set, and returns the number of the first problem that
/// fails, or -1. On failure `message` (at least 256 bytes) says what was wrong.
#ifndef TFLITE_CKERNELS_CHECKS_H
#define TFLITE_CKERNELS_CHECKS_H

#include <stdint.h>

#include "CKernels.h"

int check_f32_conv(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_f32_winograd(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_int8_conv(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_int8_winograd(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_fitted_requantization(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_int4_product(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_int16_conv(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_f32_depthwise(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_int_depthwise(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_requantize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_byte_pairs(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_short_pairs(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_argument(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_transpose(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_copy_blocks(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_gathered_rows(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_set_coordinates(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_halves(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_convert(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_resize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_quantize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_affine_quantize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_lookup(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_pool(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_functions(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_softmax(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_arithmetic(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_row_arithmetic(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_f32_product(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_normalize(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_attention(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_column_squares(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_choose(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_folds(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);
int check_scale_rows(const tflk_kernels *kernels, int cases, uint64_t seed, char *message);

#endif
