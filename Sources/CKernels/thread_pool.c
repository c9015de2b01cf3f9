#ifndef _GNU_SOURCE
#define _GNU_SOURCE  // sched_getcpu
#endif

#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// What is left of a thread's share of the running call, in one word, so that whoever takes an item knows that the share is still the one it looked
// at: the call's number in 24 bits, the first item that is left in 20, the end of the items in 20.
enum { ITEM_BITS = 20 };
static const uint64_t most_items = ((uint64_t)1 << ITEM_BITS) - 1;

// How long a thread looks for work before it sleeps, and a caller for the last items before it lets others run.
enum { LOOKING_NANOSECONDS = 100000, WAITING_PAUSES = 2000 };

// How many pauses go by before a thread that looks or waits asks whether it keeps another thread of the pool from running.
enum { SHARING_PAUSES = 32 };

enum { LINE = 64 };

struct share {
  _Alignas(LINE) _Atomic uint64_t items;
  // Of the call; read only by holders of one of the share's items.
  void (*task)(void *, size_t, size_t);
  void *argument;
  size_t first;
  // Where its thread was when it last began a call.
  _Atomic int processor;
};

struct worker {
  tflk_thread_pool *pool;
  size_t index;
  pthread_t thread;
};

struct tflk_thread_pool {
  _Alignas(LINE) _Atomic uint64_t done;
  _Alignas(LINE) _Atomic uint32_t sleepers;
  _Atomic bool busy, stopping;

  pthread_mutex_t mutex;
  pthread_cond_t work;
  uint32_t looking_pauses;
  size_t threads;
  // One per thread; the caller's is the first.
  struct share *shares;
  // One per thread but the caller.
  struct worker *workers;
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

static uint64_t number_of(uint64_t items) { return items >> 2 * ITEM_BITS; }

// Takes items of a share until there are none: its owner the first that is left, others the last, so that both stay with neighbours.
static uint64_t take_items(struct share *share, size_t thread, bool owns) {
  uint64_t taken = 0;
  uint64_t items = atomic_load_explicit(&share->items, memory_order_acquire);
  for (;;) {
    const uint64_t next = items >> ITEM_BITS & most_items, end = items & most_items;
    if (next >= end) return taken;
    const uint64_t rest = owns ? items + (most_items + 1) : items - 1;
    if (!atomic_compare_exchange_weak_explicit(&share->items, &items, rest, memory_order_acquire, memory_order_acquire)) continue;
    share->task(share->argument, share->first + (size_t)(owns ? next : end - 1), thread);
    taken++;
    items = atomic_load_explicit(&share->items, memory_order_acquire);
  }
}

// Does a thread's share, then what is left of the others'; returns the items done.
static uint64_t take_shares(tflk_thread_pool *pool, size_t thread, _Atomic uint64_t *done) {
  uint64_t all = 0;
  for (size_t i = 0; i < pool->threads; i++) {
    const size_t other = thread + i < pool->threads ? thread + i : thread + i - pool->threads;
    const uint64_t taken = take_items(&pool->shares[other], thread, i == 0);
    if (taken > 0 && done != NULL) atomic_fetch_add_explicit(done, taken, memory_order_release);
    all += taken;
  }
  return all;
}

// A thread that the system has just made or woken may have been put on the processor of the caller. Were it to look for work there, or the caller to
// wait for it, the other one would not run meanwhile, and the system takes milliseconds to part them.
static bool is_with_caller(const tflk_thread_pool *pool) {
  return atomic_load_explicit(&pool->shares[0].processor, memory_order_relaxed) == sched_getcpu();
}

// Has the system put this thread on another one of the processors that it may use; false where there is none.
static bool leave_processor(void) {
  cpu_set_t allowed, others;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  others = allowed;
  CPU_CLR((size_t)sched_getcpu(), &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return false;
  sched_setaffinity(0, sizeof allowed, &allowed);
  return true;
}

static void let_workers_run(const tflk_thread_pool *pool) {
  const int processor = sched_getcpu();
  for (size_t i = 1; i < pool->threads; i++) {
    if (atomic_load_explicit(&pool->shares[i].processor, memory_order_relaxed) != processor) continue;
    sched_yield();
    return;
  }
}

static void *work(void *argument) {
  const struct worker *worker = argument;
  tflk_thread_pool *pool = worker->pool;
  struct share *share = &pool->shares[worker->index];
  const _Atomic uint64_t *own = &share->items;
  uint64_t seen = 0;
  for (;;) {
    bool has_left = false;
    for (uint32_t pauses = 0; pauses < pool->looking_pauses; pauses++) {
      const uint64_t number = number_of(atomic_load_explicit(own, memory_order_acquire));
      if (number != seen) {
        seen = number;
        atomic_store_explicit(&share->processor, sched_getcpu(), memory_order_relaxed);
        take_shares(pool, worker->index, &pool->done);
        pauses = 0;
      }
      if (atomic_load_explicit(&pool->stopping, memory_order_relaxed)) return NULL;
      if (pauses % SHARING_PAUSES == 0 && is_with_caller(pool)) {
        if (has_left || !leave_processor()) break;
        has_left = true;
      }
      pause_briefly();
    }
    pthread_mutex_lock(&pool->mutex);
    // A caller first offers its items, then looks for sleepers; a sleeper first says that it sleeps, then looks for items.
    atomic_fetch_add(&pool->sleepers, 1);
    while (number_of(atomic_load(own)) == seen && !atomic_load(&pool->stopping)) pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void wake(tflk_thread_pool *pool) {
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
}

// The pauses that fill LOOKING_NANOSECONDS.
static uint32_t looking_pauses(void) {
  // The fastest of a few, since this thread may be interrupted.
  uint64_t elapsed = UINT64_MAX;
  for (int round = 0; round < 4; round++) {
    const uint64_t start = nanoseconds();
    for (int i = 0; i < 64; i++) pause_briefly();
    const uint64_t own = nanoseconds() - start;
    if (own < elapsed) elapsed = own;
  }
  const uint64_t pauses = (uint64_t)LOOKING_NANOSECONDS * 64 / (elapsed > 0 ? elapsed : 1);
  return (uint32_t)(pauses < 100 ? 100 : pauses > 100000 ? 100000 : pauses);
}

static void *lines_of_zeros(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, LINE, (bytes + LINE - 1) / LINE * LINE) != 0) return NULL;
  return memset(memory, 0, bytes);
}

tflk_thread_pool *tflk_thread_pool_create(size_t threads) {
  if (threads < 2) return NULL;
  tflk_thread_pool *pool = lines_of_zeros(sizeof(tflk_thread_pool));
  if (pool == NULL) return NULL;
  pool->shares = lines_of_zeros(threads * sizeof(struct share));
  pool->workers = calloc(threads - 1, sizeof(struct worker));
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pool->looking_pauses = looking_pauses();
  if (pool->shares != NULL) atomic_store(&pool->shares[0].processor, sched_getcpu());
  // Threads read this when there is a call, which is after the last of them began.
  pool->threads = 1;
  while (pool->shares != NULL && pool->workers != NULL && pool->threads < threads) {
    struct worker *worker = &pool->workers[pool->threads - 1];
    worker->pool = pool;
    worker->index = pool->threads;
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) break;
    pool->threads++;
  }
  if (pool->threads > 1) return pool;
  tflk_thread_pool_destroy(pool);
  return NULL;
}

void tflk_thread_pool_destroy(tflk_thread_pool *pool) {
  atomic_store(&pool->stopping, true);
  wake(pool);
  for (size_t i = 0; i + 1 < pool->threads; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->workers);
  free(pool->shares);
  free(pool);
}

size_t tflk_thread_pool_threads(const tflk_thread_pool *pool) { return pool->threads; }

void tflk_thread_pool_run(tflk_thread_pool *pool, void (*task)(void *argument, size_t index, size_t thread), void *argument, size_t count) {
  if (pool == NULL || count < 2 || atomic_exchange_explicit(&pool->busy, true, memory_order_acquire)) {
    for (size_t i = 0; i < count; i++) task(argument, i, 0);
    return;
  }
  for (size_t first = 0; first < count; first += (size_t)most_items) {
    const uint64_t items = count - first < most_items ? count - first : most_items;
    const uint64_t number = number_of(atomic_load_explicit(&pool->shares[0].items, memory_order_relaxed)) + 1;
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->shares[0].processor, sched_getcpu(), memory_order_relaxed);
    // The same part of every call goes to the same thread, whose cache holds what it wrote in the calls before.
    const uint64_t each = items / pool->threads, more = items % pool->threads;
    for (size_t i = pool->threads; i-- > 0;) {
      struct share *share = &pool->shares[i];
      share->task = task;
      share->argument = argument;
      share->first = first;
      const uint64_t start = i * each + (i < more ? i : more), end = start + each + (i < more);
      atomic_store_explicit(&share->items, number << 2 * ITEM_BITS | start << ITEM_BITS | end, memory_order_release);
    }
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&pool->sleepers) > 0) wake(pool);
    const uint64_t own = take_shares(pool, 0, NULL);
    for (uint32_t pauses = 0; own + atomic_load_explicit(&pool->done, memory_order_acquire) < items; pauses++) {
      if (pauses < WAITING_PAUSES) {
        pause_briefly();
        if (pauses % SHARING_PAUSES == SHARING_PAUSES - 1) let_workers_run(pool);
      } else {
        sched_yield();
      }
    }
  }
  atomic_store_explicit(&pool->busy, false, memory_order_release);
}
