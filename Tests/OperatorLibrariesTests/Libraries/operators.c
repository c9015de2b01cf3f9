// Operators that work, and operators that answer what they must not. With TEST_ENTRY defined to a number, libraries that do.
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tflite_operator.h"

#define UNUSED(x) (void)(x)

static atomic_int instances, states;
// What was made and not yet taken back.
__attribute__((visibility("default"))) int live_instances(void) { return instances; }
__attribute__((visibility("default"))) int live_states(void) { return states; }

static tflite_status say(tflite_error *error, tflite_status status, const char *text) {
  strncpy(error->text, text, error->capacity - 1);
  return status;
}

static tflite_status count_create(const void *options, size_t size, void **instance, tflite_error *error) {
  UNUSED(error);
  *instance = malloc(16);
  memset(*instance, 0, 16);
  if (size >= 1) memcpy(*instance, options, size < 16 ? size : 16);
  instances++;
  return TFLITE_OK;
}
static void count_destroy(void *instance) {
  instances--;
  free(instance);
}
static tflite_status failing_create(const void *options, size_t size, void **instance, tflite_error *error) {
  UNUSED(options), UNUSED(size);
  *instance = (void *)1;
  return say(error, TFLITE_MALFORMED, "no such options");
}
static void forbidden_destroy(void *instance) {
  UNUSED(instance);
  abort();
}

static tflite_status same(const void *instance, const tflite_node *node, tflite_shape *outputs, tflite_error *error) {
  UNUSED(instance), UNUSED(error);
  for (size_t i = 0; i < node->output_count; i++) outputs[i] = node->inputs[0].shape;
  return TFLITE_OK;
}
static tflite_status copy(
    const void *instance, void *state, const tflite_invocation *run, tflite_error *error) {
  UNUSED(instance), UNUSED(state), UNUSED(error);
  memmove(run->outputs[0].data, run->inputs[0].data, run->outputs[0].size);
  return TFLITE_OK;
}

#define INFER(name) \
  static tflite_status name( \
      const void *instance, const tflite_node *node, tflite_shape *outputs, tflite_error *error) { \
    UNUSED(instance), UNUSED(node), UNUSED(outputs), UNUSED(error);
INFER(negative)
  outputs[0] = node->inputs[0].shape;
  outputs[0].dimensions[0] = -4;
  return TFLITE_OK;
}
INFER(high_rank)
  outputs[0].rank = INT32_MAX;
  return TFLITE_OK;
}
INFER(unset) return TFLITE_OK; }
INFER(huge)
  outputs[0].rank = 8;
  for (int i = 0; i < 8; i++) outputs[0].dimensions[i] = INT32_MAX;
  return TFLITE_OK;
}
INFER(large)
  outputs[0].rank = 3;
  for (int i = 0; i < 3; i++) outputs[0].dimensions[i] = 2000;
  return TFLITE_OK;
}
INFER(unknown_status) return 77; }
INFER(silent) return TFLITE_UNSUPPORTED; }
INFER(endless_text)
  memset(error->text, 0xff, error->capacity);
  return TFLITE_MALFORMED;
}
INFER(needs_nothing)
  error->input = 5;
  return TFLITE_NEEDS_VALUE;
}
INFER(needs_negative)
  error->input = INT32_MIN;
  return TFLITE_NEEDS_VALUE;
}
INFER(needs_always)
  error->input = 0;
  return TFLITE_NEEDS_VALUE;
}

#define PREPARE(name) \
  static tflite_status name( \
      const void *instance, const tflite_node *node, tflite_preparation *preparation, tflite_error *error) { \
    UNUSED(instance), UNUSED(node), UNUSED(error); \
    preparation->state = malloc(1); \
    states++;
PREPARE(much_scratch)
  preparation->scratch_count = 1;
  preparation->scratch_sizes[0] = SIZE_MAX;
  return TFLITE_OK;
}
PREPARE(more_than_fits)
  preparation->scratch_count = 2;
  preparation->scratch_sizes[0] = preparation->scratch_sizes[1] = (size_t)1 << 39;
  return TFLITE_OK;
}
PREPARE(many_buffers)
  preparation->scratch_count = SIZE_MAX;
  return TFLITE_OK;
}
static tflite_status failing_prepare(
    const void *instance, const tflite_node *node, tflite_preparation *preparation, tflite_error *error) {
  UNUSED(instance), UNUSED(node), UNUSED(preparation);
  return say(error, TFLITE_UNSUPPORTED, "not today");
}
static void release(const void *instance, void *state) {
  UNUSED(instance);
  states--;
  free(state);
}

#define INVOKE(name) \
  static tflite_status name( \
      const void *instance, void *state, const tflite_invocation *run, tflite_error *error) { \
    UNUSED(instance), UNUSED(state), UNUSED(run), UNUSED(error);
INVOKE(failing_invoke) return say(error, TFLITE_INVALID_VALUE, "index 9 of 4"); }
INVOKE(needing_invoke)
  error->input = 0;
  return TFLITE_NEEDS_VALUE;
}
INVOKE(giving_up) return TFLITE_CANCELLED; }
INVOKE(slow)
  while (!run->host->should_stop(run->host)) {}
  return TFLITE_CANCELLED;
}
static void spin(void *argument, size_t begin, size_t end) {
  const tflite_host *host = argument;
  for (size_t i = begin; i < end; i++)
    for (int k = 0; k < 100000 && !host->should_stop(host); k++) {}
}
INVOKE(slow_parallel)
  return run->host->parallel_for(run->host, (size_t)1 << 20, 1, spin, (void *)run->host);
}
static void nothing(void *argument, size_t begin, size_t end) { UNUSED(argument), UNUSED(begin), UNUSED(end); }
INVOKE(wrong_loops)
  const tflite_host *host = run->host;
  if (host->parallel_for(host, SIZE_MAX, 1, nothing, NULL) != TFLITE_INVALID_VALUE) return TFLITE_OK;
  if (host->parallel_for(host, 10, 1, NULL, NULL) != TFLITE_INVALID_VALUE) return TFLITE_OK;
  if (host->parallel_for(NULL, 10, 1, nothing, NULL) != TFLITE_INVALID_VALUE) return TFLITE_OK;
  if (host->parallel_for(host, 10, SIZE_MAX, nothing, NULL) != TFLITE_OK) return TFLITE_OK;
  if (host->parallel_for(host, 10, 0, nothing, NULL) != TFLITE_OK) return TFLITE_OK;
  return say(error, TFLITE_INVALID_VALUE, "all loops answered as they should");
}

// y[i] = sum of x[0] to x[i], in two blocks that meet in scratch memory; the state is a table of the factor in the options.
static tflite_status sum_prepare(
    const void *instance, const tflite_node *node, tflite_preparation *preparation, tflite_error *error) {
  UNUSED(error);
  if (node->outputs[0].shape.rank != node->inputs[0].shape.rank) return TFLITE_MALFORMED;
  float *factor = malloc(sizeof(float));
  memcpy(factor, instance, sizeof(float));
  preparation->state = factor;
  states++;
  preparation->scratch_count = 2;
  preparation->scratch_sizes[0] = 0;
  preparation->scratch_sizes[1] = node->inputs[0].shape.dimensions[0] * sizeof(double);
  return TFLITE_OK;
}
struct block {
  const float *x;
  double *sums;
};
static void widen(void *argument, size_t begin, size_t end) {
  struct block *block = argument;
  for (size_t i = begin; i < end; i++) block->sums[i] = block->x[i];
}
INVOKE(sum)
  size_t count = run->outputs[0].size / sizeof(float);
  if (run->scratch[1].size != count * sizeof(double) || ((uintptr_t)run->scratch[1].data & 63) != 0) return 99;
  struct block block = {run->inputs[0].data, run->scratch[1].data};
  tflite_status status = run->host->parallel_for(run->host, count, 2, widen, &block);
  if (status != TFLITE_OK) return status;
  double total = 0;
  for (size_t i = 0; i < count; i++) {
    total += block.sums[i];
    ((float *)run->outputs[0].data)[i] = (float)total * *(float *)state;
  }
  return TFLITE_OK;
}

// Input 0 holds the length of the output, which is filled with the bytes of an optional input 1, or 7.
INFER(repeat_infer)
  if (node->input_count < 1 || node->inputs[0].element_type != TFLITE_INT32)
    return say(error, TFLITE_MALFORMED, "wants a length");
  if (node->inputs[0].data == NULL) {
    error->input = 0;
    return TFLITE_NEEDS_VALUE;
  }
  outputs[0].rank = 1;
  int32_t length;
  memcpy(&length, node->inputs[0].data, sizeof length);
  outputs[0].dimensions[0] = length;
  return TFLITE_OK;
}
INVOKE(repeat)
  size_t count = run->outputs[0].size / sizeof(float);
  float value = run->node->input_count > 1 && run->node->inputs[1].is_present ? *(const float *)run->inputs[1].data : 7;
  for (size_t i = 0; i < count; i++) ((float *)run->outputs[0].data)[i] = value;
  return TFLITE_OK;
}

// Writes scale, zero point, number of scales, axis, type and threads of its input.
INFER(describe_infer)
  outputs[0].rank = 1;
  outputs[0].dimensions[0] = 6;
  return TFLITE_OK;
}
INVOKE(describe)
  const tflite_tensor *x = &run->node->inputs[0];
  float *y = run->outputs[0].data;
  y[0] = x->quantization_count ? x->scales[x->quantization_count - 1] : -1;
  y[1] = x->quantization_count ? (float)x->zero_points[x->quantization_count - 1] : -1;
  y[2] = (float)x->quantization_count;
  y[3] = (float)x->quantized_dimension;
  y[4] = (float)x->element_type;
  y[5] = (float)run->node->threads;
  return TFLITE_OK;
}

#define V .interface_version = TFLITE_OPERATOR_INTERFACE_VERSION
#define COUNTED V, .create = count_create, .destroy = count_destroy, .release = release
__attribute__((unused)) static const tflite_operator operators[] = {
    {COUNTED, .name = "Sum", .infer = same, .prepare = sum_prepare, .invoke = sum},
    {COUNTED, .name = "Copy", .flags = TFLITE_IN_PLACE | TFLITE_HAS_SIDE_EFFECTS, .infer = same, .invoke = copy},
    {COUNTED, .name = "Repeat", .infer = repeat_infer, .invoke = repeat},
    {V, .name = "Describe", .infer = describe_infer, .invoke = describe},
    {V, .name = "FailingCreate", .create = failing_create, .destroy = forbidden_destroy, .infer = same, .invoke = copy},
    {COUNTED, .name = "Negative", .infer = negative, .invoke = copy},
    {COUNTED, .name = "HighRank", .infer = high_rank, .invoke = copy},
    {COUNTED, .name = "Unset", .infer = unset, .invoke = copy},
    {COUNTED, .name = "Huge", .infer = huge, .invoke = copy},
    {COUNTED, .name = "Large", .infer = large, .invoke = copy},
    {COUNTED, .name = "UnknownStatus", .infer = unknown_status, .invoke = copy},
    {COUNTED, .name = "Silent", .infer = silent, .invoke = copy},
    {COUNTED, .name = "EndlessText", .infer = endless_text, .invoke = copy},
    {COUNTED, .name = "NeedsNothing", .infer = needs_nothing, .invoke = copy},
    {COUNTED, .name = "NeedsNegative", .infer = needs_negative, .invoke = copy},
    {COUNTED, .name = "NeedsAlways", .infer = needs_always, .invoke = copy},
    {COUNTED, .name = "MuchScratch", .infer = same, .prepare = much_scratch, .invoke = copy},
    {COUNTED, .name = "MoreThanFits", .infer = same, .prepare = more_than_fits, .invoke = copy},
    {COUNTED, .name = "ManyBuffers", .infer = same, .prepare = many_buffers, .invoke = copy},
    {COUNTED, .name = "FailingPrepare", .infer = same, .prepare = failing_prepare, .invoke = copy},
    {COUNTED, .name = "FailingInvoke", .infer = same, .invoke = failing_invoke},
    {COUNTED, .name = "NeedingInvoke", .infer = same, .invoke = needing_invoke},
    {COUNTED, .name = "GivingUp", .infer = same, .invoke = giving_up},
    {COUNTED, .name = "Slow", .infer = same, .invoke = slow},
    {COUNTED, .name = "SlowParallel", .infer = same, .invoke = slow_parallel},
    {COUNTED, .name = "WrongLoops", .infer = same, .invoke = wrong_loops},
};

#ifndef TEST_ENTRY
#define TEST_ENTRY 0
#endif
#if TEST_ENTRY != 1
const tflite_operator *tflite_operators(uint32_t interface_version, size_t *count) {
  static const tflite_operator nameless = {V, .infer = same, .invoke = copy};
  static const tflite_operator empty = {V, .name = "", .infer = same, .invoke = copy};
  static const tflite_operator idle = {V, .name = "Idle", .infer = same};
  static const tflite_operator flagged = {V, .name = "Flagged", .flags = 1u << 31, .infer = same, .invoke = copy};
  static const tflite_operator later = {.interface_version = 2, .name = "Later", .infer = same, .invoke = copy};
  static const tflite_operator twins[] = {
      {V, .name = "Twin", .infer = same, .invoke = copy}, {V, .name = "Twin", .infer = same, .invoke = copy}};
  static const tflite_operator latin = {V, .name = "\xe9", .infer = same, .invoke = copy};
  *count = 1;
  switch (TEST_ENTRY) {
  case 0: *count = sizeof operators / sizeof *operators; return operators;
  case 2: return NULL;
  case 3: return interface_version > 1000 ? operators : NULL;
  case 4: *count = 0; return operators;
  case 5: *count = SIZE_MAX; return operators;
  case 6: return &nameless;
  case 7: return &empty;
  case 8: return &idle;
  case 9: return &flagged;
  case 10: return &later;
  case 11: *count = 2; return twins;
  case 12: return &latin;
  }
  return NULL;
}
#endif
