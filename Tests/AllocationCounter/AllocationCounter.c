#define _GNU_SOURCE
#include "AllocationCounter.h"

#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

enum { BACKTRACE_CAPACITY = 32 };

static __thread bool is_counting;
static atomic_size_t count;
static void *first_backtrace[BACKTRACE_CAPACITY];
static atomic_size_t first_backtrace_count;

static void record(void) {
  if (!is_counting) return;
  if (atomic_fetch_add(&count, 1) > 0) return;
  // backtrace() may allocate.
  is_counting = false;
  atomic_store(&first_backtrace_count, (size_t)backtrace(first_backtrace, BACKTRACE_CAPACITY));
  is_counting = true;
}

void allocation_counter_set_counting(bool counting) { is_counting = counting; }

size_t allocation_counter_count(void) { return atomic_load(&count); }

void allocation_counter_reset(void) {
  atomic_store(&count, 0);
  atomic_store(&first_backtrace_count, 0);
}

size_t allocation_counter_first_backtrace(void **addresses, size_t capacity) {
  size_t available = atomic_load(&first_backtrace_count);
  size_t written = available < capacity ? available : capacity;
  for (size_t i = 0; i < written; i++) addresses[i] = first_backtrace[i];
  return written;
}

void allocation_counter_print_backtrace(void) {
  backtrace_symbols_fd(first_backtrace, (int)atomic_load(&first_backtrace_count), STDERR_FILENO);
}

#if HAS_SANITIZER

bool allocation_counter_works(void) { return false; }

#else

// The C library's own functions, under the names that it keeps for programs that replace malloc.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

bool allocation_counter_works(void) { return true; }

void *malloc(size_t size) {
  record();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  record();
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  record();
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  record();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  record();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  record();
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *memory = __libc_memalign(alignment, size);
  if (!memory) return ENOMEM;
  *result = memory;
  return 0;
}

#endif
