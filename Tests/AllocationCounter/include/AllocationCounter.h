#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stddef.h>

// Counts the allocations of chosen threads. This target's malloc, calloc, realloc, memalign, aligned_alloc and posix_memalign stand in for the C library's in the
// program that it is linked into.

// Whether allocations are counted in this build: not under a sanitizer, which has its own allocator.
bool allocation_counter_works(void);

// Starts or stops counting what the calling thread allocates.
void allocation_counter_set_counting(bool counting);

// The allocations of all counting threads since the last reset.
size_t allocation_counter_count(void);

// Forgets what was counted.
void allocation_counter_reset(void);

// The return addresses of the first counted allocation, innermost first; answers how many were written.
size_t allocation_counter_first_backtrace(void **addresses, size_t capacity);

// Prints the first counted allocation's callers to standard error.
void allocation_counter_print_backtrace(void);

#endif
