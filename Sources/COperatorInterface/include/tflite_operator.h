/* Operators for TFLiteRuntime in a shared library, written in C or anything that can export C functions.
 *
 * A library includes this file only, exports one function, tflite_operators, and is built like
 *
 *     cc -shared -fPIC -O2 -I Sources/COperatorInterface/include my_operators.c -o libmy_operators.so
 *
 * A program opens it with OperatorLibrary(path:), the command line with `tflite run MODEL --operators libmy_operators.so`. The code of the
 * library is run as part of the program: open only libraries that you would run as programs.
 *
 * An operator of a model lives through four moments:
 *   create   once for each node of a model that is loaded: read the options
 *   infer    whenever shapes are worked out: check operand types, answer output shapes
 *   prepare  when shapes are known: ask for scratch memory, build tables
 *   invoke   each time the model runs: compute; should not allocate
 *
 * Every function may be called from several threads at once, also for the same operator; what create returns is therefore not to be changed
 * after that. What prepare returns belongs to one plan of one interpreter, and invoke is called with it by one thread at a time.
 *
 * Structures are passed by address, belong to whoever made them, and are valid until the function returns. */
#ifndef TFLITE_OPERATOR_H
#define TFLITE_OPERATOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of everything in this file. A host and a library work together only when they have the same. */
#define TFLITE_OPERATOR_INTERFACE_VERSION 1u

#define TFLITE_MAXIMUM_RANK 8
#define TFLITE_MAXIMUM_SCRATCH_BUFFERS 16

/* What a function answers. Anything else is an error that says so. */
typedef int32_t tflite_status;
enum {
  TFLITE_OK = 0,
  /* Options, number of operands, shapes or constants that contradict the operator's definition. */
  TFLITE_MALFORMED = 1,
  /* Legal, but this library has no code for it; say what would be supported. */
  TFLITE_UNSUPPORTED = 2,
  /* invoke only: a value that the operator cannot take, such as an index outside its range. */
  TFLITE_INVALID_VALUE = 3,
  /* infer and prepare only: it depends on the value of input `tflite_error.input`, whose data are not given. The function is called again
   * while the model runs, with the data. */
  TFLITE_NEEDS_VALUE = 4,
  TFLITE_OUT_OF_MEMORY = 5,
  /* invoke only: should_stop or parallel_for said to stop. */
  TFLITE_CANCELLED = 6
};

/* Types of elements; the numbers are those of `TensorType` in the TFLite schema. Operands of other types than these are refused before a
 * library sees them. Elements below eight bits are packed, the first in the lowest bits. Complex numbers are pairs. */
typedef int32_t tflite_element_type;
enum {
  TFLITE_FLOAT32 = 0,
  TFLITE_FLOAT16 = 1,
  TFLITE_INT32 = 2,
  TFLITE_UINT8 = 3,
  TFLITE_INT64 = 4,
  TFLITE_BOOL = 6,
  TFLITE_INT16 = 7,
  TFLITE_COMPLEX64 = 8,
  TFLITE_INT8 = 9,
  TFLITE_FLOAT64 = 10,
  TFLITE_COMPLEX128 = 11,
  TFLITE_UINT64 = 12,
  TFLITE_UINT32 = 15,
  TFLITE_UINT16 = 16,
  TFLITE_INT4 = 17,
  TFLITE_BFLOAT16 = 18,
  TFLITE_INT2 = 19,
  TFLITE_UINT4 = 20,
  TFLITE_FLOAT8_E4M3FN = 21,
  TFLITE_FLOAT8_E5M2 = 22
};

/* Dimensions, outermost first; rank 0 is a scalar. */
typedef struct {
  int32_t rank;
  int64_t dimensions[TFLITE_MAXIMUM_RANK];
} tflite_shape;

/* What is known of a tensor. */
typedef struct {
  /* 0 for an optional input that the model leaves out; nothing else is then set. */
  int32_t is_present;
  tflite_element_type element_type;
  tflite_shape shape;
  /* real = scale * (quantized - zero_point). No entries: not quantised. One: for the whole tensor. More: one for each index of
   * quantized_dimension. */
  size_t quantization_count;
  const float *scales;
  const int64_t *zero_points;
  int32_t quantized_dimension;
  /* The value of an input: its bytes, or NULL while they are not known. In infer, inputs that are constants of the model have it. */
  const void *data;
  size_t size;
} tflite_tensor;

/* The operands of a node. Output types are what the model declares; their shapes are set in prepare and invoke. */
typedef struct {
  size_t input_count;
  const tflite_tensor *inputs;
  size_t output_count;
  const tflite_tensor *outputs;
  /* Threads that parallel_for divides its work over, at least 1. */
  int32_t threads;
} tflite_node;

/* Where to say what went wrong, for people to read. Set for every status other than TFLITE_OK. */
typedef struct {
  /* UTF-8, ended by a zero byte within `capacity` bytes. Empty when the function is called. */
  char *text;
  size_t capacity;
  /* For TFLITE_NEEDS_VALUE. */
  int32_t input;
} tflite_error;

/* What prepare answers. All zero when it is called. */
typedef struct {
  /* Tables and the like, given to invoke and released with `release`. */
  void *state;
  /* Bytes of each scratch buffer that invoke gets, aligned to 64. They come from the plan of the model's memory. */
  size_t scratch_count;
  size_t scratch_sizes[TFLITE_MAXIMUM_SCRATCH_BUFFERS];
} tflite_preparation;

/* Memory of an operand. */
typedef struct {
  void *data;
  size_t size;
} tflite_memory;

typedef struct tflite_host tflite_host;

/* What the host offers to invoke. Use it only until invoke returns. */
struct tflite_host {
  void *context;
  /* Calls body(argument, begin, end) for ranges that together are 0 to count, possibly at the same time from several threads; no range but
   * the last is shorter than `grain`. `count` is at most 2^48. Answers TFLITE_OK, or TFLITE_CANCELLED when not all of them ran: return that from invoke. Must not be
   * called by a body. */
  tflite_status (*parallel_for)(
      const tflite_host *host, size_t count, size_t grain, void (*body)(void *argument, size_t begin, size_t end),
      void *argument);
  /* Whether the caller cancelled, or its deadline passed: return TFLITE_CANCELLED then. Worth asking every millisecond or so. May be called
   * by a body. */
  int32_t (*should_stop)(const tflite_host *host);
};

/* One run of an operator. */
typedef struct {
  /* Types and shapes; `data` and `size` in here are not set. */
  const tflite_node *node;
  /* As many as the node has inputs. Not to be written, except where TFLITE_IN_PLACE was declared: output 0 may then be the memory of
   * input 0. Inputs that are left out have size 0. */
  const tflite_memory *inputs;
  /* As many as the node has outputs. Every byte must be written. */
  const tflite_memory *outputs;
  /* As many as prepare asked for. */
  const tflite_memory *scratch;
  const tflite_host *host;
} tflite_invocation;

/* Flags of an operator. */
enum {
  /* Equal inputs may give other outputs, or something else changes: it is run each time, even when nobody reads its outputs. */
  TFLITE_HAS_SIDE_EFFECTS = 1,
  /* Output 0 may overwrite input 0 when both have the same size: element i of the input is read before element i of the output is written,
   * and never later. */
  TFLITE_IN_PLACE = 2
};

/* An operator that the library has. */
typedef struct {
  /* TFLITE_OPERATOR_INTERFACE_VERSION, in every entry. */
  uint32_t interface_version;
  uint32_t flags;
  /* The custom code that models call it by; UTF-8. */
  const char *name;

  /* Reads the options of a node: `custom_options` as the model stores them, often a FlexBuffer map, possibly none (NULL and 0). Sets what
   * the other functions get as `instance`; NULL is fine. Optional: without it every instance is NULL. */
  tflite_status (*create)(const void *options, size_t size, void **instance, tflite_error *error);
  /* Called once for every instance that create set without an error. Optional. */
  void (*destroy)(void *instance);

  /* Checks how many operands there are and their types, and sets a shape for each output (their rank is -1 when it is called). The kernel is
   * given nothing else to check, so check everything. */
  tflite_status (*infer)(const void *instance, const tflite_node *node, tflite_shape *outputs, tflite_error *error);

  /* Called with the operands that infer accepted. Optional: without it there is no scratch memory and no state. */
  tflite_status (*prepare)(
      const void *instance, const tflite_node *node, tflite_preparation *preparation, tflite_error *error);
  /* Called once for every state that prepare set without an error. Optional. */
  void (*release)(const void *instance, void *state);

  /* Computes the outputs. */
  tflite_status (*invoke)(
      const void *instance, void *state, const tflite_invocation *invocation, tflite_error *error);
} tflite_operator;

/* What a library exports: its operators, `*count` of them, valid while the library is open. Answers NULL when it does not work with this version
 * of the interface. */
#if defined(_WIN32)
__declspec(dllexport)
#else
__attribute__((visibility("default")))
#endif
const tflite_operator *tflite_operators(uint32_t interface_version, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
