// The checks as a plain program, for builds with sanitizers and for other architectures: see `run` beside this file and in ../Emulated.
//
// Usage: checks [--cases=N]     runs the checks on every instruction set of the CPU
//        checks --chosen=NAME   answers whether NAME is the instruction set that would be used
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernelsChecks.h"

int main(int argc, char **argv) {
  const struct {
    const char *name;
    int (*check)(const tflk_kernels *, int, uint64_t, char *);
    int times;  // as many cases, where they are short
  } checks[] = {
    {"f32_conv", check_f32_conv, 1},
    {"f32_winograd", check_f32_winograd, 1},
    {"int8_conv", check_int8_conv, 1},
    {"int8_winograd", check_int8_winograd, 1},
    {"fitted", check_fitted_requantization, 1},
    {"int4_product", check_int4_product, 1},
    {"int16_conv", check_int16_conv, 1},
    {"f32_depthwise", check_f32_depthwise, 1},
    {"int_depthwise", check_int_depthwise, 1},
    {"requantize", check_requantize, 10},
    {"byte_pairs", check_byte_pairs, 1},
    {"short_pairs", check_short_pairs, 1},
    {"argument", check_argument, 3},
    {"transpose", check_transpose, 3},
    {"copy_blocks", check_copy_blocks, 3},
    {"gathered_rows", check_gathered_rows, 3},
    {"set_coordinates", check_set_coordinates, 3},
    {"halves", check_halves, 10},
    {"convert", check_convert, 10},
    {"resize", check_resize, 3},
    {"quantize", check_quantize, 3},
    {"affine", check_affine_quantize, 3},
    {"lookup", check_lookup, 3},
    {"pool", check_pool, 3},
    {"functions", check_functions, 10},
    {"softmax", check_softmax, 3},
    {"arithmetic", check_arithmetic, 3},
    {"row arithmetic", check_row_arithmetic, 3},
    {"product", check_f32_product, 1},
    {"normalize", check_normalize, 1},
    {"attention", check_attention, 1},
    {"column squares", check_column_squares, 1},
    {"choose", check_choose, 1},
    {"folds", check_folds, 1},
    {"scale rows", check_scale_rows, 1},
  };
  int cases = 300;
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], "--cases=", 8) == 0) {
      cases = atoi(argv[i] + 8);
    } else if (strncmp(argv[i], "--chosen=", 9) == 0) {
      const char *chosen = tflk_isa_name(tflk_cpu_isa());
      if (strcmp(chosen, argv[i] + 9) == 0) return 0;
      printf("the instruction set is %s, not %s\n", chosen, argv[i] + 9);
      return 1;
    } else {
      fprintf(stderr, "usage: checks [--cases=N] [--chosen=NAME]\n");
      return 2;
    }
  }
  int failures = 0;
  for (int isa = 0; isa < TFLK_ISA_COUNT; isa++) {
    const tflk_kernels *kernels = tflk_kernels_for((tflk_isa)isa);
    if (kernels == NULL) continue;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
      char message[256] = "";
      const int number = checks[i].check(kernels, cases * checks[i].times, 1, message);
      printf("%-12s %-14s %s", tflk_isa_name((tflk_isa)isa), checks[i].name, number < 0 ? "ok\n" : "FAILED ");
      if (number >= 0) printf("case %d: %s\n", number, message);
      fflush(stdout);
      failures += number >= 0;
    }
  }
  return failures != 0;
}
