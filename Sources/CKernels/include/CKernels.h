/// Whole-loop microkernels of the runtime, one body compiled per instruction set.
///
/// Rules that hold for every function:
/// - Sizes and strides are in elements of the tensor's type unless a name ends in `bytes`. The caller guarantees that they are consistent and
///   that products fit in `size_t`; nothing is checked here.
/// - Tensors need only the natural alignment of their element. Packed weights and scratch must be 64-byte aligned.
/// - A packed buffer belongs to the `tflk_kernels` that wrote it: another instruction set lays it out differently.
/// - All functions are pure with respect to global state, so concurrent calls are safe when the ranges that they write do not overlap.
/// - A result never depends on how the caller divides rows and columns between calls. Integer results are the same bits on every instruction
///   set; float sums of different instruction sets may differ in rounding (with and without fused multiply-add).
/// - A range may be empty.
#ifndef TFLITE_CKERNELS_H
#define TFLITE_CKERNELS_H

#include "argument.h"
#include "content_hash.h"
#include "processors.h"
#include "rows.h"
#include "thread_pool.h"
#include "transpose.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma mark - Instruction sets

/// Instruction sets, those of one architecture in increasing order. `BASELINE` is what every CPU of the architecture has (SSE2 on x86-64,
/// NEON on aarch64).
typedef enum tflk_isa {
  TFLK_ISA_BASELINE = 0,
  // x86-64
  TFLK_ISA_AVX2 = 1,         ///< AVX2 and FMA
  TFLK_ISA_AVX512 = 2,       ///< AVX-512 F, BW, VL, DQ
  TFLK_ISA_AVX512_VNNI = 3,  ///< the above and AVX-512 VNNI
  // aarch64
  TFLK_ISA_NEON_FP16 = 4,     ///< FEAT_FP16
  TFLK_ISA_NEON_DOTPROD = 5,  ///< the above and FEAT_DotProd
  TFLK_ISA_NEON_I8MM = 6,     ///< the above and FEAT_I8MM
} tflk_isa;

enum { TFLK_ISA_COUNT = 7 };

/// The best instruction set of this CPU, or a lower one that the environment variable TFLITE_ISA asks for: baseline, avx2, avx512 or vnni on
/// x86-64, baseline (or neon), neon_fp16, neon_dotprod or neon_i8mm on aarch64. Any other value is ignored. Read once per process; thread-safe.
tflk_isa tflk_cpu_isa(void);

/// The name that TFLITE_ISA uses, as a static string; "unknown" outside of the enumeration.
const char *tflk_isa_name(tflk_isa isa);

#pragma mark - Geometry

/// A two-dimensional convolution over NHWC tensors, seen as a matrix product with
/// `M = batch * output_height * output_width` rows, `N = output_channels` columns and `K = kernel_height * kernel_width * input_channels`.
///
/// A group of a grouped convolution is described by its own channel counts, pointers moved to the group's first channel, and the strides
/// of the whole tensors. Input positions outside of the image read as zero (in quantised kernels, as the zero point); `pad_top` and `pad_left`
/// are the only paddings needed, those at the bottom and right follow from the output size. Every size, stride and dilation is at least one,
/// only the kernel of a float convolution may be 0 by 0: its outputs are the bias. Tensors without elements never come here.
typedef struct tflk_conv_geometry {
  size_t batch;
  size_t input_height, input_width, input_channels;
  size_t output_height, output_width, output_channels;
  size_t kernel_height, kernel_width;
  size_t stride_height, stride_width;
  size_t dilation_height, dilation_width;
  size_t pad_top, pad_left;
  size_t input_pixel_stride;   ///< elements from one input pixel to the next, >= input_channels
  size_t output_pixel_stride;  ///< elements from one output pixel to the next, >= output_channels
} tflk_conv_geometry;

/// The geometry of `C[rows][columns] = A[rows][depth] * W[columns][depth]^T` with row strides in elements: FULLY_CONNECTED, BATCH_MATMUL.
static inline tflk_conv_geometry tflk_gemm_geometry(
    size_t rows, size_t columns, size_t depth, size_t input_row_stride, size_t output_row_stride) {
  tflk_conv_geometry g;
  g.batch = 1;
  g.input_height = 1;
  g.input_width = rows;
  g.input_channels = depth;
  g.output_height = 1;
  g.output_width = rows;
  g.output_channels = columns;
  g.kernel_height = g.kernel_width = 1;
  g.stride_height = g.stride_width = 1;
  g.dilation_height = g.dilation_width = 1;
  g.pad_top = g.pad_left = 0;
  g.input_pixel_stride = input_row_stride;
  g.output_pixel_stride = output_row_stride;
  return g;
}

/// A product of matrices whose right one, [depth][columns], is not packed. The rows of the output follow one another.
typedef struct tflk_product {
  size_t columns, depth;
  size_t left_row_stride, left_depth_stride;
} tflk_product;

#pragma mark - Quantised tensors

/// Types of activations and outputs.
typedef enum tflk_type {
  TFLK_INT8 = 0,
  TFLK_UINT8 = 1,
  TFLK_INT16 = 2,
  TFLK_INT32 = 3,
  TFLK_FLOAT32 = 4,
  TFLK_INT64 = 5,
  TFLK_BOOL = 6,  // of `convert` only; a byte, true unless it is 0
} tflk_type;

enum { TFLK_TYPES = 7 };

/// What elements are folded into, in any order. Results are of the elements' type, but sums of integers int32, modulo 2^32. Comparisons with NaN are
/// false: NaN is passed over, and stays where a result begins with it.
typedef enum tflk_fold { TFLK_FOLD_SUM = 0, TFLK_FOLD_GREATEST = 1, TFLK_FOLD_LEAST = 2 } tflk_fold;

enum { TFLK_FOLDS = 3 };

/// How the operands of an integer convolution are quantised. The accumulator is
/// `bias[n] + sum_k (input(m, k) - input_zero_point) * (weights[n][k] - weight_zero_point)`, exact modulo 2^32.
typedef struct tflk_quantized_format {
  tflk_type input_type;        ///< TFLK_INT8 or TFLK_UINT8 for `int8_*`, TFLK_INT16 for `int16_*`
  tflk_type weight_type;       ///< TFLK_INT8 or TFLK_UINT8; for `int16_*` also TFLK_INT16
  int32_t input_zero_point;    ///< in the range of the input type; zero for int16 and for inputs with a zero point per row
  int32_t weight_zero_point;   ///< in the range of the weight type; zero for weights of int16
  /// For packing only: the results between the limits of the activation, before the zero point is added. Where they are given, requantisation to
  /// int8 and uint8 may be fitted to them; both are zero for other outputs and where packing has to be quick.
  int32_t lowest_result, highest_result;
} tflk_quantized_format;

/// The most pairs of a `tflk_byte_pairs` that are put right one by one.
enum { TFLK_BYTE_PAIR_EXCEPTIONS = 4 };

/// A pair of bytes and its result.
typedef struct tflk_byte_pair_exception {
  uint8_t left, right, result;
} tflk_byte_pair_exception;

/// How an integer is scaled in fixed point: see `MultiplyByQuantizedMultiplier`; a positive shift is to the left.
typedef struct tflk_fixed_scale {
  int32_t multiplier, shift;
} tflk_fixed_scale;

/// A sum or product of two bytes, requantised to a byte: in floats as `fit_byte_pairs` found it, or as the reference computes it, which takes two to
/// six times as long and needs no search. The members of the other form are not read.
typedef struct tflk_byte_pairs {
  bool multiplies, is_exact;
  /// Exact: the reference's scales of the operands of a sum, which are shifted to the left by 20 before (those of 16 bits by 15), and of its sum
  /// or product.
  tflk_fixed_scale left_fixed, right_fixed, fixed;
  /// Exact: whether the right operand of a sum is subtracted.
  bool subtracts;
  float left_scale, right_scale, start, away;
  int32_t left_zero_point, right_zero_point;
  int32_t exception_count;
  tflk_byte_pair_exception exceptions[TFLK_BYTE_PAIR_EXCEPTIONS];  ///< where there are some, the others repeat the last
} tflk_byte_pairs;

/// The same in real numbers, before the output's zero point is added: `left * (a - left_zero_point) + right * (b - right_zero_point)`, or
/// `left * (a - left_zero_point) * (b - right_zero_point)`.
typedef struct tflk_byte_pair_scales {
  double left, right;
  int32_t left_zero_point, right_zero_point;
} tflk_byte_pair_scales;

/// What pooling makes of the elements of a window, of TFLK_INT8, TFLK_UINT8, TFLK_INT16 or TFLK_FLOAT32. The bounds are values of the type.
///
/// - The greatest, NaN aside, and `low` where there is none.
/// - The mean: `clamp(sum / count)`, of integers to the nearest with ties away from zero, and `low` where there are none.
typedef struct tflk_pooling {
  tflk_type type;
  bool averages;
  float low, high;
} tflk_pooling;

/// What becomes of the accumulators.
///
/// - TFLK_INT8, TFLK_UINT8, TFLK_INT16: `clamp(output_zero_point + MultiplyByQuantizedMultiplier(accumulator, multiplier[n], shift[n]))`, with the
///   multipliers given when packing. The activation range must lie inside of the type's. With a `real_scale` (`int8_conv` only)
///   `clamp(output_zero_point + round(accumulator * real_scale[n]))`, ties away from zero; what is not in the range of int32 counts as the lowest.
/// - TFLK_INT32: the accumulators, modulo 2^32 (`int8_conv`, `int8_depthwise`, `int16_conv` only).
/// - TFLK_INT64: the accumulators (`int16_conv` only).
/// - TFLK_FLOAT32 (`int8_conv`, `int8_depthwise` only):
///   `clamp((accumulator - row_zero_point[r] * sum_k (weights[n][k] - weight_zero_point)) * row_scale[r] * channel_scale[n] + bias[n])` with
///   `r = m / rows_per_scale`: dynamic range quantisation. `int8_pack` must have been given no bias then.
typedef struct tflk_quantized_output {
  void *data;      ///< row 0, column 0 of the whole output; rows are the geometry's `output_pixel_stride` apart
  tflk_type type;
  int32_t output_zero_point, activation_min, activation_max;
  const double *real_scale;  ///< output_channels elements, or NULL
  // TFLK_FLOAT32 only.
  const float *row_scale;
  const int32_t *row_zero_point;  ///< NULL for zeros
  size_t rows_per_scale;          ///< 1 for a scale per row, output_height * output_width for one per image
  const float *channel_scale;     ///< output_channels elements
  const float *bias;              ///< output_channels elements, or NULL for zeros
  float clamp_min, clamp_max;
} tflk_quantized_output;

/// `[rows][depth]` times `[columns][depth]` whose weights have a scale for each block of the depth, which is a multiple of `block`.
typedef struct tflk_block_geometry {
  size_t rows, columns, depth, block;
} tflk_block_geometry;

/// Bytes behind the rows of int8 that `int4_product` may read.
enum { TFLK_BLOCK_SLACK = 8 };

#pragma mark - Functions of floats

/// Functions of one float. Relative errors, measured against double precision, stay within 3 units in the last place;
/// errors of `GELU` within 1e-6 of x, of sine and cosine within 1.5e-7. NaN gives NaN.
typedef enum tflk_function {
  TFLK_EXP = 0,
  TFLK_LOGISTIC,    ///< 1 / (1 + e^-x)
  TFLK_TANH,        ///< keeps the sign of zero
  TFLK_ELU,         ///< e^x - 1 below 0, else x
  TFLK_GELU,        ///< x / 2 * erfc(-x / sqrt 2)
  TFLK_GELU_TANH,   ///< x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
  TFLK_HARD_SWISH,  ///< x * clamp(x + 3, 0, 6) / 6
  TFLK_SILU,        ///< x / (1 + e^-x), with the bits of the product of x and TFLK_LOGISTIC
  TFLK_LOG,         ///< -infinity of 0, NaN of less
  TFLK_SIN,         ///< keeps the sign of zero
  TFLK_COS,
  TFLK_FLOOR,       ///< exact, keeps the sign
  TFLK_CEIL,        ///< exact, keeps the sign
  TFLK_ROUND,       ///< exact, ties to even; the sign of 0 stays, that of what becomes 0 does not
  TFLK_SQRT,        ///< exact
  TFLK_RSQRT,       ///< 1 / sqrt(x)
  TFLK_SQUARE,
} tflk_function;

enum { TFLK_FUNCTION_COUNT = TFLK_SQUARE + 1 };

/// Functions of two floats.
typedef enum tflk_arithmetic {
  TFLK_ADD = 0,
  TFLK_SUB,
  TFLK_MUL,
  TFLK_DIV,
  TFLK_SQUARED_DIFFERENCE,
  TFLK_MAX,    // a > b ? a : b
  TFLK_MIN,    // a < b ? a : b
  TFLK_PRELU,  // a >= 0 ? a : a * b
} tflk_arithmetic;

enum { TFLK_ARITHMETIC_COUNT = TFLK_PRELU + 1 };

#pragma mark - Attention

/// Attention of the query heads that share one matrix of keys and one of values: row r of the query is head `r % heads` at position `r / heads`, and
/// its result `softmax(cap(scale * query . key) + mask) . value`, where `cap(x)` is `cap * tanh(x / cap)`, or x without a cap.
///
/// Queries and results of a head are `depth` elements after those of the head before it, and `position_stride` after those of the position before.
typedef struct tflk_attention {
  size_t rows;                  ///< positions * heads
  size_t heads;
  size_t position_stride;
  size_t span;                  ///< keys and values; results are zeros where there are none
  size_t depth;                 ///< at least 1
  size_t item_stride;           ///< from a key or value to the next
  float scale, cap;             ///< a cap of 0 is none
  size_t mask_position_step, mask_head_step;
  size_t mask_item_step;        ///< 0 or 1
} tflk_attention;

#pragma mark - Resizing

/// The neighbours of each pixel of a line that a bilinear resize makes.
typedef struct tflk_resize_columns {
  size_t count;                 ///< pixels of the output line
  const size_t *left, *right;   ///< their first elements, counted from the start of a line of the input
  const void *before, *after;   ///< weights of `left` and `right`
} tflk_resize_columns;

#pragma mark - The table of one instruction set

/// The functions of one instruction set. Tables are constant and live for ever.
typedef struct tflk_kernels {
  tflk_isa isa;

  // float32 convolution and matrix product.
  //
  // Packed weights are a sequence of `ceil(N / f32_tile_columns)` column tiles, each holding the bias and the K weights of its columns; the
  // last is padded with zeros. Work is divided over rows (any range of M; multiples of `f32_tile_rows` are fastest) and column tiles.

  size_t f32_tile_rows;
  size_t f32_tile_columns;

  /// Bytes of packed weights.
  size_t (*f32_packed_bytes)(size_t columns, size_t depth);

  /// Packs column tiles [tile_begin, tile_end) of `weights[columns][depth]`, whose rows are `row_stride` apart: CONV_2D's OHWI with
  /// depth = kernel_height * kernel_width * input_channels, or FULLY_CONNECTED's weights. `bias` has `columns` elements or is NULL for zeros.
  /// `packed` is the start of the whole packed buffer.
  void (*f32_pack)(
      size_t columns, size_t depth, const float *weights, size_t row_stride, const float *bias, void *packed, size_t tile_begin,
      size_t tile_end);

  /// The same from `weights[depth][columns]` (BATCH_MATMUL's right-hand side as it is stored); rows are `row_stride` apart.
  void (*f32_pack_transposed)(
      size_t columns, size_t depth, const float *weights, size_t row_stride, const float *bias, void *packed, size_t tile_begin,
      size_t tile_end);

  /// Bytes of scratch for one call of `f32_conv`; each concurrent call needs its own.
  size_t (*f32_scratch_bytes)(const tflk_conv_geometry *geometry);

  /// `output[m][n] = clamp(bias[n] + sum_k input(m, k) * weights[n][k])` for m in [row_begin, row_end) and the columns of tiles
  /// [tile_begin, tile_end). `output` is row 0, column 0 of the whole output, rows are `output_pixel_stride` apart. `zeros` points to at least
  /// `input_channels` zeros (it may be NULL when no input position is outside of the image). The sum runs over k in increasing order,
  /// starting from the bias. NaN passes through the clamp; use -INFINITY and INFINITY for no clamp.
  /// Input and output must not overlap.
  void (*f32_conv)(
      const tflk_conv_geometry *geometry, const float *input, const float *zeros, const void *packed, float *output, size_t row_begin,
      size_t row_end, size_t tile_begin, size_t tile_end, float clamp_min, float clamp_max, void *scratch);

  // float32 convolution by Winograd's F(4x4, 3x3), for filters of 3x3 with stride 1 and dilation 1 and input channels that are a multiple
  // of 16. Work is divided over tiles of 4x4 pixels of the output and column tiles. Results do not depend on the division; they differ from
  // those of `f32_conv` by about as much as those from the exact sum, and where inputs are not finite.

  /// Tiles of the whole output.
  size_t (*f32_winograd_tiles)(const tflk_conv_geometry *geometry);

  /// Tiles that are computed together; ranges of multiples of it, or a little less, are fastest.
  size_t (*f32_winograd_block)(size_t channels);

  /// Bytes of packed weights.
  size_t (*f32_winograd_packed_bytes)(size_t columns, size_t channels);

  /// See `f32_pack`, with `weights[columns][3][3][channels]`.
  void (*f32_winograd_pack)(
      size_t columns, size_t channels, const float *weights, const float *bias, void *packed, size_t tile_begin, size_t tile_end);

  /// See `f32_scratch_bytes`.
  size_t (*f32_winograd_scratch_bytes)(const tflk_conv_geometry *geometry);

  /// See `f32_conv`; [first, end) are tiles of the output.
  void (*f32_winograd)(
      const tflk_conv_geometry *geometry, const float *input, const float *zeros, const void *packed, float *output, size_t first,
      size_t end, size_t tile_begin, size_t tile_end, float clamp_min, float clamp_max, void *scratch);

  // int8 and uint8 convolution and matrix product.
  //
  // The input is first copied into a *prepared* form (`int8_prepare`, once per call of the operator, divided over pixels): padded, converted
  // to what the instruction set multiplies. Then `int8_conv` runs over rows and column tiles like `f32_conv`. It needs no scratch.

  size_t int8_tile_rows;     ///< also of int16
  size_t int8_tile_columns;  ///< also of int16

  /// Bytes of packed weights. Packed and prepared forms depend on the geometry's kernel, channels and dilation; the packed form not on the
  /// sizes of the images.
  size_t (*int8_packed_bytes)(const tflk_conv_geometry *geometry);

  /// Packs column tiles [tile_begin, tile_end). Weight (n, k) is at `weights[n * column_stride + k * depth_stride]`: (K, 1) for OHWI and
  /// FULLY_CONNECTED, (1, N) for a matrix stored as [K][N]; one of the strides must be 1. `bias` may be NULL. `multipliers` (>= 0) and `shifts`
  /// (-31...31, positive to the left) have an element per output channel, or are NULL for TFLK_INT32 and TFLK_FLOAT32 outputs.
  void (*int8_pack)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const void *weights, size_t column_stride,
      size_t depth_stride, const int32_t *bias, const int32_t *multipliers, const int32_t *shifts, void *packed, size_t tile_begin,
      size_t tile_end);

  /// Bytes of the prepared input.
  size_t (*int8_prepared_bytes)(const tflk_conv_geometry *geometry);

  /// Pixels of the prepared input, to divide its preparation.
  size_t (*int8_prepared_pixels)(const tflk_conv_geometry *geometry);

  /// Prepares pixels [pixel_begin, pixel_end), of those that there are. `padding` holds the value of padding for each image of the batch, for inputs with a zero
  /// point per row; NULL means the format's zero point.
  void (*int8_prepare)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const void *input, const int32_t *padding,
      void *prepared, size_t pixel_begin, size_t pixel_end);

  /// Computes rows [row_begin, row_end) and the columns of tiles [tile_begin, tile_end).
  void (*int8_conv)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const void *prepared, const void *packed,
      const tflk_quantized_output *output, size_t row_begin, size_t row_end, size_t tile_begin, size_t tile_end);

  // The same convolution by Winograd's F(4x4, 3x3) in integers, with the same bits: a quarter of the products, of int16. For weights of int8 with
  // zero point 0 and filters of 3x3 with stride 1 and dilation 1. It runs over column tiles and all tiles of 4x4 pixels of the output.

  /// Bytes of packed weights; 0 where the method does not serve, by the geometry or on this processor. Then the functions below may be NULL.
  size_t (*int8_winograd_packed_bytes)(const tflk_conv_geometry *geometry, const tflk_quantized_format *format);

  /// See `int8_pack`, with `weights[output_channels][3][3][channels]`.
  void (*int8_winograd_pack)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const int8_t *weights, const int32_t *bias,
      const int32_t *multipliers, const int32_t *shifts, void *packed, size_t tile_begin, size_t tile_end);

  /// Bytes of scratch for each thread.
  size_t (*int8_winograd_scratch_bytes)(const tflk_conv_geometry *geometry);

  /// See `int8_conv`; the input is prepared by `int8_prepare`.
  void (*int8_winograd)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const void *prepared, const void *packed,
      const tflk_quantized_output *output, size_t tile_begin, size_t tile_end, void *scratch);

  // int8 rows with a scale each, as `f32_quantize_rows` leaves them, and weights of at most 4 bits with a scale for each block along the depth,
  // which stay packed as 4 bits. Work is divided over rows and column tiles of `int8_tile_columns`.

  /// Bytes of packed weights.
  size_t (*int4_packed_bytes)(const tflk_block_geometry *geometry);

  /// Packs column tiles [tile_begin, tile_end) of `weights[columns][depth]`, which are -8...7, and `scales[columns][depth / block]`.
  void (*int4_pack)(
      const tflk_block_geometry *geometry, const int8_t *weights, const float *scales, void *packed, size_t tile_begin, size_t tile_end);

  /// What `int4_product` needs of rows [row_begin, row_end): `sums[rows][depth / block]`.
  void (*int4_block_sums)(const tflk_block_geometry *geometry, const int8_t *input, int32_t *sums, size_t row_begin, size_t row_end);

  /// `clamp((sum_b scales[n][b] * (sum of the products of block b) - row_zero_point[m] * sum_k weight(n, k)) * row_scale[m] + bias[n])` for a range of
  /// rows and the columns of a range of tiles: sums of blocks are exact, those of floats are in the order of the blocks. Of the output its data, whose
  /// rows are next to each other, row scales and zero points, bias and clamp are used.
  void (*int4_product)(
      const tflk_block_geometry *geometry, const int8_t *input, const int32_t *sums, const void *packed, const tflk_quantized_output *output,
      size_t row_begin, size_t row_end, size_t tile_begin, size_t tile_end);

  // int16 activations, int8 or int16 weights. The same steps; the tile sizes are those of int8. The accumulator is an exact int64 unless
  // `int32_accumulator` was set when packing (operators whose bias is int32), which wraps modulo 2^32 and requantises as int8 does.
  // With an int64 accumulator, shifts are -31...14 and the multiplier is reduced to 16 bits as in the reference.

  /// See `int8_packed_bytes`.
  size_t (*int16_packed_bytes)(const tflk_conv_geometry *geometry, const tflk_quantized_format *format);

  /// See `int8_pack`; `bias` may be NULL, multipliers and shifts only for outputs that are accumulators.
  void (*int16_pack)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const void *weights, size_t column_stride,
      size_t depth_stride, const int64_t *bias, const int32_t *multipliers, const int32_t *shifts, bool int32_accumulator,
      void *packed, size_t tile_begin, size_t tile_end);

  /// See `int8_prepared_bytes`, `int8_prepared_pixels` and `int8_prepare`; padding is zero.
  size_t (*int16_prepared_bytes)(const tflk_conv_geometry *geometry);
  size_t (*int16_prepared_pixels)(const tflk_conv_geometry *geometry);
  void (*int16_prepare)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const int16_t *input, void *prepared,
      size_t pixel_begin, size_t pixel_end);

  /// See `int8_conv`; `output->type` must be TFLK_INT16, TFLK_INT32 or TFLK_INT64.
  void (*int16_conv)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const void *prepared, const void *packed,
      const tflk_quantized_output *output, size_t row_begin, size_t row_end, size_t tile_begin, size_t tile_end);

  // Depthwise convolution: output_channels is a multiple of input_channels, and output channel n reads input channel
  // n / (output_channels / input_channels). Weights are TFLite's [1, kernel_height, kernel_width, output_channels]. Work is divided over the
  // batch * output_height lines of the output.

  /// Lines [line_begin, line_end). Weights are used in place; `bias` may be NULL. Taps outside of the image are skipped. The clamp is that of
  /// `f32_conv`. Fast when both channel counts agree and there are at least two channels.
  void (*f32_depthwise)(
      const tflk_conv_geometry *geometry, const float *input, const float *weights, const float *bias, float *output,
      size_t line_begin, size_t line_end, float clamp_min, float clamp_max);

  /// Bytes of packed weights of `int_depthwise`, for inputs of int8, uint8 and int16.
  size_t (*int_depthwise_packed_bytes)(const tflk_conv_geometry *geometry);

  /// Packs all weights. `bias` may be NULL; `multipliers` and `shifts` have an element per output channel, or are NULL for TFLK_INT32 and
  /// TFLK_FLOAT32 outputs. `int32_accumulator` must be true for inputs of int8 and uint8; without it the accumulator is int64 and the output
  /// TFLK_INT16, as in `int16_pack`.
  void (*int_depthwise_pack)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const void *weights, const int64_t *bias,
      const int32_t *multipliers, const int32_t *shifts, bool int32_accumulator, void *packed);

  /// Bytes and pixels of the prepared input: int16, with a value for each output channel.
  size_t (*int_depthwise_prepared_bytes)(const tflk_conv_geometry *geometry);
  size_t (*int_depthwise_prepared_pixels)(const tflk_conv_geometry *geometry);

  /// Prepares pixels [pixel_begin, pixel_end), of those that there are. `zero_points` holds the zero point of each image of the batch; NULL means the format's.
  void (*int_depthwise_prepare)(
      const tflk_conv_geometry *geometry, const tflk_quantized_format *format, const void *input, const int32_t *zero_points,
      void *prepared, size_t pixel_begin, size_t pixel_end);

  /// Computes lines [line_begin, line_end). For TFLK_FLOAT32, `row_zero_point` is ignored: the preparation has removed it.
  void (*int_depthwise)(
      const tflk_conv_geometry *geometry, const void *prepared, const void *packed, const tflk_quantized_output *output,
      size_t line_begin, size_t line_end);

  /// `data[i] = clamp(output_zero_point + MultiplyByQuantizedMultiplier(input[i], multiplier, shift))` for `count` elements of TFLK_INT8,
  /// TFLK_UINT8 or TFLK_INT16.
  void (*requantize)(
      const int32_t *input, size_t count, int32_t multiplier, int32_t shift, const tflk_quantized_output *output);

  /// Finds how to compute `requantize(left[a] + right[b])` (or `left[a] * right[b]`) in floats for all bytes `a` and `b`; the tables begin with
  /// the lowest byte of the output's type, TFLK_INT8 or TFLK_UINT8. False when there is no such way.
  bool (*fit_byte_pairs)(
      bool multiplies, const int32_t *left, const int32_t *right, int32_t multiplier, int32_t shift, const tflk_byte_pair_scales *scales,
      const tflk_quantized_output *output, tflk_byte_pairs *function);

  /// Applies the function to `count` pairs. An operand that repeats is one byte. The output may be either input.
  void (*byte_pairs)(
      const tflk_byte_pairs *function, const tflk_quantized_output *output, const void *left, bool left_repeats, const void *right,
      bool right_repeats, size_t count);

  /// The same for operands and an output of TFLK_INT16; the function is exact.
  void (*short_pairs)(
      const tflk_byte_pairs *function, const tflk_quantized_output *output, const int16_t *left, bool left_repeats, const int16_t *right,
      bool right_repeats, size_t count);

  /// Quantises each of the rows, which have at least one element, with a scale of its own: to -127...127 around zero, or asymmetrically to -128...127
  /// with a zero point. Ties go away from zero, NaN to the lowest; a row of zeros has the scale 1.
  void (*f32_quantize_rows)(
      const float *input, size_t rows, size_t columns, bool asymmetric, int8_t *output, float *scales, int32_t *zero_points);

  /// The least and the greatest of `first` and `count` values, a part of a row; NaN are passed over unless `first`, the row's first value, is one,
  /// which is the result then.
  void (*f32_extremes)(const float *input, size_t count, float first, float *low, float *high);

  /// Quantises part of a row with these extremes as `f32_quantize_rows` does.
  void (*f32_quantize)(
      const float *input, size_t count, float low, float high, bool asymmetric, int8_t *output, float *scale, int32_t *zero_point);

  /// `clamp(round(input[i] / scale) + zero_point)` to the range of TFLK_INT8, TFLK_UINT8 or TFLK_INT16, ties away from zero. What is NaN or beyond
  /// int32 after the division counts as the least int32, and the sum wraps.
  void (*f32_affine_quantize)(const float *input, size_t count, float scale, int32_t zero_point, tflk_type type, void *output);

  /// `scale * (input[i] - zero_point)` of TFLK_INT8, TFLK_UINT8 or TFLK_INT16.
  void (*affine_dequantize)(const void *input, tflk_type type, size_t count, float scale, int32_t zero_point, float *output);

  /// `output[i] = table[input[i]]` with 256 entries. The output may be the input.
  void (*lookup)(const uint8_t *table, const uint8_t *input, uint8_t *output, size_t count);

  /// `output[i] = condition[i] ? yes[i] : no[i]` of elements of 1, 2, 4 or 8 bytes. Of an operand that repeats only the first element is read. The
  /// output may be an operand that does not repeat.
  void (*choose)(
      const uint8_t *condition, const void *yes, bool yes_repeats, const void *no, bool no_repeats, void *output, size_t count, size_t element_bytes);

  /// Pools the lines [line_begin, line_end) of batch * output_height, with as many channels in the output as in the input and no gaps. Positions
  /// outside of the image are passed over.
  void (*pool)(
      const tflk_pooling *pooling, const tflk_conv_geometry *geometry, const void *input, void *output, size_t line_begin, size_t line_end);

  /// `output[i] = function(input[i])`, by tflk_function. The output may be the input.
  void (*f32_function[TFLK_FUNCTION_COUNT])(const float *input, float *output, size_t count);

  /// The softmax of each row: `e^((input[i] - peak) * scale)`, with `peak` the largest of the row, NaN aside, and at least the lowest finite float,
  /// divided by their sum. With a positive scale, exponentials below the least normal float are 0. The output may be the input.
  void (*f32_softmax)(const float *input, float *output, size_t rows, size_t width, float scale);

  /// Each row, with `centers` less its mean, divided by the square root of the mean of its squares plus `epsilon`; then times `scale` plus
  /// `offset` (`width` elements each, or null). The output may be the input.
  void (*f32_normalize)(
      const float *input, float *output, size_t rows, size_t width, bool centers, float epsilon, const float *scale, const float *offset);

  /// `sums[column]` = the sum of the squares of `columns` neighbouring columns of a matrix whose rows are `pitch` elements apart.
  void (*f32_column_squares)(const float *input, size_t rows, size_t pitch, size_t columns, float *sums);

  /// Each row plus its products with `factors` plus `offsets` (`width` elements each): x + (x * factor + offset). The output may be the input.
  void (*f32_scale_rows)(
      const float *input, float *output, size_t rows, size_t width, const float *factors, const float *offsets);

  /// Folds the elements of each of `columns` neighbouring columns of a matrix, whose rows are `pitch` elements apart, into `results[column]`, or
  /// those of each row into `results[row]`. TFLK_INT8, TFLK_UINT8, TFLK_INT16, TFLK_INT32, TFLK_FLOAT32; see tflk_fold.
  void (*fold_columns)(tflk_fold fold, tflk_type type, const void *input, size_t rows, size_t pitch, size_t columns, void *results);
  void (*fold_rows)(tflk_fold fold, tflk_type type, const void *input, size_t rows, size_t pitch, size_t columns, void *results);

  /// Rows [row_begin, row_end) of a product; the pointers are those of row 0. The same bits as those of `f32_conv`.
  void (*f32_product_in_place)(
      const tflk_product *product, const float *left, const float *right, float *output, size_t row_begin, size_t row_end);

  /// Bytes of packed keys and values, a multiple of 64; 0 where they are read in place. Depends on all rows.
  size_t (*f32_attention_packed_bytes)(const tflk_attention *attention);

  /// Packs keys and values [item_begin, item_end); `item_begin` is a multiple of `f32_tile_columns`, and `item_end` too unless it is the span.
  void (*f32_attention_pack)(
      const tflk_attention *attention, const float *keys, const float *values, void *packed, size_t item_begin, size_t item_end);

  /// Bytes of the scratch of one call, which must be 64-byte aligned.
  size_t (*f32_attention_scratch_bytes)(const tflk_attention *attention);

  /// Rows [row_begin, row_end). Query, mask (NULL for none) and output are those of row 0. Fastest in multiples of `f32_tile_rows`.
  void (*f32_attention)(
      const tflk_attention *attention, const float *query, const float *keys, const float *values, const void *packed, const float *mask,
      float *output, size_t row_begin, size_t row_end, void *scratch);

  /// `output[i] = clamp(function(left[i], right[i]))`, by tflk_arithmetic. Of an operand that repeats only the first element is read.
  /// The clamp is that of `f32_conv`. The output may be an operand that does not repeat.
  void (*f32_arithmetic[TFLK_ARITHMETIC_COUNT])(
      const float *left, bool left_repeats, const float *right, bool right_repeats, float *output, size_t count, float clamp_min,
      float clamp_max);

  /// `f32_arithmetic` of `rows` rows of `count` elements, which follow one another in the output. Rows of an operand begin `left_step` or
  /// `right_step` elements after one another.
  void (*f32_row_arithmetic[TFLK_ARITHMETIC_COUNT])(
      const float *left, bool left_repeats, size_t left_step, const float *right, bool right_repeats, size_t right_step, float *output,
      size_t rows, size_t count, float clamp_min, float clamp_max);

  /// Numbers of another type. Floats are cut off and limited to the range of an integer, NaN becomes the largest; integers become narrower by
  /// dropping bits; everything but 0 is true. The output may be the input where both types have one size.
  void (*convert)(tflk_type from, tflk_type to, const void *input, void *output, size_t count);

  /// Halves (their bits) as floats.
  void (*f16_to_f32)(const uint16_t *input, float *output, size_t count);

  /// Floats rounded to halves, to the nearest with ties to even; beyond the largest half, infinity. NaN stays NaN.
  void (*f32_to_f16)(const float *input, uint16_t *output, size_t count);

  /// `f32_arithmetic` of halves up to TFLK_DIV, each result rounded once, as `f32_to_f16` does. The bounds of the clamp are halves.
  void (*f16_arithmetic[TFLK_DIV + 1])(
      const uint16_t *left, bool left_repeats, const uint16_t *right, bool right_repeats, uint16_t *output, size_t count, float clamp_min,
      float clamp_max);

  /// One line of a bilinear resize, mixed of two lines of the input with `weights` (2 elements): float32 and uint8 with weights of float,
  /// `top * above * before + bottom * below * before + ...` without fusing, uint8 rounded by adding a half and cutting off; int8 and int16
  /// with weights of int32 that have ten fractional bits, rounded to nearest with ties away from zero. The output must not overlap the input.
  void (*resize_f32)(
      const void *top, const void *bottom, const void *weights, const tflk_resize_columns *columns, size_t channels, void *output);
  void (*resize_u8)(
      const void *top, const void *bottom, const void *weights, const tflk_resize_columns *columns, size_t channels, void *output);
  void (*resize_i8)(
      const void *top, const void *bottom, const void *weights, const tflk_resize_columns *columns, size_t channels, void *output);
  void (*resize_i16)(
      const void *top, const void *bottom, const void *weights, const tflk_resize_columns *columns, size_t channels, void *output);
} tflk_kernels;

/// The table of `isa`, or NULL when this CPU (or architecture) does not have it.
const tflk_kernels *tflk_kernels_for(tflk_isa isa);

#ifdef __cplusplus
}
#endif

#endif
