// Runs a Swift closure on a thread pool that is written in C.
//
// Swift passes a closure as two words, its function and its context, and calls it with the context in a register of its own. Taken apart here, a closure that
// does not escape stays on its caller's stack. The way within Swift, withoutActuallyEscaping, allocates each time.

#include <stddef.h>
#include <stdint.h>

typedef __attribute__((swiftcall)) void (*closure_function)(size_t index, __attribute__((swift_context)) void *context);

struct closure {
  closure_function function;
  void *context;
};

static void call(void *argument, size_t index) {
  const struct closure *closure = argument;
  closure->function(index, closure->context);
}

typedef void (*parallelize_function)(void *pool, void (*task)(void *, size_t), void *argument, size_t count, uint32_t flags);

__attribute__((swiftcall)) void tflk_parallelize(
    parallelize_function parallelize, void *pool, size_t count, closure_function function, void *context) {
  struct closure closure = {function, context};
  parallelize(pool, call, &closure, count, 0);
}
