// Times the microkernels on one core and prints each against the peak of the instruction set.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"
#include "peak.h"

typedef struct layer {
  const char *name;
  size_t size, channels, filters, kernel, stride;  // square images; a matrix product has size 0 and `rows` rows
  size_t rows;
} layer;

static const layer layers[] = {
    {"resnet18 conv1 7x7/2", 224, 3, 64, 7, 2, 0},
    {"resnet18 56x56x64 3x3", 56, 64, 64, 3, 1, 0},
    {"resnet18 28x28x128 3x3", 28, 128, 128, 3, 1, 0},
    {"resnet18 14x14x256 3x3", 14, 256, 256, 3, 1, 0},
    {"resnet18 7x7x512 3x3", 7, 512, 512, 3, 1, 0},
    {"resnet18 56x56x64-128 3x3/2", 56, 64, 128, 3, 2, 0},
    {"resnet18 fc 512-1000", 0, 512, 1000, 1, 1, 1},
    {"mobilenet conv1 3x3/2", 224, 3, 32, 3, 2, 0},
    {"mobilenet 112x112 32-64", 112, 32, 64, 1, 1, 0},
    {"mobilenet 56x56 64-128", 56, 64, 128, 1, 1, 0},
    {"mobilenet 28x28 256-256", 28, 256, 256, 1, 1, 0},
    {"mobilenet 14x14 512-512", 14, 512, 512, 1, 1, 0},
    {"mobilenet 7x7 1024-1024", 7, 1024, 1024, 1, 1, 0},
    {"mobilenetv2 56x56 24-144", 56, 24, 144, 1, 1, 0},
    {"gemm 128x768x768", 0, 768, 768, 1, 1, 128},
    {"gemm 197x768x3072", 0, 768, 3072, 1, 1, 197},
    {"gemm 256x1024x1024", 0, 1024, 1024, 1, 1, 256},
    {"gemm 1024x4096x1024", 0, 4096, 1024, 1, 1, 1024},
    {"gemv 1x4096x4096", 0, 4096, 4096, 1, 1, 1},
    {"gemv 1x1024x1024", 0, 1024, 1024, 1, 1, 1},
    {"gemm 4x2048x2048", 0, 2048, 2048, 1, 1, 4},
};

static tflk_conv_geometry geometry_of(const layer *l) {
  if (l->size == 0) return tflk_gemm_geometry(l->rows, l->filters, l->channels, l->channels, l->filters);
  tflk_conv_geometry g = {0};
  g.batch = 1;
  g.input_height = g.input_width = l->size;
  g.input_channels = g.input_pixel_stride = l->channels;
  g.output_height = g.output_width = (l->size + l->stride - 1) / l->stride;
  g.output_channels = g.output_pixel_stride = l->filters;
  g.kernel_height = g.kernel_width = l->kernel;
  g.stride_height = g.stride_width = l->stride;
  g.dilation_height = g.dilation_width = 1;
  const size_t needed = (g.output_height - 1) * l->stride + l->kernel;
  g.pad_top = g.pad_left = needed > l->size ? (needed - l->size) / 2 : 0;
  return g;
}

static void *allocate(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes + 64) != 0) exit(1);
  memset(memory, 1, bytes);
  return memory;
}

static float *random_floats(size_t count) {
  float *values = allocate(count * sizeof(float));
  for (size_t i = 0; i < count; i++) values[i] = (float)(i * 2654435761u % 1000) / 1000 - 0.5f;
  return values;
}

typedef struct run {
  const tflk_kernels *kernels;
  tflk_conv_geometry geometry;
  void *input, *weights, *packed, *output, *scratch, *zeros;
} run;

static double best_time(void (*once)(run *), run *r) {
  double best = 1e9;
  const double start = seconds_now();
  for (int i = 0; i < 200 && (i < 5 || seconds_now() - start < 0.25); i++) {
    const double begin = seconds_now();
    once(r);
    const double time = seconds_now() - begin;
    best = time < best ? time : best;
  }
  return best;
}

static void run_f32(run *r) {
  const tflk_kernels *k = r->kernels;
  const tflk_conv_geometry *g = &r->geometry;
  k->f32_conv(
      g, r->input, r->zeros, r->packed, r->output, 0, g->batch * g->output_height * g->output_width, 0,
      (g->output_channels + k->f32_tile_columns - 1) / k->f32_tile_columns, -INFINITY, INFINITY, r->scratch);
}

static double time_f32(const tflk_kernels *k, const layer *l) {
  run r = {.kernels = k, .geometry = geometry_of(l)};
  const tflk_conv_geometry *g = &r.geometry;
  const size_t depth = l->kernel * l->kernel * l->channels;
  r.input = random_floats(g->batch * g->input_height * g->input_width * g->input_channels);
  r.weights = random_floats(depth * l->filters);
  r.zeros = calloc(g->input_channels, sizeof(float));
  r.output = allocate(g->output_height * g->output_width * g->output_channels * sizeof(float));
  r.packed = allocate(k->f32_packed_bytes(l->filters, depth));
  r.scratch = allocate(k->f32_scratch_bytes(g));
  k->f32_pack(
      l->filters, depth, r.weights, depth, NULL, r.packed, 0, (l->filters + k->f32_tile_columns - 1) / k->f32_tile_columns);
  const double time = best_time(run_f32, &r);
  free(r.input), free(r.weights), free(r.zeros), free(r.output), free(r.packed), free(r.scratch);
  return time;
}

static void run_winograd(run *r) {
  const tflk_kernels *k = r->kernels;
  const tflk_conv_geometry *g = &r->geometry;
  k->f32_winograd(
      g, r->input, r->zeros, r->packed, r->output, 0, k->f32_winograd_tiles(g), 0,
      (g->output_channels + k->f32_tile_columns - 1) / k->f32_tile_columns, -INFINITY, INFINITY, r->scratch);
}

// Whether Winograd's method takes the layer.
static bool is_winograd(const layer *l) { return l->kernel == 3 && l->stride == 1 && l->channels % 16 == 0; }

static double time_winograd(const tflk_kernels *k, const layer *l) {
  run r = {.kernels = k, .geometry = geometry_of(l)};
  const tflk_conv_geometry *g = &r.geometry;
  r.input = random_floats(g->batch * g->input_height * g->input_width * g->input_channels);
  r.weights = random_floats(9 * l->channels * l->filters);
  r.zeros = calloc(g->input_channels, sizeof(float));
  r.output = allocate(g->output_height * g->output_width * g->output_channels * sizeof(float));
  r.packed = allocate(k->f32_winograd_packed_bytes(l->filters, l->channels));
  r.scratch = allocate(k->f32_winograd_scratch_bytes(g));
  k->f32_winograd_pack(
      l->filters, l->channels, r.weights, NULL, r.packed, 0, (l->filters + k->f32_tile_columns - 1) / k->f32_tile_columns);
  const double time = best_time(run_winograd, &r);
  free(r.input), free(r.weights), free(r.zeros), free(r.output), free(r.packed), free(r.scratch);
  return time;
}

static const tflk_quantized_format int8_format = {TFLK_INT8, TFLK_INT8, 3, 0};
static const tflk_quantized_format int16_format = {TFLK_INT16, TFLK_INT8, 0, 0};

static tflk_quantized_output quantized_output(const run *r, tflk_type type) {
  const int32_t low = type == TFLK_INT8 ? -128 : -32768;
  return (tflk_quantized_output){.data = r->output, .type = type, .activation_min = low, .activation_max = -1 - low};
}

static size_t int8_tiles(const run *r) {
  return (r->geometry.output_channels + r->kernels->int8_tile_columns - 1) / r->kernels->int8_tile_columns;
}

// As an operator runs it: the preparation of the input counts.
static void run_int8(run *r) {
  const tflk_conv_geometry *g = &r->geometry;
  const tflk_quantized_output output = quantized_output(r, TFLK_INT8);
  r->kernels->int8_prepare(g, &int8_format, r->input, NULL, r->scratch, 0, r->kernels->int8_prepared_pixels(g));
  r->kernels->int8_conv(
      g, &int8_format, r->scratch, r->packed, &output, 0, g->batch * g->output_height * g->output_width, 0, int8_tiles(r));
}

static void run_int16(run *r) {
  const tflk_conv_geometry *g = &r->geometry;
  const tflk_quantized_output output = quantized_output(r, TFLK_INT16);
  r->kernels->int16_prepare(g, &int16_format, r->input, r->scratch, 0, r->kernels->int16_prepared_pixels(g));
  r->kernels->int16_conv(
      g, &int16_format, r->scratch, r->packed, &output, 0, g->batch * g->output_height * g->output_width, 0, int8_tiles(r));
}

static double time_quantized(const tflk_kernels *k, const layer *l, tflk_type type) {
  run r = {.kernels = k, .geometry = geometry_of(l)};
  const tflk_conv_geometry *g = &r.geometry;
  const bool bytes = type == TFLK_INT8;
  const size_t depth = l->kernel * l->kernel * l->channels, width = bytes ? 1 : 2;
  int32_t *multipliers = allocate(l->filters * 4), *shifts = allocate(l->filters * 4);
  for (size_t n = 0; n < l->filters; n++) multipliers[n] = 1500000000, shifts[n] = -9;
  r.input = allocate(g->batch * g->input_height * g->input_width * g->input_channels * width);
  r.weights = allocate(depth * l->filters);
  r.output = allocate(g->output_height * g->output_width * g->output_channels * width);
  r.packed = allocate(bytes ? k->int8_packed_bytes(g) : k->int16_packed_bytes(g, &int16_format));
  r.scratch = allocate(bytes ? k->int8_prepared_bytes(g) : k->int16_prepared_bytes(g));
  if (bytes) {
    k->int8_pack(g, &int8_format, r.weights, depth, 1, NULL, multipliers, shifts, r.packed, 0, int8_tiles(&r));
  } else {
    k->int16_pack(g, &int16_format, r.weights, depth, 1, NULL, multipliers, shifts, false, r.packed, 0, int8_tiles(&r));
  }
  const double time = best_time(bytes ? run_int8 : run_int16, &r);
  free(r.input), free(r.weights), free(r.output), free(r.packed), free(r.scratch), free(multipliers), free(shifts);
  return time;
}

// Depthwise layers of MobileNet and of a network with 5x5 and 7x7 kernels.
static const layer depthwise_layers[] = {
    {"112x112x32 3x3", 112, 32, 32, 3, 1, 0},  {"112x112x64 3x3/2", 112, 64, 64, 3, 2, 0},
    {"56x56x128 3x3", 56, 128, 128, 3, 1, 0},  {"28x28x256 3x3", 28, 256, 256, 3, 1, 0},
    {"14x14x512 3x3", 14, 512, 512, 3, 1, 0},  {"7x7x1024 3x3", 7, 1024, 1024, 3, 1, 0},
    {"28x28x120 5x5", 28, 120, 120, 5, 1, 0},  {"56x56x96 7x7", 56, 96, 96, 7, 1, 0},
};

static void run_f32_depthwise(run *r) {
  const tflk_conv_geometry *g = &r->geometry;
  r->kernels->f32_depthwise(g, r->input, r->weights, NULL, r->output, 0, g->output_height, -INFINITY, INFINITY);
}

static void run_int8_depthwise(run *r) {
  const tflk_conv_geometry *g = &r->geometry;
  const tflk_quantized_output output = quantized_output(r, TFLK_INT8);
  const size_t pixels = r->kernels->int_depthwise_prepared_pixels(g);
  r->kernels->int_depthwise_prepare(g, &int8_format, r->input, NULL, r->scratch, 0, pixels);
  r->kernels->int_depthwise(g, r->scratch, r->packed, &output, 0, g->output_height);
}

static double time_depthwise(const tflk_kernels *k, const layer *l, bool quantized) {
  run r = {.kernels = k, .geometry = geometry_of(l)};
  const tflk_conv_geometry *g = &r.geometry;
  int32_t *multipliers = allocate(l->filters * 4), *shifts = allocate(l->filters * 4);
  for (size_t n = 0; n < l->filters; n++) multipliers[n] = 1500000000, shifts[n] = -9;
  r.input = random_floats(l->size * l->size * l->channels);
  r.weights = random_floats(l->kernel * l->kernel * l->channels);
  r.output = allocate(g->output_height * g->output_width * l->channels * 4);
  r.packed = allocate(k->int_depthwise_packed_bytes(g));
  r.scratch = allocate(k->int_depthwise_prepared_bytes(g));
  k->int_depthwise_pack(g, &int8_format, r.weights, NULL, multipliers, shifts, true, r.packed);
  const double time = best_time(quantized ? run_int8_depthwise : run_f32_depthwise, &r);
  free(r.input), free(r.weights), free(r.output), free(r.packed), free(r.scratch), free(multipliers), free(shifts);
  return time;
}

static bool json, first_record = true;

static void report(tflk_isa isa, const char *kind, const char *name, double operations, double time, double peak) {
  if (json) {
    printf(
        "%s\n  {\"isa\": \"%s\", \"kind\": \"%s\", \"shape\": \"%s\", \"ms\": %.6f, \"gops\": %.2f, \"fraction_of_peak\": %.4f}",
        first_record ? "" : ",", tflk_isa_name(isa), kind, name, time * 1e3, operations / time * 1e-9, operations / time / peak);
    first_record = false;
  } else {
    printf(
        "%-9s %-6s %-30s %10.4f ms %9.1f Gop/s %6.1f %%\n", tflk_isa_name(isa), kind, name, time * 1e3, operations / time * 1e-9,
        100 * operations / time / peak);
  }
}

static double operations_of(const layer *l) {
  const tflk_conv_geometry g = geometry_of(l);
  return 2.0 * (double)(g.output_height * g.output_width) * (double)l->filters * (double)(l->kernel * l->kernel * l->channels);
}

static void report_depthwise(const tflk_kernels *k, bool quantized, double peak) {
  for (size_t i = 0; i < sizeof depthwise_layers / sizeof *depthwise_layers; i++) {
    const layer *l = &depthwise_layers[i];
    const tflk_conv_geometry g = geometry_of(l);
    const double operations = 2.0 * (double)(g.output_height * g.output_width * l->channels * l->kernel * l->kernel);
    report(k->isa, quantized ? "int8dw" : "f32dw", l->name, operations, time_depthwise(k, l, quantized), peak);
  }
}

int main(int argc, char **argv) {
  const char *only_isa = NULL, *only_kind = NULL, *only_shape = "";
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (strncmp(argv[i], "--isa=", 6) == 0) {
      only_isa = argv[i] + 6;
    } else if (strncmp(argv[i], "--kind=", 7) == 0) {
      only_kind = argv[i] + 7;
    } else if (strncmp(argv[i], "--shape=", 8) == 0) {
      only_shape = argv[i] + 8;
    } else {
      fprintf(stderr, "usage: kernels [--json] [--isa=NAME|all] [--kind=f32|winograd|int8|int16|f32dw|int8dw] [--shape=PART_OF_NAME]\n");
      return 2;
    }
  }
  if (only_isa == NULL) only_isa = tflk_isa_name(tflk_cpu_isa());
  if (json) printf("[");
  for (int isa = 0; isa < TFLK_ISA_COUNT; isa++) {
    const tflk_kernels *k = tflk_kernels_for((tflk_isa)isa);
    if (k == NULL || (strcmp(only_isa, "all") != 0 && strcmp(only_isa, tflk_isa_name((tflk_isa)isa)) != 0)) continue;
    if (only_kind == NULL || strcmp(only_kind, "f32") == 0) {
      const double peak = measure_peak_f32((tflk_isa)isa);
      report((tflk_isa)isa, "f32", "peak", peak, 1, peak);
      for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        if (strstr(layers[i].name, only_shape) == NULL) continue;
        report((tflk_isa)isa, "f32", layers[i].name, operations_of(&layers[i]), time_f32(k, &layers[i]), peak);
      }
    }
    // The operations are those of the direct sum, so that shares above 100 % are possible.
    if (only_kind == NULL || strcmp(only_kind, "winograd") == 0) {
      const double peak = measure_peak_f32((tflk_isa)isa);
      for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        if (strstr(layers[i].name, only_shape) == NULL || !is_winograd(&layers[i])) continue;
        report((tflk_isa)isa, "winogr", layers[i].name, operations_of(&layers[i]), time_winograd(k, &layers[i]), peak);
      }
    }
    if (only_kind == NULL || strcmp(only_kind, "f32dw") == 0) report_depthwise(k, false, measure_peak_f32((tflk_isa)isa));
    const double int8_peak = measure_peak_int8((tflk_isa)isa);
    if (only_kind == NULL || strcmp(only_kind, "int8") == 0) {
      report((tflk_isa)isa, "int8", "peak", int8_peak, 1, int8_peak);
      for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        if (strstr(layers[i].name, only_shape) == NULL) continue;
        report((tflk_isa)isa, "int8", layers[i].name, operations_of(&layers[i]), time_quantized(k, &layers[i], TFLK_INT8), int8_peak);
      }
    }
    if (only_kind == NULL || strcmp(only_kind, "int8dw") == 0) report_depthwise(k, true, int8_peak);
    if (only_kind == NULL || strcmp(only_kind, "int16") == 0) {
      for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        if (strstr(layers[i].name, only_shape) == NULL) continue;
        report((tflk_isa)isa, "int16", layers[i].name, operations_of(&layers[i]), time_quantized(k, &layers[i], TFLK_INT16), int8_peak);
      }
    }
  }
  if (json) printf("\n]\n");
  return 0;
}
