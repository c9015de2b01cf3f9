/// Threads that share the items of one call after another.
///
/// Every thread has its share of a call's items, the same part in every call, so that its cache holds what it wrote in the calls before; whoever
/// is done with a share goes on with what is left of the others'. The caller takes part, and waits only for items that somebody has begun: a thread
/// that sleeps, or that the system keeps from running, delays nothing. Threads look for the next call for a tenth of a millisecond and
/// then sleep, so that the steps of one inference find them awake and nothing burns between inferences.
#ifndef TFLITE_THREAD_POOL_H
#define TFLITE_THREAD_POOL_H

#include <stddef.h>

typedef struct tflk_thread_pool tflk_thread_pool;

/// A pool of `threads` threads, the caller of `tflk_thread_pool_run` included; of fewer when the system refuses more. NULL when it refuses
/// any, or for less than two.
tflk_thread_pool *tflk_thread_pool_create(size_t threads);

/// Ends the threads. No call may be running.
void tflk_thread_pool_destroy(tflk_thread_pool *pool);

/// Threads, the caller's included.
size_t tflk_thread_pool_threads(const tflk_thread_pool *pool);

/// Calls `task(argument, index, thread)` once for each index below `count`, in no particular order; returns when all have returned. `thread` is
/// below the pool's threads and tells apart those that run at the same time. While another call is running, or without a pool, the caller does its
/// items alone, as thread 0.
void tflk_thread_pool_run(
    tflk_thread_pool *pool, void (*task)(void *argument, size_t index, size_t thread), void *argument, size_t count);

#endif
