// The checks as a plain program, for builds with sanitizers: see `run` beside this file.
#include <stdio.h>

#include "CKernelsChecks.h"

int main(void) {
  const struct {
    const char *name;
    int (*check)(const tflk_kernels *, int, uint64_t, char *);
  } checks[] = {
    {"f32_conv", check_f32_conv},
    {"f32_winograd", check_f32_winograd},
    {"int8_conv", check_int8_conv},
    {"fitted", check_fitted_requantization},
    {"int16_conv", check_int16_conv},
    {"f32_depthwise", check_f32_depthwise},
    {"int_depthwise", check_int_depthwise},
    {"requantize", check_requantize},
    {"byte_pairs", check_byte_pairs},
    {"argument", check_argument},
    {"resize", check_resize},
    {"quantize", check_quantize},
    {"functions", check_functions},
    {"softmax", check_softmax},
    {"arithmetic", check_arithmetic},
    {"normalize", check_normalize},
    {"column squares", check_column_squares},
  };
  int failures = 0;
  for (int isa = 0; isa < TFLK_ISA_COUNT; isa++) {
    const tflk_kernels *kernels = tflk_kernels_for((tflk_isa)isa);
    if (kernels == NULL) continue;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
      char message[256] = "";
      const int number = checks[i].check(kernels, 300, 1, message);
      printf("%-10s %-14s %s", tflk_isa_name((tflk_isa)isa), checks[i].name, number < 0 ? "ok\n" : "FAILED ");
      if (number >= 0) printf("case %d: %s\n", number, message);
      failures += number >= 0;
    }
  }
  return failures != 0;
}
