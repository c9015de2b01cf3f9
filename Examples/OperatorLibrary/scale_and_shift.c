// ScaleAndShift: factor * x + offset, element by element. Any shape; float32.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tflite_operator.h"

struct options {
  float factor, offset;
};

static tflite_status fail(tflite_error *error, tflite_status status, const char *text) {
  snprintf(error->text, error->capacity, "%s", text);
  return status;
}

// The model stores both numbers as float32, one behind the other.
static tflite_status create(const void *options, size_t size, void **instance, tflite_error *error) {
  if (size != sizeof(struct options)) return fail(error, TFLITE_MALFORMED, "wants two float32 as its options");
  *instance = malloc(size);
  if (*instance == NULL) return TFLITE_OUT_OF_MEMORY;
  memcpy(*instance, options, size);
  return TFLITE_OK;
}

static void destroy(void *instance) { free(instance); }

static tflite_status infer(
    const void *instance, const tflite_node *node, tflite_shape *outputs, tflite_error *error) {
  (void)instance;
  if (node->input_count != 1 || node->output_count != 1 || !node->inputs[0].is_present)
    return fail(error, TFLITE_MALFORMED, "takes one input and has one output");
  if (node->inputs[0].element_type != TFLITE_FLOAT32 || node->outputs[0].element_type != TFLITE_FLOAT32)
    return fail(error, TFLITE_UNSUPPORTED, "takes float32");
  outputs[0] = node->inputs[0].shape;
  return TFLITE_OK;
}

struct work {
  const struct options *options;
  const float *x;
  float *y;
};

static void scale(void *argument, size_t begin, size_t end) {
  const struct work *work = argument;
  for (size_t i = begin; i < end; i++) work->y[i] = work->options->factor * work->x[i] + work->options->offset;
}

static tflite_status invoke(
    const void *instance, void *state, const tflite_invocation *invocation, tflite_error *error) {
  (void)state, (void)error;
  struct work work = {instance, invocation->inputs[0].data, invocation->outputs[0].data};
  const tflite_host *host = invocation->host;
  return host->parallel_for(host, invocation->outputs[0].size / sizeof(float), 1 << 14, scale, &work);
}

const tflite_operator *tflite_operators(uint32_t interface_version, size_t *count) {
  static const tflite_operator operators[] = {{
      .interface_version = TFLITE_OPERATOR_INTERFACE_VERSION,
      .flags = TFLITE_IN_PLACE,
      .name = "ScaleAndShift",
      .create = create,
      .destroy = destroy,
      .infer = infer,
      .invoke = invoke,
  }};
  if (interface_version != TFLITE_OPERATOR_INTERFACE_VERSION) return NULL;
  *count = sizeof operators / sizeof *operators;
  return operators;
}
