#include "content_hash.h"

#include "tables.h"

// Eight lanes of 64 bits; the manner is that of XXH3: words of data are added to the lane beside theirs, so that no single change is ever lost, and
// the product of their halves, after a key was laid over them, to their own.

typedef uint64_t hash_lanes __attribute__((vector_size(64), aligned(8)));

enum { STRIPE = 64, STRIPES = 16, KEYS = STRIPES + 8 };

__attribute__((always_inline)) static inline void accumulate(hash_lanes *state, const unsigned char *bytes, const uint64_t *keys) {
  hash_lanes data, key;
  __builtin_memcpy(&data, bytes, STRIPE);
  __builtin_memcpy(&key, keys, STRIPE);
  __builtin_prefetch(bytes + 1024);
  const hash_lanes mixed = data ^ key;
  *state += (mixed & 0xFFFFFFFF) * (mixed >> 32) + __builtin_shufflevector(data, data, 1, 0, 3, 2, 5, 4, 7, 6);
}

__attribute__((always_inline)) static inline void hash(const unsigned char *bytes, size_t count, uint64_t result[8]) {
  uint64_t keys[KEYS], seed = 0;
  for (size_t i = 0; i < KEYS; i++) {
    // SplitMix64.
    uint64_t word = seed += 0x9E3779B97F4A7C15;
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
    keys[i] = word ^ (word >> 31);
  }
  hash_lanes state, last;
  __builtin_memcpy(&state, keys + 4, sizeof state);
  __builtin_memcpy(&last, keys + STRIPES, sizeof last);
  size_t stripe = 0;
  for (; count >= STRIPE; count -= STRIPE, bytes += STRIPE) {
    accumulate(&state, bytes, keys + stripe);
    if (++stripe == STRIPES) {
      stripe = 0;
      state = ((state ^ (state >> 47)) ^ last) * 0x9E3779B1;
    }
  }
  unsigned char rest[STRIPE] = {0};
  __builtin_memcpy(rest, bytes, count);
  accumulate(&state, rest, keys + stripe);
  state ^= state >> 47;
  __builtin_memcpy(result, &state, sizeof state);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void hash_avx2(const unsigned char *bytes, size_t count, uint64_t result[8]) {
  hash(bytes, count, result);
}
#endif

void tflk_content_hash(const void *bytes, size_t count, uint64_t result[8]) {
#if defined(__x86_64__)
  if (tflk_cpu_isa() >= TFLK_ISA_AVX2) {
    hash_avx2(bytes, count, result);
    return;
  }
#endif
  hash(bytes, count, result);
}
