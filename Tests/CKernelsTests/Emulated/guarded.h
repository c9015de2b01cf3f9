/// Allocations that end where a page without access begins, and whose bytes are all ones: what an address sanitizer does elsewhere.
/// Included before all else in the checks.
#ifndef TFLITE_CKERNELS_CHECKS_GUARDED_H
#define TFLITE_CKERNELS_CHECKS_GUARDED_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/// Ends at an inaccessible page; at another one begins before it. Never NULL: without memory the program ends.
void *guarded_malloc(size_t bytes);
void *guarded_calloc(size_t count, size_t bytes);
int guarded_posix_memalign(void **memory, size_t alignment, size_t bytes);
void guarded_free(void *memory);

#define malloc guarded_malloc
#define calloc guarded_calloc
#define posix_memalign guarded_posix_memalign
#define free guarded_free

#endif
