// Runs a Swift closure on a thread pool that is written in C.
//
// Swift passes a closure as two words, its function and its context, and calls it with the context in a register of its own. Taken apart here, a closure that
// does not escape stays on its caller's stack. The way within Swift, withoutActuallyEscaping, allocates each time.

#include "thread_pool.h"

typedef __attribute__((swiftcall)) void (*closure_function)(size_t index, size_t thread, __attribute__((swift_context)) void *context);

struct closure {
  closure_function function;
  void *context;
};

static void call(void *argument, size_t index, size_t thread) {
  const struct closure *closure = argument;
  closure->function(index, thread, closure->context);
}

__attribute__((swiftcall)) void tflk_parallelize(tflk_thread_pool *pool, size_t count, closure_function function, void *context) {
  struct closure closure = {function, context};
  tflk_thread_pool_run(pool, call, &closure, count);
}

typedef __attribute__((swiftcall)) void (*range_function)(size_t start, size_t end, __attribute__((swift_context)) void *context);

__attribute__((swiftcall)) void tflk_call(size_t start, size_t end, range_function function, void *context) { function(start, end, context); }
