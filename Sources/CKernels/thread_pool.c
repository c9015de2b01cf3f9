#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

// The call that is running, in one word, so that a thread that takes an item knows that the call is still the one it looked at: its number in
// 24 bits, the next item in 20, the number of items in 20.
enum { ITEM_BITS = 20 };
static const uint64_t most_items = ((uint64_t)1 << ITEM_BITS) - 1;

// How long a thread looks for work before it sleeps, and a caller for the last items before it lets others run.
enum { LOOKING_NANOSECONDS = 100000, WAITING_PAUSES = 2000 };

enum { LINE = 64 };

struct tflk_thread_pool {
  _Alignas(LINE) _Atomic uint64_t ticket;
  _Alignas(LINE) _Atomic uint64_t done;
  _Alignas(LINE) _Atomic uint32_t sleepers;
  _Atomic bool busy, stopping;
  // Of the running call; read only by holders of one of its items.
  void (*task)(void *, size_t);
  void *argument;
  size_t first;

  pthread_mutex_t mutex;
  pthread_cond_t work;
  uint32_t looking_pauses;
  size_t workers;
  pthread_t threads[];
};

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool has_items(uint64_t ticket) { return (ticket >> ITEM_BITS & most_items) < (ticket & most_items); }

// Takes items until there are none; whether there was one.
static bool take_items(tflk_thread_pool *pool) {
  bool any = false;
  uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
  while (has_items(ticket)) {
    if (!atomic_compare_exchange_weak_explicit(
            &pool->ticket, &ticket, ticket + (most_items + 1), memory_order_acquire, memory_order_acquire)) {
      continue;
    }
    any = true;
    pool->task(pool->argument, pool->first + (size_t)(ticket >> ITEM_BITS & most_items));
    atomic_fetch_add_explicit(&pool->done, 1, memory_order_release);
    ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
  }
  return any;
}

static void *work(void *argument) {
  tflk_thread_pool *pool = argument;
  for (;;) {
    for (uint32_t pauses = 0; pauses < pool->looking_pauses; pauses++) {
      if (take_items(pool)) pauses = 0;
      if (atomic_load_explicit(&pool->stopping, memory_order_relaxed)) return NULL;
      pause_briefly();
    }
    pthread_mutex_lock(&pool->mutex);
    // A caller first offers its items, then looks for sleepers; a sleeper first says that it sleeps, then looks for items.
    atomic_fetch_add(&pool->sleepers, 1);
    while (!has_items(atomic_load(&pool->ticket)) && !atomic_load(&pool->stopping)) pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void wake(tflk_thread_pool *pool) {
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
}

tflk_thread_pool *tflk_thread_pool_create(size_t threads) {
  if (threads < 2) return NULL;
  void *memory = NULL;
  const size_t bytes = sizeof(tflk_thread_pool) + (threads - 1) * sizeof(pthread_t);
  if (posix_memalign(&memory, LINE, (bytes + LINE - 1) / LINE * LINE) != 0) return NULL;
  tflk_thread_pool *pool = memory;
  atomic_init(&pool->ticket, 0);
  atomic_init(&pool->done, 0);
  atomic_init(&pool->sleepers, 0);
  atomic_init(&pool->busy, false);
  atomic_init(&pool->stopping, false);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  // The fastest of a few, since this thread may be interrupted.
  uint64_t elapsed = UINT64_MAX;
  for (int round = 0; round < 4; round++) {
    const uint64_t start = nanoseconds();
    for (int i = 0; i < 64; i++) pause_briefly();
    const uint64_t own = nanoseconds() - start;
    if (own < elapsed) elapsed = own;
  }
  const uint64_t pauses = (uint64_t)LOOKING_NANOSECONDS * 64 / (elapsed > 0 ? elapsed : 1);
  pool->looking_pauses = (uint32_t)(pauses < 100 ? 100 : pauses > 100000 ? 100000 : pauses);
  for (pool->workers = 0; pool->workers < threads - 1; pool->workers++) {
    if (pthread_create(&pool->threads[pool->workers], NULL, work, pool) != 0) break;
  }
  if (pool->workers > 0) return pool;
  tflk_thread_pool_destroy(pool);
  return NULL;
}

void tflk_thread_pool_destroy(tflk_thread_pool *pool) {
  atomic_store(&pool->stopping, true);
  wake(pool);
  for (size_t i = 0; i < pool->workers; i++) pthread_join(pool->threads[i], NULL);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
  free(pool);
}

size_t tflk_thread_pool_threads(const tflk_thread_pool *pool) { return pool->workers + 1; }

void tflk_thread_pool_run(tflk_thread_pool *pool, void (*task)(void *argument, size_t index), void *argument, size_t count) {
  if (count < 2 || atomic_exchange_explicit(&pool->busy, true, memory_order_acquire)) {
    for (size_t i = 0; i < count; i++) task(argument, i);
    return;
  }
  pool->task = task;
  pool->argument = argument;
  for (size_t first = 0; first < count; first += (size_t)most_items) {
    const uint64_t items = count - first < most_items ? count - first : most_items;
    const uint64_t number = (atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> 2 * ITEM_BITS) + 1;
    pool->first = first;
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    atomic_store(&pool->ticket, number << 2 * ITEM_BITS | items);
    if (atomic_load(&pool->sleepers) > 0) wake(pool);
    take_items(pool);
    for (uint32_t pauses = 0; atomic_load_explicit(&pool->done, memory_order_acquire) < items; pauses++) {
      if (pauses < WAITING_PAUSES) {
        pause_briefly();
      } else {
        sched_yield();
      }
    }
  }
  atomic_store_explicit(&pool->busy, false, memory_order_release);
}
